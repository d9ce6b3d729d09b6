import signal
import sqlite3
from collections.abc import Sequence

import pytest

from mission_tui.domain.events import (
    AnyEvent,
    MessageSaid,
    MissionPaused,
    MissionResumed,
    PlanApproved,
)
from mission_tui.domain.gates import GateRefused, check
from mission_tui.domain.mission import Mission, fold
from mission_tui.store.database import MissionDatabase
from mission_tui.store.errors import DamagedDatabase
from mission_tui.store.ledger import Ledger
from mission_tui.store.queries import Reader
from mission_tui.store.redact import Redactor
from tests.support.missions import approved, created, handed_off, planned, proved, worker_started
from tests.support.stores import Store, new_store, python, stored, ticking, wait_until


def said(text: str, **more: object) -> MessageSaid:
    return MessageSaid.model_validate({"author": "human", "text": text, **more})


def rows(store: Store) -> int:
    return store.db.conn.execute("SELECT count(*) FROM events").fetchone()[0]


def test_the_state_is_the_fold_of_what_was_appended(tmp_path):
    store = new_store(tmp_path)
    events = proved()
    recorded = store.ledger.append(*events)
    assert [r.seq for r in recorded] == list(range(1, len(events) + 1))
    assert store.ledger.mission == fold(events)
    assert [r.event for r in store.ledger.since(0)] == events
    assert [r.seq for r in store.ledger.since(len(events) - 2)] == [len(events) - 1, len(events)]


def test_a_reopened_ledger_has_the_same_state(tmp_path):
    store = new_store(tmp_path)
    store.ledger.append(*proved())
    before = store.ledger.mission
    store.db.close()
    again = Ledger(MissionDatabase.open(store.files), check, ticking())
    assert again.mission == before
    again.append(said("go on"))
    assert again.mission.seq == before.seq + 1


def test_a_refused_event_takes_the_whole_append_back_in_memory_and_on_disk(tmp_path):
    store = new_store(tmp_path)
    store.ledger.append(*planned())
    before = store.ledger.mission
    with pytest.raises(GateRefused) as refused:
        store.ledger.append(said("fine so far"), PlanApproved(contract_version=99, base_commit="c0"), said("never"))
    assert refused.value.violations[0].rule == "contract_version"
    assert store.ledger.mission is before
    assert rows(store) == before.seq


def test_each_event_of_an_append_is_gated_in_the_state_that_those_before_it_give(tmp_path):
    store = new_store(tmp_path)
    store.ledger.append(*approved(), worker_started(), *handed_off())
    with pytest.raises(GateRefused, match="paused"):
        store.ledger.append(MissionPaused(reason="lunch"), worker_started("R2", "F2"))
    assert store.ledger.mission.paused is None


def test_a_caller_s_failed_transaction_takes_facts_back_from_memory(tmp_path):
    store = new_store(tmp_path)
    store.ledger.append(created())
    before = store.ledger.mission

    def two_things() -> None:
        with store.db.atomic("test"):
            store.ledger.append(said("one"))
            store.ledger.append(said("two"))
            raise RuntimeError("the second half failed")

    with pytest.raises(RuntimeError):
        two_things()
    assert store.ledger.mission is before
    assert rows(store) == 1
    store.ledger.append(said("three"))
    assert store.ledger.mission.seq == rows(store) == 2


def test_a_refusal_inside_a_transaction_leaves_the_rest_of_it_standing(tmp_path):
    store = new_store(tmp_path)
    store.ledger.append(created())
    with store.db.atomic("test"):
        store.ledger.append(said("kept"))
        with pytest.raises(GateRefused):
            store.ledger.append(said("gone"), created())
        store.ledger.append(said("kept too"))
    assert [r.event.text for r in store.ledger.since(1) if isinstance(r.event, MessageSaid)] == ["kept", "kept too"]
    assert store.ledger.mission.seq == rows(store) == 3
    store.db.close()
    assert Ledger(MissionDatabase.open(store.files), check, ticking()).mission.seq == 3


def test_a_command_is_applied_once(tmp_path):
    store = new_store(tmp_path)
    store.ledger.append(created(), said("hello", command_id="abc"))
    assert store.ledger.mission.commands == {"abc"}
    with pytest.raises(GateRefused, match="abc has been applied already"):
        store.ledger.append(said("hello", command_id="abc"))
    with pytest.raises(GateRefused, match="def has been applied already"):
        store.ledger.append(said("x", command_id="def"), said("y", command_id="def"))
    assert store.ledger.mission.seq == 2


def test_an_append_of_nothing_writes_nothing(tmp_path):
    store = new_store(tmp_path)
    assert store.ledger.append() == []
    assert rows(store) == 0


def test_the_ledger_can_neither_be_changed_nor_shortened_nor_have_gaps(tmp_path):
    store = new_store(tmp_path)
    store.ledger.append(created())
    for statement in (
        "UPDATE events SET data = '{}'",
        "DELETE FROM events",
        "INSERT INTO events (seq, at, kind, data) VALUES (5, 0, 'mission_resumed', '{}')",
    ):
        with pytest.raises(sqlite3.IntegrityError, match="the ledger"):
            store.db.conn.execute(statement)


def test_a_changed_event_is_noticed_when_the_ledger_is_opened(tmp_path):
    files = stored(tmp_path, [created(), said("build it")])
    conn = sqlite3.connect(files.database, isolation_level=None)
    conn.execute("DROP TRIGGER events_never_change")
    conn.execute("UPDATE events SET data = replace(data, 'build it', 'break it') WHERE seq = 2")
    conn.close()
    db = MissionDatabase.open(files)
    with pytest.raises(DamagedDatabase, match="not as it was written"):
        Ledger(db, check, ticking())


def test_secrets_reach_neither_the_disk_nor_the_state(tmp_path):
    store = new_store(tmp_path, redactor=Redactor({"PROVIDER_KEY": "sk-12345678"}))
    store.ledger.append(created(), said("my key is sk-12345678, use it"))
    assert store.ledger.mission.conversation.messages[-1].text == "my key is [redacted PROVIDER_KEY], use it"
    store.db.close()
    assert b"sk-12345678" not in store.files.database.read_bytes()
    assert Ledger(MissionDatabase.open(store.files), check, ticking()).mission == store.ledger.mission


def test_a_secret_that_is_a_word_of_the_ledger_stops_nothing(tmp_path):
    store = new_store(tmp_path, redactor=Redactor({"SILLY": "orchestrator"}))
    store.ledger.append(created(), MessageSaid(author="orchestrator", text="hi"))
    assert store.ledger.mission.conversation.messages[-1].author == "orchestrator"


def test_text_that_is_not_unicode_is_stored_as_unicode(tmp_path):
    store = new_store(tmp_path)
    store.ledger.append(created(), MessageSaid.model_construct(author="human", text="half \ud83d and \x00 wörd 🚀"))
    text = store.ledger.mission.conversation.messages[-1].text
    assert text == "half ? and \x00 wörd 🚀"
    store.db.close()
    assert Ledger(MissionDatabase.open(store.files), check, ticking()).mission == store.ledger.mission


def test_a_gate_is_asked_with_the_state_before_the_event(tmp_path):
    seen: list[tuple[int, str]] = []

    def gate(mission: Mission, event: AnyEvent) -> Sequence[object]:
        seen.append((mission.seq, event.kind))
        return ()

    store = new_store(tmp_path)
    Ledger(store.db, gate, ticking()).append(created(), MissionPaused(reason="x"), MissionResumed())
    assert seen == [(0, "mission_created"), (1, "mission_paused"), (2, "mission_resumed")]


WRITER = """
import sys, time
from pathlib import Path
from mission_tui.domain.events import MessageSaid
from mission_tui.store.database import MissionDatabase
from mission_tui.store.layout import MissionFiles
from mission_tui.store.ledger import Ledger

ledger = Ledger(MissionDatabase.open(MissionFiles(Path(sys.argv[1]))), lambda m, e: (), time.time)
while True:
    recorded = ledger.append(MessageSaid(author="human", text="x" * 500), MessageSaid(author="human", text="y"))
    print(recorded[-1].seq, flush=True)
"""


@pytest.mark.parametrize("lines", [1, 40])
def test_a_killed_writer_loses_nothing_that_it_acknowledged(tmp_path, lines):
    files = stored(tmp_path, [created()])
    process = python(WRITER, str(files.root))
    acknowledged = [int(process.stdout.readline()) for _ in range(lines)]
    process.send_signal(signal.SIGKILL)
    acknowledged += [int(line) for line in process.stdout.read().splitlines()]
    process.wait()
    process.stdout.close()
    process.stdin.close()
    ledger = Ledger(MissionDatabase.open(files), check, ticking())
    assert ledger.mission.seq >= acknowledged[-1]
    assert ledger.mission.seq % 2 == 1, "half of an append is there"
    assert len(ledger.since(0)) == ledger.mission.seq


def test_a_reader_follows_while_another_process_writes(tmp_path):
    files = stored(tmp_path, [created()])
    process = python(WRITER, str(files.root))
    with Reader(files) as reader:
        seen: list[int] = []

        def follow() -> bool:
            mission = reader.mission()
            assert mission.seq % 2 == 1, "half of an append can be seen"
            seen.append(mission.seq)
            return mission.seq > 200

        wait_until(follow)
    process.kill()
    process.communicate()
    assert seen == sorted(seen)

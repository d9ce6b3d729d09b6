import signal

import pytest
from pydantic import ValidationError

from mission_tui.domain.events import MessageSaid
from mission_tui.domain.gates import check
from mission_tui.domain.seats import SeatSettings
from mission_tui.store import inbox
from mission_tui.store.database import MissionDatabase
from mission_tui.store.inbox import (
    Abort,
    Decide,
    Pause,
    Pending,
    Refused,
    Resume,
    Say,
    SetBudget,
    SetSeat,
    Stop,
    Taken,
)
from mission_tui.store.layout import MissionFiles
from mission_tui.store.ledger import Ledger
from tests.support.stores import empty_mission, python, ticking, wait_until


@pytest.fixture
def files(tmp_path):
    return empty_mission(tmp_path)


def test_every_command_comes_out_as_it_went_in_and_in_order(files):
    commands = [
        Say(text="wörk\nfaster"),
        Decide(decision="D1", choice="approve", note="fine"),
        Pause(),
        Resume(),
        Stop(),
        Abort(reason="enough"),
        SetSeat(role="worker", seat=SeatSettings(model="openai/x", api_key_env="KEY")),
        SetBudget(usd=3.5, hours=2),
    ]
    ids = [inbox.send(files, command) for command in commands]
    assert inbox.pending(files) == commands
    assert ids == [c.id for c in commands]
    assert len(set(ids)) == len(ids)


def test_a_command_is_pending_until_it_is_taken(files):
    first, second = inbox.send(files, Pause()), inbox.send(files, Resume())
    assert inbox.outcome(files, first) == Pending()
    inbox.take(files, first)
    inbox.take(files, first)
    assert inbox.outcome(files, first) == Taken()
    assert inbox.outcome(files, second) == Pending()
    assert [c.id for c in inbox.pending(files)] == [second]


def test_a_refused_command_keeps_its_reason(files):
    sent = inbox.send(files, Decide(decision="D9", choice="x"))
    inbox.refuse(files, sent, "no open decision D9")
    assert inbox.pending(files) == []
    assert inbox.outcome(files, sent) == Refused(id=sent, reason="no open decision D9")


def test_a_refusal_that_was_cut_off_before_the_command_was_gone_still_holds(files):
    sent = inbox.send(files, Pause())
    [waiting] = files.inbox.glob("*.json")
    content = waiting.read_bytes()
    inbox.refuse(files, sent, "too late")
    waiting.write_bytes(content)
    assert inbox.outcome(files, sent) == Refused(id=sent, reason="too late")
    assert inbox.pending(files) == []
    assert not waiting.exists()


def test_order_survives_a_clock_that_is_set_back(files, monkeypatch):
    first = inbox.send(files, Say(text="first"))
    monkeypatch.setattr("time.time_ns", lambda: 5)
    second = inbox.send(files, Say(text="second"))
    assert [c.id for c in inbox.pending(files)] == [first, second]


def test_a_file_that_is_no_command_is_refused_and_stops_nothing(files):
    (files.inbox / "00000000000000000001-abc.json").write_text('{"kind": "dance"}')
    (files.inbox / "notes.txt").write_text("hello")
    sent = inbox.send(files, Pause())
    assert [c.id for c in inbox.pending(files)] == [sent]
    assert inbox.outcome(files, "abc") == Refused(id="abc", reason="the file in the inbox is not a command")


def test_nothing_half_written_is_ever_seen(files):
    (files.inbox / ".00000000000000000001-abc.json.123.new").write_text('{"kind": "pau')
    assert inbox.pending(files) == []


def test_a_mission_without_an_inbox_has_no_commands(tmp_path):
    files = MissionFiles(tmp_path / "missions" / "bare")
    assert inbox.pending(files) == []
    sent = inbox.send(files, Pause())
    assert [c.id for c in inbox.pending(files)] == [sent]


@pytest.mark.parametrize(
    "bad", [{"usd": 0}, {"usd": -1}, {"tokens": 0}, {"id": "../../etc/passwd"}, {"id": ""}, {"colour": "red"}]
)
def test_a_command_that_makes_no_sense_cannot_be_made(bad):
    with pytest.raises(ValidationError):
        SetBudget.model_validate(bad)


ENGINE = """
import sys, time
from pathlib import Path
from mission_tui.domain.events import MessageSaid
from mission_tui.store import inbox
from mission_tui.store.database import MissionDatabase
from mission_tui.store.layout import MissionFiles
from mission_tui.store.ledger import Ledger

files = MissionFiles(Path(sys.argv[1]))
ledger = Ledger(MissionDatabase.open(files), lambda m, e: (), time.time)
print("ready", flush=True)
while True:
    for command in inbox.pending(files):
        if command.id not in ledger.mission.commands:
            ledger.append(MessageSaid(author="human", text=command.text, command_id=command.id))
        inbox.take(files, command.id)
"""


def test_commands_are_applied_once_and_in_order_however_often_the_engine_is_killed(files):
    sent: list[str] = []
    for round_ in range(4):
        process = python(ENGINE, str(files.root))
        assert process.stdout.readline() == "ready\n"
        sent += [inbox.send(files, Say(text=f"{round_}.{number}")) for number in range(25)]
        wait_until(lambda: len(inbox.pending(files)) < 20)
        process.send_signal(signal.SIGKILL)
        process.communicate()
    process = python(ENGINE, str(files.root))
    wait_until(lambda: not inbox.pending(files))
    process.kill()
    process.communicate()
    ledger = Ledger(MissionDatabase.open(files), check, ticking())
    applied = [r.event for r in ledger.since(1)]
    assert all(isinstance(event, MessageSaid) for event in applied)
    assert [event.command_id for event in applied] == sent
    assert {type(inbox.outcome(files, one)) for one in sent} == {Taken}

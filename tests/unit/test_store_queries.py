import sqlite3

import pytest

from mission_tui.domain.contract import Amendment
from mission_tui.domain.decision import Decision
from mission_tui.domain.events import (
    ContractAmended,
    ContractDrafted,
    DecisionOpened,
    MessageSaid,
    MissionAborted,
    MissionPaused,
    PlanDrafted,
    PlanSubmitted,
)
from mission_tui.domain.mission import Mission, fold
from mission_tui.domain.plan import Milestone
from mission_tui.domain.ports import Usage
from mission_tui.store.errors import CannotWrite, DamagedDatabase
from mission_tui.store.journal import FinishedStep, NewStep
from mission_tui.store.queries import Reader, summary
from mission_tui.store.status import event_json, status_json
from mission_tui.store.summary import summarised
from tests.support.missions import approved, assertion, created, feature, proved, worker_started
from tests.support.stores import Store, new_store, python, stored


def said(text: str) -> MessageSaid:
    return MessageSaid(author="human", text=text)


def asked(name: str = "D1") -> DecisionOpened:
    decision = Decision(
        id=name,
        kind="sign_amendment",
        summary="drop it?",
        choices=("sign", "refuse"),
        default="refuse",
        payload={"drop": ["VAL-A-001"]},
    )
    return DecisionOpened(decision=decision)


def with_a_worker(tmp_path) -> Store:
    """A worker's run with one finished and one running step."""
    store = new_store(tmp_path)
    store.ledger.append(*approved(), worker_started())
    store.journal.open_run("R1", {"messages": [{"role": "system"}]})
    [step] = store.journal.advance(start=[NewStep(run_id="R1", kind="model", name="m")])
    usage = Usage(input_tokens=100, cached_tokens=60, output_tokens=9, usd=0.5)
    done = FinishedStep(run_id="R1", n=step.n, status="done", result={"message": {}}, usage=usage)
    store.journal.advance(
        finish=[done],
        start=[NewStep(run_id="R1", kind="tool", name="run_command", call_id="c1", request={"arguments": "{}"})],
    )
    store.journal.add_wall(12.5)
    return store


def test_a_reader_folds_only_what_is_new(tmp_path):
    store = new_store(tmp_path)
    events = proved()
    store.ledger.append(*events[:4])
    with Reader(store.files) as reader:
        first = reader.mission()
        assert first == fold(events[:4])
        assert reader.mission() is first
        store.ledger.append(*events[4:])
        assert reader.mission() == fold(events)
        assert reader.seq() == len(events)


def test_a_reader_folds_ledgers_of_many_batches(tmp_path):
    store = new_store(tmp_path)
    store.ledger.append(created(), *(said(f"message {n}") for n in range(4500)))
    with Reader(store.files) as reader:
        assert reader.mission() == store.ledger.mission


def test_events_come_in_order_from_where_one_asks_and_no_more_than_one_asks_for(tmp_path):
    with Reader(stored(tmp_path, [created(), said("a"), said("b"), said("c")])) as reader:
        assert [r.seq for r in reader.events()] == [1, 2, 3, 4]
        assert [r.seq for r in reader.events(since=1, limit=2)] == [2, 3]
        assert reader.events(since=4) == []


def test_a_reader_notices_that_something_was_written(tmp_path):
    store = new_store(tmp_path)
    with Reader(store.files) as reader:
        before = reader.version()
        assert reader.version() == before
        store.journal.add_wall(1)
        assert reader.version() != before


def test_steps_totals_and_spend_are_those_of_the_journal(tmp_path):
    store = with_a_worker(tmp_path)
    with Reader(store.files) as reader:
        assert reader.steps("R1") == store.journal.steps("R1")
        assert [s.n for s in reader.steps("R1", after=0, limit=1)] == [1]
        assert [s.n for s in reader.steps("R1", after=1)] == [2]
        assert reader.step("R1", 2) == store.journal.running()[0]
        assert reader.step("R1", 3) is None
        assert (reader.last_step("R1"), reader.last_step("R2")) == (2, 0)
        assert reader.context("R1") == {"messages": [{"role": "system"}]}
        assert reader.context("R2") is None
        assert reader.spend() == store.journal.spend()
        assert reader.run_usage("R1") == store.journal.run_usage("R1")
        assert reader.run_list() == store.journal.run_list()
        some = [totals.run_id for totals in store.journal.run_list()][1:]
        assert reader.run_list(some) == store.journal.run_list()[1:]


def test_a_reader_knows_since_when_a_decision_waits(tmp_path):
    store = new_store(tmp_path)
    store.ledger.append(created())
    [recorded] = store.ledger.append(asked())
    with Reader(store.files) as reader:
        assert reader.opened_at("D1") == recorded.at
        assert reader.opened_at("D2") is None


def test_a_reader_can_only_read(tmp_path):
    store = with_a_worker(tmp_path)
    with Reader(store.files) as reader, pytest.raises(CannotWrite):
        reader._db.rows("INSERT INTO contexts VALUES ('R9', 0, '{}')")


def test_an_event_that_makes_no_sense_is_damage(tmp_path):
    files = stored(tmp_path, [created(), said("x")])
    conn = sqlite3.connect(files.database, isolation_level=None)
    conn.execute("DROP TRIGGER events_never_change")
    conn.execute("UPDATE events SET data = '{}' WHERE seq = 2")
    conn.close()
    with Reader(files) as reader, pytest.raises(DamagedDatabase, match="event 2 makes no sense"):
        reader.mission()


def test_a_summary_says_what_the_fold_says_without_folding(tmp_path):
    store = with_a_worker(tmp_path)
    store.ledger.append(asked())
    seen = summary(store.files)
    mission = store.ledger.mission
    assert (seen.id, seen.title, seen.repo, seen.branch) == ("demo-1", "Demo", "/repo", "mission/demo")
    assert (seen.status, seen.seq, seen.head) == ("waiting", mission.seq, "c0")
    assert seen.assertions == mission.counts()
    assert seen.features == {"in_progress": 1, "pending": 1}
    assert [(m.id, m.state, m.round) for m in seen.milestones] == [("M1", "active", 0), ("M2", "pending", 0)]
    assert [(d.id, d.summary) for d in seen.decisions] == [("D1", "drop it?")]
    assert seen.active_roles == ("worker",)
    assert seen.spend == store.journal.spend()
    assert seen.created_at < seen.updated_at == store.ledger.since(mission.seq - 1)[0].at


def test_a_mission_without_events_has_an_empty_summary(tmp_path):
    store = new_store(tmp_path)
    seen = summary(store.files)
    assert (seen.id, seen.seq, seen.spend.runs) == ("demo-1", 0, 0)


def test_summaries_made_step_by_step_equal_those_made_at_once(tmp_path):
    store = new_store(tmp_path)
    events = [
        *proved(),
        ContractAmended(amendment=Amendment(add=(assertion("VAL-C-001"),), reason="more"), signed=False),
        MissionPaused(reason="lunch"),
        MissionAborted(reason="enough"),
    ]
    for event in events:
        [last] = store.ledger.append(event)
        step_by_step = summary(store.files)
        fresh = summarised(store.ledger.mission, last, (Mission(), step_by_step))
        at_once = fresh.model_copy(update={"created_at": step_by_step.created_at})
        assert at_once.model_dump() == step_by_step.model_dump(exclude={"spend"})


def test_status_has_every_field_of_the_command_lines_contract(tmp_path):
    store = with_a_worker(tmp_path)
    store.ledger.append(asked())
    status = status_json(store.ledger.mission, store.journal.spend(), 4711, active_step=2)
    assert status["state"] == "waiting"
    assert (status["id"], status["title"], status["repo"], status["branch"]) == (
        "demo-1",
        "Demo",
        "/repo",
        "mission/demo",
    )
    assert (status["base_commit"], status["head_commit"], status["seq"]) == ("c0", "c0", store.ledger.mission.seq)
    assert status["engine"] == {"alive": True, "pid": 4711}
    assert status["usage"] == {
        "input_tokens": 100,
        "cached_tokens": 60,
        "output_tokens": 9,
        "usd": 0.5,
        "usd_known": True,
        "wall_s": 12.5,
        "runs": 1,
        "steps": 2,
        "repeated_calls": 0,
    }
    assert status["assertions"] == {
        "total": 3,
        "passed": 0,
        "failed": 0,
        "blocked": 0,
        "inconclusive": 0,
        "pending": 3,
        "stale": 0,
        "overridden": 0,
    }
    assert status["milestones"][0] == {"id": "M1", "title": "One", "state": "active", "round": 0}
    assert status["features"][0] == {
        "id": "F1",
        "title": "F1",
        "milestone": "M1",
        "state": "in_progress",
        "origin": "plan",
        "fulfills": ["VAL-A-001"],
        "commits": [],
        "attempts": 1,
    }
    assert status["active_run"] == {"id": "R1", "role": "worker", "feature": "F1", "model": "m", "step": 2}
    [decision] = status["decisions"]
    assert {k: decision[k] for k in ("id", "kind", "summary", "choices", "default")} == {
        "id": "D1",
        "kind": "sign_amendment",
        "summary": "drop it?",
        "choices": ["sign", "refuse"],
        "default": "refuse",
    }


def test_status_without_engine_or_run_says_so(tmp_path):
    store = new_store(tmp_path)
    store.ledger.append(created())
    status = status_json(store.ledger.mission, store.journal.spend(), None)
    assert status["engine"] == {"alive": False, "pid": None}
    assert status["active_run"] is None
    assert status["state"] == "planning"


def test_event_lines_name_the_run_beside_the_data_and_only_where_there_is_one(tmp_path):
    store = new_store(tmp_path)
    first, *_, last = store.ledger.append(*approved(), worker_started())
    line = event_json(last)
    assert list(line) == ["seq", "at", "kind", "run_id", "data"]
    assert (line["kind"], line["run_id"], line["data"]["role"]) == ("run_started", "R1", "worker")
    assert "run_id" not in line["data"]
    assert list(event_json(first)) == ["seq", "at", "kind", "data"]


def test_a_contract_of_a_thousand_assertions_stays_quick_to_append_to_and_to_list(tmp_path):
    store = new_store(tmp_path)
    names = [f"VAL-BIG-{n:04d}" for n in range(1000)]
    store.ledger.append(
        created(),
        ContractDrafted(assertions=tuple(assertion(n) for n in names)),
        PlanDrafted(
            milestones=(Milestone(id="M1", title="One"),),
            features=tuple(feature(f"F{i}", tuple(names[i::100])) for i in range(100)),
        ),
        PlanSubmitted(),
        said("go"),
    )
    assert summary(store.files).assertions["pending"] == 1000
    assert len(store.db.conn.execute("SELECT summary FROM state").fetchone()[0]) < 2000


def test_what_the_screen_reads_with_loads_no_writer():
    modules = ", ".join(f"mission_tui.store.{m}" for m in ("queries", "inbox", "live", "layout", "lock", "status"))
    process = python(f"import sys, {modules}; print('sqlite_utils' in sys.modules, 'git' in sys.modules)")
    assert process.communicate()[0] == "False False\n"


def test_events_can_be_asked_for_by_kind(tmp_path):
    store = new_store(tmp_path)
    store.ledger.append(created(), said("a"), asked(), said("b"))
    with Reader(store.files) as reader:
        assert [r.seq for r in reader.events(kinds=("message_said",))] == [2, 4]
        assert [r.seq for r in reader.events(2, -1, ("message_said", "decision_opened"))] == [3, 4]

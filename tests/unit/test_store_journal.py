import signal

import pytest

from mission_tui.domain.ports import Usage
from mission_tui.store.database import MissionDatabase
from mission_tui.store.errors import StepNotRunning
from mission_tui.store.journal import FinishedStep, Journal, NewStep, StepRecord
from mission_tui.store.redact import Redactor
from mission_tui.store.verify import verify
from tests.support.missions import created
from tests.support.stores import Store, empty_mission, new_store, python, ticking

PAID = Usage(input_tokens=100, cached_tokens=40, output_tokens=7, usd=0.25)


def model(run: str = "R1") -> NewStep:
    return NewStep(run_id=run, kind="model", name="scripted")


def tool(call_id: str = "c1", run: str = "R1", **request: object) -> NewStep:
    return NewStep(run_id=run, kind="tool", name="run_command", call_id=call_id, request=request)


def finished(step: StepRecord, status: str = "done", usage: Usage | None = None, **result: object) -> FinishedStep:
    return FinishedStep(run_id=step.run_id, n=step.n, status=status, result=result, usage=usage or Usage())


def begin(store: Store, *steps: NewStep) -> list[StepRecord]:
    return store.journal.advance(start=steps)


def test_a_run_is_opened_with_the_first_context_it_was_given(tmp_path):
    journal = new_store(tmp_path).journal
    assert journal.context("R1") is None
    journal.open_run("R1", {"messages": [{"role": "system", "content": "räume auf"}]})
    journal.open_run("R1", {"messages": []})
    assert journal.context("R1") == {"messages": [{"role": "system", "content": "räume auf"}]}
    assert journal.spend().runs == 1


def test_steps_are_numbered_within_their_run(tmp_path):
    store = new_store(tmp_path)
    started = begin(store, model(), tool("a"), model("R2"), tool("b"))
    assert [(s.run_id, s.n) for s in started] == [("R1", 1), ("R1", 2), ("R2", 1), ("R1", 3)]
    assert store.journal.steps("R1") == [started[0], started[1], started[3]]
    assert store.journal.steps("R1", after=2) == [started[3]]


def test_a_step_runs_until_it_is_finished(tmp_path):
    store = new_store(tmp_path)
    [step] = begin(store, tool(arguments='{"command":"ls"}'))
    assert (step.status, step.result, step.ended_at) == ("running", None, None)
    assert store.journal.running() == [step]
    store.journal.advance(finish=[finished(step, text="a.py", exit_code=0)])
    [stored] = store.journal.steps("R1")
    assert (stored.status, stored.result) == ("done", {"text": "a.py", "exit_code": 0})
    assert stored.ended_at is not None and stored.ended_at > stored.started_at
    assert stored.request == {"arguments": '{"command":"ls"}'}
    assert store.journal.running() == []


def test_one_call_finishes_some_steps_and_starts_others(tmp_path):
    store = new_store(tmp_path)
    [asked] = begin(store, model())
    calls = store.journal.advance(finish=[finished(asked, usage=PAID)], start=[tool("a"), tool("b")])
    assert [s.call_id for s in calls] == ["a", "b"]
    assert [s.status for s in store.journal.steps("R1")] == ["done", "running", "running"]


def test_a_step_is_finished_once_and_nothing_else_of_that_call_happens(tmp_path):
    store = new_store(tmp_path)
    first, second = begin(store, model(), tool())
    store.journal.advance(finish=[finished(first, usage=PAID)])
    with pytest.raises(StepNotRunning, match="step 1 of run R1"):
        store.journal.advance(finish=[finished(second), finished(first, usage=PAID)], start=[model()])
    assert [s.status for s in store.journal.steps("R1")] == ["done", "running"]
    assert store.journal.spend().usage == PAID
    with pytest.raises(StepNotRunning):
        store.journal.advance(finish=[FinishedStep(run_id="R9", n=1, status="done", result={})])


def test_a_note_is_born_done_and_is_no_call(tmp_path):
    store = new_store(tmp_path)
    note = NewStep(run_id="R1", kind="note", name="note", done_result={"role": "user", "text": "hurry"})
    [step] = begin(store, note)
    assert (step.status, step.result, step.ended_at) == ("done", {"role": "user", "text": "hurry"}, step.started_at)
    assert store.journal.steps("R1") == [step]
    assert store.journal.spend().steps == 0


def test_doing_nothing_writes_nothing(tmp_path):
    store = new_store(tmp_path)
    before = store.db.conn.total_changes
    assert store.journal.advance() == []
    assert store.db.conn.total_changes == before


def test_facts_and_steps_inside_one_transaction_stand_or_fall_together(tmp_path):
    store = new_store(tmp_path)
    [step] = begin(store, tool())

    def half() -> None:
        with store.db.atomic("test"):
            store.ledger.append(created())
            store.journal.advance(finish=[finished(step)], start=[model()])
            raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        half()
    assert store.ledger.mission.seq == 0
    assert store.journal.steps("R1") == [step]
    with store.db.atomic("test"):
        store.ledger.append(created())
        store.journal.advance(finish=[finished(step)])
    assert store.ledger.mission.seq == 1
    assert store.journal.running() == []


def test_spend_is_what_a_scan_of_the_steps_adds_up_to(tmp_path):
    store = new_store(tmp_path)
    expected: dict[str, Usage] = {"R1": Usage(), "R2": Usage(), "R3": Usage()}
    for run in expected:
        store.journal.open_run(run, {})
    for number in range(60):
        run = ("R1", "R2")[number % 2]
        [asked] = begin(store, model(run))
        usage = Usage(input_tokens=number, cached_tokens=number // 2, output_tokens=3, usd=number / 1000)
        status = "failed" if number % 7 == 0 else "done"
        [call] = store.journal.advance(finish=[finished(asked, status, usage)], start=[tool(f"c{number}", run)])
        store.journal.advance(finish=[finished(call)])
        expected[run] = expected[run] + usage
    spend = store.journal.spend()
    total = expected["R1"] + expected["R2"]
    assert spend.usage.model_copy(update={"usd": 0}) == total.model_copy(update={"usd": 0})
    assert spend.usage.usd == pytest.approx(total.usd)
    assert (spend.runs, spend.steps) == (3, 120)
    assert store.journal.run_usage("R2").output_tokens == expected["R2"].output_tokens
    assert store.journal.run_usage("R3") == store.journal.run_usage("never") == Usage()
    assert [(t.run_id, t.steps) for t in store.journal.run_list()] == [("R1", 60), ("R2", 60), ("R3", 0)]


def test_one_unknown_price_makes_the_sum_a_lower_bound(tmp_path):
    store = new_store(tmp_path)
    first, second = begin(store, model(), model("R2"))
    store.journal.advance(finish=[finished(first, usage=Usage(input_tokens=5, usd_known=False))])
    store.journal.advance(finish=[finished(second, usage=PAID)])
    assert store.journal.spend().usage.usd_known is False
    assert store.journal.run_usage("R1").usd_known is False
    assert store.journal.run_usage("R2").usd_known is True


def test_working_time_adds_up(tmp_path):
    journal = new_store(tmp_path).journal
    journal.add_wall(1.5)
    journal.add_wall(2)
    assert journal.spend().wall_s == 3.5


def test_a_run_that_is_over_leaves_no_step_running(tmp_path):
    store = new_store(tmp_path)
    begin(store, model(), tool(), model("R2"))
    store.journal.settle("R1", "the engine stopped")
    assert [(s.status, s.result) for s in store.journal.steps("R1")] == [
        ("unknown", {"text": "the engine stopped"}),
        ("unknown", {"text": "the engine stopped"}),
    ]
    assert [s.run_id for s in store.journal.running()] == ["R2"]


def test_secrets_are_redacted_also_inside_the_arguments_of_calls(tmp_path):
    secret = 'pa"ss\\wörd-1234'
    store = new_store(tmp_path, redactor=Redactor({"DB": secret}))
    arguments = '{"command": "login pa\\"ss\\\\wörd-1234"}'
    store.journal.open_run("R1", {"messages": [{"content": f"use {secret}"}]})
    [step] = begin(store, tool(arguments=arguments))
    assert step.request == {"arguments": '{"command": "login [redacted DB]"}'}
    store.journal.advance(finish=[finished(step, text=f"welcome {secret}!")])
    assert store.journal.steps("R1")[0].result == {"text": "welcome [redacted DB]!"}
    assert store.journal.context("R1") == {"messages": [{"content": "use [redacted DB]"}]}


def test_results_that_are_not_unicode_are_kept_readable(tmp_path):
    store = new_store(tmp_path)
    [step] = begin(store, tool())
    store.journal.advance(finish=[finished(step, text="half \udcff done\x00")])
    assert store.journal.steps("R1")[0].result == {"text": "half ? done\x00"}


RUNNER = """
import sys, time
from pathlib import Path
from mission_tui.domain.ports import Usage
from mission_tui.store.database import MissionDatabase
from mission_tui.store.journal import FinishedStep, Journal, NewStep
from mission_tui.store.layout import MissionFiles

journal = Journal(MissionDatabase.open(MissionFiles(Path(sys.argv[1]))), time.time)
paid, finish = Usage(input_tokens=10, output_tokens=1, usd=0.001), []
while True:
    [step] = journal.advance(finish=finish, start=[NewStep(run_id="R1", kind="model", name="m")])
    finish = [FinishedStep(run_id="R1", n=step.n, status="done", result={"text": "x" * 2000}, usage=paid)]
    print(step.n, flush=True)
"""


def test_a_killed_engine_leaves_one_running_step_and_right_counters(tmp_path):
    files = empty_mission(tmp_path)
    process = python(RUNNER, str(files.root))
    seen = [int(process.stdout.readline()) for _ in range(30)]
    process.send_signal(signal.SIGKILL)
    seen += [int(line) for line in process.communicate()[0].splitlines()]
    journal = Journal(MissionDatabase.open(files), ticking())
    steps = journal.steps("R1")
    assert len(steps) >= seen[-1]
    assert [s.n for s in steps] == list(range(1, len(steps) + 1))
    assert journal.running() == steps[-1:]
    assert journal.spend().usage.input_tokens == 10 * (len(steps) - 1)
    assert journal.spend().steps == len(steps)
    journal.settle("R1", "killed")
    assert [b.what for b in verify(files) if b.invariant == 7] == []

import itertools
import json
from collections.abc import Iterator, Sequence
from typing import Any

import pytest

from mission_tui.domain.ports import Message, ToolCall, Usage
from mission_tui.engine.conduct import THRESHOLDS, Alarm, Conduct, correction, misplaced_end
from mission_tui.store.journal import StepRecord

Turn = tuple[tuple[str, str, str], ...]
"""Calls of a turn: name, argument, result."""


class Run:
    """Builds a run's steps as the journal would have them."""

    def __init__(self) -> None:
        self.steps: list[StepRecord] = []

    def add(self, kind: str, name: str, result: dict[str, Any], status: str = "done", **more: Any) -> None:
        number = len(self.steps) + 1
        self.steps.append(
            StepRecord.model_validate(
                {"run_id": "R1", "n": number, "kind": kind, "name": name, "status": status, "result": result,
                 "call_id": None, "request": {}, "usage": Usage(), "started_at": 0, "ended_at": 1, **more}
            )
        )  # fmt: skip

    def turn(self, *calls: tuple[str, str, str], status: str = "done") -> None:
        self.add("model", "m", {"message": Message(role="assistant").model_dump()})
        for name, argument, result in calls:
            self.add("tool", name, {"text": result}, status, request={"arguments": json.dumps({"path": argument})})


def first_alarms(turns: Sequence[Turn]) -> Iterator[tuple[int, Alarm]]:
    """Number of the turn after which each alarm came; a warning is noted as the engine does."""
    run, conduct = Run(), Conduct()
    for number, calls in enumerate(turns, 1):
        run.turn(*calls)
        alarm = conduct.alarm(run.steps)
        if alarm is not None:
            yield number, alarm
            run.add("note", "note", {"text": alarm.text, "alarm": alarm.kind})
            if alarm.ends:
                return


def said(turns: Sequence[Turn]) -> list[tuple[int, str, bool]]:
    return [(number, alarm.kind, alarm.ends) for number, alarm in first_alarms(turns)]


LOOK: Turn = (("read_file", "a.py", "one"),)
RED: Turn = (("run_command", "pytest", "1 failed in 0.03s"),)


def test_the_same_call_with_the_same_result_is_warned_of_and_then_ends_the_run():
    warn, end = THRESHOLDS.repeated
    assert said([LOOK] * 30) == [(warn, "repeated", False), (end, "repeated", True)]


def test_durations_and_times_of_day_make_no_difference():
    turns = [(("run_command", "pytest", f"12:00:0{k % 10} 1 failed in 0.{k}3s"),) for k in range(9)]
    assert said(turns)[0] == (THRESHOLDS.repeated[0], "repeated", False)


def test_a_result_that_changes_is_no_repetition():
    turns = [(("run_command", "pytest", f"{k} failed"),) for k in range(40)]
    assert said(turns) == []


def test_ping_pong_between_two_states_is_seen():
    to_and_fro = [
        (("edit_file", "a.py", "now one"),), RED, (("edit_file", "a.py", "now two"),), RED
    ]  # fmt: skip
    alarms = said(to_and_fro * 12)
    assert alarms[0][1:] in {("circling", False), ("stale", False)}
    assert alarms[-1][2]
    assert alarms[-1][0] <= 34


def test_a_circle_of_two_turns_is_warned_of_after_its_rounds():
    warn, _ = THRESHOLDS.rounds
    alarms = said([LOOK, RED] * 20)
    assert alarms[0] == (2 * warn, "circling", False)
    assert alarms[-1][2]


def test_turns_that_bring_nothing_new_end_the_run_in_whatever_order_they_come():
    seen = [(("read_file", f"f{k}", "text"),) for k in range(7)]
    mixed = [*seen, *(seen[(k * k + k // 3) % 7] for k in range(60))]
    alarms = said(mixed)
    assert ("stale", False) in [alarm[1:] for alarm in alarms]
    assert alarms[-1][1:] == ("stale", True)


def test_reading_for_ever_is_warned_of_and_a_single_act_forgives_it():
    warn, end = THRESHOLDS.reading
    reading: list[Turn] = [(("read_file", f"f{k}", f"text {k}"),) for k in range(2 * end)]
    assert said(reading) == [(warn, "reading", False), (end, "reading", True)]
    reading[warn - 2] = (("write_file", "a.py", "created a.py"),)
    assert said(reading)[0] == (2 * warn - 1, "reading", False)


def test_turns_of_which_nothing_can_be_carried_out_end_the_run_and_one_good_call_forgives_them():
    run, conduct = Run(), Conduct()
    for k in range(THRESHOLDS.malformed_end - 1):
        run.turn(("launch_rocket", str(k), "there is no tool"), status="failed")
        assert conduct.alarm(run.steps) is None
    good = Run()
    good.steps = list(run.steps)
    good.turn(("read_file", "a", "text"))
    assert Conduct().alarm(good.steps) is None
    run.turn()
    alarm = conduct.alarm(run.steps)
    assert alarm is not None
    assert (alarm.kind, alarm.ends) == ("malformed", True)


def test_many_failing_calls_in_one_turn_are_one_bad_turn():
    run = Run()
    run.turn(*(("read_file", str(k), "no such file") for k in range(20)), status="failed")
    assert Conduct().alarm(run.steps) is None


def test_a_restarted_engine_comes_to_the_same_alarms():
    run, conduct = Run(), Conduct()
    for number in itertools.count(1):
        run.turn(*LOOK)
        told, anew = conduct.alarm(run.steps), Conduct().alarm(run.steps)
        assert told == anew
        if told is not None:
            run.add("note", "note", {"text": told.text, "alarm": told.kind})
            assert Conduct().alarm(run.steps) is None or told.ends
        if told is not None and told.ends:
            assert number == THRESHOLDS.repeated[1]
            return


@pytest.mark.parametrize(
    ("content", "finish", "word"),
    [
        ("", "", "empty"),
        ("I did it.", "", "no tool call"),
        ("", "length", "output limit"),
        ("", "content_filter", "withheld"),
    ],
)
def test_an_answer_without_calls_is_told_exactly_what_was_wrong(content: str, finish: str, word: str):
    text = correction(content, finish, ("submit_handoff",))
    assert word in text
    assert "submit_handoff" in text


def call(name: str, key: str, **arguments: Any) -> ToolCall:
    return ToolCall(id=key, name=name, arguments=json.dumps(arguments))


def test_two_calls_that_end_the_run_are_both_refused():
    first = call("submit_review", "a", summary="fine")
    second = call("submit_report", "b", summary="fine")
    for each in (first, second):
        problem = misplaced_end(each, (first, second))
        assert problem is not None
        assert "submit_review, submit_report" in problem
    assert misplaced_end(first, (first,)) is None


def test_a_call_that_ends_the_run_is_the_last_of_its_turn():
    end, read = call("submit_review", "a", summary="fine"), call("read_file", "b", path="x")
    assert "come after it" in (misplaced_end(end, (end, read)) or "")
    assert misplaced_end(end, (read, end)) is None
    assert misplaced_end(read, (end, read)) is None

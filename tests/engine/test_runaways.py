import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from mission_tui.domain.budget import Limits, Spend, exceeded, run_exceeded
from mission_tui.domain.events import (
    DecisionOpened,
    HandoffRecorded,
    Recorded,
    RunEnded,
    RunStarted,
    VerdictRecorded,
)
from mission_tui.domain.ports import Message, ModelRequest, Reply, ToolCall, Usage
from mission_tui.engine.conversation import messages_of
from mission_tui.store import inbox
from mission_tui.store.inbox import Pause, Resume, SetBudget
from mission_tui.store.queries import Reader
from mission_tui.store.verify import verify
from tests.support import openai_server as server
from tests.support.engine import bye, events, plan, state
from tests.support.faults import obliging
from tests.support.openai_server import Received
from tests.support.providers import Playground, SkippingClock, Trouble, role_of, served


def reply(*calls: tuple[str, dict[str, Any]], text: str = "", tokens: int = 100) -> Reply:
    made = tuple(ToolCall(id=f"odd_{k}_{n}", name=n, arguments=json.dumps(a)) for k, (n, a) in enumerate(calls))
    return Reply(message=Message(role="assistant", content=text, tool_calls=made), usage=Usage(input_tokens=tokens))


def first_of_worker(*odd: Reply) -> Callable[[ModelRequest], Reply]:
    """The worker's first answers are these; from then on it does what is right."""
    left = list(odd)

    def answer(request: ModelRequest) -> Reply:
        asked_for_summary = "is about to be replaced" in request.messages[-1].content
        if left and "# Role: worker" in request.messages[0].content and not asked_for_summary:
            return left.pop(0)
        return obliging(request)

    return answer


def never(_: Received) -> None:
    return None


def results(play: Playground, run_id: str = "R1") -> list[str]:
    with Reader(play.files) as reader:
        return [str((s.result or {}).get("text", "")) for s in reader.steps(run_id) if s.kind in ("tool", "note")]


def asked_of(play: Playground, role: str) -> list[dict[str, Any]]:
    return [r.body for r in play.server.requests if role_of(r) == role]


# Malformed answers


async def test_each_malformed_answer_is_told_what_to_mend_and_the_run_goes_on(tmp_path: Path):
    end = {"summary": "done", "completed": [], "undone": [], "commands": [], "issues": []}
    end |= {"procedure_followed": True, "deviations": ""}
    odd = (
        reply(("submit_handoff", end), ("submit_handoff", {**end, "summary": "or so"})),
        reply(("submit_handoff", end), ("read_file", {"path": "app.py"})),
        reply(("submit_handoff", {"summary": 7})),
        reply(),
    )
    async with served(tmp_path, plan(bye()), first_of_worker(*odd), never) as play:
        assert await play.run() == 0
        told = results(play)
        assert sum("2 calls that end the run" in text for text in told) == 2
        assert sum("come after it and would be lost" in text for text in told) == 1
        assert any("summary: " in text and "the arguments do not fit" in text for text in told)
        assert any(text.startswith("That turn was empty") for text in told)
        assert [h.handoff.summary for h in events(play.files, HandoffRecorded)] == ["bye.py prints bye"]


HOSTILE = (
    ("read_file", "[" * 3000),
    ("read_file", '{"path": ' + "9" * 5000 + "}"),
    ("write_file", '{"path": "a.txt", "content": "\\ud800"}'),
    ("write_file", '{"path": "a\\u0000.txt", "content": ""}'),
    ("run_command", '{"command": "true", "timeout_s": NaN}'),
    ("launch\0" * 1000, "{}"),
)


async def test_arguments_that_would_break_a_parser_are_told_and_end_nothing(tmp_path: Path):
    made = tuple(ToolCall(id=f"odd_{k}", name=name, arguments=text) for k, (name, text) in enumerate(HOSTILE))
    odd = Reply(message=Message(role="assistant", content="\ud800", tool_calls=made), usage=Usage())
    async with served(tmp_path, plan(bye()), first_of_worker(odd), never) as play:
        assert await play.run() == 0
        told = results(play)
        assert sum("the arguments are not valid JSON" in text for text in told) == 4
        assert sum("a NUL character" in text for text in told) == 1
        assert sum(text.startswith("there is no tool") for text in told) == 1
        assert state(play.files).status == "completed"
        assert verify(play.files) == []


async def test_a_run_that_only_repeats_itself_is_warned_then_ended_with_what_it_did(tmp_path: Path):
    odd = [
        reply(("write_file", {"path": "bye.py", "content": "print('by')\n"}), text="I write it."),
        *(reply(("run_command", {"command": "python3 bye.py"}), text="Once more.") for _ in range(8)),
    ]
    async with served(tmp_path, plan(bye()), first_of_worker(*odd), never) as play:
        assert await play.run() == 0
        warnings = [text for text in results(play) if "A check on this run noticed" in text]
        assert len(warnings) == 1
        partial, whole = events(play.files, HandoffRecorded)
        assert partial.partial
        assert not whole.partial
        assert "the same call gave the same result 8 times" in partial.handoff.summary
        assert "changed and kept on the branch: bye.py" in partial.handoff.summary
        assert "Its last words: Once more." in partial.handoff.summary
        assert [(c.command, c.exit_code) for c in partial.handoff.commands] == [("python3 bye.py", 0)]
        assert partial.handoff.completed == ()
        order = [r.role for r in events(play.files, RunStarted)]
        assert order[:3] == ["worker", "orchestrator", "worker"]
        assert verify(play.files) == []


async def test_a_role_that_only_fails_before_there_is_a_plan_waits_for_the_human_after_two_runs(tmp_path: Path):
    class Endless(Exception):
        pass

    def count(recorded: Recorded) -> None:
        if recorded.event.run_id == "R5":
            raise Endless

    def talk(_: ModelRequest) -> Reply:
        return reply(text="I would rather talk.")

    async with served(tmp_path, plan(bye()), talk, never, plan=None, approve=False) as play:
        assert await play.run(on_event=count) == 3
        assert [r.run_id for r in events(play.files, RunStarted)] == ["R1", "R2"]
        (asked,) = state(play.files).decisions.open
        assert asked.summary.startswith("2 runs of the orchestrator failed")
        inbox.send(play.files, inbox.Say(text="Go on."))
        assert await play.run(on_event=count) == 3
        inbox.send(play.files, inbox.Decide(decision=asked.id, choice="retry"))
        assert await play.run(on_event=count) == 3
        assert [r.run_id for r in events(play.files, RunStarted)] == ["R1", "R2", "R3", "R4"]


async def test_what_the_human_said_to_a_run_that_failed_is_said_to_the_next_one(tmp_path: Path):
    silly = [reply(text="I would rather talk.") for _ in range(6)]
    heard: list[str] = []

    def answer(request: ModelRequest) -> Reply:
        if "# Role: orchestrator" not in request.messages[0].content:
            return obliging(request)
        heard.append(request.messages[1].content)
        return silly.pop() if silly else obliging(request)

    async with served(tmp_path, plan(bye()), answer, never) as play:
        inbox.send(play.files, inbox.Say(text="Never say hello."))
        assert await play.run() == 0
        told = [r for r in events(play.files, RunStarted) if r.role == "orchestrator"]
        assert [r.run_id for r in told][:2] == ["R1", "R2"]
        assert told[1].purpose == "the human says: Never say hello."
        assert "human: Never say hello." in heard[6]
        assert state(play.files).conversation.undelivered == ()
        assert verify(play.files) == []


# Compaction


async def test_a_conversation_that_grows_is_summed_up_before_it_overflows(tmp_path: Path):
    big = [reply(("run_command", {"command": f"seq {k} 1500"}), tokens=2_000 * (k + 1)) for k in range(5)]
    seat = {"context_window": 10_000}
    async with served(tmp_path, plan(bye()), first_of_worker(*big), never, seat=seat) as play:
        assert await play.run() == 0
        asked = asked_of(play, "worker")
        place = next(k for k, body in enumerate(asked) if "is about to be replaced" in str(body["messages"][-1]))
        before, summing, after = asked[place - 1], asked[place], asked[place + 1]
        assert summing["messages"][: len(before["messages"])] == before["messages"]
        assert summing["tools"] == before["tools"]
        assert after["messages"][:2] == before["messages"][:2]
        assert "your own summary" in after["messages"][2]["content"]
        assert "Summary: bye.py is to be written." in after["messages"][2]["content"]
        assert len(after["messages"]) < len(before["messages"])
        with Reader(play.files) as reader:
            now = messages_of(reader.context("R1") or {}, reader.steps("R1"))
        assert [m.content for m in now[:3]] == [m["content"] for m in after["messages"][:3]]
        assert [r.outcome for r in events(play.files, RunEnded)].count("finished") == len(events(play.files, RunEnded))


async def test_an_overflow_leads_to_a_summary_and_when_that_overflows_too_to_a_list_by_code(tmp_path: Path):
    trouble = Trouble()
    odd = reply(("run_command", {"command": "echo seen"}))
    async with served(tmp_path, plan(bye()), first_of_worker(odd), trouble) as play:
        trouble.after["worker"] = 1
        trouble.plan["worker"] = (server.TOO_LONG, 3)
        assert await play.run() == 0
        note = next(text for text in results(play) if "no longer fits" in text)
        assert "the engine made from its journal" in note
        assert '- run_command {"command": "echo seen"}: exit 0' in note
        assert {r.outcome for r in events(play.files, RunEnded)} == {"finished"}


async def test_what_a_summary_without_end_cost_is_counted(tmp_path: Path):
    big = [reply(("run_command", {"command": f"seq {k} 1500"}), tokens=2_000 * (k + 1)) for k in range(5)]
    runaway = [server.answers(text="and " * 525_000)]

    def choose(received: Received) -> server.Fault | None:
        summing = "is about to be replaced" in str(received.body["messages"][-1])
        return runaway.pop() if summing and runaway else None

    seat = {"context_window": 10_000}
    async with served(tmp_path, plan(bye()), first_of_worker(*big), choose, seat=seat) as play:
        assert await play.run() == 0
        assert runaway == []
        with Reader(play.files) as reader:
            (dropped,) = [s for s in reader.steps("R1") if s.kind == "model" and s.status == "failed"]
            assert dropped.usage.output_tokens > 500_000
            assert reader.spend().usage.output_tokens > 500_000


# Caps


@pytest.mark.parametrize(
    ("limits", "spend", "word"),
    [
        (Limits(usd=1), Spend(usage=Usage(usd=1.0)), "money cap"),
        (Limits(tokens=10), Spend(usage=Usage(input_tokens=8, output_tokens=2)), "token cap"),
        (Limits(hours=1), Spend(wall_s=3600), "time cap"),
        (Limits(steps=5), Spend(steps=5), "step cap"),
    ],
)
def test_a_missions_caps_are_named_when_they_are_used_up(limits: Limits, spend: Spend, word: str):
    assert word in (exceeded(limits, spend) or "")
    assert exceeded(limits, Spend()) is None


@pytest.mark.parametrize(
    ("limits", "word"),
    [
        (Limits(run_turns=3), "3 turns"),
        (Limits(run_usd=0.5), "$0.5"),
        (Limits(run_tokens=100), "100 tokens"),
        (Limits(run_hours=0.5), "0.5 h"),
    ],
)
def test_a_runs_caps_are_named_when_they_are_used_up(limits: Limits, word: str):
    used = Usage(input_tokens=100, usd=0.5)
    assert word in (run_exceeded(limits, used, turns=3, seconds=1800) or "")
    assert run_exceeded(limits, Usage(), turns=0, seconds=0) is None


@pytest.mark.parametrize(("cap", "used_up", "raised"), [("steps", 2, 500), ("tokens", 60, 1_000_000)])
async def test_a_cap_of_the_mission_halts_before_the_next_call_and_raised_lets_it_go_on_where_it_was(
    tmp_path: Path, cap: str, used_up: int, raised: int
):
    async with served(tmp_path, plan(bye()), obliging, never, limits=Limits.model_validate({cap: used_up})) as play:
        assert await play.run() == 5
        (waiting,) = state(play.files).decisions.open
        assert waiting.kind == "raise_cap"
        calls = len(play.server.requests)
        assert calls == 1
        assert await play.run() == 5
        assert len(play.server.requests) == calls
        inbox.send(play.files, SetBudget.model_validate({cap: raised}))
        assert await play.run() == 0
        assert [r.role for r in events(play.files, RunStarted)].count("worker") == 1
        first, second = asked_of(play, "worker")[:2]
        assert second["messages"][: len(first["messages"])] == first["messages"]
        assert len([d for d in events(play.files, DecisionOpened) if d.decision.kind == "raise_cap"]) == 1


async def test_a_cap_of_one_run_ends_it_with_a_partial_handoff(tmp_path: Path):
    async with served(tmp_path, plan(bye()), obliging, never, limits=Limits(run_turns=2)) as play:
        assert await play.run() == 3
        partial = events(play.files, HandoffRecorded)[0]
        assert partial.partial
        assert "the run used up its 2 turns" in partial.handoff.summary
        inbox.send(play.files, SetBudget(run_turns=50))
        for decision in state(play.files).decisions.open:
            inbox.send(play.files, inbox.Decide(decision=decision.id, choice="retry"))
        assert await play.run() == 0


def echoing(*numbers: int) -> Reply:
    return reply(*(("run_command", {"command": f"echo {n} >>log.txt"}) for n in numbers))


async def test_a_reply_of_many_commands_stops_at_the_step_cap_and_goes_on_where_it_was(tmp_path: Path):
    answer = first_of_worker(echoing(1, 2, 3, 4, 5, 6))
    async with served(tmp_path, plan(bye()), answer, never, limits=Limits(steps=4)) as play:
        assert await play.run() == 5
        assert (play.files.worktree / "log.txt").read_text().split() == ["1", "2", "3"]
        inbox.send(play.files, SetBudget(steps=500))
        assert await play.run() == 0
        assert (play.files.worktree / "log.txt").read_text().split() == ["1", "2", "3", "4", "5", "6"]


async def test_a_run_whose_hours_are_used_up_begins_no_further_command(tmp_path: Path):
    clock, slow = SkippingClock(), first_of_worker(echoing(1))

    def answer(request: ModelRequest) -> Reply:
        clock.skipped_s += 3600 * ("# Role: worker" in request.messages[0].content)
        return slow(request)

    async with served(tmp_path, plan(bye()), answer, never, limits=Limits(run_hours=0.5)) as play:
        await play.run(clock=clock)
        assert not (play.files.worktree / "log.txt").exists()
        partial = events(play.files, HandoffRecorded)[0]
        assert "the run used up its 0.5 h" in partial.handoff.summary


async def test_the_engines_own_proofs_wait_for_more_hours_too(tmp_path: Path):
    clock = SkippingClock()

    def see(one: Recorded) -> None:
        clock.skipped_s += 3600 * isinstance(one.event, HandoffRecorded)

    async with served(tmp_path, plan(bye()), obliging, never, limits=Limits(hours=1)) as play:
        assert await play.run(clock=clock, on_event=see) == 5
        (waiting,) = state(play.files).decisions.open
        assert "the time cap of 1 h is used up" in waiting.summary
        assert events(play.files, VerdictRecorded) == []
        inbox.send(play.files, SetBudget(hours=5))
        assert await play.run() == 0
        assert len(events(play.files, VerdictRecorded)) == 1


# Pause


async def test_a_paused_mission_makes_no_call_and_starts_no_process(tmp_path: Path):
    files: list[Any] = []
    paused: list[bool] = []

    def answer(request: ModelRequest) -> Reply:
        given = obliging(request)
        if given.message.tool_calls[0].name == "run_command" and not paused:
            paused.append(True)
            inbox.send(files[0], Pause())
        return given

    async with served(tmp_path, plan(bye()), answer, never) as play:
        files.append(play.files)
        assert await play.run() == 3
        assert state(play.files).status == "paused"
        calls = len(play.server.requests)
        with Reader(play.files) as reader:
            assert [s.name for s in reader.steps("R1") if s.kind == "tool"] == ["write_file"]
        assert await play.run() == 3
        assert len(play.server.requests) == calls
        inbox.send(play.files, Resume())
        assert await play.run() == 0
        with Reader(play.files) as reader:
            names = [s.name for s in reader.steps("R1") if s.kind == "tool"]
        assert names == ["write_file", "run_command", "submit_handoff"]

"""Whole missions against a provider that plays every fault; `make torture-faults` plays all of them."""

from pathlib import Path

import pytest

from mission_tui.domain.decision import Decision
from mission_tui.domain.events import HandoffRecorded, RunEnded
from mission_tui.llm.litellm_model import Watchdog
from mission_tui.llm.retry import RetryPolicy
from mission_tui.store import inbox
from mission_tui.store.inbox import Decide
from mission_tui.store.queries import Reader
from mission_tui.store.verify import verify
from tests.support.engine import bye, events, plan, state
from tests.support.faults import FOR_THE_HUMAN, MALFORMED, Case, Chain, ci, obliging
from tests.support.providers import Playground, served

POLICY = RetryPolicy(attempts=4, first_delay_s=0.01, longest_delay_s=0.02, total_s=60)
WATCHDOG = Watchdog(first_token_s=0.8, idle_s=0.5, total_s=1.6)
MOST_STOPS = 24


async def survives(play: Playground, chain: Chain) -> None:
    """The mission completes; whenever it waits on the way, it says why, and a human who mends that lets it go on."""
    for _ in range(MOST_STOPS):
        code = await play.run(policy=POLICY, watchdog=WATCHDOG)
        if code == 0:
            return
        waiting = state(play.files).decisions.open
        assert code in (3, 5), code
        assert waiting, "it stopped without a reason"
        for decision in waiting:
            assert_right_reason(decision, chain)
            inbox.send(play.files, Decide(decision=decision.id, choice="retry"))
        chain.heal()
    raise AssertionError("it never came to an end")


def assert_right_reason(decision: Decision, chain: Chain) -> None:
    role, fault = chain.hits[-1]
    if fault in MALFORMED:
        assert decision.kind == "request", (fault, decision)
        assert f"runs of the {role} failed" in decision.summary
    else:
        assert decision.kind == "provider", (fault, decision)
        assert (decision.retry_at is None) == (fault in FOR_THE_HUMAN)


def assert_no_step_is_lost(play: Playground) -> None:
    """Every call of every answer has its result, unless the run was ended before."""
    with Reader(play.files) as reader:
        for run_id in state(play.files).runs.runs:
            steps = reader.steps(run_id)
            assert all(s.status != "running" for s in steps)
            asked = [c["id"] for s in steps for c in ((s.result or {}).get("message") or {}).get("tool_calls", ())]
            answered = [s.call_id for s in steps if s.kind == "tool"]
            assert asked == answered


async def play_case(root: Path, case: Case) -> None:
    chain = Chain(case)
    async with served(root, plan(bye()), obliging, chain) as play:
        await survives(play, chain)
        assert all(not queue or queue[0][1] == 0 for queue in chain.left.values()), chain.left
        assert verify(play.files) == []
        assert_no_step_is_lost(play)
        ended = events(play.files, RunEnded)
        broken = [r for r in ended if r.outcome != "finished"]
        blamed = {role for role, fault in chain.hits if fault in MALFORMED}
        started = state(play.files).runs.runs
        assert {started[r.run_id].started.role for r in broken} <= blamed
        partial = [h for h in events(play.files, HandoffRecorded) if h.partial]
        assert len(partial) == sum(r.outcome == "partial" for r in broken)
        assert all(h.handoff.summary.startswith("Partial, written by the engine") for h in partial)


@pytest.mark.parametrize("case", ci(), ids=lambda case: case.name)
async def test_a_mission_survives(tmp_path: Path, case: Case):
    await play_case(tmp_path, case)

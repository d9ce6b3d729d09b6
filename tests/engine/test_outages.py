import asyncio
import json
import socket
import time
from pathlib import Path

import pytest

from mission_tui.domain.events import DecisionOpened, DecisionWithdrawn, RunEnded, RunStarted, SeatSwitched
from mission_tui.domain.seats import SeatSettings
from mission_tui.engine.desk import Patience
from mission_tui.engine.host import HostOptions, run_mission
from mission_tui.llm.retry import RetryPolicy
from mission_tui.llm.scripted import ScriptedModel
from mission_tui.store import inbox
from mission_tui.store.inbox import Decide, Pause, Resume, SetSeat
from mission_tui.store.queries import Reader
from mission_tui.store.verify import verify
from tests.support import openai_server as server
from tests.support.engine import APPROVING_REVIEWER, GOOD_WORKER, bye, events, mission, plan, script, state
from tests.support.openai_server import Fault, OpenAIServer, asking
from tests.support.providers import FOREVER, Playground, model_maker, playground, role_of

SOON_S = 5
MANY = 40
"""Parks; ninety-six of fifteen minutes would be a day."""


def used_up(seconds: int) -> Fault:
    return Fault(429, {"retry-after": str(seconds)}, server.OUT_OF_CREDIT.body)


def parks(play: Playground) -> list[DecisionOpened]:
    return [e for e in events(play.files, DecisionOpened) if e.decision.kind == "provider"]


async def test_a_used_up_quota_parks_until_the_named_time_and_a_restarted_engine_keeps_it(tmp_path: Path):
    async with playground(tmp_path, plan(bye()), GOOD_WORKER, APPROVING_REVIEWER) as play:
        play.trouble.plan["worker"] = (used_up(SOON_S), 1)
        began = time.time()
        assert await play.run() == 5
        calls = len(play.server.requests)
        assert calls == 1
        assert await play.run() == 5
        assert len(play.server.requests) == calls
        assert await play.run(wait=True) == 0
        (opened,) = parks(play)
        assert opened.decision.retry_at is not None
        assert opened.decision.retry_at - began >= SOON_S
        assert "tried again at" in opened.decision.summary
        assert len(events(play.files, DecisionWithdrawn)) == 1
        assert [r.role for r in events(play.files, RunStarted)].count("worker") == 1
        assert verify(play.files) == []


async def test_the_human_may_say_so_earlier_and_the_mission_goes_on_once(tmp_path: Path):
    async with playground(tmp_path, plan(bye()), GOOD_WORKER, APPROVING_REVIEWER) as play:
        play.trouble.plan["worker"] = (used_up(3600), 1)
        assert await play.run() == 5
        inbox.send(play.files, Decide(decision=parks(play)[0].decision.id, choice="retry"))
        assert await play.run(wait=True) == 0
        assert len(parks(play)) == 1
        assert events(play.files, DecisionWithdrawn) == []


async def test_a_quota_without_a_reset_waits_for_the_human_alone(tmp_path: Path):
    async with playground(tmp_path, plan(bye()), GOOD_WORKER, APPROVING_REVIEWER) as play:
        play.trouble.plan["worker"] = (server.PAYMENT_REQUIRED, 1)
        assert await play.run() == 5
        assert parks(play)[0].decision.retry_at is None
        assert await play.run() == 0


async def test_a_day_without_the_network_costs_nothing_but_the_day(tmp_path: Path):
    played = script(tmp_path / "s.yaml", GOOD_WORKER, APPROVING_REVIEWER)
    with socket.socket() as reserved:
        reserved.bind(("127.0.0.1", 0))
        port = reserved.getsockname()[1]
    seat = SeatSettings(model="openai/local", api_base=f"http://127.0.0.1:{port}/v1")
    files = await mission(tmp_path, seat, plan(bye()))
    long_enough = asyncio.Event()
    parked = 0

    def count(recorded: object) -> None:
        nonlocal parked
        parked += isinstance(getattr(recorded, "event", None), DecisionOpened)
        if parked == MANY:
            long_enough.set()

    patience = Patience(first_s=0.001, longest_s=0.01)
    make = model_maker(RetryPolicy(attempts=1))
    options = HostOptions(wait=True, on_event=count, patience=patience, make_model=make)
    began = time.monotonic()
    engine = asyncio.create_task(run_mission(files, options))
    await asyncio.wait_for(long_enough.wait(), 60)
    async with OpenAIServer(asking(ScriptedModel(Path(played.model.removeprefix("scripted:")))), port=port):
        assert await asyncio.wait_for(engine, 60) == 0
    assert [r.outcome for r in events(files, RunEnded)] == ["finished", "finished"]
    assert state(files).plan.features["F1"].attempts == 1
    with Reader(files) as reader:
        asked_in_vain = [s for s in reader.steps("R1") if s.status == "failed"]
        lost = sum((s.ended_at or 0) - s.started_at for s in asked_in_vain)
        assert len(asked_in_vain) >= MANY
        assert reader.spend().wall_s <= time.monotonic() - began - lost + 1
    assert verify(files) == []


async def test_a_fallback_answers_until_the_seat_itself_may_be_asked_again_and_the_ledger_says_so(tmp_path: Path):
    async with playground(tmp_path, plan(bye()), GOOD_WORKER, APPROVING_REVIEWER) as play:
        own = state(play.files).seats["default"]
        seat = own.model_copy(update={"model": "openai/first", "fallback": own})
        play.trouble.plan["worker"] = (used_up(3600), FOREVER)
        play.trouble.only_model = "first"
        inbox.send(play.files, SetSeat(role="worker", seat=seat))
        assert await play.run() == 0
        (switched,) = events(play.files, SeatSwitched)
        assert (switched.role, switched.model) == ("worker", own.model)
        assert "quota" in switched.reason
        asked = [r.body["model"] for r in play.server.requests if role_of(r) == "worker"]
        assert asked == ["first", "local", "local", "local"]
        assert parks(play) == []
        with Reader(play.files) as reader:
            first = next(s for s in reader.steps("R1") if s.kind == "model")
        assert (first.result or {})["model"] == own.model


async def test_retries_are_told_with_their_reason_while_the_mission_runs(tmp_path: Path):
    async with playground(tmp_path, plan(bye()), GOOD_WORKER, APPROVING_REVIEWER) as play:
        play.trouble.plan["worker"] = (server.OVERLOADED, 2)
        said: list[str] = []
        assert await play.run(on_notice=said.append) == 0
        assert len(said) == 2
        assert said[0].startswith("R1 worker: retry 2 in 0 s because model openai/local: ")
        assert "Overloaded" in said[0]


async def test_a_provider_that_names_a_time_that_is_over_is_not_asked_without_a_pause(tmp_path: Path):
    async with playground(tmp_path, plan(bye()), GOOD_WORKER, APPROVING_REVIEWER) as play:
        play.trouble.plan["worker"] = (server.rate_limited("0"), FOREVER)
        assert await play.run() == 5
        (opened,) = parks(play)
        assert (opened.decision.retry_at or 0) > time.time() + Patience().first_s / 2


@pytest.mark.parametrize("named", ["99999999999999999999", "9" * 400])
async def test_a_time_that_no_calendar_has_is_no_time_and_keeps_no_engine_from_working(tmp_path: Path, named: str):
    async with playground(tmp_path, plan(bye()), GOOD_WORKER, APPROVING_REVIEWER) as play:
        play.trouble.plan["worker"] = (server.rate_limited(named), FOREVER)
        assert await play.run() == 5
        (opened,) = parks(play)
        assert (opened.decision.retry_at or 0) < time.time() + 2 * Patience().first_s
        play.trouble.heal()
        assert await play.run() == 0


async def test_a_rate_limit_that_calls_itself_a_quota_and_names_its_end_in_words_is_waited_for(tmp_path: Path):
    said = "You exceeded your current quota, please check your plan and billing details. " + "Quota exceeded. " * 20
    google = {"code": 429, "message": f"{said}Please retry in 2.04s.", "status": "RESOURCE_EXHAUSTED"}
    async with playground(tmp_path, plan(bye()), GOOD_WORKER, APPROVING_REVIEWER) as play:
        play.trouble.plan["worker"] = (Fault(429, {}, json.dumps({"error": google})), 1)
        assert await asyncio.wait_for(play.run(wait=True), 60) == 0
        (opened,) = parks(play)
        assert opened.decision.payload["named"]
        assert len(events(play.files, DecisionWithdrawn)) == 1


async def test_a_mission_that_is_paused_between_two_tries_makes_no_further_call(tmp_path: Path):
    async with playground(tmp_path, plan(bye()), GOOD_WORKER, APPROVING_REVIEWER) as play:
        play.trouble.plan["worker"] = (server.OVERLOADED, 2)
        wanted: list[str] = []

        def pause(_: str) -> None:
            wanted.append(inbox.send(play.files, Pause()))

        assert await asyncio.wait_for(play.run(policy=RetryPolicy(first_delay_s=600), on_notice=pause), 60) == 3
        assert (len(wanted), len(play.server.requests)) == (1, 1)
        assert state(play.files).status == "paused"
        inbox.send(play.files, Resume())
        assert await play.run() == 0
        assert [r.outcome for r in events(play.files, RunEnded)] == ["finished", "finished"]
        assert verify(play.files) == []

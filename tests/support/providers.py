"""Missions whose seats are reached over HTTP, at a server that misbehaves for chosen roles."""

import re
from collections.abc import AsyncGenerator, Callable
from contextlib import asynccontextmanager
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any

from mission_tui.domain.events import Recorded
from mission_tui.domain.ports import Model
from mission_tui.domain.seats import SeatSettings
from mission_tui.engine.clock import Clock, SystemClock
from mission_tui.engine.desk import ModelMaker, Patience
from mission_tui.engine.host import HostOptions, run_mission
from mission_tui.llm.litellm_loader import preload
from mission_tui.llm.litellm_model import Watchdog
from mission_tui.llm.retry import Retries, RetryNotice, RetryPolicy
from mission_tui.llm.scripted import ScriptedModel
from mission_tui.llm.seats import make_model
from mission_tui.store.layout import MissionFiles
from tests.support.engine import mission, script
from tests.support.openai_server import Answer, Fault, OpenAIServer, Received, asking

QUICK_RETRIES = RetryPolicy(attempts=5, first_delay_s=0.01, longest_delay_s=0.05, total_s=20)
QUICK_WATCHDOG = Watchdog(first_token_s=1.0, idle_s=1.0, total_s=4.0)
FOREVER = 1_000_000


def role_of(received: Received) -> str:
    """Who asks, from the first line of the system prompt."""
    found = re.match(r"# Role: (\w+)", str(received.body["messages"][0]["content"]))
    return found[1] if found else ""


@dataclass
class Trouble:
    """Faults per role, and how many of that role's next requests they hit."""

    plan: dict[str, tuple[Fault, int]] = field(default_factory=dict[str, tuple[Fault, int]])
    after: dict[str, int] = field(default_factory=dict[str, int])
    """Requests of a role that are spared first."""
    only_model: str | None = None
    """Spare the other models."""
    hits: list[str] = field(default_factory=list[str])

    def __call__(self, received: Received) -> Fault | None:
        role = role_of(received)
        fault, left = self.plan.get(role, (None, 0))
        if fault is None or left <= 0 or self.only_model not in (None, received.body["model"]):
            return None
        if self.after.get(role, 0) > 0:
            self.after[role] -= 1
            return None
        self.plan[role] = (fault, left - 1)
        self.hits.append(role)
        return fault

    def heal(self) -> None:
        self.plan.clear()


def model_maker(
    policy: RetryPolicy = QUICK_RETRIES,
    watchdog: Watchdog = QUICK_WATCHDOG,
    notice: Callable[[RetryNotice], None] = lambda _: None,
) -> ModelMaker:
    """The models of seats, with little patience."""

    def make(seat: SeatSettings, retries: Retries) -> Model:
        def told(said: RetryNotice) -> None:
            notice(said)
            retries.told(said)

        return make_model(seat, policy=policy, watchdog=watchdog, retries=replace(retries, told=told))

    return make


class SkippingClock(SystemClock):
    """The machine's time, and what was skipped of it."""

    def __init__(self) -> None:
        self.skipped_s = 0.0

    def now(self) -> float:
        return super().now() + self.skipped_s

    def monotonic(self) -> float:
        return super().monotonic() + self.skipped_s


@dataclass
class Playground:
    """A created mission and the server that its seats are reached at."""

    files: MissionFiles
    server: OpenAIServer
    trouble: Trouble = field(default_factory=Trouble)
    notices: list[RetryNotice] = field(default_factory=list[RetryNotice])

    async def run(
        self,
        *,
        wait: bool = False,
        policy: RetryPolicy = QUICK_RETRIES,
        watchdog: Watchdog = QUICK_WATCHDOG,
        patience: Patience | None = None,
        on_event: Callable[[Recorded], None] = lambda _: None,
        on_notice: Callable[[str], None] = lambda _: None,
        clock: Clock | None = None,
    ) -> int:
        options = HostOptions(
            wait=wait,
            make_model=model_maker(policy, watchdog, self.notices.append),
            patience=patience or Patience(),
            on_event=on_event,
            on_notice=on_notice,
            clock=clock or SystemClock(),
        )
        return await run_mission(self.files, options)


@asynccontextmanager
async def playground(
    root: Path, draft: dict[str, Any], *conversations: dict[str, Any], **more: Any
) -> AsyncGenerator[Playground]:
    """A mission whose roles' words come from the conversations, over HTTP."""
    played = script(root / "s.yaml", *conversations)
    trouble = Trouble()
    model = ScriptedModel(Path(played.model.removeprefix("scripted:")))
    async with served(root, draft, asking(model), trouble, **more) as play:
        play.trouble = trouble
        yield play


@asynccontextmanager
async def served(
    root: Path, draft: dict[str, Any], answer: Answer, choose: Callable[[Received], Fault | None], **more: Any
) -> AsyncGenerator[Playground]:
    """A mission whose every seat is reached at one server."""
    await preload()
    async with OpenAIServer(answer, burst=True, choose=choose) as server:
        seat = SeatSettings(model="openai/local", api_base=server.url, **more.pop("seat", {}))
        files = await mission(root, seat, draft, **more)
        yield Playground(files, server)

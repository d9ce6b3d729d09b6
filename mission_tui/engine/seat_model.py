"""A run's model: its seat's own, or the fallback while that one does not answer. Who answers is in the ledger."""

from collections.abc import Callable

from mission_tui.domain.budget import exceeded
from mission_tui.domain.events import SeatSwitched
from mission_tui.domain.ports import (
    Delta,
    Model,
    ModelError,
    ModelMisconfigured,
    ModelRequest,
    ModelUnavailable,
    QuotaExhausted,
    Reply,
)
from mission_tui.domain.seats import SeatSettings
from mission_tui.engine.desk import Desk
from mission_tui.llm.retry import Retries, RetryNotice
from mission_tui.tools.base import Halted

Say = Callable[[RetryNotice], None]


class SeatModel:
    """The `Model` of one run. With a fallback, a seat that fails is left alone until its provider's time has come."""

    def __init__(self, desk: Desk, role: str, run_id: str, say: Say) -> None:
        self._desk = desk
        self._role = role
        self._run_id = run_id
        self._retries = Retries(say, self._still_wanted)
        self._seat = desk.seat(role)
        self._models: dict[str, Model] = {}

    @property
    def name(self) -> str:
        return self.seat.model

    @property
    def seat(self) -> SeatSettings:
        """Who is asked now."""
        standing_in = self._desk.mission.standing_in.get(self._role)
        fallback = self._seat.fallback
        if (
            fallback is None
            or standing_in is None
            or standing_in.until is None
            or standing_in.until <= self._desk.clock.now()
        ):
            return self._seat
        return fallback

    async def complete(self, request: ModelRequest, on_delta: Callable[[Delta], None]) -> Reply:
        """Answer the request. Raises what the last one raised who was asked."""
        seat, fallback = self.seat, self._seat.fallback
        if fallback is None or seat is fallback:
            return await self._ask(seat, request, on_delta)
        try:
            reply = await self._ask(seat, request, on_delta)
        except (ModelUnavailable, QuotaExhausted, ModelMisconfigured) as error:
            soonest = self._desk.clock.now() + self._desk.patience.first_s
            usual = self._desk.clock.now() + self._desk.patience.longest_s
            self._switch(fallback, str(error), max(soonest, error.retry_at or usual))
            self._still_wanted()
            return await self._ask_instead(error, fallback, request, on_delta)
        if self._role in self._desk.mission.standing_in:
            self._switch(seat, "it answers again", None)
        return reply

    async def _ask_instead(
        self, error: ModelError, fallback: SeatSettings, request: ModelRequest, on_delta: Callable[[Delta], None]
    ) -> Reply:
        """The fallback's answer; when it has none either, the mission waits for whichever comes back first."""
        try:
            return await self._ask(fallback, request, on_delta)
        except ModelUnavailable as second:
            times = [at for at in (error.retry_at, second.retry_at) if at is not None]
            raise ModelUnavailable(f"{error}; nor does its fallback: {second}", min(times, default=None)) from second

    async def _ask(self, seat: SeatSettings, request: ModelRequest, on_delta: Callable[[Delta], None]) -> Reply:
        if seat.model not in self._models:
            self._models[seat.model] = self._desk.make_model(seat, self._retries)
        reply = await self._models[seat.model].complete(request, on_delta)
        return reply.model_copy(update={"model": seat.model})

    def _still_wanted(self) -> None:
        """Minutes may lie between two tries of a call. Raises Halted when it would not be begun now."""
        self._desk.take_commands()
        mission = self._desk.mission
        if mission.paused or mission.ended or self._run_id not in mission.runs.active:
            raise Halted("the mission was paused, or this run was ended, before the call was made again")
        cap = exceeded(mission.limits, self._desk.spend())
        if cap is not None:
            self._desk.ask_for_a_higher_cap(cap)
            raise Halted(cap)

    def _switch(self, seat: SeatSettings, reason: str, until: float | None) -> None:
        self._desk.append(
            SeatSwitched(run_id=self._run_id, role=self._role, model=seat.model, reason=reason, until=until)
        )

"""Carries a flow out again without a model: in a fresh session here, and on the tree from before the work."""

import asyncio
import sys

from mission_tui.domain.contract import Assertion
from mission_tui.domain.control import exempt, grounds
from mission_tui.domain.events import ReplayRecorded
from mission_tui.domain.gates import GateRefused
from mission_tui.domain.verdict import Cause, Evidence, VerdictStatus
from mission_tui.engine.control import NegativeControl
from mission_tui.engine.desk import Desk
from mission_tui.engine.proving import Proving
from mission_tui.engine.workshop import store_evidence
from mission_tui.proof.results import ProofResult
from mission_tui.store.errors import lacking
from mission_tui.tools.base import Halted, Replay, ToolProblem


class Replays:
    """Carries out what the human wants to see, one after the other, beside whatever else goes on."""

    def __init__(self, desk: Desk) -> None:
        self.desk = desk
        self.proving = Proving(desk, asked_for=True)
        self._task: asyncio.Task[None] | None = None
        self._given_up: frozenset[str] = frozenset()
        """What could not even be recorded: tried again after a pause, and by the next engine."""

    @property
    def wanted(self) -> tuple[str, ...]:
        mission = self.desk.mission
        if mission.paused or mission.ended:
            return ()
        live = mission.contract.assertions
        return tuple(
            name
            for name, seen in mission.validation.replays.items()
            if seen is None and name in live and name not in self._given_up
        )

    @property
    def busy(self) -> bool:
        """Whether one is under way."""
        return self._task is not None and not self._task.done()

    def begin(self) -> None:
        """Start the next one, if there is one and none is under way."""
        if self.desk.mission.paused:
            self._given_up = frozenset()
        if self._task is None or self._task.done():
            self._task = asyncio.create_task(self._next()) if self.wanted else None

    async def finish(self) -> None:
        """Return when all that was asked for is carried out."""
        while self.wanted:
            self.begin()
            if self._task is not None:
                await self._task

    async def stop(self) -> None:
        """Cut off what is under way; it is carried out anew by the next engine."""
        if self._task is not None and not self._task.done():
            self._task.cancel()
            await asyncio.gather(self._task, return_exceptions=True)

    async def _next(self) -> None:
        name = self.wanted[0]
        try:
            await self._carry_out(name)
        except (Halted, GateRefused):
            pass  # paused, or ended meanwhile
        except Exception as error:
            self._given_up |= {name}
            self._tell(name, error)

    def _tell(self, name: str, error: Exception) -> None:
        """On the record, or in the engine's log where nothing can be recorded."""
        try:
            self._record(name, ("blocked", "setup", str(error)), (), self.desk.mission.tree)
        except Exception as again:
            lack = lacking(again, self.desk.files.root)
            print(f"engine: {name} could not be replayed: {lack or again}", file=sys.stderr, flush=True)

    async def _carry_out(self, name: str) -> None:
        mission = self.desk.mission
        if not mission.mechanical(name):
            self._record(name, ("blocked", "other", "nothing is left that could be carried out"), (), mission.tree)
            return
        problem = await self.proving.prepare(mission.head)
        if problem is not None:
            self._record(name, ("blocked", "setup", problem), (), mission.tree)
            return

        def record(result: ProofResult) -> None:
            evidence = tuple(store_evidence(self.desk, raw, f"E{k}") for k, raw in enumerate(result.evidence, 1))
            self._record(name, (result.status, result.cause, result.reason), evidence, mission.tree)

        await self.proving.prove_for_sure([mission.provable(name)], mission.head, "replay-for-the-human", record)

    def _record(
        self, name: str, seen: tuple[VerdictStatus, Cause | None, str], evidence: tuple[Evidence, ...], tree: str
    ) -> None:
        status, cause, reason = seen
        self.desk.append(
            ReplayRecorded(assertion=name, status=status, cause=cause, reason=reason, evidence=evidence, tree=tree)
        )


async def replay_flow(desk: Desk, assertion: Assertion, commit: str, label: str) -> Replay:
    """Replay a flow on a commit's tree; when it passes, also where its feature's work is missing.

    Raises ToolProblem when the environment cannot be made.
    """
    proving = Proving(desk)
    problem = await proving.prepare(commit)
    if problem is not None:
        raise ToolProblem(f"the flow cannot be replayed: {problem}")
    evidence: list[Evidence] = []

    def keep(result: ProofResult) -> None:
        evidence.extend(store_evidence(desk, raw, f"replay-{k}") for k, raw in enumerate(result.evidence, 1))

    (result,) = await proving.prove_for_sure([assertion], commit, f"replay-{label}", keep)
    control = None
    if result.status == "passed" and not exempt(desk.mission, assertion):
        wanted = [(assertion, grounds(desk.mission, assertion.id))]
        seen = await NegativeControl(desk, proving).without_the_work(wanted, f"replay-{label}-control")
        control = seen[0] if seen else None
    return Replay(assertion.proof, result.status, result.cause, result.reason, tuple(evidence), control)

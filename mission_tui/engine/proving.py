"""Runs setup, checks and mechanical proofs on scratch copies of a commit's tree."""

import asyncio
import contextlib
import hashlib
from collections.abc import Callable, Mapping, Sequence
from typing import NamedTuple

from mission_tui.domain.budget import overworked
from mission_tui.domain.contract import Assertion
from mission_tui.domain.ports import Box
from mission_tui.domain.verdict import CheckOutcome, with_second_run
from mission_tui.engine.desk import Desk
from mission_tui.engine.together import all_of
from mission_tui.engine.trees import RunTree, copy_of
from mission_tui.engine.workshop import store_evidence
from mission_tui.proof.checks import run_check
from mission_tui.proof.prove import Stage, prove_all
from mission_tui.proof.results import ProofResult, RawEvidence, seen_again
from mission_tui.tools.base import Halted
from mission_tui.workspace.box import open_box
from mission_tui.workspace.environment import prepare_environment
from mission_tui.workspace.tree_snapshot import TreeSnapshot

TELLING = 3
"""How many proofs that are blocked twice tell that the rest need not be tried again."""
SETUP_STAMP = "setup.sha256"


class Ground(NamedTuple):
    """The tree that proofs are carried out on."""

    commit: str
    only: tuple[str, ...] = ()
    """Globs of the only files that are there; empty: all."""


class Proving:
    """The engine's own hands: no model is involved in anything here."""

    def __init__(self, desk: Desk, asked_for: bool = False) -> None:
        self.desk = desk
        self._asked_for = asked_for
        """Whether the human asked for just this: then no cap keeps it back."""
        self._free_slots = asyncio.Semaphore(desk.slots)
        self._only_one = asyncio.Lock()
        """Held by who collects all slots."""

    async def prepare(self, commit: str) -> str | None:
        """Make the mission's environment once per setup; the reason in one line when setup fails."""
        services = self.desk.mission.plan.services
        wanted = hashlib.sha256("\n".join(services.setup).encode()).hexdigest()
        stamp = self.desk.files.env / SETUP_STAMP
        if stamp.exists() and stamp.read_text() == wanted:
            return None
        self._go_on()
        network = self.desk.mission.created is not None and self.desk.mission.created.network != "none"
        place = await copy_of(self.desk, self.desk.files.runs / "setup", commit, network)
        try:
            log = place.logs / "setup.log"
            results = await prepare_environment(
                self.desk.files.env, await place.spec(), services.setup, log, services.setup_timeout_s
            )
        finally:
            await place.remove()
        if results and results[-1].exit_code != 0:
            command = services.setup[len(results) - 1]
            tail = " / ".join(results[-1].output.strip().splitlines()[-3:])
            return f"setup command `{command}` exited {results[-1].exit_code}: {tail[-600:]}"
        await asyncio.to_thread(stamp.write_text, wanted)
        return None

    async def run_checks(self, commit: str, only: frozenset[str] | None = None) -> Sequence[CheckOutcome]:
        """Every check of the services manifest, or those named, one after the other, on one copy."""
        services = self.desk.mission.plan.services
        if not services.checks:
            return ()
        place = await copy_of(self.desk, self.desk.files.runs / "checks", commit)
        outcomes: list[CheckOutcome] = []
        try:
            async with await open_box(await place.spec()) as box:
                for name, command in services.checks.items():
                    if only is not None and name not in only:
                        continue
                    self._go_on()
                    outcomes.append(await self._check(box, place, name, command))
        finally:
            await place.remove()
        return outcomes

    async def run_checks_twice(self, commit: str) -> Sequence[CheckOutcome]:
        """The baseline: what tells tests apart, or fails, is run once more on a fresh copy, to know what is flaky."""
        first = await self.run_checks(commit)
        unsure = frozenset(o.name for o in first if o.cases is not None or o.exit_code != 0)
        second = {o.name: o for o in await self.run_checks(commit, unsure)} if unsure else {}
        return tuple(with_second_run(o, second[o.name]) if o.name in second else o for o in first)

    def _go_on(self) -> None:
        """Raises Halted when the mission is paused, or its hours are used up.

        What is proved so far stays, no further process is started.
        """
        mission = self.desk.mission
        if mission.paused or mission.ended:
            raise Halted
        cap = None if self._asked_for else overworked(mission.limits, self.desk.spend())
        if cap is not None:
            self.desk.ask_for_a_higher_cap(cap)
            raise Halted(cap)

    async def _check(self, box: Box, place: RunTree, name: str, command: str) -> CheckOutcome:
        services = self.desk.mission.plan.services
        run = await run_check(name, command, box, place.run_dir, services.check_timeout_s, place.tree)
        raw = RawEvidence(kind="output", path=run.log, name=f"{name}.txt", media_type="text/plain")
        return CheckOutcome(
            name=name,
            command=command,
            exit_code=run.exit_code,
            duration_s=round(run.duration_s, 3),
            cases=run.cases,
            output=store_evidence(self.desk, raw, name) if run.log.exists() else None,
        )

    async def prove(
        self,
        assertions: Sequence[Assertion],
        commit: str,
        label: str,
        record: Callable[[ProofResult], None] = lambda _: None,
    ) -> list[ProofResult]:
        """Prove assertions on copies of one tree, as many beside each other as there are slots."""
        return await self.prove_at({commit: assertions}, label, record)

    async def prove_for_sure(
        self, assertions: Sequence[Assertion], commit: str, label: str, record: Callable[[ProofResult], None]
    ) -> list[ProofResult]:
        """As `prove`, but what is blocked is proved once more, alone, before it is recorded: a busy machine blocks too.

        When the first of them are blocked again, the rest are not tried: then it is not the machine.
        """
        first: dict[str, ProofResult] = {}

        def recorded(result: ProofResult) -> None:
            if result.status == "blocked":
                first[result.assertion.id] = result
            else:
                record(result)

        seen = {r.assertion.id: r for r in await self.prove(assertions, commit, label, recorded)}
        blocked = [a for a in assertions if a.id in first]
        for part in (blocked[:TELLING], blocked[TELLING:]):
            for result in await self._alone(
                part, commit, label, lambda r: record(seen_again(first[r.assertion.id], r))
            ):
                seen[result.assertion.id] = seen_again(first[result.assertion.id], result)
            if all(seen[a.id].status == "blocked" for a in part):
                break
        for assertion in blocked[TELLING:]:
            if seen[assertion.id] is first[assertion.id]:
                record(first[assertion.id].model_copy(update={"evidence": ()}))
        return [seen[a.id] for a in assertions]

    async def _alone(
        self, assertions: list[Assertion], commit: str, label: str, record: Callable[[ProofResult], None]
    ) -> list[ProofResult]:
        """One after the other, while nothing else is proved here."""
        if not assertions:
            return []
        async with self._only_one, contextlib.AsyncExitStack() as slots:
            for _ in range(self.desk.slots):
                await slots.enter_async_context(self._free_slots)
            return await self._prove_in_box(assertions, Ground(commit), f"{label}-again", record)

    async def prove_at(
        self,
        wanted: Mapping[str, Sequence[Assertion]],
        label: str,
        record: Callable[[ProofResult], None] = lambda _: None,
    ) -> list[ProofResult]:
        """Prove assertions each on copies of its own commit's tree; all slots are used, whatever the commits."""
        return await self._on_grounds({Ground(commit): every for commit, every in wanted.items()}, label, record)

    async def prove_on_declared_files(
        self, assertions: Sequence[Assertion], commit: str, label: str
    ) -> list[ProofResult]:
        """Prove assertions each where nothing of the commit's tree is left but the files that its proof declares."""
        grounds: dict[Ground, list[Assertion]] = {}
        for assertion in assertions:
            grounds.setdefault(Ground(commit, assertion.proof.files), []).append(assertion)
        return await self._on_grounds(grounds, label, lambda _: None)

    async def _on_grounds(
        self, wanted: Mapping[Ground, Sequence[Assertion]], label: str, record: Callable[[ProofResult], None]
    ) -> list[ProofResult]:
        share = max(1, self.desk.slots // max(len(wanted), 1))
        parts = [(ground, list(every[k::share])) for ground, every in wanted.items() for k in range(share)]
        slots = [self._slot(part, ground, f"{label}-{k}", record) for k, (ground, part) in enumerate(parts) if part]
        return [result for part in await all_of(slots) for result in part]

    async def _slot(
        self, assertions: list[Assertion], ground: Ground, label: str, record: Callable[[ProofResult], None]
    ) -> list[ProofResult]:
        """One box, one browser, one copy of the tree that is put back as it was between assertions."""
        async with self._free_slots:
            return await self._prove_in_box(assertions, ground, label, record)

    async def _prove_in_box(
        self, assertions: list[Assertion], ground: Ground, label: str, record: Callable[[ProofResult], None]
    ) -> list[ProofResult]:
        self._go_on()
        home = self.desk.files.runs / f"prove-{label}"
        place = await copy_of(self.desk, home, ground.commit, only=ground.only)
        try:
            async with await open_box(await place.spec()) as box:
                stage = Stage(
                    box=box,
                    app=self.desk.mission.plan.services.app,
                    browser=self.desk.browser,
                    run_dir=place.run_dir,
                    secrets=self.desk.secrets,
                )
                snapshot = await asyncio.to_thread(TreeSnapshot.take, place.tree, place.home / "pristine")

                async def reset() -> None:
                    await asyncio.to_thread(snapshot.restore)

                def recorded(result: ProofResult) -> None:
                    record(result)
                    self._go_on()

                return await prove_all(assertions, stage, reset, recorded)
        finally:
            await place.remove()

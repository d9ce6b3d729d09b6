"""A repository's baseline without a mission: what readiness found is really run in boxes, on copies of its head."""

import time
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path

from mission_tui.domain.base import Frozen
from mission_tui.domain.plan import Services
from mission_tui.domain.verdict import CheckOutcome, with_second_run
from mission_tui.proof.app import AppFailure, AppUnderTest
from mission_tui.proof.checks import run_check
from mission_tui.workspace.box import open_box
from mission_tui.workspace.box_spec import BoxSpec
from mission_tui.workspace.environment import prepare_environment
from mission_tui.workspace.git import MissionRepository, RepositoryState


class Baseline(Frozen):
    """What happened when a repository's commands were run."""

    commit: str
    setup_s: float = 0.0
    setup_problem: str | None = None
    """The command that failed and its last words; nothing else was run then."""
    checks: tuple[CheckOutcome, ...] = ()
    app_s: float | None = None
    """Seconds until the app was ready; None where there is none, or it did not start."""
    app_problem: str | None = None


@dataclass
class Trial:
    """Runs a services manifest in `home`, a directory of its own. Nothing of the user's repository is written."""

    state: RepositoryState
    services: Services
    home: Path
    network: bool
    """Whether setup may reach the network. Checks and the app never do."""
    tell: Callable[[str], None] = lambda _: None
    _copies: int = field(default=0, init=False)

    async def run(self) -> Baseline:
        """Setup once, every check, once more what tells tests apart or fails, and the app. Raises BoxError."""
        repo = await MissionRepository.borrowed(self.state.place(self.home / "worktree", "readiness"))
        began = time.monotonic()
        problem = await self._set_up(repo)
        known = Baseline(
            commit=self.state.head_commit, setup_s=round(time.monotonic() - began, 1), setup_problem=problem
        )
        if problem is not None:
            return known
        first = await self._checks(repo, frozenset(self.services.checks))
        unsure = frozenset(name for name, o in first.items() if o.cases is not None or o.exit_code != 0)
        second = await self._checks(repo, unsure) if unsure else {}
        checks = tuple(with_second_run(o, second[name]) if name in second else o for name, o in first.items())
        app_s, app_problem = await self._launch(repo)
        return known.model_copy(update={"checks": checks, "app_s": app_s, "app_problem": app_problem})

    async def _set_up(self, repo: MissionRepository) -> str | None:
        for command in self.services.setup:
            self.tell(f"setup: {command}")
        spec, log = await self._copy(repo, network=self.network), self.home / "setup.log"
        setup, limit = self.services.setup, self.services.setup_timeout_s
        results = await prepare_environment(self.home / "env", spec, setup, log, limit)
        if results and results[-1].exit_code != 0:
            tail = " / ".join(results[-1].output.strip().splitlines()[-3:])[-600:]
            return f"`{setup[len(results) - 1]}` exited {results[-1].exit_code}: {tail}"
        return None

    async def _checks(self, repo: MissionRepository, names: frozenset[str]) -> dict[str, CheckOutcome]:
        spec, outcomes = await self._copy(repo), dict[str, CheckOutcome]()
        async with await open_box(spec) as box:
            for name, command in self.services.checks.items():
                if name not in names:
                    continue
                self.tell(f"check {name}: {command}")
                run = await run_check(name, command, box, spec.run_dir, self.services.check_timeout_s, spec.tree)
                seconds = round(run.duration_s, 3)
                outcomes[name] = CheckOutcome(
                    name=name, command=command, exit_code=run.exit_code, duration_s=seconds, cases=run.cases
                )
        return outcomes

    async def _launch(self, repo: MissionRepository) -> tuple[float | None, str | None]:
        if self.services.app is None:
            return None, None
        self.tell(f"app: {self.services.app.start}")
        async with await open_box(await self._copy(repo)) as box:
            app, began = AppUnderTest(self.services.app, box), time.monotonic()
            try:
                await app.start()
                return round(time.monotonic() - began, 1), None
            except AppFailure as failure:
                return None, failure.reason
            finally:
                await app.stop()

    async def _copy(self, repo: MissionRepository, network: bool = False) -> BoxSpec:
        self._copies += 1
        place = self.home / f"copy-{self._copies}"
        (place / "shared").mkdir(parents=True)
        (place / "logs").mkdir()
        await repo.scratch_copy(self.state.head_commit, place / "tree")
        return BoxSpec(
            tree=place / "tree",
            env_dir=self.home / "env",
            run_dir=place / "shared",
            log_dir=place / "logs",
            history=await repo.history(place / "git", self.state.head_commit, place / "tree"),
            network=network,
        )

"""One version of a sample put through the mechanical part: the checks beside their baseline, then every proof."""

import asyncio
import shutil
import site
import time
from dataclasses import dataclass, field
from pathlib import Path

from mission_tui.domain.plan import Services
from mission_tui.domain.ports import Box
from mission_tui.domain.verdict import CheckOutcome, compare_check
from mission_tui.domain.weakened import candidates
from mission_tui.proof.checks import run_check
from mission_tui.proof.prove import Stage, prove_all
from mission_tui.proof.results import ProofResult, seen_again
from mission_tui.workspace.box import BoxSpec, open_box
from mission_tui.workspace.browser_path import find_browser
from mission_tui.workspace.environment import prepare_environment
from mission_tui.workspace.tree_snapshot import TreeSnapshot

from .samples import Defect, Sample


@dataclass(slots=True)
class Outcome:
    """What the mechanical part said of one version. `complaints` is empty when all is well."""

    sample: Sample
    defect: Defect | None
    complaints: list[str] = field(default_factory=list[str])
    seconds: float = 0.0
    again: int = 0
    """Proofs that were blocked and proved once more."""


class Enough(Exception):
    """One complaint will do."""


async def environment(root: Path) -> Path:
    """An environment in which the samples' tests find pytest, linked from this program's own."""
    env, tree = root / "env", root / "empty"
    tree.mkdir(parents=True)
    spec = BoxSpec(tree=tree, env_dir=env, run_dir=root / "env-run", log_dir=root / "env-logs")
    env.mkdir()
    where = "/env/bin/python -c 'import site; print(site.getsitepackages()[0])'"
    link = f"echo {site.getsitepackages()[0]} > $({where})/linked.pth"
    results = await prepare_environment(env, spec, [link], root / "setup.log", 120)
    if results[-1].exit_code != 0:
        raise RuntimeError(results[-1].output)
    return env


async def baseline(sample: Sample, home: Path, env: Path) -> dict[str, CheckOutcome]:
    """The sample's own checks on the correct version."""
    spec = _spec(sample, None, home, env)[0]
    async with await open_box(spec) as box:
        outcomes = await _run_checks(sample.plan.services, box, spec.run_dir)
    shutil.rmtree(home)
    return {one.name: one for one in outcomes}


async def examine(
    sample: Sample, defect: Defect | None, home: Path, env: Path, base: dict[str, CheckOutcome], *, stop_early: bool
) -> Outcome:
    """Scrutiny and proofs of one version. `stop_early` leaves at the first complaint."""
    began = time.monotonic()
    outcome = Outcome(sample, defect)
    spec, diff = await asyncio.to_thread(_spec, sample, defect, home, env)
    try:
        async with await open_box(spec) as box:
            outcome.complaints += [f"candidate {one.kind}: {one.text}" for one in candidates(diff)]
            for check in await _run_checks(sample.plan.services, box, spec.run_dir):
                compared = compare_check(base.get(check.name), check)
                outcome.complaints += [f"check {check.name}: {new} fails" for new in compared.new_failures]
                outcome.complaints += [f"check {check.name}: {gone} is gone" for gone in compared.vanished]
            if outcome.complaints and stop_early:
                raise Enough
            await _prove(
                sample, outcome, Stage(box, sample.plan.services.app, find_browser(), spec.run_dir), stop_early
            )
    except Enough:
        pass
    finally:
        await asyncio.to_thread(shutil.rmtree, home, ignore_errors=True)
    outcome.seconds = time.monotonic() - began
    return outcome


async def _prove(sample: Sample, outcome: Outcome, stage: Stage, stop_early: bool) -> None:
    tree = stage.run_dir.parent / "tree"
    snapshot = await asyncio.to_thread(TreeSnapshot.take, tree, stage.run_dir.parent / "pristine")

    async def reset() -> None:
        await asyncio.to_thread(snapshot.restore)

    def record(result: ProofResult) -> None:
        if result.status not in ("passed", "blocked"):
            complain(result)

    def complain(result: ProofResult) -> None:
        if result.status != "passed":
            outcome.complaints.append(f"{result.assertion.id} {result.status} ({result.cause}): {result.reason}")
            if stop_early:
                raise Enough

    # As the engine does: what is blocked is proved once more, and only then reported.
    blocked = {r.assertion.id: r for r in await prove_all(sample.plan.contract, stage, reset, record)}
    again = [r.assertion for r in blocked.values() if r.status == "blocked"]
    if again:
        await reset()
    for result in await prove_all(again, stage, reset):
        outcome.again += 1
        complain(seen_again(blocked[result.assertion.id], result))


async def _run_checks(services: Services, box: Box, run_dir: Path) -> list[CheckOutcome]:
    outcomes: list[CheckOutcome] = []
    for name, command in services.checks.items():
        run = await run_check(name, command, box, run_dir, services.check_timeout_s)
        outcomes.append(
            CheckOutcome(
                name=name, command=command, exit_code=run.exit_code, duration_s=run.duration_s, cases=run.cases
            )
        )
    return outcomes


def _spec(sample: Sample, defect: Defect | None, home: Path, env: Path) -> tuple[BoxSpec, str]:
    home.mkdir(parents=True)
    diff = sample.make(home / "tree", defect)
    return BoxSpec(tree=home / "tree", env_dir=env, run_dir=home / "run", log_dir=home / "logs"), diff

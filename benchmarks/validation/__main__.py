"""`make bench-validation`: the mechanical part alone, on the correct version many times and on every seeded defect."""

import argparse
import asyncio
import itertools
import os
import sys
import tempfile
import time
from collections import Counter
from collections.abc import Sequence
from pathlib import Path

from .samples import Defect, Sample, load_samples
from .subject import Outcome, baseline, environment, examine

TO_CATCH = 0.95


def main() -> int:
    parser = argparse.ArgumentParser(prog="benchmarks.validation", description=__doc__)
    parser.add_argument("--runs", type=int, default=50, help="runs of each correct version (default: 50)")
    parser.add_argument("--samples", default="", help="only these, by commas: api, terminal, web")
    parser.add_argument("--defects", default="", help="only these, by commas")
    parser.add_argument("--all", action="store_true", help="go on after the first complaint, and print them all")
    parser.add_argument("--jobs", type=int, default=os.cpu_count() or 1)
    options = parser.parse_args()
    samples = list(load_samples(tuple(filter(None, options.samples.split(",")))))
    asked = set(filter(None, options.defects.split(",")))
    with tempfile.TemporaryDirectory(prefix="mission-bench-") as root:
        began = time.monotonic()
        outcomes = asyncio.run(examine_all(samples, Path(root), asked, options))
        print(f"{len(outcomes)} versions examined in {time.monotonic() - began:.0f} s, {options.jobs} at a time\n")
    right = report(
        [o for o in outcomes if o.defect is None], [o for o in outcomes if o.defect is not None], options.all
    )
    return 0 if right else 1


async def examine_all(
    samples: Sequence[Sample], root: Path, asked: set[str], options: argparse.Namespace
) -> list[Outcome]:
    """Every version, some beside each other."""
    env = await environment(root)
    bases = {sample.name: await baseline(sample, root / f"base-{sample.name}", env) for sample in samples}
    # One correct run of each sample after the other, then the defects: what is wrong with the bench shows early.
    correct: list[tuple[Sample, Defect | None]] = [(s, None) for _ in range(options.runs) for s in samples]
    broken: list[tuple[Sample, Defect | None]] = [
        (s, d) for s in samples for d in s.defects if not asked or d.id in asked
    ]
    work = [*correct[: len(samples)], *broken, *correct[len(samples) :]]
    names = itertools.count(1)
    slots = asyncio.Semaphore(options.jobs)

    async def one(sample: Sample, defect: Defect | None) -> Outcome:
        async with slots:
            home = root / f"v{next(names)}"
            stop_early = defect is not None and not options.all
            outcome = await examine(sample, defect, home, env, bases[sample.name], stop_early=stop_early)
        said = outcome.complaints[0].splitlines()[0][:150] if outcome.complaints else "nothing to complain"
        name = defect.id if defect else f"{sample.name}, correct"
        print(f"{outcome.seconds:6.1f} s  {name}: {said}", file=sys.stderr, flush=True)
        return outcome

    async with asyncio.TaskGroup() as group:
        tasks = [group.create_task(one(sample, defect)) for sample, defect in work]
    return [task.result() for task in tasks]


def report(correct: list[Outcome], broken: list[Outcome], everything: bool) -> bool:
    """Print the table; whether the aims are met."""
    if everything:
        for outcome in broken:
            print(f"{outcome.defect.id if outcome.defect else ''}:", *outcome.complaints, sep="\n    ")
    total = Counter(o.defect.kind for o in broken if o.defect)
    caught = Counter(o.defect.kind for o in broken if o.defect and o.complaints)
    print(f"{'kind':<15} {'seeded':>6} {'caught':>6} {'got away':>8}")
    for kind in total:
        print(f"{kind:<15} {total[kind]:>6} {caught[kind]:>6} {total[kind] - caught[kind]:>8}")
    share = caught.total() / total.total() if total else 1.0
    print(f"{'all':<15} {total.total():>6} {caught.total():>6} {total.total() - caught.total():>8}")
    by = Counter(_catcher(o.complaints[0]) for o in broken if o.complaints)
    print(f"\ncaught first by: {', '.join(f'{k} {n}' for k, n in by.most_common())}")
    for outcome in broken:
        if outcome.defect and not outcome.complaints:
            print(f"got away: {outcome.defect.id} ({outcome.defect.kind}): {outcome.defect.title}")
    alarms = [o for o in correct if o.complaints]
    for outcome in alarms:
        print(f"false alarm on {outcome.sample.name}: {'; '.join(outcome.complaints)}")
    print(f"proofs on correct versions that were blocked and proved once more: {sum(o.again for o in correct)}")
    print(f"caught {share:.1%} (to reach: {TO_CATCH:.0%}); {len(alarms)} false alarms in {len(correct)} correct runs")
    return share >= TO_CATCH and not alarms


def _catcher(complaint: str) -> str:
    """`failed`, `blocked`, `inconclusive` of a proof; a check; a candidate for the reviewers."""
    first, second = complaint.split(" ")[:2]
    return first if first in ("check", "candidate") else f"proof {second}"


if __name__ == "__main__":
    sys.exit(main())

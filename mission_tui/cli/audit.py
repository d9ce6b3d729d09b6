"""Commands about the whole of a stored mission: verify and export."""

import asyncio
import os
from collections.abc import Mapping, Sequence
from pathlib import Path

import click

from mission_tui.cli.options import with_mission
from mission_tui.domain.mission import Mission
from mission_tui.engine.host import SECRET_NAME
from mission_tui.report.write import write_report
from mission_tui.store.layout import MissionFiles
from mission_tui.store.lock import holder
from mission_tui.store.queries import DamagedDatabase, Reader
from mission_tui.store.redact import Redactor
from mission_tui.store.verify import LEDGER, LEFTOVERS, SURROUNDINGS, WORK, Broken, verify
from mission_tui.workspace.git import GitError, MissionRepository
from mission_tui.workspace.leftovers import boxed_processes

BROKEN = 4


@click.command("verify")
@with_mission
@click.pass_context
def verify_command(ctx: click.Context, files: MissionFiles) -> None:
    """Check every invariant of a stored mission. Leaves with 4 when something is broken."""
    broken = asyncio.run(audit(files))
    for one in broken:
        click.echo(f"invariant {one.invariant}: {one.what}")
    if not broken:
        click.echo(f"mission {files.id}: every invariant holds")
    ctx.exit(BROKEN if broken else 0)


@click.command("export")
@with_mission
@click.argument("folder", metavar="DIR", type=click.Path(path_type=Path, file_okay=False))
def export_command(files: MissionFiles, folder: Path) -> None:
    """Write a report into DIR: report.html for people, mission.json and events.jsonl for programs, proofs/ as tests."""
    click.echo(write_report(files, folder.absolute()))


async def audit(files: MissionFiles) -> list[Broken]:
    """What the store can tell of itself, and what git says of the work. Changes nothing of the mission.

    Store and repository are not looked at in the same moment: while an engine works, an invariant is broken if it is
    in two looks.
    """
    broken = await _look(files)
    if broken and holder(files) is not None:
        known = {one.invariant for one in broken}
        return [one for one in await _look(files) if one.invariant in known]
    return broken


async def _look(files: MissionFiles) -> list[Broken]:
    try:
        with Reader(files) as reader:
            mission = reader.mission()
    except DamagedDatabase:
        return await asyncio.to_thread(verify, files)
    redactor = Redactor(known_secrets(mission, os.environ))
    try:
        repo = await MissionRepository.open(files.worktree)
        repo.check_present()
        head = await repo.head()
    except GitError as error:
        return [*await asyncio.to_thread(verify, files, redactor=redactor), Broken(invariant=WORK, what=str(error))]
    known = await _ancestry(repo, mission, head)
    # A branch that lost the head lost what lies before it too: that is said once.
    told = known if known[mission.head] else dict[str, bool]()
    broken = await asyncio.to_thread(verify, files, told.get, redactor)
    broken += await _git_checks(files, repo, mission, head)
    if not _history_in_doubt(broken):
        broken += await _around(files, repo, mission, redactor)
    return broken


def _history_in_doubt(broken: Sequence[Broken]) -> bool:
    """Whether what is known of the branch is in doubt, so that nothing can be told from it."""
    return any(one.invariant in (LEDGER, WORK) for one in broken)


async def _around(files: MissionFiles, repo: MissionRepository, mission: Mission, redactor: Redactor) -> list[Broken]:
    """What the mission left outside its own place, and what its history must not hold."""
    base = mission.created.base_commit if mission.created else mission.head
    found = [(SURROUNDINGS, what) for what in await repo.intrusions(base)]
    for name in await repo.secrets(base, redactor.found_in):
        found.append((LEFTOVERS, f"the secret {name} is in the history of {repo.branch}"))
    boxed = ", ".join(f"{pid} ({command})" for pid, command in boxed_processes(files.root))
    left = [f"an engine that is gone left processes in its boxes: {boxed}"] if boxed else []
    if mission.ended:  # until then the next engine clears away what a killed one left
        left += [f"the mission is {mission.ended}, but a git command left {path}" for path in await repo.locks()]
    if holder(files) is None:  # asked last: an engine that began meanwhile has boxes and locks of its own
        found += [(LEFTOVERS, what) for what in left]
    return [Broken(invariant=number, what=what) for number, what in found]


def known_secrets(mission: Mission, environ: Mapping[str, str]) -> dict[str, str]:
    """Values that must be nowhere: the keys that the seats name, and whatever is named like one."""
    named = {name for seat in mission.seats.values() for name in seat.key_variables} | {*mission.plan.services.secrets}
    return {name: value for name, value in environ.items() if name in named or SECRET_NAME.search(name)}


async def _ancestry(repo: MissionRepository, mission: Mission, head: str) -> dict[str, bool]:
    """For every commit that counts as done, whether the branch has it."""
    commits = {mission.created.base_commit} if mission.created else set[str]()
    commits.add(mission.head)
    for state in mission.plan.features.values():
        commits |= {*state.commits, *filter(None, [state.head])}
    return {commit: await _is_ancestor(repo, commit, head) for commit in sorted(commits)}


async def _is_ancestor(repo: MissionRepository, commit: str, head: str) -> bool:
    try:
        return await repo.is_ancestor(commit, head)
    except GitError:
        return False


async def _git_checks(files: MissionFiles, repo: MissionRepository, mission: Mission, head: str) -> list[Broken]:
    base = mission.created.base_commit if mission.created else mission.head
    broken: list[Broken] = []
    for name, commit in (("the base", base), ("the ledger's head", mission.head)):
        if not await _is_ancestor(repo, commit, head):
            broken.append(Broken(invariant=WORK, what=f"{name} {commit[:12]} is not on {repo.branch} ({head[:12]})"))
    if broken or not mission.ended or holder(files) is not None:
        return broken
    if head != mission.head:
        what = f"{repo.branch} is at {head[:12]}, but the mission ended at {mission.head[:12]}"
        broken.append(Broken(invariant=WORK, what=what))
    elif await repo.write_tree() != await repo.tree_of(head):
        broken.append(Broken(invariant=WORK, what="the mission's worktree differs from the head of its branch"))
    return broken


COMMANDS = {"verify": verify_command, "export": export_command}

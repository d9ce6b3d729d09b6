"""Making a mission: its directory, branch, worktree and first facts, or nothing at all."""

import asyncio
import contextlib
import re
import secrets
import shutil
import time
from dataclasses import dataclass
from pathlib import Path
from typing import Literal

from mission_tui.content.resources import skills_dir
from mission_tui.content.skills import find_skills
from mission_tui.domain.base import Frozen
from mission_tui.domain.budget import Limits
from mission_tui.domain.decision import Answer, Decision
from mission_tui.domain.events import (
    AnyEvent,
    ContractDrafted,
    DecisionAnswered,
    DecisionOpened,
    MissionCreated,
    PlanApproved,
    PlanDrafted,
    PlanSubmitted,
)
from mission_tui.domain.gates import GateRefused, Violation, check
from mission_tui.domain.mission import Mission
from mission_tui.domain.plan import PlanDraft
from mission_tui.domain.seats import SeatSettings
from mission_tui.store.backup import clear_unpacked
from mission_tui.store.database import MissionDatabase
from mission_tui.store.errors import MissionBusy, StoreError
from mission_tui.store.layout import MissionFiles
from mission_tui.store.ledger import Ledger
from mission_tui.store.lock import MissionLock
from mission_tui.store.queries import Reader
from mission_tui.workspace.git import (
    GitError,
    MissionRepository,
    RepositoryState,
    init_repository,
    inspect_repository,
    resolve_base,
)


class NewMission(Frozen):
    """What `new` was asked for."""

    repo: Path
    title: str
    goal: str
    review: str = "milestone"
    base: str | None = None
    init: bool = False
    seats: dict[str, SeatSettings]
    """By role, with `default` for the others."""
    limits: Limits = Limits()
    network: Literal["none", "registries", "open"] = "none"
    plan: PlanDraft | None = None
    """Given: the interview is skipped."""
    approve: bool = False


@dataclass(frozen=True, slots=True)
class Created:
    files: MissionFiles
    notes: tuple[str, ...]


async def create_mission(data: Path, new: NewMission) -> Created:
    """Check everything, then make it. Raises RepositoryProblem or GateRefused; on any failure nothing is left.

    What an earlier one left that was killed on the way goes first.
    """
    if new.init:
        await init_repository(new.repo)
    state = await inspect_repository(new.repo)
    base = state.head_commit if new.base is None else await resolve_base(state.root, new.base)
    mission_id = f"{_slug(new.title)}-{secrets.token_hex(3)}"
    draft = _created(new, state, mission_id, base)
    _refuse_bad_plan(draft, new)
    await clear_unfinished(data)
    files = MissionFiles(data / "missions" / mission_id)
    files.root.mkdir(parents=True)
    try:
        await _make(files, new, state, draft)
    except BaseException:
        await asyncio.to_thread(shutil.rmtree, files.root, True)
        raise
    return Created(files, draft.notes)


async def clear_unfinished(data: Path) -> None:
    """Take away missions whose making was killed before their first fact: folder, worktree and branch.

    What a killed `restore` had unpacked goes as well; a mission that it had half in its place is left to the next one.
    """
    await asyncio.to_thread(clear_unpacked, data)
    folder = data / "missions"
    for files in [MissionFiles(path) for path in folder.iterdir()] if folder.is_dir() else []:
        if not _unfinished(files):
            continue
        try:
            lock = MissionLock.acquire(files)
        except MissionBusy:
            continue  # It is being made right now.
        try:
            if _unfinished(files):
                with contextlib.suppress(GitError):
                    await (await MissionRepository.open(files.worktree)).remove_unfinished()
                await asyncio.to_thread(shutil.rmtree, files.root)
        finally:
            lock.release()


def _unfinished(files: MissionFiles) -> bool:
    if not files.database.exists():
        return not files.being_restored
    try:
        with Reader(files) as reader:
            return reader.seq() == 0
    except StoreError:
        return False  # It cannot be read: not ours to judge.


async def _make(files: MissionFiles, new: NewMission, state: RepositoryState, draft: MissionCreated) -> None:
    lock = MissionLock.acquire(files)
    try:
        repo = await MissionRepository.create(state.place(files.worktree, draft.branch), draft.base_commit)
        try:
            tree = await repo.fingerprint(draft.base_commit)
            created = draft.model_copy(update={"branch": repo.branch, "base_tree": tree})
            db = MissionDatabase.create(files)
            try:
                Ledger(db, check, time.time).append(created, *_plan_events(new, created))
            finally:
                db.close()
        except BaseException:
            await repo.remove(branch=True)
            raise
    finally:
        lock.release()


def _created(new: NewMission, state: RepositoryState, mission_id: str, base: str) -> MissionCreated:
    notes: list[str] = []
    if state.dirty and new.base is None:
        notes.append("the checkout has uncommitted changes; the mission starts from HEAD without them")
    if state.branch is None:
        notes.append("HEAD is detached; the mission starts from its commit")
    if state.submodules:
        notes.append("the repository has submodules; their folders stay empty in the mission's worktree")
    if state.large_files:
        notes.append("the repository uses Git LFS; the mission sees pointer files in place of large ones")
    found = find_skills(state.root, Path.home(), skills_dir())
    return MissionCreated(
        id=mission_id,
        title=new.title,
        goal=new.goal,
        repo=str(state.root),
        branch=f"mission/{mission_id.rpartition('-')[0]}",
        base_commit=base,
        base_tree="",
        review=new.review,
        seats=new.seats,
        limits=new.limits,
        network=new.network,
        skills=tuple(found.skills),
        notes=tuple(notes),
        interviewed=new.plan is None,
    )


def _plan_events(new: NewMission, created: MissionCreated) -> list[AnyEvent]:
    """A plan from a file is submitted at once, and waits for approval or has it."""
    if new.plan is None:
        return []
    events: list[AnyEvent] = [
        ContractDrafted(assertions=new.plan.contract),
        PlanDrafted(milestones=new.plan.milestones, features=new.plan.features, services=new.plan.services),
        PlanSubmitted(),
        DecisionOpened(
            decision=Decision(
                id="D1",
                kind="approve_plan",
                summary=f"Approve the contract and the plan? {len(new.plan.contract)} assertions, "
                f"{len(new.plan.features)} features",
                choices=("approve", "reject"),
                default="approve",
            )
        ),
    ]
    if new.approve:
        events.append(DecisionAnswered(id="D1", answer=Answer(choice="approve", note="approved with --yes")))
        events.append(PlanApproved(contract_version=1, base_commit=created.base_commit))
    return events


def _refuse_bad_plan(created: MissionCreated, new: NewMission) -> None:
    """Gate a plan file as a whole, so that every problem is told at once."""
    mission = Mission().apply(created)
    violations: dict[tuple[str, str], Violation] = {}
    for event in _plan_events(new, created):
        for violation in check(mission, event):
            violations.setdefault((violation.rule, violation.offender), violation)
        try:
            mission = mission.apply(event)
        except KeyError:
            break
    if violations:
        raise GateRefused(list(violations.values()))


def _slug(title: str) -> str:
    words = re.sub(r"[^a-z0-9]+", "-", title.lower()).strip("-")
    return (words[:32].strip("-") or "mission") if words else "mission"

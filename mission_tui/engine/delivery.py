"""How work reaches the mission branch: handoffs, commits and skills. Agents never write git; the engine does."""

import asyncio
from collections.abc import Sequence
from datetime import datetime
from pathlib import Path

from mission_tui.content.resources import skills_dir
from mission_tui.content.skills import find_skills, render_skill, with_lessons_since
from mission_tui.domain.events import (
    AnyEvent,
    CommitRecorded,
    FeatureCompleted,
    FeatureFailed,
    HandoffRecorded,
    IssueOpened,
    SkillsCommitted,
    SkillWritten,
)
from mission_tui.domain.handoff import ClaimedCommand, Handoff, Issue, ObservedClaim, ObservedCommand, compare_claims
from mission_tui.domain.mission import Mission
from mission_tui.engine.desk import Desk
from mission_tui.store.durable import write_durably
from mission_tui.tools.base import Assignment, Facts, ToolProblem
from mission_tui.tools.tree import TreeFiles
from mission_tui.workspace.git import CommitIntent

SKILLS = ".agents/skills"


async def hand_off(
    desk: Desk, assignment: Assignment, handoff: Handoff, observed: tuple[ObservedCommand, ...]
) -> Facts:
    """Commit what the worker did, and say what ends its feature: handoff, commit, completion, and issues."""
    if closed := await desk.repo.unreadable():
        raise ToolProblem(
            f"not handed off: {', '.join(closed[:TOLD])} cannot be read, so no commit would have it; "
            "make it readable (`chmod -R u+rwX`) or remove it, then hand off again"
        )
    commit = await _commit(desk, assignment, handoff.summary)
    base = desk.mission.runs.runs[assignment.run_id].started.base
    recorded = await _recorded(desk, base, commit)
    claims = compare_claims(handoff.commands, observed)
    feature = assignment.feature or ""
    commits = tuple(c.sha for c in await desk.repo.log(base, commit))

    def facts(mission: Mission) -> Sequence[AnyEvent]:
        attempt = mission.plan.features[feature].attempts
        return (
            recorded,
            HandoffRecorded(
                run_id=assignment.run_id,
                feature=feature,
                attempt=attempt,
                handoff=handoff,
                claims=claims,
                base=base,
                head=commit,
            ),
            FeatureCompleted(
                run_id=assignment.run_id, id=feature, base=base, head=commit, commits=commits, paths=recorded.paths
            ),
            *_issues(mission, assignment, handoff, claims),
        )

    return facts


async def partial(
    desk: Desk, assignment: Assignment, reason: str, observed: tuple[ObservedCommand, ...], said: str
) -> Sequence[AnyEvent]:
    """What a worker that was ended had done so far is kept on the branch and said to be unfinished.

    `said` are its last words. Nothing is claimed as completed: that was for the worker to say.
    """
    closed = await desk.repo.unreadable()
    commit = await _commit(desk, assignment, f"unfinished: {reason}")
    base = desk.mission.runs.runs[assignment.run_id].started.base
    recorded = await _recorded(desk, base, commit)
    feature = assignment.feature or ""
    commands = tuple(
        ClaimedCommand(command=o.command, exit_code=o.exit_code)
        for o in _last_of_each(observed)
        if o.exit_code is not None
    )
    handoff = Handoff(
        summary=_partial_summary(reason, recorded.paths, observed, said),
        undone=(
            "the feature as a whole: nobody said that any part of it is finished",
            *(f"{path}: it cannot be read, so it is not on the branch" for path in closed[:TOLD]),
        ),
        commands=commands,
        procedure_followed=False,
        deviations=f"the engine ended the run and wrote this from its journal ({len(observed)} commands)",
    )
    return (
        recorded,
        HandoffRecorded(
            run_id=assignment.run_id,
            feature=feature,
            attempt=desk.mission.plan.features[feature].attempts,
            handoff=handoff,
            claims=compare_claims(commands, observed),
            base=base,
            head=commit,
            partial=True,
        ),
        FeatureFailed(run_id=assignment.run_id, id=feature, reason=reason),
    )


TOLD = 20
"""Files and commands of a partial handoff that are named one by one."""


def _partial_summary(reason: str, paths: Sequence[str], observed: Sequence[ObservedCommand], said: str) -> str:
    more = f" and {len(paths) - TOLD} more" if len(paths) > TOLD else ""
    changed = f"changed and kept on the branch: {', '.join(paths[:TOLD])}{more}" if paths else "no file was changed"
    last = f"; the last command, `{observed[-1].command}`, {_exit(observed[-1])}" if observed else ""
    words = f". Its last words: {' '.join(said.split())[:500]}" if said.strip() else ""
    return f"Partial, written by the engine: the run was ended because {reason}. Seen: {changed}{last}{words}"


def _exit(command: ObservedCommand) -> str:
    return "was killed or cut off" if command.exit_code is None else f"exited {command.exit_code}"


def _last_of_each(observed: Sequence[ObservedCommand]) -> list[ObservedCommand]:
    """The last run of every command line, the newest `TOLD` of them."""
    return list({o.command: o for o in observed}.values())[-TOLD:]


async def _recorded(desk: Desk, base: str, commit: str) -> CommitRecorded:
    tree = await desk.repo.fingerprint(commit)
    paths = tuple(await desk.repo.changed_files(base, commit))
    return CommitRecorded(commit=commit, tree=tree, paths=paths, reason="handoff")


def local_time(desk: Desk) -> datetime:
    """The date that a commit made now has."""
    return datetime.fromtimestamp(desk.clock.now()).astimezone()


async def _commit(desk: Desk, assignment: Assignment, summary: str) -> str:
    """Intent first: a crash at any point leads to this same commit, once."""
    intent_file = desk.files.runs / assignment.run_id / "commit.json"
    intent = await _begun(desk, intent_file)
    if intent is None:
        feature = desk.mission.plan.features[assignment.feature or ""].feature
        trailers = {"Mission": desk.mission.id, "Feature": feature.id, "Run": assignment.run_id}
        message = f"{feature.id}: {feature.title}\n\n{summary}"
        now = local_time(desk)
        intent = await desk.repo.prepare_commit(message, trailers, now, allow_empty=True)
        if intent is None:
            raise ToolProblem("nothing can be committed")
        await asyncio.to_thread(write_durably, intent_file, intent.model_dump_json().encode())
    return await desk.repo.finish_commit(intent)


async def _begun(desk: Desk, intent_file: Path) -> CommitIntent | None:
    """The commit that a crash cut off; none if the tree is another one by now."""
    try:
        text = await asyncio.to_thread(intent_file.read_text)
    except FileNotFoundError:
        return None
    intent = CommitIntent.model_validate_json(text)
    return intent if await desk.repo.write_tree() == intent.tree else None


def _issues(
    mission: Mission, assignment: Assignment, handoff: Handoff, claims: tuple[ObservedClaim, ...]
) -> list[IssueOpened]:
    """Contradicted claims, leftovers and reported issues all need an answer before the next feature."""
    feature = assignment.feature
    milestone = mission.plan.features[feature or ""].feature.milestone
    first = len(mission.issues.issues) + 1
    found: list[tuple[str, str, str, str]] = [
        ("contradiction", "blocking", _contradiction(claim), "") for claim in claims if claim.contradicted
    ]
    found += [("leftover", "non_blocking", f"left undone: {item}", "") for item in handoff.undone]
    found += [("handoff", i.severity, i.summary, i.detail) for i in handoff.issues]
    return [
        IssueOpened(
            run_id=assignment.run_id,
            issue=Issue.model_validate(
                {
                    "id": f"I{first + offset}",
                    "source": source,
                    "severity": severity,
                    "summary": summary,
                    "detail": detail,
                    "feature": feature,
                    "milestone": milestone,
                }
            ),
        )
        for offset, (source, severity, summary, detail) in enumerate(found)
    ]


def _contradiction(claim: ObservedClaim) -> str:
    if not claim.ran:
        return f"the handoff claims `{claim.command}` exited {claim.claimed_exit}, but it was never run"
    seen = "was killed" if claim.observed_exit is None else f"exited {claim.observed_exit}"
    return f"the handoff claims `{claim.command}` exited {claim.claimed_exit}, but the last time it ran it {seen}"


def skill_text(desk: Desk, name: str) -> str | None:
    """A skill as the next run would be given it: from the worktree, else from the starters."""
    found = find_skills(desk.files.worktree, None, skills_dir())
    skill = found.skills.get(name)
    return render_skill(skill.name, skill.description, skill.body) if skill else None


async def write_skill(
    desk: Desk, assignment: Assignment, tree: TreeFiles | None, skill: tuple[str, str, str | None]
) -> Facts:
    """A worker's lesson goes into its tree and travels with its next commit; without one it is committed at once."""
    name, text, lesson = skill
    path = f"{SKILLS}/{name}/SKILL.md"
    written = SkillWritten(
        run_id=assignment.run_id,
        name=name,
        author="orchestrator" if tree is None else "worker",
        lesson=lesson,
    )
    if tree is not None:
        await asyncio.to_thread(tree.write, path, text)
        return lambda _: (written,)
    committed = await commit_files(desk, {path: text.encode()}, f"Skill {name}", assignment.run_id)
    return lambda _: (written, *committed)


async def commit_skill_edits(desk: Desk) -> None:
    """Commit what the human wrote, with the lessons that workers recorded since the edit began."""
    edits = desk.mission.conversation.skill_edits
    files: dict[str, bytes] = {}
    for name, edit in edits.items():
        text = edit.text or ""
        now = skill_text(desk, name)
        if edit.based_on is not None and now is not None:
            text = with_lessons_since(text, edit.based_on, now)
        files[f"{SKILLS}/{name}/SKILL.md"] = text.encode()
    subject = f"Skill{'s' if len(files) > 1 else ''} {', '.join(edits)}, edited by the engineer"
    committed = await commit_files(desk, files, subject, None)
    desk.append(*committed, SkillsCommitted(names=tuple(edits)))


async def commit_files(desk: Desk, files: dict[str, bytes], subject: str, run_id: str | None) -> Sequence[AnyEvent]:
    """Commit given files on the mission branch; nothing when they are there already."""
    trailers = {"Mission": desk.mission.id, **({"Run": run_id} if run_id else {})}
    commit = await desk.repo.commit_paths(files, subject, trailers, local_time(desk))
    if commit is None:
        # There already: either for long, or a crash came between the commit and the fact.
        commit = await desk.repo.head()
        if commit == desk.mission.head:
            return ()
    tree = await desk.repo.fingerprint(commit)
    return (CommitRecorded(run_id=run_id, commit=commit, tree=tree, paths=tuple(files), reason=subject),)

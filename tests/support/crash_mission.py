"""The mission that is killed everywhere: three features, every kind of write, two milestones, a rollback, questions.

Every run of it ends alike: models are scripted, what the human answers follows from the state, and no clock decides
anything. Its commands leave a mark in a pipe outside the tree each time they really run.
"""

import asyncio
import os
import shutil
import subprocess
from collections import Counter
from pathlib import Path
from typing import Any

from mission_tui.domain.decision import Decision
from mission_tui.domain.events import DecisionOpened, MessageSaid, MissionRolledBack, Recorded
from mission_tui.domain.plan import PlanDraft
from mission_tui.domain.seats import SeatSettings
from mission_tui.engine.clock import SystemClock
from mission_tui.engine.create import NewMission, create_mission
from mission_tui.engine.host import HostOptions, run_mission
from mission_tui.store import inbox
from mission_tui.store.inbox import Decide, Say
from mission_tui.store.layout import MissionFiles, all_missions
from mission_tui.store.queries import Reader
from mission_tui.store.verify import verify
from tests.support.engine import calls, command_proof, git, orchestrator, script, state, worker

MARKS = "marks"
ANSWERED = ("answer", "review_milestone")
REPOSITORY = {"a.txt": "one\n", "check.sh": "grep -q one a.txt\n", ".gitignore": "scratch/\n"}
CUT = "whether it finished is unknown"
SKILL = {"name": "sums", "description": "How to add", "body": "Add from left to right."}


def marked(name: str) -> dict[str, Any]:
    """A command that says in the pipe that it ran."""
    return calls({"run_command": {"command": f"cat {name} && echo {name} > /env/{MARKS}"}})


def again(name: str) -> dict[str, Any]:
    """Told that the command was cut off, the worker looks and runs it again."""
    return {"when": {"result": CUT}, **marked(name)}


def done(name: str, *commands: dict[str, Any]) -> dict[str, Any]:
    return calls(
        {
            "submit_handoff": {
                "summary": f"{name} is there",
                "completed": [name],
                "commands": [{"command": f"cat {name} && echo {name} > /env/{MARKS}", "exit_code": 0}]
                if commands
                else [],
                "procedure_followed": True,
                "deviations": "",
            }
        }
    )


EDIT = {"edit_file": {"path": "a.txt", "old": "one", "new": "one\none more"}}
"""Done twice it would show: the new text holds the old one."""
WRITER = worker(
    calls({"read_file": {"path": "a.txt"}}, {"list_files": {}}),
    calls({"write_file": {"path": "f1.txt", "content": "first\n"}}, EDIT),
    done("f1.txt"),
    user="F1 ",
)
ASKER = worker(
    calls({"research": {"question": "what does a.txt say?", "paths": ["a.txt"]}}),
    calls({"write_file": {"path": "sub/f2.txt", "content": "second\n"}}),
    marked("sub/f2.txt"),
    again("sub/f2.txt"),
    again("sub/f2.txt"),
    calls({"update_skill": {"name": "backend-worker", "lesson": "carry the one"}}),
    done("sub/f2.txt", {}),
    user="F2 ",
)
SULLEN = worker(
    calls({"write_file": {"path": "f3.txt", "content": "half\n"}}),
    *[{"text": "I am thinking."} for _ in range(12)],
    user=r"F3 (?![\s\S]*attempt 1)",
)
LAST = worker(
    calls({"edit_file": {"path": "f3.txt", "old": "half", "new": "half\nthird"}}),
    marked("f3.txt"),
    again("f3.txt"),
    again("f3.txt"),
    done("f3.txt", {}),
    user="F3 ",
)
RESEARCHER = {
    "name": "researcher",
    "match": {"system": "Role: researcher"},
    "turns": [calls({"read_file": {"path": "a.txt"}}), {"text": "It says one."}],
}
REVIEWER = {
    "name": "reviewer",
    "match": {"system": "Role: reviewer"},
    "turns": [calls({"submit_review": {"summary": "as specified", "findings": []}})],
}
QUESTION = {"id": "round", "text": "Round up?", "choices": ["yes", "no"], "default": "no"}
MENDER = orchestrator(
    calls({"change_feature": {"id": "F3", "changes": {"retry": True}}}),
    calls({"continue_mission": {"note": "once more"}}),
    user="feature F3 failed",
)
FORGETFUL = orchestrator(calls({"continue_mission": {"note": "from the start"}}), user="Rolled back to base")
BOSS = orchestrator(
    calls({"write_skill": SKILL}, text="I write down how we add."),
    calls({"ask_human": {"questions": [QUESTION]}}),
    calls({"broadcast": {"text": "never round"}}),
    calls({"write_skill": {**SKILL, "name": "rounding"}}),
    calls({"continue_mission": {"note": "on we go"}}),
    user="Please add carefully",
)


def plan() -> dict[str, Any]:
    def feature(name: str, milestone: str, file: str) -> dict[str, Any]:
        owned = [f"VAL-{name}-001"]
        return {
            "id": name,
            "title": f"{name} writes",
            "milestone": milestone,
            "spec": f"write {file}",
            "fulfills": owned,
        }

    files = {"F1": "f1.txt", "F2": "sub/f2.txt", "F3": "f3.txt"}
    return {
        "title": "Add it up",
        "contract": [
            {"id": f"VAL-{f}-001", "title": f"{f} holds", "statement": f"{path} can be read",
             "proof": command_proof(f"cat {path}", "first|second|third")} for f, path in files.items()
        ],
        "milestones": [{"id": "M1", "title": "One"}, {"id": "M2", "title": "Rest"}],
        "features": [feature(f, "M1" if f == "F1" else "M2", path) for f, path in files.items()],
        "services": {"checks": {"greps": "sh check.sh"}},
    }  # fmt: skip


def repository(folder: Path) -> Path:
    folder.mkdir(parents=True)
    for name, text in REPOSITORY.items():
        (folder / name).write_text(text)
    who = ("-c", "user.name=Eve", "-c", "user.email=eve@example.org")
    for command in (("init", "-q", "-b", "main"), ("add", "-A"), (*who, "commit", "-qm", "first")):
        subprocess.run(["git", "-C", str(folder), *command], check=True)
    return folder


def seat(folder: Path) -> SeatSettings:
    turns = (WRITER, ASKER, SULLEN, LAST, RESEARCHER, REVIEWER, MENDER, FORGETFUL, BOSS)
    return script(folder / "script.yaml", *turns)


async def create(root: Path) -> None:
    """`new` from a plan; does nothing where there is a mission already."""
    if not any(state(files).created for files in all_missions(root / "data")):
        new = NewMission(
            repo=root / "repo",
            title="Add it up",
            goal="add",
            seats={"default": seat(root)},
            review="milestone",
            plan=PlanDraft.model_validate(plan()),
            approve=True,
        )
        await create_mission(root / "data", new)


def the_mission(root: Path) -> MissionFiles:
    (files,) = all_missions(root / "data")
    return files


async def play(root: Path) -> int:
    """Run the mission as its human would: greet, interrupt once, answer what is asked."""
    files = the_mission(root)
    lay_environment(root, files)
    human = Human(files)
    human.send(Say(id="greeting", text="Please add carefully"))
    if any(m.author == "orchestrator" for m in state(files).conversation.messages):
        human.send(ASIDE)
    code = 3
    for _ in range(8):
        human.answer(*state(files).decisions.open)
        code = await run_mission(files, HostOptions(on_event=human.see, clock=HastyClock()))
        if code != 3:
            break
    return code


ASIDE = Say(id="aside", text="and take your time")


class HastyClock(SystemClock):
    """A hundred times as fast, so that also the shortest life comes to the places that time leads to."""

    def monotonic(self) -> float:
        return 100 * super().monotonic()


class Human:
    """Says each thing once, however often the engine was killed in between."""

    def __init__(self, files: MissionFiles) -> None:
        self.files = files

    def send(self, command: Say | Decide) -> None:
        waiting = {c.id for c in inbox.pending(self.files)}
        if command.id not in state(self.files).commands | waiting:
            inbox.send(self.files, command)

    def answer(self, *decisions: Decision) -> None:
        for decision in decisions:
            if decision.kind in ANSWERED:
                self.send(answer_to(self.files, decision))

    def see(self, recorded: Recorded) -> None:
        event = recorded.event
        if isinstance(event, MessageSaid) and event.author == "orchestrator":
            self.send(ASIDE)
        if isinstance(event, DecisionOpened):
            # The event is shown just before it is durable.
            asyncio.get_running_loop().call_soon(self.answer, event.decision)


def answer_to(files: MissionFiles, decision: Decision) -> Decide:
    choice = "no"
    if decision.kind == "review_milestone":
        with Reader(files) as reader:
            before = any(isinstance(r.event, MissionRolledBack) for r in reader.events(0, -1))
        choice = "accept" if before else "rollback"
    elif decision.choices:
        choice = decision.default
    return Decide(id=f"answer-{decision.id}", decision=decision.id, choice=choice)


def lay_environment(root: Path, files: MissionFiles) -> None:
    """An empty one, and in it the pipe, where every box sees it."""
    empty_environment(files)
    pipe = files.env / MARKS
    if not pipe.exists():
        os.link(root / MARKS, pipe)


def empty_environment(files: MissionFiles) -> None:
    """It is enough for a mission without setup commands; making one takes a second."""
    files.env.mkdir(exist_ok=True)
    (files.env / ".whole").touch()
    (files.env / "setup.sha256").write_text("e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855")


class Marks:
    """The pipe, held open so that no command waits; counts what ran."""

    def __init__(self, root: Path) -> None:
        os.mkfifo(root / MARKS)
        self._descriptor = os.open(root / MARKS, os.O_RDWR | os.O_NONBLOCK)

    def counted(self) -> Counter[str]:
        try:
            text = os.read(self._descriptor, 1 << 16).decode()
        except BlockingIOError:
            text = ""
        os.close(self._descriptor)
        return Counter(text.split())


def trees(root: Path, files: MissionFiles) -> list[str]:
    """Of every commit on the mission's branch, oldest first."""
    created = state(files).created
    assert created is not None
    return git(root / "repo", "log", "--reverse", "--format=%T %s", created.branch).splitlines()


def outcome(root: Path) -> dict[str, Any]:
    """Everything that must be the same however often the engine was killed on the way."""
    files = the_mission(root)
    mission = state(files)
    return {
        "status": mission.status,
        "counts": dict(mission.counts()),
        "milestones": {m: mission.milestone_status(m) for m in mission.plan.milestones},
        "features": {f: (s.status, s.attempts) for f, s in mission.plan.features.items()},
        "said": sorted((m.author, m.text) for m in mission.conversation.messages),
        "constraints": list(mission.conversation.constraints),
        "decisions": [(d.decision.kind, d.answer and d.answer.choice) for d in mission.decisions.decisions.values()],
        "issues": [(i.issue.summary, i.resolution) for i in mission.issues.issues.values()],
        "handoffs": [(h.feature, h.attempt, h.partial) for h in mission.runs.handoffs],
        "rounds": {
            m: [(r.round, r.concluded and r.concluded.passed) for r in rounds]
            for m, rounds in mission.validation.rounds.items()
        },
        "trees": trees(root, files),
        "left in the tree": git(files.worktree, "status", "--porcelain"),
        "branches": git(root / "repo", "branch", "--format=%(refname)"),
        "missions": len(list((root / "data" / "missions").iterdir())),
    }


def broken_promises(root: Path, marks: Counter[str]) -> list[str]:
    """What `verify` finds, and commands that ran more often than their runs were told."""
    files = the_mission(root)
    found = [str(problem) for problem in verify(files)]
    told: Counter[str] = Counter()
    with Reader(files) as reader:
        for total in reader.run_list():
            for step in reader.steps(total.run_id, limit=-1):
                if step.name == "run_command":
                    told[str(step.request["arguments"]).rpartition("echo ")[2].split(" ")[0]] += 1
                if step.kind == "tool" and step.status == "failed":
                    found.append(f"{step.run_id}/{step.n} {step.name} failed: {(step.result or {}).get('text')}")
    found += [
        f"{name} ran {count} times, its runs know of {told[name]}"
        for name, count in marks.items()
        if count > told[name]
    ]
    return found


def discard(root: Path) -> None:
    shutil.rmtree(root, ignore_errors=True)

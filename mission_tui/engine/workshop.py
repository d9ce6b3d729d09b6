"""What the engine lends one run: its tree, its box, its evidence and its voice. All is opened when first used."""

import asyncio
import itertools
import json
from collections.abc import Sequence
from pathlib import Path
from typing import Protocol

from mission_tui.content.roles import Role
from mission_tui.domain.contract import Assertion
from mission_tui.domain.events import AnyEvent
from mission_tui.domain.handoff import Handoff, ObservedCommand
from mission_tui.domain.mission import Mission
from mission_tui.domain.ports import Box, JsonObject
from mission_tui.domain.verdict import Evidence
from mission_tui.engine import delivery
from mission_tui.engine.conversation import is_answer
from mission_tui.engine.desk import Desk
from mission_tui.engine.trees import RunTree
from mission_tui.engine.undo import UndoLog
from mission_tui.proof.app import AppFailure, AppUnderTest
from mission_tui.proof.interactive import Interactive
from mission_tui.proof.results import RawEvidence
from mission_tui.proof.secrets import NONE, SecretMissing, Secrets
from mission_tui.store.errors import lacking
from mission_tui.store.journal import StepRecord
from mission_tui.tools.base import Assignment, Facts, Replay, ToolProblem, both_ends
from mission_tui.tools.tree import TreeFiles
from mission_tui.workspace.box import open_box

DOCUMENTATION = (".md", ".rst", ".txt", ".adoc")
LONG_OUTPUT = 12_000


def documentation_only(path: str) -> bool:
    """What a user tester may read: documentation and the services manifest, never source."""
    return path.endswith(DOCUMENTATION) or path == ".mission/services.toml"


class Helpers(Protocol):
    """Whoever can start read-only sub-agents, and carry out a flow in a box of its own."""

    async def research(self, parent: Assignment, asking: Role, question: str, paths: tuple[str, ...]) -> str: ...
    async def replay(self, assertion: Assertion, commit: str, label: str) -> Replay: ...


class RunWorkshop:
    """Implements `tools.base.Workshop` for one run."""

    def __init__(self, desk: Desk, assignment: Assignment, role: Role, place: RunTree, helpers: Helpers) -> None:
        self.desk = desk
        self.helpers = helpers
        self.assignment = assignment
        self.role = role
        self.place = place
        self._box: asyncio.Task[Box] | None = None
        self._interactive: Interactive | None = None
        self._app: AppUnderTest | None = None
        self._logs = itertools.count(1)
        self._put: set[str] = set()
        self._undo = UndoLog(place.home / "undo.json", place.tree)

    @property
    def mission(self) -> Mission:
        return self.desk.mission

    @property
    def tree(self) -> TreeFiles:
        visible = documentation_only if self.role.reads == "documentation" else None
        return TreeFiles(self.place.tree, visible, self._undo.keep)

    def begin_write(self, step: int) -> None:
        """A call that writes files begins; what it wrote when it was cut off earlier is taken back."""
        self._undo.begin(step)

    async def box(self) -> Box:
        if self._box is None:
            self._box = asyncio.create_task(self._open_box())
        return await self._box

    async def _open_box(self) -> Box:
        return await open_box(await self.place.spec())

    @property
    def secrets(self) -> Secrets:
        """The user tester's only: who writes could leave them in what is committed."""
        return self.desk.secrets if self.role.name == "user_tester" else NONE

    async def interactive(self) -> Interactive:
        if self._interactive is None:
            box = await self.box()
            self._interactive = await Interactive.open(box, self.place.run_dir, self.desk.browser, self.secrets)
        return self._interactive

    async def app_url(self) -> str | None:
        return self._app.url if self._app is not None else None

    async def start_app(self) -> str:
        app = self.mission.plan.services.app
        if app is None:
            raise ToolProblem("the services manifest names no app; start one with start_service(name, command)")
        try:
            self.secrets.check()
            self._app = self._app or AppUnderTest(app, await self.box(), secrets=self.secrets)
            url = await self._app.start()
            return f"{url} ({self._app.tries})" if self._app.tries else url
        except (AppFailure, SecretMissing) as failure:
            names = "" if self.secrets.values else ", ".join(self.mission.plan.services.secrets)
            hint = f"\n({names}: only proofs and the user tester are given the secrets)" if names else ""
            raise ToolProblem(f"{failure}{hint}") from None

    async def close(self) -> None:
        """End everything that runs in the box, and the box."""
        if self._interactive is not None:
            await self._interactive.close()
        if self._box is not None:
            box = await self._box
            await box.close()
        await self.place.remove()

    # Evidence

    def keep(self, raw: tuple[RawEvidence, ...]) -> tuple[Evidence, ...]:
        """Store what was observed. Ids count up within the run, so that a verdict can name them."""
        kept: list[Evidence] = []
        for one in raw:
            number = len(self._known()) + len(kept) + 1
            kept.append(store_evidence(self.desk, one, f"E{number}"))
        return tuple(kept)

    def evidence(self, ids: tuple[str, ...]) -> tuple[Evidence, ...]:
        known = {e.id: e for e in (*self._known(), *self.assignment.attached)}
        return tuple(known[name] for name in ids)

    def _known(self) -> list[Evidence]:
        steps = self.desk.journal.steps(self.assignment.run_id)
        return [Evidence.model_validate(e) for s in steps for e in (s.result or {}).get("evidence", ())]

    def first_time(self, question: str) -> bool:
        new = question not in self._put
        self._put.add(question)
        return new

    def log_path(self, name: str) -> Path:
        return self.place.logs / f"{name}-{next(self._logs)}.log"

    def keep_output(self, log: Path) -> str | None:
        """Long outputs become artifacts; short ones are whole in the step's result already."""
        if not log.exists() or log.stat().st_size <= LONG_OUTPUT:
            return None
        try:
            return self.desk.artifacts.put_file(log)
        except OSError as error:
            if lacking(error, self.desk.files.root) is None:
                raise
            return None  # the command did run: its result must not be lost for want of room; the log stays

    def output_so_far(self, step: StepRecord) -> str:
        """What a command that was cut off had written."""
        logs = sorted(self.place.logs.glob("command-*.log"), key=lambda p: p.stat().st_mtime)
        recent = [p for p in logs if p.stat().st_mtime >= step.started_at - 1]
        return both_ends(recent[-1].read_text(errors="replace")) if recent else ""

    def observed(self) -> tuple[ObservedCommand, ...]:
        """Every command of this run, as the journal has it."""
        return observed_commands(self.desk.journal.steps(self.assignment.run_id))

    # Delegation and delivery

    async def research(self, question: str, paths: tuple[str, ...]) -> str:
        return await self.helpers.research(self.assignment, self.role, question, paths)

    async def replay(self, assertion: Assertion) -> Replay:
        return await self.helpers.replay(assertion, self.place.commit, f"{self.assignment.run_id}-{assertion.id}")

    async def ignored(self, path: str) -> bool:
        return await self.desk.repo.ignored(path)

    async def hand_off(self, handoff: Handoff) -> Facts:
        return await delivery.hand_off(self.desk, self.assignment, handoff, self.observed())

    async def partial_handoff(self, reason: str) -> Sequence[AnyEvent]:
        """What a run that was ended leaves behind, honestly; nothing for roles that write no code."""
        if not self.role.writes:
            return ()
        said = last_words(self.desk.journal.steps(self.assignment.run_id))
        return await delivery.partial(self.desk, self.assignment, reason, self.observed(), said)

    async def write_skill(self, name: str, text: str, lesson: str | None) -> Facts:
        writer = self.tree if self.role.writes else None
        return await delivery.write_skill(self.desk, self.assignment, writer, (name, text, lesson))

    def skill_text(self, name: str) -> str | None:
        return delivery.skill_text(self.desk, name)


def store_evidence(desk: Desk, raw: RawEvidence, name: str) -> Evidence:
    """Put one observation into the artifact store."""
    artifact = desk.artifacts.put_file(raw.path)
    return Evidence(
        id=name,
        kind=raw.kind,
        artifact=artifact,
        name=raw.name,
        media_type=raw.media_type,
        bytes=desk.artifacts.path(artifact).stat().st_size,
    )


def last_words(steps: Sequence[StepRecord]) -> str:
    """The last text that a run's model wrote."""
    replies = (step.result or {} for step in reversed(steps) if is_answer(step))
    texts = (str(reply["message"].get("content") or "").strip() for reply in replies)
    return next((text for text in texts if text), "")


def observed_commands(steps: Sequence[StepRecord]) -> tuple[ObservedCommand, ...]:
    """The commands among a run's steps, with their exit codes."""
    found: list[ObservedCommand] = []
    for step in steps:
        if step.kind == "tool" and step.name == "run_command" and step.status != "failed":
            result: JsonObject = step.result or {}
            command = result.get("command") or _command_of(step)
            found.append(ObservedCommand(command=command, exit_code=result.get("exit_code"), step=step.n))
    return tuple(found)


def _command_of(step: StepRecord) -> str:
    arguments: JsonObject = json.loads(step.request.get("arguments") or "{}")
    return str(arguments.get("command", ""))

"""What every tool is made of, and what a tool may touch."""

import re
from collections.abc import Awaitable, Callable, Sequence
from dataclasses import dataclass, field
from functools import cache
from pathlib import Path
from typing import Any, Generic, Literal, Protocol, TypeVar

import pydantic_core
from pydantic import BaseModel, ValidationError

from mission_tui.domain.base import Frozen
from mission_tui.domain.contract import Assertion, Proof
from mission_tui.domain.events import AnyEvent
from mission_tui.domain.handoff import Handoff, ObservedCommand
from mission_tui.domain.mission import Mission
from mission_tui.domain.ports import Box, CommandResult, JsonObject, ToolSpec
from mission_tui.domain.verdict import Cause, ControlResult, Evidence, VerdictStatus
from mission_tui.domain.weakened import Candidate
from mission_tui.proof.interactive import Interactive
from mission_tui.proof.results import RawEvidence
from mission_tui.proof.secrets import Secrets
from mission_tui.tools.tree import TreeFiles

ToolKind = Literal["read", "write", "command", "state", "suspend"]
"""read: repeatable, runs beside others. write: changes the tree, repeatable after a crash. command: changes the world,
never repeated by itself. state: only gives facts. suspend: waits for the human."""


class ToolProblem(Exception):
    """The call cannot be carried out; the message tells the model exactly what to mend."""


class Halted(Exception):
    """The mission was paused, or reached a cap, in the middle of a call; it is made again when the mission goes on."""


Facts = Callable[[Mission], Sequence[AnyEvent]]
"""Events that follow from the state at the moment they are stored; new ids are taken from it."""


def _no_facts(_mission: Mission) -> Sequence[AnyEvent]:
    return ()


@dataclass(frozen=True, slots=True)
class ToolResult:
    """What a call gave. `facts` are stored together with the step's result, or the gate's refusal is the result."""

    text: str
    facts: Facts = _no_facts
    exit_code: int | None = None
    artifact: str | None = None
    """SHA-256 of the whole output, where `text` shows only part of it."""
    evidence: tuple[Evidence, ...] = ()
    extra: JsonObject = field(default_factory=dict[str, Any])


@dataclass(frozen=True, slots=True)
class Assignment:
    """What a run was started for."""

    run_id: str
    role: str
    feature: str | None = None
    milestone: str | None = None
    round: int = 1
    assertions: tuple[str, ...] = ()
    """What a validator must give verdicts on."""
    attached: tuple[Evidence, ...] = ()
    """Evidence that the engine itself gathered for the run, such as the reviewed diff."""
    candidates: tuple[Candidate, ...] = ()
    """Places of the reviewed diff where proof may have become weaker: each must be answered."""


@dataclass(frozen=True, slots=True)
class Replay:
    """What the engine saw when it carried a flow out by itself."""

    proof: Proof
    status: VerdictStatus
    cause: Cause | None
    reason: str
    evidence: tuple[Evidence, ...] = ()
    control: ControlResult | None = None
    """The same on the tree from before the work; None where it did not pass, or nobody's work can be taken away."""


class Workshop(Protocol):
    """What the engine lends a run: its box, its stores and its knowledge. Opened when first used."""

    @property
    def assignment(self) -> Assignment: ...
    @property
    def mission(self) -> Mission: ...
    @property
    def tree(self) -> TreeFiles: ...
    async def box(self) -> Box: ...
    async def interactive(self) -> Interactive: ...
    @property
    def secrets(self) -> Secrets:
        """What this run may use of the services manifest's secrets."""
        ...

    async def app_url(self) -> str | None:
        """Where the app of the services manifest listens in this run's box; None while it does not run."""
        ...

    async def start_app(self) -> str: ...
    def keep(self, raw: tuple[RawEvidence, ...]) -> tuple[Evidence, ...]:
        """Store observations and give them ids that a verdict can name."""
        ...

    def evidence(self, ids: tuple[str, ...]) -> tuple[Evidence, ...]:
        """Look stored observations of this run up; raises KeyError with the unknown id."""
        ...

    def first_time(self, question: str) -> bool:
        """Whether this question has not been put to the run before; it counts as put from now on."""
        ...

    def keep_output(self, log: Path) -> str | None: ...
    def log_path(self, name: str) -> Path: ...
    def observed(self) -> tuple[ObservedCommand, ...]: ...
    async def research(self, question: str, paths: tuple[str, ...]) -> str: ...
    async def replay(self, assertion: Assertion) -> Replay:
        """Carry out an assertion's checks in a fresh session on the run's tree, and without the work."""
        ...

    async def ignored(self, path: str) -> bool:
        """Whether an ignore rule keeps a new file of the worker's tree out of its commit."""
        ...

    async def hand_off(self, handoff: Handoff) -> Facts:
        """Commit the worker's tree and give the facts that end its feature."""
        ...

    async def write_skill(self, name: str, text: str, lesson: str | None) -> Facts: ...
    def skill_text(self, name: str) -> str | None: ...


ArgsT = TypeVar("ArgsT", bound=Frozen)


def _never(_args: Frozen) -> bool:
    return False


def always(_args: Frozen) -> bool:
    """For tools whose every accepted call ends the run."""
    return True


@dataclass(frozen=True, slots=True)
class Tool(Generic[ArgsT]):
    """A tool: how it is called, what kind of effect it has, and how it is carried out."""

    name: str
    args: type[ArgsT]
    kind: ToolKind
    run: Callable[[ArgsT, Workshop], Awaitable[ToolResult]]
    ends: Callable[[ArgsT], bool] = _never
    """Whether this call, once accepted, ends the run."""

    def spec(self, role: str = "") -> ToolSpec:
        """The tool as a model of this role is told of it."""
        return ToolSpec(name=self.name, description=_description(self.name, role), parameters=_schema(self.args))

    async def call(self, arguments: str, workshop: Workshop) -> ToolResult:
        """Parse the raw arguments strictly and run. Raises ToolProblem with what to mend."""
        return await self.run(self.parse(arguments), workshop)

    def parse(self, arguments: str) -> ArgsT:
        try:
            # Unlike the standard library's it refuses what no file can hold, NaN, and what is nested without end.
            raw = pydantic_core.from_json(arguments or "{}", allow_inf_nan=False)
        except (ValueError, TypeError) as error:
            raise ToolProblem(
                f"{self.name}: the arguments are not valid JSON ({error}); send them again whole"
            ) from None
        if _NUL.search(arguments):
            raise ToolProblem(f"{self.name}: the arguments have a NUL character in them, which no program takes")
        try:
            return self.args.model_validate(raw)
        except ValidationError as error:
            raise ToolProblem(_explain(self, error)) from None


def _explain(tool: Tool[Any], error: ValidationError) -> str:
    lines = [f"{tool.name}: the arguments do not fit:"]
    for problem in error.errors(include_url=False):
        place = ".".join(str(part) for part in problem["loc"]) or "arguments"
        lines.append(f"- {place}: {_plain(problem['type'], problem['msg'])}")
    known = ", ".join(tool.args.model_fields)
    lines.append(f"{tool.name} takes: {known}.")
    return "\n".join(lines)


def _plain(kind: str, message: str) -> str:
    plain = {"missing": "is missing", "extra_forbidden": "is not a field here"}
    return plain.get(kind, message.removeprefix("Value error, "))


@cache
def _schema(args: type[BaseModel]) -> JsonObject:
    schema = args.model_json_schema()
    schema.pop("title", None)
    schema.pop("description", None)
    return schema


@cache
def _description(name: str, role: str) -> str:
    """`NAME.ROLE.md` where a role needs other words, else `NAME.md`."""
    folder = Path(__file__).parent
    own = folder / f"{name}.{role}.md"
    return (own if own.exists() else folder / f"{name}.md").read_text(encoding="utf-8").strip()


_NUL = re.compile(r"(?<!\\)(?:\\\\)*\\u0000")
"""As JSON writes it: after no backslash, or a pair of them."""
ESCAPES = re.compile(r"\x1b(?:\[[0-9;?]*[ -/]*[@-~]|\][^\x07\x1b]*(?:\x07|\x1b\\)|[@-Z\\-_])")
"""Colours and cursor movements (ECMA-48): noise for a model, and many tokens."""


def shortened(result: CommandResult, limit: int = 12_000) -> str:
    """A command's output for a model: without escape sequences, both ends when it is long."""
    return both_ends(ESCAPES.sub("", result.output), limit)


def both_ends(text: str, limit: int = 12_000) -> str:
    """The text, with its middle left out beyond `limit` characters; says how much is missing."""
    if len(text) <= limit:
        return text
    half = limit // 2
    return f"{text[:half]}\n… {len(text) - limit:,} characters left out …\n{text[-half:]}"

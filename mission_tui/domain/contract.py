"""The validation contract: what done means, and how each claim is proved."""

from typing import Annotated, Literal

from pydantic import Field

from mission_tui.domain.base import Frozen
from mission_tui.domain.checks import BrowserStep, CommandStep, HttpStep, TerminalStep

EvidenceKind = Literal["screenshot", "console", "network", "response", "output", "exit_code", "screen", "diff", "trace"]
ProofKind = Literal["command", "http", "browser", "terminal", "review"]
AssertionId = Annotated[str, Field(pattern=r"^VAL-[A-Z0-9]+(?:-[A-Z0-9]+)*-\d{3,}$")]


class ProofBase(Frozen):
    """How an assertion is proved. Empty procedure and evidence are refused by a gate, which names the assertion."""

    procedure: str = ""
    evidence: tuple[EvidenceKind, ...] = ()
    """The kinds that a `passed` must carry."""
    files: tuple[str, ...] = ()
    """Globs of all that it needs of the tree: later changes of other files leave a pass fresh, once the proof has
    passed where nothing else is there. Empty: any file."""


class CommandProof(ProofBase):
    by: Literal["command"]
    checks: tuple[CommandStep, ...] = ()


class HttpProof(ProofBase):
    by: Literal["http"]
    checks: tuple[HttpStep, ...] = ()


class BrowserProof(ProofBase):
    by: Literal["browser"]
    checks: tuple[BrowserStep, ...] = ()


class TerminalProof(ProofBase):
    by: Literal["terminal"]
    checks: tuple[TerminalStep, ...] = ()


class ReviewProof(ProofBase):
    by: Literal["review"]
    checks: tuple[()] = ()


Proof = Annotated[CommandProof | HttpProof | BrowserProof | TerminalProof | ReviewProof, Field(discriminator="by")]


class Assertion(Frozen):
    """One observable claim."""

    id: AssertionId
    title: str = Field(min_length=1, max_length=200)
    statement: str = Field(min_length=1)
    proof: Proof
    guard: bool = False
    """Protects behaviour that exists already: needs no owner, passes on the base, is proved at every milestone."""
    area: str = ""
    """Defaults to the middle of the id."""

    @property
    def mechanical(self) -> bool:
        """Whether the engine can prove it without a model."""
        return bool(self.proof.checks)

    @property
    def area_name(self) -> str:
        return self.area or "-".join(self.id.split("-")[1:-1])


class Amendment(Frozen):
    """A typed change of a contract: new assertions, whole replacements, and dropped ids."""

    add: tuple[Assertion, ...] = ()
    change: tuple[Assertion, ...] = ()
    drop: tuple[str, ...] = ()
    reason: str = Field(min_length=1)

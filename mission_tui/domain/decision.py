"""What waits for the human."""

from typing import Any, Literal

from pydantic import Field

from mission_tui.domain.base import Frozen
from mission_tui.domain.states import DecisionKind


class Question(Frozen):
    """One question of an interview, with suggested answers; free text is always allowed."""

    id: str = Field(min_length=1)
    text: str = Field(min_length=1)
    choices: tuple[str, ...] = ()
    default: str | None = None


class Decision(Frozen):
    """One open question to the human, with what it blocks and the safe default."""

    id: str
    kind: DecisionKind
    summary: str = Field(min_length=1)
    choices: tuple[str, ...]
    """Empty: any text is an answer."""
    default: str
    blocks: str = "the mission"
    subject: str | None = None
    """The milestone, run or assertion it is about."""
    questions: tuple[Question, ...] = ()
    retry_at: float | None = None
    """Unix time in seconds at which the engine goes on by itself; None: only the human can say so."""
    payload: dict[str, Any] = Field(default_factory=dict)
    """What the answer will be applied to, for instance a proposed amendment."""


class Answer(Frozen):
    choice: str
    note: str = ""
    by: Literal["human", "recorded"] = "human"
    """`recorded`: the demo's own answers."""

"""Messages between human and orchestrator, shared constraints, skills, and decisions."""

from dataclasses import dataclass, field
from typing import assert_never

from mission_tui.domain.base import replace
from mission_tui.domain.decision import Answer, Decision
from mission_tui.domain.events import (
    ConstraintBroadcast,
    ConversationEvent,
    DecisionAnswered,
    DecisionEvent,
    DecisionOpened,
    DecisionWithdrawn,
    MessageSaid,
    MessagesDelivered,
    SkillsCommitted,
    SkillWritten,
)
from mission_tui.domain.layers import Layers


@dataclass(frozen=True)
class ConversationState:
    messages: tuple[MessageSaid, ...] = ()
    delivered: int = 0
    """How many of the messages the orchestrator has been shown."""
    shown_last: tuple[str, int] = ("", 0)
    """The run that was shown messages last, and how many had been shown before it began."""
    constraints: tuple[str, ...] = ()
    skills: frozenset[str] = frozenset()
    skill_edits: dict[str, SkillWritten] = field(default_factory=dict[str, SkillWritten])
    """The human's edits that are not on the branch yet; they are committed between runs."""

    @property
    def undelivered(self) -> tuple[MessageSaid, ...]:
        return tuple(m for m in self.messages[self.delivered :] if m.author == "human")

    def apply(self, event: ConversationEvent) -> "ConversationState":
        match event:
            case MessageSaid():
                return replace(self, messages=(*self.messages, event))
            case MessagesDelivered():
                return self._shown(event)
            case ConstraintBroadcast():
                return replace(self, constraints=(*self.constraints, event.text))
            case SkillWritten():
                edits = {**self.skill_edits, event.name: event} if event.text is not None else self.skill_edits
                return replace(self, skills=self.skills | {event.name}, skill_edits=edits)
            case SkillsCommitted():
                return replace(self, skill_edits={k: v for k, v in self.skill_edits.items() if k not in event.names})
        assert_never(event)

    def _shown(self, event: MessagesDelivered) -> "ConversationState":
        run_id = event.run_id or ""
        last = self.shown_last if self.shown_last[0] == run_id else (run_id, self.delivered)
        return replace(self, delivered=max(self.delivered, event.upto), shown_last=last)

    def after_failure(self, run_id: str | None) -> "ConversationState":
        """What a run was shown that then failed has reached nobody: the next one is shown it again."""
        shown_to, before = self.shown_last
        return replace(self, delivered=before) if run_id == shown_to else self


@dataclass(frozen=True)
class DecisionState:
    decision: Decision
    answer: Answer | None = None
    withdrawn: str | None = None

    @property
    def open(self) -> bool:
        return self.answer is None and self.withdrawn is None


@dataclass(frozen=True)
class DecisionsState:
    decisions: Layers[str, DecisionState] = field(default_factory=Layers[str, DecisionState])
    open: tuple[Decision, ...] = ()
    """Those that wait for the human, oldest first."""

    def next_id(self) -> str:
        return f"D{len(self.decisions) + 1}"

    def apply(self, event: DecisionEvent) -> "DecisionsState":
        match event:
            case DecisionOpened():
                return self._with(DecisionState(event.decision))
            case DecisionAnswered():
                return self._with(replace(self.decisions[event.id], answer=event.answer))
            case DecisionWithdrawn():
                return self._with(replace(self.decisions[event.id], withdrawn=event.reason))
        assert_never(event)

    def _with(self, state: DecisionState) -> "DecisionsState":
        others = tuple(d for d in self.open if d.id != state.decision.id)
        return replace(
            self,
            decisions=self.decisions.with_(state.decision.id, state),
            open=(*others, state.decision) if state.open else others,
        )

"""The conversation as lines: what human and orchestrator said, what was asked, and what was decided."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from mission_tui.domain import events as e
from mission_tui.domain.decision import Decision
from mission_tui.domain.events import Recorded
from mission_tui.ui.look import Piece, Tone
from mission_tui.ui.text import clean, one_line, wrapped
from mission_tui.ui.widgets.lines import Painted

WIDE_LABELS = 56
"""Width from which names are written out."""


@dataclass(frozen=True, slots=True)
class Talk:
    """Builds the lines for one width. `open_ids` are the decisions that still wait."""

    open_ids: frozenset[str]
    width: int

    def rows(self, records: Sequence[Recorded]) -> list[Painted]:
        return [row for record in records for row in self.of(record)]

    def of(self, record: Recorded) -> list[Painted]:
        key = str(record.seq)
        event = record.event
        match event:
            case e.MessageSaid():
                author: tuple[str, Tone] = ("you", "you") if event.author == "human" else ("orchestrator", "live")
                return list(self._said(key, *author, event.text, "plain"))
            case e.DecisionOpened():
                return list(self._asked(key, event.decision))
            case e.DecisionAnswered():
                note = f" ({event.answer.note})" if event.answer.note else ""
                by = "you" if event.answer.by == "human" else "recorded"
                return list(self._said(key, by, "you", f"{event.id}: {event.answer.choice}{note}", "plain"))
            case _:
                text = _happening(event)
                return list(self._said(key, "", "faint", f"─ {text}", "faint")) if text else []

    def _said(
        self, key: str, author: str, author_tone: Tone, text: str, tone: Tone, lead: Piece = ("", "plain")
    ) -> Iterator[Painted]:
        label = 13 if self.width >= WIDE_LABELS else 5
        name = author if label > 5 else author[:4]
        for place, part in enumerate(wrapped(clean(text), self.width - label - len(lead[0]), 200)):
            first = place == 0
            mark = lead if first else (" " * len(lead[0]), "plain")
            yield Painted(key, ((name if first else "").ljust(label), author_tone), mark, (part, tone))

    def _asked(self, key: str, decision: Decision) -> Iterator[Painted]:
        waits = decision.id in self.open_ids
        tone: Tone = "strong" if waits else "plain"
        mark: Piece = ("▲ ", "wait") if waits else ("△ ", "faint")
        if not decision.questions:
            yield from self._said(key, "", "faint", f"{decision.id} {decision.summary}", tone, mark)
        for number, question in enumerate(decision.questions, 1):
            author = "orchestrator" if number == 1 else ""
            yield from self._said(key, author, "live", f"{number}. {question.text}", tone, mark)
            for place, choice in enumerate(question.choices, 1):
                default = " (default)" if choice == question.default else ""
                yield from self._said(
                    key, "", "faint", f"{place} {one_line(choice)}{default}", "faint", ("     ", "plain")
                )
        if waits:
            yield from self._said(key, "", "faint", "a opens it, or answer below in your own words", "faint")


def _happening(event: e.AnyEvent) -> str:
    match event:
        case e.ConstraintBroadcast():
            return f"told every agent: {event.text}"
        case e.DecisionWithdrawn():
            return f"{event.id} needs no answer any more: {event.reason}"
        case e.PlanSubmitted():
            return "contract and plan submitted"
        case e.PlanReturned():
            return "the plan went back for revision"
        case e.PlanApproved():
            return "contract and plan approved"
        case e.MilestoneSealed():
            return f"{event.id} sealed{' for now' if event.provisional else ''}"
        case e.MissionRolledBack():
            return f"rolled back to {event.to}: {event.reason}"
        case e.MissionCompleted():
            return "mission completed"
        case e.MissionFailed() | e.MissionAborted():
            return f"{event.kind.replace('_', ' ')}: {event.reason}"
        case _:
            return ""

"""What has been proved, on which tree, and how far each milestone's validation has come."""

from dataclasses import dataclass, field, replace
from typing import assert_never

from mission_tui.domain.events import (
    BaseProved,
    CommitRecorded,
    ContractReviewed,
    ReviewRecorded,
    ScrutinyRecorded,
    UserTestingRecorded,
    ValidationConcluded,
    ValidationEvent,
    ValidationStarted,
    VerdictRecorded,
)
from mission_tui.domain.verdict import CheckOutcome, Verdict


@dataclass(frozen=True, slots=True)
class RoundState:
    """One validation round of one milestone."""

    milestone: str
    round: int
    tree: str
    basis: str = ""
    """What the round looked at: tree, contract, services and signatures; a failed round is not repeated on the same."""
    scrutiny: ScrutinyRecorded | None = None
    reviews: tuple[ReviewRecorded, ...] = ()
    user_testing: UserTestingRecorded | None = None
    proved: frozenset[str] = frozenset()
    """Assertions that got a verdict in this round."""
    concluded: ValidationConcluded | None = None


@dataclass(frozen=True, slots=True)
class ValidationState:
    base: BaseProved | None = None
    contract_review: ContractReviewed | None = None
    verdicts: dict[str, tuple[Verdict, ...]] = field(default_factory=dict[str, tuple[Verdict, ...]])
    """Every verdict of each assertion, oldest first."""
    stale: frozenset[str] = frozenset()
    """Assertions whose last pass was proved before a change that it depends on."""
    rounds: dict[str, tuple[RoundState, ...]] = field(default_factory=dict[str, tuple[RoundState, ...]])

    def apply(self, event: ValidationEvent) -> "ValidationState":
        match event:
            case BaseProved():
                return replace(self, base=event)
            case ContractReviewed():
                return replace(self, contract_review=event)
            case ValidationStarted():
                return self._started(event)
            case ScrutinyRecorded():
                return self._with_round(replace(self._last(event.milestone), scrutiny=event))
            case ReviewRecorded():
                last = self._last(event.milestone)
                return self._with_round(replace(last, reviews=(*last.reviews, event)))
            case VerdictRecorded():
                return self._verdict(event.verdict)
            case UserTestingRecorded():
                return self._with_round(replace(self._last(event.milestone), user_testing=event))
            case ValidationConcluded():
                return self._with_round(replace(self._last(event.milestone), concluded=event))
        assert_never(event)

    def commit(self, event: CommitRecorded) -> "ValidationState":
        """Passes that depend on a changed path, and were not proved on this very tree, go stale."""
        changed = {p for p in event.paths if not p.startswith((".mission/", ".agents/"))}
        if not changed:
            return self
        stale = {name for name, history in self.verdicts.items() if _outdated(history[-1], changed, event.tree)}
        fresh = {name for name, history in self.verdicts.items() if history[-1].tree == event.tree}
        return replace(self, stale=(self.stale | stale) - fresh)

    def forget(self, assertions: frozenset[str]) -> "ValidationState":
        """A changed statement or proof makes its old verdicts meaningless for the present: they go stale."""
        return replace(self, stale=self.stale | (assertions & self.verdicts.keys()))

    def latest(self, assertion: str) -> Verdict | None:
        history = self.verdicts.get(assertion)
        return history[-1] if history else None

    def last_round(self, milestone: str) -> RoundState | None:
        rounds = self.rounds.get(milestone)
        return rounds[-1] if rounds else None

    def baseline_check(self, name: str) -> CheckOutcome | None:
        return next((c for c in self.base.checks if c.name == name), None) if self.base else None

    def reviewed_features(self) -> frozenset[str]:
        return frozenset(r.feature for rounds in self.rounds.values() for one in rounds for r in one.reviews)

    def _started(self, event: ValidationStarted) -> "ValidationState":
        rounds = (
            *self.rounds.get(event.milestone, ()),
            RoundState(event.milestone, event.round, event.tree, event.basis),
        )
        return replace(self, rounds={**self.rounds, event.milestone: rounds})

    def _verdict(self, verdict: Verdict) -> "ValidationState":
        history = (*self.verdicts.get(verdict.assertion, ()), verdict)
        state = replace(
            self, verdicts={**self.verdicts, verdict.assertion: history}, stale=self.stale - {verdict.assertion}
        )
        last = state.last_round(verdict.milestone)
        if last is None or last.round != verdict.round:
            return state
        return state._with_round(replace(last, proved=last.proved | {verdict.assertion}))

    def _last(self, milestone: str) -> RoundState:
        return self.rounds[milestone][-1]

    def _with_round(self, state: RoundState) -> "ValidationState":
        rounds = (*self.rounds[state.milestone][:-1], state)
        return replace(self, rounds={**self.rounds, state.milestone: rounds})


def _outdated(verdict: Verdict, changed: set[str], tree: str) -> bool:
    if verdict.tree == tree:
        return False
    return verdict.depends_on is None or not changed.isdisjoint(verdict.depends_on)

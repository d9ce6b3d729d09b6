"""What has been proved, on which tree, and how far each milestone's validation has come."""

from collections.abc import Set
from dataclasses import dataclass, field
from typing import assert_never

from mission_tui.domain.base import replace
from mission_tui.domain.events import (
    BaseProved,
    CommitRecorded,
    ContractReviewed,
    ControlEvent,
    ControlRecorded,
    FlowReplayed,
    ReplayRecorded,
    ReplayRequested,
    ReviewRecorded,
    ScrutinyRecorded,
    UserTestingRecorded,
    ValidationConcluded,
    ValidationEvent,
    ValidationStarted,
    VerdictRecorded,
)
from mission_tui.domain.verdict import CheckOutcome, ControlResult, Verdict


@dataclass(frozen=True)
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


@dataclass(frozen=True)
class ValidationState:
    base: BaseProved | None = None
    contract_review: ContractReviewed | None = None
    verdicts: dict[str, tuple[Verdict, ...]] = field(default_factory=dict[str, tuple[Verdict, ...]])
    """Every verdict of each assertion, oldest first."""
    outdated: dict[str, tuple[str, ...]] = field(default_factory=dict[str, tuple[str, ...]])
    """Assertions whose last verdict is older than a change that it depends on, with the commits that made it."""
    doubted: dict[str, str] = field(default_factory=dict[str, str])
    """Assertions whose last verdict means nothing any more on any tree, with the reason."""
    rounds: dict[str, tuple[RoundState, ...]] = field(default_factory=dict[str, tuple[RoundState, ...]])
    controls: dict[str, ControlResult] = field(default_factory=dict[str, ControlResult])
    """What each assertion's proof said on the tree from before the work."""
    flows: dict[str, FlowReplayed] = field(default_factory=dict[str, FlowReplayed])
    """The last flow that an agent gave for each assertion, with its replay."""

    replays: dict[str, ReplayRecorded | None] = field(default_factory=dict[str, ReplayRecorded | None])
    """The last proof of each assertion that the human asked for; None while it has yet to be carried out."""

    def apply(self, event: ValidationEvent) -> "ValidationState":
        if isinstance(event, ControlEvent):
            return self._control(event)
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

    @property
    def stale(self) -> Set[str]:
        """Assertions whose last verdict is not about the present."""
        return self.outdated.keys() | self.doubted.keys()

    def why_stale(self, assertion: str) -> tuple[str, ...]:
        """Each reason in words: the commits since, a changed proof, a replay that failed."""
        doubt = self.doubted.get(assertion)
        commits = tuple(f"commit {commit[:10]}" for commit in self.outdated.get(assertion, ()))
        return (doubt, *commits) if doubt else commits

    def commit(self, event: CommitRecorded, before: str) -> "ValidationState":
        """Verdicts that depend on a changed path, and were not given on this very tree, are outdated.

        `before` is the tree until now: when it changed and no path says where, everything may have.
        """
        changed = {p for p in event.paths if not p.startswith((".mission/", ".agents/"))}
        if not changed and event.tree == before:
            return self
        outdated: dict[str, tuple[str, ...]] = {}
        for name, history in self.verdicts.items():
            commits = self.outdated.get(name, ())
            touched = not changed or history[-1].depends_on_any(changed)
            if history[-1].tree != event.tree and (commits or touched):
                outdated[name] = (*commits, event.commit) if touched else commits
        return replace(self, outdated=outdated)

    def doubt(self, assertions: Set[str], reason: str) -> "ValidationState":
        """What was observed of these says nothing of the present, also if the tree becomes what it was."""
        return replace(self, doubted={**self.doubted, **dict.fromkeys(assertions & self.verdicts.keys(), reason)})

    def forget(self, assertions: frozenset[str]) -> "ValidationState":
        """A changed statement or proof makes its old verdicts meaningless for the present: they go stale."""
        return replace(
            self.doubt(assertions, "its statement or proof was changed"),
            controls={name: r for name, r in self.controls.items() if name not in assertions},
            flows={name: f for name, f in self.flows.items() if name not in assertions},
        )

    def standing(self, assertion: str) -> FlowReplayed | None:
        """A flow that passed here and failed without the work: from then on it proves its assertion."""
        flow = self.flows.get(assertion)
        red = flow is not None and flow.control is not None and flow.control.outcome == "red"
        return flow if flow is not None and red and flow.agreed and flow.status == "passed" else None

    def contradicted(self, assertion: str, milestone: str, round_number: int) -> FlowReplayed | None:
        """The flow of this round whose replay saw the product do otherwise than its agent said."""
        flow = self.flows.get(assertion)
        if flow is None or flow.agreed or (flow.milestone, flow.round) != (milestone, round_number):
            return None
        return flow if flow.claimed == "passed" and flow.cause == "expectation" else None

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
            self,
            verdicts={**self.verdicts, verdict.assertion: history},
            outdated={name: commits for name, commits in self.outdated.items() if name != verdict.assertion},
            doubted={name: reason for name, reason in self.doubted.items() if name != verdict.assertion},
        )
        last = state.last_round(verdict.milestone)
        if last is None or last.round != verdict.round:
            return state
        return state._with_round(replace(last, proved=last.proved | {verdict.assertion}))

    def _control(self, event: ControlEvent) -> "ValidationState":
        """What proofs said without the work. A flow that stands is given up only for one that stands too."""
        if isinstance(event, ReplayRequested):
            return replace(self, replays={**self.replays, event.assertion: None})
        if isinstance(event, ReplayRecorded):
            failed = {event.assertion} if event.status == "failed" else set[str]()
            seen = self.doubt(failed, f"a replay failed: {event.reason[:200]}")
            return replace(seen, replays={**self.replays, event.assertion: event})
        if isinstance(event, ControlRecorded):
            return replace(self, controls={**self.controls, **{r.assertion: r for r in event.results}})
        state = replace(self, flows={**self.flows, event.assertion: event})
        if self.standing(event.assertion) and not state.standing(event.assertion):
            return self
        return state

    def _last(self, milestone: str) -> RoundState:
        return self.rounds[milestone][-1]

    def _with_round(self, state: RoundState) -> "ValidationState":
        rounds = (*self.rounds[state.milestone][:-1], state)
        return replace(self, rounds={**self.rounds, state.milestone: rounds})

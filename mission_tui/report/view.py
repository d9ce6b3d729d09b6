"""What the report says, as plain values that a template can walk through."""

from collections.abc import Sequence
from dataclasses import dataclass

from mission_tui.domain.events import HandoffRecorded, Recorded
from mission_tui.domain.findings import RoundFindings, trend
from mission_tui.domain.mission import Mission
from mission_tui.domain.state.conversation import DecisionState
from mission_tui.domain.state.issues import IssueState
from mission_tui.domain.state.plan import FeatureState
from mission_tui.domain.state.validation import RoundState
from mission_tui.domain.verdict import Verdict
from mission_tui.report.evidence import Exhibit, Exhibits
from mission_tui.report.seats import SeatLine, seat_lines
from mission_tui.report.times import Phase, moments, phases
from mission_tui.store.queries import Reader


@dataclass(frozen=True, slots=True)
class VerdictView:
    verdict: Verdict
    exhibits: tuple[Exhibit, ...]


@dataclass(frozen=True, slots=True)
class AssertionView:
    id: str
    title: str
    statement: str
    procedure: str
    by: str
    mechanical: bool
    guard: bool
    status: str
    owner: str
    override: str
    base: str
    """What the proof on the untouched base said; empty when there was none."""
    base_passed: bool
    verdicts: tuple[VerdictView, ...]
    """Newest first."""


@dataclass(frozen=True, slots=True)
class MilestoneView:
    id: str
    title: str
    status: str
    rounds: tuple[tuple[RoundState, RoundFindings], ...]
    features: tuple[FeatureState, ...]


@dataclass(frozen=True, slots=True)
class DecisionView:
    state: DecisionState
    waited_s: float | None


@dataclass(frozen=True, slots=True)
class Signature:
    """One thing that somebody approved, overrode or amended."""

    at: float
    who: str
    what: str


@dataclass(frozen=True, slots=True)
class Quality:
    """How good the work was before anybody helped it."""

    first_round_passes: int
    proved: int
    """Assertions that have a verdict at all."""
    claims: int
    contradicted: int
    findings: int
    usd_per_pass: float | None
    """None where nothing passed or prices are unknown."""


@dataclass(frozen=True, slots=True)
class ReportView:
    mission: Mission
    counts: dict[str, int]
    areas: dict[str, list[AssertionView]]
    milestones: tuple[MilestoneView, ...]
    handoffs: tuple[HandoffRecorded, ...]
    issues: tuple[IssueState, ...]
    decisions: tuple[DecisionView, ...]
    signatures: tuple[Signature, ...]
    seats: tuple[SeatLine, ...]
    phases: tuple[Phase, ...]
    quality: Quality
    began: float
    ended: float


def report_view(reader: Reader, events: Sequence[Recorded], exhibits: Exhibits) -> ReportView:
    """Everything that the template needs; evidence is prepared on the way."""
    mission = reader.mission()
    times = moments(events)
    areas: dict[str, list[AssertionView]] = {}
    for name, assertion in mission.contract.assertions.items():
        areas.setdefault(assertion.area_name, []).append(_assertion(mission, name, exhibits))
    return ReportView(
        mission=mission,
        counts={status: n for status, n in mission.counts().items() if n},
        areas=areas,
        milestones=tuple(_milestone(mission, name) for name in mission.plan.milestones),
        handoffs=mission.runs.handoffs,
        issues=tuple(mission.issues.issues.values()),
        decisions=tuple(DecisionView(state, times.waited(name)) for name, state in mission.decisions.decisions.items()),
        signatures=tuple(Signature(at, who, what) for at, who, what in times.signed),
        seats=seat_lines(mission, reader.run_list(), times),
        phases=phases(events),
        quality=_quality(mission, reader),
        began=events[0].at if events else 0.0,
        ended=events[-1].at if events else 0.0,
    )


def _assertion(mission: Mission, name: str, exhibits: Exhibits) -> AssertionView:
    assertion = mission.contract.assertions[name]
    history = mission.validation.verdicts.get(name, ())
    base = next(
        (r for r in (mission.validation.base.results if mission.validation.base else ()) if r.assertion == name), None
    )
    return AssertionView(
        id=name,
        title=assertion.title,
        statement=assertion.statement,
        procedure=assertion.proof.procedure,
        by=assertion.proof.by,
        mechanical=assertion.mechanical,
        guard=assertion.guard,
        status=mission.assertion_status(name),
        owner=mission.plan.owners.get(name, ""),
        override=mission.contract.overrides.get(name, ""),
        base="" if base is None else base.reason or ("passed" if base.passed else str(base.cause)),
        base_passed=base is not None and base.passed,
        verdicts=tuple(VerdictView(v, tuple(exhibits.of(e) for e in v.evidence)) for v in reversed(history)),
    )


def _milestone(mission: Mission, name: str) -> MilestoneView:
    return MilestoneView(
        id=name,
        title=mission.plan.milestones[name].milestone.title,
        status=mission.milestone_status(name),
        rounds=tuple(zip(mission.validation.rounds.get(name, ()), trend(mission, name), strict=True)),
        features=tuple(f for f in mission.plan.features.values() if f.feature.milestone == name),
    )


def _quality(mission: Mission, reader: Reader) -> Quality:
    histories = mission.validation.verdicts.values()
    claims = [claim for handoff in mission.runs.handoffs for claim in handoff.claims]
    rounds = [one for milestone in mission.validation.rounds.values() for one in milestone]
    found = [r for one in rounds for r in (*one.reviews, *filter(None, [one.user_testing]))]
    passed = sum(mission.assertion_status(name) == "passed" for name in mission.contract.assertions)
    usage = reader.spend().usage
    return Quality(
        first_round_passes=sum(history[0].status == "passed" for history in histories),
        proved=len(mission.validation.verdicts),
        claims=len(claims),
        contradicted=sum(claim.contradicted for claim in claims),
        findings=sum(len(one.findings) for one in found),
        usd_per_pass=usage.usd / passed if passed and usage.usd_known else None,
    )

"""What one line of the mission list says, stored with every append so that nobody has to fold a ledger for it."""

from pydantic import Field

from mission_tui.domain.base import Frozen
from mission_tui.domain.budget import Spend
from mission_tui.domain.events import Recorded
from mission_tui.domain.mission import Mission
from mission_tui.domain.states import AssertionStatus, FeatureStatus, MissionStatus
from mission_tui.store.listing import DecisionLine, MilestoneLine


class StoredState(Frozen):
    """The state in short, as of `seq`."""

    id: str = ""
    title: str = ""
    repo: str = ""
    branch: str = ""
    status: MissionStatus = "planning"
    seq: int = 0
    created_at: float = 0.0
    """Unix time in seconds of the first event."""
    updated_at: float = 0.0
    """Unix time in seconds of the last event."""
    head: str = ""
    assertions: dict[AssertionStatus, int] = Field(default_factory=dict)
    features: dict[FeatureStatus, int] = Field(default_factory=dict)
    milestones: tuple[MilestoneLine, ...] = ()
    decisions: tuple[DecisionLine, ...] = ()
    active_roles: tuple[str, ...] = ()
    """Roles of the runs under way."""
    usd_cap: float | None = None


class MissionSummary(StoredState):
    """A mission in the list: its state in short, and what it has used."""

    spend: Spend = Spend()


def summarised(mission: Mission, last: Recorded, before: tuple[Mission, StoredState]) -> StoredState:
    """The state in short. Parts that cannot have changed since `before` are taken from there.

    State is immutable, so a part that is the same object is the same; a thousand assertions are counted only when a
    verdict or the contract changed.
    """
    old, known = before
    proofs_same = mission.contract is old.contract and mission.validation is old.validation
    plan_same = mission.plan is old.plan and mission.rolled_back is old.rolled_back
    rounds_same = mission.validation.rounds is old.validation.rounds
    created = mission.created
    return StoredState(
        id=mission.id,
        title=created.title if created else "",
        repo=created.repo if created else "",
        branch=created.branch if created else "",
        status=mission.status,
        seq=mission.seq,
        created_at=known.created_at if old.seq else last.at,
        updated_at=last.at,
        head=mission.head,
        assertions=known.assertions if proofs_same and known.assertions else mission.counts(),
        features=known.features if plan_same else _features(mission),
        milestones=known.milestones
        if plan_same and rounds_same and mission.decisions is old.decisions
        else _milestones(mission),
        decisions=known.decisions
        if mission.decisions is old.decisions
        else _decisions(mission, last.at, {d.id: d.opened_at for d in known.decisions}),
        active_roles=tuple(mission.runs.runs[r].started.role for r in mission.runs.active),
        usd_cap=mission.limits.usd,
    )


def _features(mission: Mission) -> dict[FeatureStatus, int]:
    counts: dict[FeatureStatus, int] = {}
    for state in mission.plan.features.values():
        counts[state.status] = counts.get(state.status, 0) + 1
    return counts


def _milestones(mission: Mission) -> tuple[MilestoneLine, ...]:
    return tuple(
        MilestoneLine(
            id=name,
            title=state.milestone.title,
            state=mission.milestone_status(name),
            round=len(mission.validation.rounds.get(name, ())),
        )
        for name, state in mission.plan.milestones.items()
    )


def _decisions(mission: Mission, now: float, opened: dict[str, float]) -> tuple[DecisionLine, ...]:
    return tuple(
        DecisionLine(
            id=d.id,
            kind=d.kind,
            summary=d.summary,
            blocks=d.blocks,
            default=d.default,
            opened_at=opened.get(d.id, now),
        )
        for d in mission.decisions.open
    )

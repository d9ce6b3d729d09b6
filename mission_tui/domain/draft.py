"""A human's edit of contract and plan: what it says, and the facts it becomes.

Before approval an edit changes the draft; afterwards it is a signed amendment and changes of features. Screen and
engine use the same functions, so what the screen shows beside a line is what the engine would answer.
"""

from collections.abc import Iterable

from pydantic import Field

from mission_tui.domain.base import Frozen
from mission_tui.domain.contract import Amendment, Assertion
from mission_tui.domain.events import (
    AnyEvent,
    ContractAmended,
    ContractDrafted,
    DecisionWithdrawn,
    FeatureAdded,
    FeatureCancelled,
    FeatureChanged,
    MessageSaid,
    MessagesDelivered,
    PlanDrafted,
    PlanSubmitted,
)
from mission_tui.domain.mission import Mission
from mission_tui.domain.plan import Feature, Milestone, Services

SERVICES = "services"
"""What the services manifest is called among the ids of an edit."""


class DraftEdit(Frozen):
    """Parts of contract and plan as the human wants them; what is not named stays."""

    assertions: tuple[Assertion, ...] = ()
    milestones: tuple[Milestone, ...] = ()
    features: tuple[Feature, ...] = ()
    services: Services | None = None
    removed: tuple[str, ...] = ()
    """Ids of assertions, milestones and features."""
    order: tuple[str, ...] = ()
    """Milestones and features in the order wanted; those left out come after, as they were."""
    based_on: dict[str, str] = Field(default_factory=dict)
    """What each named part said when the human began, so that nobody else's change is lost unseen."""

    @property
    def names(self) -> tuple[str, ...]:
        """Everything the edit touches."""
        parts = (*self.assertions, *self.milestones, *self.features)
        services = (SERVICES,) if self.services is not None else ()
        return (*(p.id for p in parts), *services, *self.removed)

    @property
    def empty(self) -> bool:
        return not self.names and not self.order


def part(mission: Mission, name: str) -> Frozen | None:
    """The assertion, milestone, feature or services manifest of that name as it stands."""
    if name == SERVICES:
        return mission.plan.services
    if name in mission.contract.assertions:
        return mission.contract.assertions[name]
    if name in mission.plan.features:
        return mission.plan.features[name].feature
    return mission.plan.milestones[name].milestone if name in mission.plan.milestones else None


def said(mission: Mission, name: str) -> str:
    """What a part says, to be compared later; empty while it does not exist."""
    found = part(mission, name)
    return "" if found is None else found.model_dump_json(exclude_defaults=True)


def outdated(mission: Mission, edit: DraftEdit) -> list[str]:
    """Parts that somebody else changed since the human began to edit them."""
    return [name for name, before in edit.based_on.items() if said(mission, name) != before]


def facts_of(mission: Mission, edit: DraftEdit) -> list[AnyEvent]:
    """What the edit does to a mission; nothing when it says what is there already."""
    changes = _amended(mission, edit) if mission.plan.approved else _drafted(mission, edit)
    if not changes:
        return []
    return [*changes, *_told(mission, edit)]


def _drafted(mission: Mission, edit: DraftEdit) -> list[AnyEvent]:
    events: list[AnyEvent] = []
    gone = tuple(n for n in edit.removed if n in mission.contract.assertions)
    if edit.assertions or gone:
        events.append(ContractDrafted(assertions=edit.assertions, removed=gone))
    others = tuple(n for n in edit.removed if n not in gone)
    features = (*edit.features, *_without(mission, set(gone), edit))
    if features or edit.milestones or others or edit.services is not None or edit.order:
        events.append(
            PlanDrafted(
                milestones=edit.milestones,
                features=features,
                services=edit.services,
                removed=others,
                order=edit.order,
            )
        )
    if events and mission.plan.submitted:
        events += [
            DecisionWithdrawn(id=d.id, reason="you changed the draft; it will be shown again")
            for d in mission.decisions.open
            if d.kind == "approve_plan"
        ]
        events.append(PlanSubmitted())
    return events


def _without(mission: Mission, gone: set[str], edit: DraftEdit) -> tuple[Feature, ...]:
    """Features that named a removed assertion, without it."""
    if not gone:
        return ()
    edited = {f.id for f in edit.features} | set(edit.removed)
    states = (s.feature for s in mission.plan.features.values())
    return tuple(
        f.model_copy(update={"fulfills": tuple(a for a in f.fulfills if a not in gone)})
        for f in states
        if f.id not in edited and not gone.isdisjoint(f.fulfills)
    )


def _amended(mission: Mission, edit: DraftEdit) -> list[AnyEvent]:
    live, plan = mission.contract.assertions, mission.plan
    amendment = Amendment(
        add=tuple(a for a in edit.assertions if a.id not in live),
        change=tuple(a for a in edit.assertions if a.id in live),
        drop=tuple(n for n in edit.removed if n in live),
        reason="the human edited the contract",
    )
    events: list[AnyEvent] = []
    if amendment.add or amendment.change or amendment.drop:
        events.append(ContractAmended(amendment=amendment, signed=True))
    if edit.milestones or edit.services is not None or edit.order:
        events.append(PlanDrafted(milestones=edit.milestones, services=edit.services, order=edit.order))
    for feature in edit.features:
        if feature.id in plan.features:
            retry = plan.features[feature.id].status == "failed"
            events.append(FeatureChanged(feature=feature, retry=retry))
        else:
            events.append(FeatureAdded(feature=feature, origin="rescope"))
    events += [FeatureCancelled(id=n, reason="the human took it out") for n in edit.removed if n not in live]
    return events


def _told(mission: Mission, edit: DraftEdit) -> list[AnyEvent]:
    """The orchestrator learns of it: at once while it works, else when it is next needed."""
    message = MessageSaid(author="human", text=in_words(mission, edit))
    talk = mission.conversation
    working = any(mission.runs.runs[r].started.role == "orchestrator" for r in mission.runs.active)
    if working or talk.undelivered or not mission.plan.submitted:
        return [message]
    return [message, MessagesDelivered(upto=len(talk.messages) + 1)]


def in_words(mission: Mission, edit: DraftEdit) -> str:
    """The edit in a sentence."""
    touched = [n for n in edit.names if n not in edit.removed]
    parts = [
        ("added", [n for n in touched if part(mission, n) is None]),
        ("changed", [n for n in touched if part(mission, n) is not None]),
        ("removed", list(edit.removed)),
    ]
    words = [f"{what} {_listed(names)}" for what, names in parts if names]
    words += ["put features in another order"] if edit.order else []
    return f"I edited the contract and plan myself: {'; '.join(words)}."


def _listed(names: Iterable[str]) -> str:
    given = list(dict.fromkeys(names))
    return ", ".join(given[:8]) + (f" and {len(given) - 8} more" if len(given) > 8 else "")


__all__ = ["SERVICES", "DraftEdit", "facts_of", "in_words", "outdated", "part", "said"]

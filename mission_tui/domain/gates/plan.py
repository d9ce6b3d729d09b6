"""Gates on the plan: every assertion has one owner, every feature a purpose and a place."""

from collections.abc import Iterator

from mission_tui.domain.events import (
    AnyEvent,
    FeatureAdded,
    FeatureCancelled,
    FeatureChanged,
    FeatureCompleted,
    PlanApproved,
    PlanDrafted,
    PlanSubmitted,
)
from mission_tui.domain.gates.base import Violation, duplicates
from mission_tui.domain.mission import Mission
from mission_tui.domain.plan import Feature
from mission_tui.domain.secrets import references


def _written(event: AnyEvent) -> tuple[Feature, ...]:
    if isinstance(event, PlanDrafted):
        return event.features
    if isinstance(event, FeatureAdded | FeatureChanged):
        return (event.feature,)
    return ()


def a_plan_has_a_contract(mission: Mission, event: AnyEvent) -> Iterator[Violation]:
    """Nothing is planned against an empty contract, and an empty plan is no plan."""
    if not isinstance(event, PlanSubmitted | PlanApproved):
        return
    if not mission.contract.assertions:
        yield Violation(
            rule="no_contract", offender="contract", message="the contract has no assertions; write it before the plan"
        )
    if not mission.plan.features:
        yield Violation(rule="no_features", offender="plan", message="the plan has no features")


def every_assertion_has_one_owner(mission: Mission, event: AnyEvent) -> Iterator[Violation]:
    """A live assertion is fulfilled by exactly one feature of the plan; guards need none."""
    if not isinstance(event, PlanSubmitted | PlanApproved):
        return
    owners: dict[str, list[str]] = {name: [] for name in mission.contract.assertions}
    for state in mission.plan.features.values():
        for assertion in state.feature.fulfills:
            if state.status != "cancelled" and assertion in owners:
                owners[assertion].append(state.feature.id)
    for name, features in owners.items():
        if not features and not mission.contract.assertions[name].guard:
            yield Violation(
                rule="no_owner",
                offender=name,
                message=f"{name}: no feature fulfils it; name it in one feature's `fulfills`, or mark it `guard` if it "
                "protects behaviour that exists already",
            )
        if len(features) > 1:
            yield Violation(
                rule="two_owners",
                offender=name,
                message=f"{name}: fulfilled by {', '.join(features)}; exactly one feature must own it",
            )


def a_feature_has_a_purpose(_mission: Mission, event: AnyEvent) -> Iterator[Violation]:
    """A feature fulfils an assertion, or says why it is needed all the same."""
    for feature in _written(event):
        if not feature.fulfills and not (feature.enabling or "").strip():
            yield Violation(
                rule="no_purpose",
                offender=feature.id,
                message=f"{feature.id}: fulfils no assertion; name one in `fulfills` or give `enabling: REASON`",
            )


def features_name_what_exists(mission: Mission, event: AnyEvent) -> Iterator[Violation]:
    """Skills, assertions and milestones that a feature names are known."""
    batch = {m.id for m in event.milestones} if isinstance(event, PlanDrafted) else set[str]()
    milestones = batch | mission.plan.milestones.keys()
    for feature in _written(event):
        if feature.skill is not None and feature.skill not in mission.conversation.skills:
            known = ", ".join(sorted(mission.conversation.skills)) or "none"
            yield Violation(
                rule="unknown_skill",
                offender=feature.id,
                message=f"{feature.id}: the skill {feature.skill!r} is unknown (known: {known}); write it first or "
                "leave `skill` out",
            )
        for name in feature.fulfills:
            if name not in mission.contract.assertions:
                yield Violation(
                    rule="unknown_assertion",
                    offender=feature.id,
                    message=f"{feature.id}: fulfils {name}, which is not in the contract",
                )
        if feature.milestone not in milestones:
            yield Violation(
                rule="unknown_milestone",
                offender=feature.id,
                message=f"{feature.id}: its milestone {feature.milestone!r} is not in the plan",
            )


def plan_ids_are_unique(mission: Mission, event: AnyEvent) -> Iterator[Violation]:
    """One id, one feature or milestone."""
    if isinstance(event, PlanDrafted):
        for name in duplicates([*(m.id for m in event.milestones), *(f.id for f in event.features)]):
            yield Violation(
                rule="duplicate_id", offender=name, message=f"{name}: two features or milestones have this id"
            )
    if isinstance(event, FeatureAdded) and event.feature.id in mission.plan.features:
        yield Violation(
            rule="duplicate_id",
            offender=event.feature.id,
            message=f"{event.feature.id}: exists already; use change_feature or another id",
        )


def preconditions_come_earlier(mission: Mission, event: AnyEvent) -> Iterator[Violation]:
    """`after` names features that come before it in plan order, milestones first."""
    if isinstance(event, PlanSubmitted | PlanApproved):
        order = _order(mission)
        for name, state in mission.plan.features.items():
            yield from _late(state.feature, order, order.get(name, 0))
    elif isinstance(event, FeatureAdded | FeatureChanged):
        order = _order(mission)
        yield from _late(event.feature, order, order.get(event.feature.id, len(order)))


def an_order_keeps_preconditions(mission: Mission, event: AnyEvent) -> Iterator[Violation]:
    """Once the plan is approved, a new order puts no feature before what it comes after."""
    if not isinstance(event, PlanDrafted) or not event.order or not mission.plan.approved:
        return
    order = _order(mission.apply(event))
    for name, state in mission.plan.features.items():
        if state.status == "pending":
            yield from _late(state.feature, order, order[name])


def _order(mission: Mission) -> dict[str, int]:
    rank = {m: i for i, m in enumerate(mission.plan.milestones)}
    states = sorted(mission.plan.features.values(), key=lambda s: rank.get(s.feature.milestone, len(rank)))
    return {s.feature.id: i for i, s in enumerate(states)}


def _late(feature: Feature, order: dict[str, int], place: int) -> Iterator[Violation]:
    for name in feature.after:
        if name not in order:
            yield Violation(
                rule="unknown_precondition",
                offender=feature.id,
                message=f"{feature.id}: comes after {name}, which is not in the plan",
            )
        elif order[name] >= place:
            yield Violation(
                rule="late_precondition",
                offender=feature.id,
                message=f"{feature.id}: comes after {name}, which is later in the plan; reorder the features",
            )


def an_approved_plan_changes_feature_by_feature(mission: Mission, event: AnyEvent) -> Iterator[Violation]:
    """Drafting ends with approval; later only new milestones and the services manifest are written as a whole."""
    if not mission.plan.approved:
        return
    drafted = isinstance(event, PlanDrafted) and (
        event.features or event.removed or any(m.id in mission.plan.milestones for m in event.milestones)
    )
    if drafted or isinstance(event, PlanSubmitted):
        yield Violation(
            rule="plan_approved",
            offender="plan",
            message="the plan is approved; use add_feature, change_feature or cancel_feature",
        )


def secrets_are_the_humans_to_give(mission: Mission, event: AnyEvent) -> Iterator[Violation]:
    """A secret is named in the plan that the human approves, or by the human; a model's key is none."""
    if not isinstance(event, PlanDrafted) or event.services is None:
        return
    keys = {name for seat in mission.seats.values() for name in seat.key_variables}
    for name in event.services.secrets:
        if name in keys:
            yield Violation(
                rule="secret", offender=name, message=f"{name}: holds the key of a model; no app is given that"
            )
        elif mission.plan.approved and name not in mission.plan.services.secrets and event.command_id is None:
            yield Violation(
                rule="secret",
                offender=name,
                message=f"{name}: the plan was approved without this secret; ask the human to add it to the services",
            )


def secrets_that_are_used_are_named(mission: Mission, event: AnyEvent) -> Iterator[Violation]:
    """`${NAME}` in a check step of an app or a terminal is a secret of the services manifest."""
    if not isinstance(event, PlanSubmitted | PlanApproved):
        return
    named = set(mission.plan.services.secrets)
    for assertion in mission.contract.assertions.values():
        # A shell line has its own meaning of it.
        steps = [] if assertion.proof.by == "command" else [s.model_dump(mode="json") for s in assertion.proof.checks]
        used = {name for step in steps for key, value in step.items() if key != "spawn" for name in references(value)}
        for name in sorted(used - named):
            yield Violation(
                rule="secret",
                offender=assertion.id,
                message=f"{assertion.id}: uses ${{{name}}}, which the services manifest does not name in `secrets`; "
                f"write $${{{name}}} if the text itself is meant",
            )


def a_sealed_milestone_takes_no_features(mission: Mission, event: AnyEvent) -> Iterator[Violation]:
    """What was accepted stays as it was accepted."""
    if not isinstance(event, FeatureAdded | FeatureChanged | FeatureCancelled):
        return
    touched = {f.milestone for f in _written(event)}
    name = event.id if isinstance(event, FeatureCancelled) else event.feature.id
    if name in mission.plan.features:
        touched.add(mission.plan.features[name].feature.milestone)
    for milestone in sorted(touched):
        state = mission.plan.milestones.get(milestone)
        if state is not None and state.sealed:
            yield Violation(
                rule="sealed_milestone",
                offender=name,
                message=f"{name}: milestone {milestone} is sealed and takes no changes; use a later milestone",
            )


def features_under_way_stay_as_they_are(mission: Mission, event: AnyEvent) -> Iterator[Violation]:
    """A feature is changed or cancelled before its run starts or after it failed, and it must exist."""
    if not isinstance(event, FeatureChanged | FeatureCancelled):
        return
    name = event.id if isinstance(event, FeatureCancelled) else event.feature.id
    state = mission.plan.features.get(name)
    if state is None:
        yield Violation(rule="unknown_feature", offender=name, message=f"{name}: no feature has this id")
    elif state.status not in ("pending", "failed"):
        yield Violation(
            rule="feature_state",
            offender=name,
            message=f"{name}: is {state.status}; only pending and failed features can be changed. Add a fix feature",
        )


def no_assertion_loses_its_owner(mission: Mission, event: AnyEvent) -> Iterator[Violation]:
    """Cancelling or changing a feature leaves every live assertion with an owner."""
    if not mission.plan.approved or not isinstance(event, FeatureChanged | FeatureCancelled):
        return
    name = event.id if isinstance(event, FeatureCancelled) else event.feature.id
    kept = set(event.feature.fulfills) if isinstance(event, FeatureChanged) else set[str]()
    others = {
        a for s in mission.plan.features.values() if s.feature.id != name and s.status != "cancelled"
        for a in s.feature.fulfills
    }  # fmt: skip
    state = mission.plan.features.get(name)
    for assertion in state.feature.fulfills if state else ():
        live = mission.contract.assertions.get(assertion)
        if live and not live.guard and assertion not in kept | others:
            yield Violation(
                rule="no_owner",
                offender=assertion,
                message=f"{assertion}: would be left without a feature; add the feature that takes it over first, or "
                "drop it with amend_contract",
            )


def a_feature_completes_after_its_handoff(mission: Mission, event: AnyEvent) -> Iterator[Violation]:
    """Exactly one accepted handoff, stored before the feature advances."""
    if not isinstance(event, FeatureCompleted):
        return
    state = mission.plan.features.get(event.id)
    if state is None or state.status != "in_progress":
        yield Violation(
            rule="feature_state", offender=event.id, message=f"{event.id}: is not in progress, so it cannot complete"
        )
    handoff = next((h for h in reversed(mission.runs.handoffs) if h.feature == event.id), None)
    if handoff is None or handoff.partial or (state and handoff.attempt != state.attempts):
        yield Violation(
            rule="no_handoff",
            offender=event.id,
            message=f"{event.id}: its present attempt has no accepted handoff, so it cannot complete",
        )
    if not event.commits:
        yield Violation(rule="no_commit", offender=event.id, message=f"{event.id}: completes without a commit")


def issues_that_are_answered_exist(mission: Mission, event: AnyEvent) -> Iterator[Violation]:
    """`resolves` names open issues."""
    if isinstance(event, FeatureAdded):
        open_ids = {i.id for i in mission.issues.open}
        for name in event.resolves:
            if name not in open_ids:
                yield Violation(rule="unknown_issue", offender=name, message=f"{name}: no open issue has this id")


RULES = (
    a_plan_has_a_contract,
    every_assertion_has_one_owner,
    a_feature_has_a_purpose,
    features_name_what_exists,
    plan_ids_are_unique,
    preconditions_come_earlier,
    an_order_keeps_preconditions,
    an_approved_plan_changes_feature_by_feature,
    secrets_are_the_humans_to_give,
    secrets_that_are_used_are_named,
    a_sealed_milestone_takes_no_features,
    features_under_way_stay_as_they_are,
    no_assertion_loses_its_owner,
    a_feature_completes_after_its_handoff,
    issues_that_are_answered_exist,
)

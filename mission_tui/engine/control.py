"""The negative control: proofs on scratch copies of trees without the work, where they have to fail."""

from collections.abc import Sequence

from mission_tui.domain import next as n
from mission_tui.domain.contract import Assertion
from mission_tui.domain.control import control_result, grounds, red_before
from mission_tui.domain.events import ControlRecorded, IssueOpened
from mission_tui.domain.handoff import Issue
from mission_tui.domain.mission import Mission
from mission_tui.domain.state.plan import FeatureState
from mission_tui.domain.verdict import ControlResult
from mission_tui.engine.desk import Desk
from mission_tui.engine.proving import Proving


class NegativeControl:
    def __init__(self, desk: Desk, proving: Proving) -> None:
        self.desk = desk
        self.proving = proving

    async def run(self, action: n.Control) -> None:
        """Every asked proof on the parent tree of its feature; what is not red opens issues."""
        mission = self.desk.mission
        number = mission.validation.rounds[action.milestone][-1].round
        wanted = [(mission.contract.assertions[name], grounds(mission, name)) for name in action.assertions]
        results = await self.without_the_work(wanted, f"control-{action.milestone}-{number}")
        recorded = ControlRecorded(milestone=action.milestone, round=number, results=tuple(results))
        self.desk.append(recorded, *_issues(mission, action.milestone, results))

    async def without_the_work(
        self, wanted: Sequence[tuple[Assertion, tuple[FeatureState, ...]]], label: str
    ) -> list[ControlResult]:
        """Each proof on the parent trees of its features, the newest first, until it is red on one of them.

        Otherwise what was seen where least of the work was there counts.
        """
        found: dict[str, ControlResult] = {}
        left = [(a, features) for a, features in wanted if features]
        depth = 0
        while left:
            trees: dict[str, list[Assertion]] = {}
            owners = {a.id: features[0] for a, features in left}
            for assertion, features in left:
                trees.setdefault(features[0].parent or "", []).append(assertion)
            for result in await self.proving.prove_at(trees, f"{label}-{depth}"):
                name = result.assertion.id
                found[name] = control_result(name, owners[name], result.status, result.cause, result.reason)
            left = [(a, features[1:]) for a, features in left if features[1:] and found[a.id].outcome != "red"]
            depth += 1
        return [found[a.id] for a, _ in wanted if a.id in found]


def _issues(mission: Mission, milestone: str, results: Sequence[ControlResult]) -> list[IssueOpened]:
    """One for each vacuous proof; one for all of a feature's proofs that nothing has shown to be red."""
    first = len(mission.issues.issues) + 1
    issues = [
        Issue(
            id="I",
            source="validation",
            severity="blocking",
            summary=f"{r.assertion} passes on the parent tree of {r.feature}, without its work: amend the proof so "
            "that it fails there, or dismiss this with your reason and the human is asked to sign it",
            feature=r.feature,
            assertion=r.assertion,
            milestone=milestone,
        )
        for r in results
        if r.outcome == "vacuous"
    ]
    unclear: dict[str, list[ControlResult]] = {}
    for r in results:
        if r.outcome == "inconclusive" and not red_before(mission, r.assertion):
            unclear.setdefault(r.feature, []).append(r)
    issues += [_unclear(mission, milestone, feature, every) for feature, every in unclear.items()]
    return [IssueOpened(issue=i.model_copy(update={"id": f"I{first + k}"})) for k, i in enumerate(issues)]


def _unclear(mission: Mission, milestone: str, feature: str, results: list[ControlResult]) -> Issue:
    lines = [f"{r.assertion} [{r.cause}]: {r.reason[:400]}" for r in results]
    return Issue(
        id="I",
        source="validation",
        severity="non_blocking",
        summary=f"{', '.join(r.assertion for r in results)}: never seen to fail for the asserted reason. On the parent "
        f"tree of {feature} the product could not be observed",
        detail="Begin the checks with an expectation that the missing work breaks, or say why this cannot be.\n"
        + "\n".join(lines),
        feature=feature,
        milestone=milestone,
    )

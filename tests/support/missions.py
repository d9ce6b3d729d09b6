"""Small missions made of events, for tests of the domain."""

from mission_tui.domain.contract import Assertion
from mission_tui.domain.events import (
    AnyEvent,
    CommitRecorded,
    ContractDrafted,
    ControlRecorded,
    FeatureCompleted,
    FlowReplayed,
    HandoffRecorded,
    MissionCreated,
    PlanApproved,
    PlanDrafted,
    PlanSubmitted,
    RunEnded,
    RunStarted,
    ScrutinyRecorded,
    ValidationConcluded,
    ValidationStarted,
    VerdictRecorded,
)
from mission_tui.domain.gates import GateRefused, check
from mission_tui.domain.handoff import Handoff
from mission_tui.domain.mission import Mission
from mission_tui.domain.plan import Feature, Milestone
from mission_tui.domain.ports import Usage
from mission_tui.domain.seats import SeatSettings
from mission_tui.domain.verdict import Evidence, Verdict, VerdictStatus

SHA = "a" * 64


def assertion(name: str, *, guard: bool = False, **proof: object) -> Assertion:
    return Assertion.model_validate(
        {
            "id": name,
            "title": f"{name} holds",
            "statement": "the command prints ok",
            "guard": guard,
            "proof": {
                "by": "command",
                "procedure": "run it",
                "evidence": ["output", "exit_code"],
                "checks": [{"run": "echo ok", "expect_stdout": "^ok$"}],
                **proof,
            },
        }
    )


def feature(name: str, fulfills: tuple[str, ...] = (), milestone: str = "M1", **more: object) -> Feature:
    return Feature.model_validate(
        {"id": name, "title": name, "milestone": milestone, "spec": "do it", "fulfills": fulfills, **more}
    )


def created(**more: object) -> MissionCreated:
    return MissionCreated.model_validate(
        {
            "id": "demo-1",
            "title": "Demo",
            "goal": "Make it print ok",
            "repo": "/repo",
            "branch": "mission/demo",
            "base_commit": "c0",
            "base_tree": "t0",
            "seats": {"default": SeatSettings(model="scripted:x")},
            "skills": ("backend-worker",),
            **more,
        }
    )


def planned() -> list[AnyEvent]:
    """Two milestones, two features, two assertions and a guard; not approved."""
    return [
        created(),
        ContractDrafted(
            assertions=(assertion("VAL-A-001"), assertion("VAL-B-001"), assertion("VAL-G-001", guard=True))
        ),
        PlanDrafted(
            milestones=(Milestone(id="M1", title="One"), Milestone(id="M2", title="Two")),
            features=(feature("F1", ("VAL-A-001",)), feature("F2", ("VAL-B-001",), "M2", after=("F1",))),
        ),
        PlanSubmitted(),
    ]


def approved() -> list[AnyEvent]:
    return [*planned(), PlanApproved(contract_version=1, base_commit="c0")]


def worker_started(run: str = "R1", name: str = "F1") -> RunStarted:
    return RunStarted(run_id=run, role="worker", model="m", feature=name, milestone="M1", base="c0")


def handed_off(run: str = "R1", name: str = "F1", commit: str = "c1", attempt: int = 1) -> list[AnyEvent]:
    """What ends a worker's run."""
    return [
        CommitRecorded(run_id=run, commit=commit, tree=f"t-{commit}", paths=("a.py",), reason="handoff"),
        HandoffRecorded(
            run_id=run,
            feature=name,
            attempt=attempt,
            handoff=Handoff(summary="done"),
            claims=(),
            base="c0",
            head=commit,
        ),
        FeatureCompleted(run_id=run, id=name, base="c0", head=commit, commits=(commit,), paths=("a.py",)),
        run_ended(run),
    ]


def run_ended(run: str = "R1") -> RunEnded:
    return RunEnded(run_id=run, outcome="finished", summary="done", usage=Usage(), steps=3)


def built() -> list[AnyEvent]:
    """The first milestone's feature is completed."""
    return [*approved(), worker_started(), *handed_off()]


def evidence(*kinds: str) -> tuple[Evidence, ...]:
    return tuple(
        Evidence.model_validate(
            {"id": f"E{i}", "kind": k, "artifact": SHA, "name": k, "media_type": "text/plain", "bytes": 2}
        )
        for i, k in enumerate(kinds)
    )


def verdict(name: str, status: VerdictStatus = "passed", **more: object) -> VerdictRecorded:
    return VerdictRecorded(
        verdict=Verdict.model_validate(
            {
                "assertion": name,
                "status": status,
                "reason": "seen",
                "evidence": evidence("output", "exit_code"),
                "prover": "mechanical",
                "tree": "t-c1",
                "milestone": "M1",
                "round": 1,
                **more,
            }
        )
    )


def controlled(name: str, outcome: str = "red", milestone: str = "M1", feature_id: str = "F1") -> ControlRecorded:
    """The assertion's proof on the tree from before the work."""
    cause = {"red": "expectation", "vacuous": None}.get(outcome, "locator")
    result = {"assertion": name, "feature": feature_id, "commit": "c0", "outcome": outcome, "cause": cause}
    return ControlRecorded.model_validate({"milestone": milestone, "round": 1, "results": [result]})


def replayed(name: str, claimed: str = "passed", status: str = "passed", **more: object) -> FlowReplayed:
    """A flow that an agent gave, carried out by the engine."""
    return FlowReplayed.model_validate(
        {
            "assertion": name,
            "proof": assertion(name).proof,
            "claimed": claimed,
            "status": status,
            "cause": None if status == "passed" else "expectation",
            "reason": "seen",
            "milestone": "M1",
            "round": 1,
            **more,
        }
    )


def validating() -> list[AnyEvent]:
    """The first round of the first milestone is under way, its checks have run."""
    return [
        *built(),
        ValidationStarted(milestone="M1", round=1, tree="t-c1"),
        ScrutinyRecorded(milestone="M1", round=1, checks=(), comparisons=()),
    ]


def proved() -> list[AnyEvent]:
    return [
        *validating(),
        verdict("VAL-A-001"),
        verdict("VAL-G-001"),
        controlled("VAL-A-001"),
        ValidationConcluded(milestone="M1", round=1, passed=True, summary="all hold"),
    ]


def fold_gated(events: list[AnyEvent]) -> Mission:
    """The state, with every event gated on the way as the ledger does."""
    mission = Mission()
    for event in events:
        violations = check(mission, event)
        if violations:
            raise GateRefused(violations)
        mission = mission.apply(event)
    return mission


def refusal(events: list[AnyEvent], event: AnyEvent) -> set[str]:
    """The rules that one more event would break."""
    return {v.rule for v in check(fold_gated(events), event)}

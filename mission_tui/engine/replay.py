"""Carries a flow out again without a model: in a fresh session here, and on the tree from before the work."""

from mission_tui.domain.contract import Assertion
from mission_tui.domain.control import exempt, grounds
from mission_tui.domain.verdict import Evidence
from mission_tui.engine.control import NegativeControl
from mission_tui.engine.desk import Desk
from mission_tui.engine.proving import Proving
from mission_tui.engine.workshop import store_evidence
from mission_tui.proof.results import ProofResult
from mission_tui.tools.base import Replay, ToolProblem


async def replay_flow(desk: Desk, assertion: Assertion, commit: str, label: str) -> Replay:
    """Replay a flow on a commit's tree; when it passes, also where its feature's work is missing.

    Raises ToolProblem when the environment cannot be made.
    """
    proving = Proving(desk)
    problem = await proving.prepare(commit)
    if problem is not None:
        raise ToolProblem(f"the flow cannot be replayed: {problem}")
    evidence: list[Evidence] = []

    def keep(result: ProofResult) -> None:
        evidence.extend(store_evidence(desk, raw, f"replay-{k}") for k, raw in enumerate(result.evidence, 1))

    (result,) = await proving.prove([assertion], commit, f"replay-{label}", keep)
    control = None
    if result.status == "passed" and not exempt(desk.mission, assertion):
        wanted = [(assertion, grounds(desk.mission, assertion.id))]
        seen = await NegativeControl(desk, proving).without_the_work(wanted, f"replay-{label}-control")
        control = seen[0] if seen else None
    return Replay(assertion.proof, result.status, result.cause, result.reason, tuple(evidence), control)

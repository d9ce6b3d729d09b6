"""What may not happen: one small pure function per rule. The list of gates is the policy."""

from mission_tui.domain.events import AnyEvent
from mission_tui.domain.gates import contract, lifecycle, plan, validation
from mission_tui.domain.gates.base import GateRefused, Violation
from mission_tui.domain.mission import Mission

RULES = (*lifecycle.RULES, *contract.RULES, *plan.RULES, *validation.RULES)


def check(mission: Mission, event: AnyEvent) -> list[Violation]:
    """Every rule that the event would break; empty when it may happen."""
    first = [v for rule in lifecycle.RULES for v in rule(mission, event)]
    if first:
        return first
    return [v for rule in (*contract.RULES, *plan.RULES, *validation.RULES) for v in rule(mission, event)]


__all__ = ["RULES", "GateRefused", "Violation", "check"]

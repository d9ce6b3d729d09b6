"""The words for the states of things. A module of its own, so that whoever only shows them loads nothing else."""

from typing import Literal

MissionStatus = Literal[
    "planning", "awaiting_approval", "running", "paused", "waiting", "completed", "failed", "aborted"
]
AssertionStatus = Literal["pending", "passed", "failed", "blocked", "inconclusive", "stale", "overridden"]
MilestoneStatus = Literal["pending", "active", "validating", "review", "sealed", "rolled_back"]
FeatureStatus = Literal["pending", "in_progress", "completed", "failed", "cancelled"]
DecisionKind = Literal[
    "approve_plan",
    "review_milestone",
    "sign_amendment",
    "raise_cap",
    "answer",
    "provider",
    "round_cap",
    "request",
    "box",
]

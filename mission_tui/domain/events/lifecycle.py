"""Facts about the mission as a whole, and what was said in it."""

from typing import Literal

from pydantic import Field

from mission_tui.domain.budget import Limits
from mission_tui.domain.events.base import Event
from mission_tui.domain.seats import SeatSettings


class MissionCreated(Event):
    kind: Literal["mission_created"] = "mission_created"
    id: str
    title: str
    goal: str
    repo: str
    branch: str
    base_commit: str
    base_tree: str
    """Fingerprint of the base commit's tree."""
    review: str = Field(default="milestone", pattern=r"^(auto|milestone|every:[1-9][0-9]*)$")
    seats: dict[str, SeatSettings]
    limits: Limits = Limits()
    network: Literal["none", "registries", "open"] = "none"
    skills: tuple[str, ...] = ()
    """Names of the skills that features may ask for."""
    notes: tuple[str, ...] = ()
    """What the human should know, for instance that the checkout was dirty."""
    round_cap: int = Field(default=5, ge=1)
    interviewed: bool = True
    """False when the plan came from a file."""


class MissionPaused(Event):
    kind: Literal["mission_paused"] = "mission_paused"
    reason: str
    at_once: bool = False


class MissionResumed(Event):
    kind: Literal["mission_resumed"] = "mission_resumed"


class MissionAborted(Event):
    kind: Literal["mission_aborted"] = "mission_aborted"
    reason: str


class MissionCompleted(Event):
    kind: Literal["mission_completed"] = "mission_completed"
    tree: str


class MissionFailed(Event):
    kind: Literal["mission_failed"] = "mission_failed"
    reason: str


class MissionRolledBack(Event):
    """Code, contract, verdicts, plan and skills go back together to a checkpoint."""

    kind: Literal["mission_rolled_back"] = "mission_rolled_back"
    to: str
    """`base`, or the id of a sealed milestone whose end is meant."""
    reason: str


class BudgetChanged(Event):
    kind: Literal["budget_changed"] = "budget_changed"
    limits: Limits


class ArtifactsCollected(Event):
    """Stored files that only dropped attempts had named are about to be removed: the removal follows this fact."""

    kind: Literal["artifacts_collected"] = "artifacts_collected"
    artifacts: tuple[str, ...] = Field(min_length=1)
    """SHA-256 of each."""
    bytes: int = Field(ge=0)
    """Of all together."""


class SeatSwitched(Event):
    """Another model answers for a seat: its fallback, or itself again."""

    kind: Literal["seat_switched"] = "seat_switched"
    role: str
    model: str
    reason: str
    until: float | None = None
    """Unix time in seconds at which the seat's own model is asked again; None: it is the seat's own."""


class SeatChanged(Event):
    kind: Literal["seat_changed"] = "seat_changed"
    role: str
    seat: SeatSettings


class CommitRecorded(Event):
    kind: Literal["commit_recorded"] = "commit_recorded"
    commit: str
    tree: str
    """Fingerprint of the tree without `.mission/` and `.agents/`."""
    paths: tuple[str, ...]
    reason: str


class MessageSaid(Event):
    kind: Literal["message_said"] = "message_said"
    author: Literal["human", "orchestrator"]
    text: str = Field(min_length=1)


class MessagesDelivered(Event):
    """An orchestrator run was shown every message up to number `upto` (count of messages said)."""

    kind: Literal["messages_delivered"] = "messages_delivered"
    upto: int = Field(ge=0)


class ConstraintBroadcast(Event):
    kind: Literal["constraint_broadcast"] = "constraint_broadcast"
    text: str = Field(min_length=1)


class SkillWritten(Event):
    kind: Literal["skill_written"] = "skill_written"
    name: str
    author: Literal["orchestrator", "worker", "human"]
    lesson: str | None = None
    text: str | None = None
    """The whole SKILL.md of a human's edit, which the engine commits between runs."""
    based_on: str | None = None
    """What it said when the human began to edit; lessons that were recorded meanwhile are kept."""


class SkillsCommitted(Event):
    """A human's edits of these skills are on the mission branch."""

    kind: Literal["skills_committed"] = "skills_committed"
    names: tuple[str, ...]

"""What the list of missions says of each: read as it was stored, without the models that a ledger is made of.

They cost a third of the screen's start, and its first paint is the list.
"""

import json
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any, get_args

from mission_tui.domain.states import AssertionStatus, DecisionKind, MilestoneStatus, MissionStatus
from mission_tui.store.connection import Connection
from mission_tui.store.errors import DamagedDatabase
from mission_tui.store.layout import MissionFiles


@dataclass(frozen=True, slots=True)
class MilestoneLine:
    id: str
    title: str
    state: MilestoneStatus
    round: int
    """Validation rounds begun."""


@dataclass(frozen=True, slots=True)
class DecisionLine:
    id: str
    kind: DecisionKind
    summary: str
    blocks: str = ""
    default: str = ""
    opened_at: float = 0.0
    """Unix time in seconds; 0 in the list of a mission that has not been written to since this is kept."""


@dataclass(frozen=True, slots=True)
class Listed:
    """One mission in the list."""

    id: str
    title: str = ""
    repo: str = ""
    status: MissionStatus = "planning"
    created_at: float = 0.0
    """Unix time in seconds of the first event."""
    updated_at: float = 0.0
    """Unix time in seconds of the last event."""
    assertions: dict[AssertionStatus, int] = field(default_factory=dict[AssertionStatus, int])
    milestones: tuple[MilestoneLine, ...] = ()
    decisions: tuple[DecisionLine, ...] = ()
    active_roles: tuple[str, ...] = ()
    usd: float = 0.0
    usd_known: bool = True


def listed(files: MissionFiles) -> Listed:
    """One line of the mission list. Raises what `Connection` raises."""
    db = Connection(files.database)
    try:
        query = "SELECT state.summary, usd, usd_known FROM counters LEFT JOIN state ON state.id = 1"
        stored, usd, usd_known = db.rows(query)[0]
    finally:
        db.close()
    try:
        return _line(files.id, json.loads(stored or "{}"), float(usd), bool(usd_known))
    except (ValueError, TypeError, KeyError, AttributeError, IndexError) as error:
        raise DamagedDatabase(files.database, "its summary makes no sense") from error


STATUSES = frozenset(get_args(MissionStatus))
KINDS = frozenset(get_args(DecisionKind))


def _line(name: str, stored: dict[str, Any], usd: float, usd_known: bool) -> Listed:
    # Written by `StoredState`; what has a default there may be missing in the database of an earlier version.
    plain: dict[str, Callable[[Any], Any]] = {
        "title": str,
        "repo": str,
        "status": str,
        "created_at": float,
        "updated_at": float,
        "assertions": dict,
        "active_roles": tuple,
    }
    decisions = tuple(DecisionLine(**one) for one in stored.get("decisions", ()))
    if stored.get("status", "planning") not in STATUSES or not KINDS.issuperset(one.kind for one in decisions):
        raise ValueError("a state that nobody knows")
    return Listed(
        id=str(stored.get("id", name)),
        **{key: read(stored[key]) for key, read in plain.items() if key in stored},
        milestones=tuple(MilestoneLine(**one) for one in stored.get("milestones", ())),
        decisions=decisions,
        usd=usd,
        usd_known=usd_known,
    )

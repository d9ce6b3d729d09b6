"""The readiness report: what can be installed, checked, launched and validated in a repository.

Manifests are read, nothing is executed and nothing fetched. A broken manifest is said in the notes.
"""

from mission_tui.workspace.readiness.examine import examine
from mission_tui.workspace.readiness.model import Disagreement, Fact, Finding, FindingKind, Gap, Package, Readiness
from mission_tui.workspace.readiness.render import render

__all__ = [
    "Disagreement",
    "Fact",
    "Finding",
    "FindingKind",
    "Gap",
    "Package",
    "Readiness",
    "examine",
    "render",
]

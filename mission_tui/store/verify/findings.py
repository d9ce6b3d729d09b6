"""What verification reports, under the numbers of the invariants in ARCHITECTURE.md."""

from mission_tui.domain.base import Frozen

LEDGER = 1
"""No gap, never changed; its fold is the stored state."""
JOURNAL = 2
"""Every step has one intent and at most one result; none runs in a run that is over."""
WORK = 3
"""A completed feature has one handoff, stored before, and commits on the branch."""
ONE_WRITER = 4
"""At most one run that can write is active."""
EVIDENCE = 5
"""A pass has every declared kind of evidence, and the artifacts are what their names say."""
PROOF = 6
"""What is sealed or completed was proved, or signed over."""
SPEND = 7
"""Counters are right, and no call was begun beyond a cap."""
LEFTOVERS = 8
"""No known secret is stored, and no process, lock or run is left of what is over."""
SURROUNDINGS = 9
"""The user's checkout, index, stash, settings and other branches are as they were."""


class Broken(Frozen):
    """One thing that is not as it must be."""

    invariant: int
    what: str
    """One line that names the offender."""

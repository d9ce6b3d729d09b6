"""A milestone under review, as lines: its assertions, handoffs, and its diff file by file."""

from collections.abc import Sequence
from dataclasses import dataclass
from itertools import pairwise
from typing import NamedTuple

from mission_tui.domain.mission import Mission
from mission_tui.store.queries import Reader
from mission_tui.ui.look import ASSERTION, Line, Piece, Tone
from mission_tui.ui.text import clean, clock, counted, cut, money, one_line, padded, wrapped
from mission_tui.ui.widgets.lines import Painted

WIDE_CLAIM = 60
"""Cells from which a claim says by what it is proved."""
LONGEST_DIFF = 400_000
"""Characters of a milestone's diff that are shown; the rest is in the worktree."""


class Cost(NamedTuple):
    """What the milestone's runs have used."""

    usd: float
    known: bool
    seconds: float
    runs: int


def cost_of(reader: Reader, mission: Mission, milestone: str) -> Cost:
    """Sum of its runs, and the time they took."""
    runs = {name for name, run in mission.runs.runs.items() if run.started.milestone == milestone}
    totals = reader.run_list(runs)
    times: dict[str, float] = {}
    seconds = 0.0
    for one in reader.events(0, limit=-1, kinds=("run_started", "run_ended")):
        run_id = one.event.run_id or ""
        if run_id not in runs:
            continue
        if one.event.kind == "run_started":
            times[run_id] = one.at
        else:
            seconds += one.at - times.pop(run_id, one.at)
    known = all(t.usage.usd_known for t in totals)
    return Cost(sum(t.usage.usd for t in totals), known, seconds, len(runs))


class FileDiff(NamedTuple):
    """One file of a difference."""

    path: str
    added: int
    removed: int
    lines: tuple[str, ...]


def split_diff(text: str) -> list[FileDiff]:
    """A unified diff by file; the mission's own papers come last."""
    lines = text[:LONGEST_DIFF].split("\n")
    starts = [i for i, line in enumerate(lines) if line.startswith("diff --git ")] + [len(lines)]
    files = [_file(lines[a:b]) for a, b in pairwise(starts)]
    return sorted(files, key=lambda f: f.path.startswith((".mission/", ".agents/")))


def _file(lines: Sequence[str]) -> FileDiff:
    path = lines[0].rpartition(" b/")[2]
    body = tuple(line for line in lines[1:] if not line.startswith(("index ", "--- ", "+++ ")))
    added = sum(1 for line in body if line.startswith("+"))
    return FileDiff(path, added, sum(1 for line in body if line.startswith("-")), body)


def claims_of(mission: Mission, milestone: str) -> tuple[str, ...]:
    """What the milestone promises, and whatever of earlier ones was proved again and does not hold."""
    own = mission.own(milestone)
    return (*own, *(a for a in mission.to_prove(milestone) if a not in own and not mission.holds(a)))


def head_line(mission: Mission, milestone: str, files: Sequence[FileDiff] | None, cost: Cost | None) -> Line:
    """The milestone in figures."""
    title = one_line(mission.plan.milestones[milestone].milestone.title)
    names = claims_of(mission, milestone)
    states = [mission.assertion_status(a) for a in names]
    last = mission.validation.last_round(milestone)
    pieces: list[Piece] = [(f" {milestone} ", "key"), (title, "strong")]
    if last is not None:
        pieces.append((f"  round {last.round}", "faint"))
    for status in ("passed", "failed", "blocked", "inconclusive", "stale", "overridden", "pending"):
        if number := states.count(status):
            look = ASSERTION[status]
            pieces.append((f"  {number} {look.glyph}", look.tone))
    if files is not None:
        pieces.append((f"   +{sum(f.added for f in files)}", "added"))
        pieces.append((f" -{sum(f.removed for f in files)}", "removed"))
        pieces.append((f" in {counted(len(files), 'file')}", "faint"))
    if cost is not None:
        pieces.append((f"   {money(cost.usd, cost.known)}  {clock(cost.seconds)}", "plain"))
    return tuple(pieces)


@dataclass(frozen=True, slots=True)
class ClaimRow:
    """One assertion of the list at the left."""

    key: str
    mission: Mission

    def paint(self, width: int) -> Line:
        status = self.mission.assertion_status(self.key)
        look = ASSERTION[status]
        assertion = self.mission.contract.assertions[self.key]
        verdict = self.mission.validation.latest(self.key)
        files = f"{len(verdict.evidence)}▤" if verdict and verdict.evidence else ""
        by = f"{assertion.proof.by:<9}" if width >= WIDE_CLAIM else ""
        name = self.key.removeprefix("VAL-")
        room = width - 3 - 13 - len(by) - 14
        return (
            (f" {look.glyph} ", look.tone),
            (padded(name, 12) + " ", "code"),
            (padded(one_line(assertion.title), room), "plain"),
            (f" {by}", "faint"),
            (f"{look.word:<8}", look.tone),
            (f"{files:>4} ", "faint"),
        )


def handoff_rows(mission: Mission, milestone: str, width: int) -> list[Painted]:
    """Every handoff of the milestone: what was done and left, and claims against what was observed."""
    rows: list[Painted] = []
    for one in mission.runs.handoffs:
        state = mission.plan.features.get(one.feature)
        if state is None or state.feature.milestone != milestone:
            continue
        head = f"{one.feature} {one_line(state.feature.title)}"
        rows.append(
            Painted("", (head, "strong"), (f"  {one.run_id} · attempt {one.attempt} · {one.head[:7]}", "faint"))
        )
        rows += _wrapped(one.handoff.summary, width, 2, "plain", 6)
        for claim in one.claims:
            seen = f"exit {claim.observed_exit}" if claim.ran else "never run"
            mark: Piece = ("  ✖", "bad") if claim.contradicted else ("  ✔", "good")
            room = max(10, width - 44)
            rows.append(
                Painted(
                    "",
                    ("  claimed ", "faint"),
                    (padded(one_line(claim.command), room), "code"),
                    (f"  exit {claim.claimed_exit}".ljust(10), "plain"),
                    (f"observed {seen}".ljust(18), "bad" if claim.contradicted else "plain"),
                    mark,
                )
            )
        rows += [r for item in one.handoff.undone for r in _wrapped(f"undone: {item}", width, 2, "odd", 3)]
        if not one.handoff.procedure_followed:
            rows += _wrapped(f"procedure not followed: {one.handoff.deviations}", width, 2, "odd", 3)
        rows.append(Painted(""))
    return rows or [Painted("", ("No handoff yet.", "faint"))]


def diff_rows(files: Sequence[FileDiff], folded: frozenset[str], width: int) -> list[Painted]:
    """Files as headings that fold, and their lines coloured."""
    rows: list[Painted] = []
    for one in files:
        mark = "▸" if one.path in folded else "▾"
        figures = f"+{one.added} -{one.removed}"
        name = padded(one_line(one.path), max(8, width - 4 - len(figures)))
        rows.append(Painted(one.path, (f"{mark} ", "faint"), (name, "strong"), (f" {figures}", "faint")))
        if one.path not in folded:
            rows += [Painted(one.path, (cut(clean(line), width), _tone(line))) for line in one.lines]
    return rows or [Painted("", ("Nothing has changed.", "faint"))]


def _tone(line: str) -> Tone:
    if line.startswith("@@"):
        return "key"
    return "added" if line.startswith("+") else "removed" if line.startswith("-") else "plain"


def _wrapped(text: str, width: int, indent: int, tone: Tone, most: int) -> list[Painted]:
    return [Painted("", (" " * indent + part, tone)) for part in wrapped(clean(text), width - indent, most)]

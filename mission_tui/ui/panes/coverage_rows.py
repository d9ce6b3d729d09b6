"""The coverage matrix as lines: milestones, their features, and the assertions that each must make true."""

from collections.abc import Iterator
from dataclasses import dataclass

from mission_tui.domain.contract import Assertion
from mission_tui.domain.mission import AssertionStatus, Mission
from mission_tui.domain.state.plan import FeatureState
from mission_tui.ui.look import ASSERTION, FEATURE, MILESTONE, Line, Look, Piece
from mission_tui.ui.text import clean, cut, padded

ID_WIDTH = 16
WORD_WIDTH = 8
PROOF_FROM = 72
"""Width from which the kind of proof has a column."""


def _fold(folded: bool) -> str:
    return "▸" if folded else "▾"


@dataclass(frozen=True, slots=True)
class GroupRow:
    """A milestone, an area, or the guards."""

    key: str
    name: str
    title: str
    look: Look
    held: int
    total: int
    folded: bool
    round: int = 0

    def paint(self, width: int) -> Line:
        tally = f"{self.held}/{self.total}"
        again = f" round {self.round}" if self.round > 1 and width >= 48 else ""
        right = f"{self.look.glyph} {self.look.word}"
        name = f"{self.name} "
        room = width - 2 - len(name) - len(again) - len(right) - 9
        return (
            (f"{_fold(self.folded)} ", "faint"),
            (name, "strong"),
            (padded(self.title, room), "strong"),
            (again, "faint"),
            (f" {right}", self.look.tone),
            (tally.rjust(8), "plain"),
        )


@dataclass(frozen=True, slots=True)
class FeatureRow:
    key: str
    name: str
    title: str
    look: Look
    held: int
    total: int
    folded: bool
    fix: bool

    def paint(self, width: int) -> Line:
        tally = f"{self.held}/{self.total}" if self.total else ""
        right = f"{self.look.glyph} {self.look.word}"
        name = f"{self.name} "
        kind = "fix " if self.fix else ""
        room = width - 4 - len(name) - len(kind) - len(right) - 9
        return (
            ("  ", "plain"),
            (f"{_fold(self.folded) if self.total else ' '} ", "faint"),
            (name, "plain"),
            (kind, "faint"),
            (padded(self.title, room), "plain"),
            (f" {right}", self.look.tone),
            (tally.rjust(8), "faint"),
        )


@dataclass(frozen=True, slots=True)
class AssertionRow:
    key: str
    assertion: Assertion
    status: AssertionStatus
    evidence: int
    rounds: int
    indent: int

    def paint(self, width: int) -> Line:
        look = ASSERTION[self.status]
        right = self._right(width)
        used = sum(len(text) for text, _ in right)
        name = padded(self.assertion.id, min(ID_WIDTH, max(8, width // 3)))
        room = width - self.indent - 2 - len(name) - 1 - used
        title = cut(clean(self.assertion.title, 200), room)
        tone = "strong" if self.status == "failed" else "faint" if self.status == "pending" else "plain"
        return (
            (" " * self.indent, "plain"),
            (f"{look.glyph} ", look.tone),
            (name, "code"),
            (f" {padded(title, room)}", tone),
            *right,
        )

    def _right(self, width: int) -> tuple[Piece, ...]:
        look = ASSERTION[self.status]
        proof: tuple[Piece, ...] = ()
        if width >= PROOF_FROM:
            by = self.assertion.proof.by if self.assertion.mechanical else f"{self.assertion.proof.by}*"
            proof = ((f" {by.ljust(9)}", "faint"),)
        again = f"×{self.rounds}" if self.rounds > 1 else ""
        files = f"{self.evidence}▤" if self.evidence else ""
        return (*proof, (f" {look.word.ljust(WORD_WIDTH)}", look.tone), (f"{again} {files}".rjust(6), "faint"))


CoverageRow = GroupRow | FeatureRow | AssertionRow


@dataclass(frozen=True, slots=True)
class Coverage:
    """Builds the rows of one state of the mission."""

    mission: Mission
    folded: frozenset[str]
    """Keys of groups and features that are folded."""

    def rows(self) -> list[CoverageRow]:
        mission = self.mission
        if not mission.plan.features:
            return list(self._areas())
        owners = mission.plan.owners()
        owned: dict[str, list[str]] = {}
        loose: list[str] = []
        for name in mission.contract.assertions:
            owned.setdefault(owners[name], []).append(name) if name in owners else loose.append(name)
        rows: list[CoverageRow] = []
        for milestone in mission.plan.milestones:
            rows += self._milestone(milestone, owned)
        guards = [name for name in loose if mission.contract.assertions[name].guard]
        rest = [name for name in loose if not mission.contract.assertions[name].guard]
        rows += self._group("guards", "Guards", "what works already and must go on working", guards)
        rows += self._group("rest", "Unowned", "no feature fulfils these yet", rest)
        return rows

    def _areas(self) -> Iterator[CoverageRow]:
        """While there is no plan the contract is grouped by area."""
        areas: dict[str, list[str]] = {}
        for name, assertion in self.mission.contract.assertions.items():
            areas.setdefault(assertion.area_name, []).append(name)
        for area, names in areas.items():
            yield from self._group(f"area:{area}", clean(area, 40), "", names)

    def _group(self, key: str, name: str, title: str, names: list[str]) -> list[CoverageRow]:
        if not names:
            return []
        held = self._held(names)
        look = Look("✔", "holds", "good") if held == len(names) else Look("·", "open", "faint")
        head = GroupRow(key, name, title, look, held, len(names), key in self.folded)
        return [head] if key in self.folded else [head, *(self._assertion(n, 2) for n in names)]

    def _milestone(self, name: str, owned: dict[str, list[str]]) -> list[CoverageRow]:
        mission = self.mission
        features = [f for f in mission.plan.features.values() if f.feature.milestone == name]
        names = [a for f in features for a in owned.get(f.feature.id, ())]
        key = f"m:{name}"
        head = GroupRow(
            key=key,
            name=name,
            title=clean(mission.plan.milestones[name].milestone.title, 200),
            look=MILESTONE[mission.milestone_status(name)],
            held=self._held(names),
            total=len(names),
            folded=key in self.folded,
            round=len(mission.validation.rounds.get(name, ())),
        )
        if key in self.folded:
            return [head]
        return [head, *(row for f in features for row in self._feature(f, owned.get(f.feature.id, [])))]

    def _feature(self, state: FeatureState, names: list[str]) -> list[CoverageRow]:
        key = f"f:{state.feature.id}"
        head = FeatureRow(
            key=key,
            name=state.feature.id,
            title=clean(state.feature.title, 200),
            look=FEATURE[state.status],
            held=self._held(names),
            total=len(names),
            folded=key in self.folded,
            fix=state.origin == "fix",
        )
        return [head] if key in self.folded else [head, *(self._assertion(n, 4) for n in names)]

    def _assertion(self, name: str, indent: int) -> AssertionRow:
        history = self.mission.validation.verdicts.get(name, ())
        return AssertionRow(
            key=f"a:{name}",
            assertion=self.mission.contract.assertions[name],
            status=self.mission.assertion_status(name),
            evidence=len(history[-1].evidence) if history else 0,
            rounds=len(history),
            indent=indent,
        )

    def _held(self, names: list[str]) -> int:
        return sum(1 for name in names if self.mission.holds(name))

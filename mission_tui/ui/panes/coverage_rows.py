"""The coverage matrix as lines: milestones, their features, and the assertions that each must make true."""

import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import Literal, NamedTuple, get_args

from rich.cells import cell_len

from mission_tui.domain.contract import Assertion
from mission_tui.domain.mission import Mission
from mission_tui.domain.state.plan import FeatureState
from mission_tui.domain.states import AssertionStatus
from mission_tui.ui.look import ASSERTION, FEATURE, MILESTONE, Line, Look, Tone
from mission_tui.ui.text import clean, padded

STATE_WIDTH = 10
TALLY_WIDTH = 8
PROOF_FROM = 72
"""Width from which the kind of proof has a column."""


class Tally(NamedTuple):
    """How many of some assertions are proved, and how many of those only on an older tree."""

    proved: int
    total: int
    stale: int = 0

    def paint(self, tone: Tone) -> Line:
        mark = "↻" if self.stale else ""
        text = f"{self.proved}/{self.total}" if self.total else ""
        return ((text.rjust(TALLY_WIDTH - 2), tone), (f" {mark:<1}", "odd"))


def tally(mission: Mission, names: Sequence[str]) -> Tally:
    states = [mission.assertion_status(name) for name in names]
    stale = states.count("stale")
    return Tally(states.count("passed") + states.count("overridden") + stale, len(names), stale)


def short_id(assertion: str) -> str:
    """An assertion's id without what all of them begin with."""
    return assertion.removeprefix("VAL-")


@dataclass(frozen=True, slots=True)
class GroupRow:
    """A milestone or a feature, an area, or the guards."""

    key: str
    name: str
    title: str
    look: Look
    tally: Tally
    folded: bool
    indent: int = 0
    kind: str = ""
    """A remark before the title, such as `fix`, or the round."""

    def paint(self, width: int) -> Line:
        top = self.indent == 0
        fold = " " if not self.tally.total and not top else "▸" if self.folded else "▾"
        kind = f"{self.kind} " if self.kind else ""
        room = width - self.indent - 3 - cell_len(self.name) - len(kind) - 1 - STATE_WIDTH - TALLY_WIDTH
        return (
            (f"{' ' * self.indent}{fold} ", "faint"),
            (f"{self.name} ", "strong" if top else "plain"),
            (kind, "faint"),
            (padded(self.title, room), "strong" if self.key.startswith("m:") else "plain" if not top else "faint"),
            (f" {self.look.glyph} {self.look.word:<{STATE_WIDTH - 2}}", self.look.tone),
            *self.tally.paint("plain" if top else "faint"),
        )


@dataclass(frozen=True, slots=True)
class AssertionRow:
    key: str
    assertion: Assertion
    status: AssertionStatus
    evidence: int
    verdicts: int
    indent: int
    id_width: int

    def paint(self, width: int) -> Line:
        look = ASSERTION[self.status]
        proof = f" {self.assertion.proof.by:<8}" if width >= PROOF_FROM else ""
        name = padded(short_id(self.assertion.id), min(self.id_width, max(8, width // 3)))
        room = width - self.indent - 2 - cell_len(name) - 1 - len(proof) - 1 - STATE_WIDTH - TALLY_WIDTH
        tone: Tone = "strong" if self.status == "failed" else "faint" if self.status == "pending" else "plain"
        again = f"{self.verdicts}x" if self.verdicts > 1 else ""
        files = f"{self.evidence}▤" if self.evidence else ""
        return (
            (" " * self.indent, "plain"),
            (f"{look.glyph} ", look.tone),
            (name, "code"),
            (f" {padded(clean(self.assertion.title, 200), room)}", tone),
            (proof, "faint"),
            (f"   {look.word:<{STATE_WIDTH - 2}}", look.tone),
            (f"{again:>3} {files:>3} ", "faint"),
        )


CoverageRow = GroupRow | AssertionRow
Grouping = Literal["milestone", "area", "state"]
GROUPINGS: tuple[Grouping, ...] = get_args(Grouping)
FAILING: frozenset[AssertionStatus] = frozenset(("failed", "blocked", "inconclusive"))
FILTERS: dict[str, frozenset[AssertionStatus]] = {
    "": frozenset(),
    "failing": FAILING,
    "pending": frozenset(("pending",)),
    "stale": frozenset(("stale",)),
    "signed": frozenset(("overridden",)),
    "passed": frozenset(("passed",)),
}
"""What `f` goes through: the name on the screen, and the states that stay."""
ORDER: tuple[AssertionStatus, ...] = ("failed", "blocked", "inconclusive", "stale", "pending", "overridden", "passed")


@dataclass(frozen=True, slots=True)
class View:
    """What of the contract is shown, and how it is grouped."""

    by: Grouping = "milestone"
    states: str = ""
    text: re.Pattern[str] | None = None

    @property
    def narrowed(self) -> bool:
        return bool(self.states) or self.text is not None

    def keeps(self, mission: Mission, name: str, owner: str) -> bool:
        states = FILTERS[self.states]
        if states and mission.assertion_status(name) not in states:
            return False
        if self.text is None:
            return True
        assertion = mission.contract.assertions[name]
        title = mission.plan.features[owner].feature.title if owner else ""
        words = (name, assertion.title, assertion.statement, assertion.area_name, owner, title)
        return any(self.text.search(word) for word in words)


@dataclass(frozen=True)
class Coverage:
    """Builds the rows of one state of the mission."""

    mission: Mission
    folded: frozenset[str]
    """Keys of groups and features that are folded."""
    view: View = View()

    @cached_property
    def names(self) -> list[str]:
        """The assertions that are shown, folded away or not, in the order of the contract."""
        known, view = self.mission.contract.assertions, self.view
        if not view.narrowed:
            return list(known)
        return [name for name in known if view.keeps(self.mission, name, self._owners.get(name, ""))]

    @cached_property
    def _owners(self) -> dict[str, str]:
        return self.mission.plan.owners

    @cached_property
    def _id_width(self) -> int:
        return max((len(short_id(name)) for name in self.mission.contract.assertions), default=0)

    def rows(self) -> list[CoverageRow]:
        mission, names = self.mission, self.names
        if self.view.by == "state":
            return [row for status in ORDER for row in self._state(status, names)]
        if self.view.by == "area" or not mission.plan.features:
            return list(self._areas(names))
        owners = self._owners
        owned: dict[str, list[str]] = {}
        loose: list[str] = []
        for name in names:
            owned.setdefault(owners[name], []).append(name) if name in owners else loose.append(name)
        rows: list[CoverageRow] = []
        for milestone in mission.plan.milestones:
            rows += self._milestone(milestone, owned)
        guards = [name for name in loose if mission.contract.assertions[name].guard]
        rest = [name for name in loose if not mission.contract.assertions[name].guard]
        rows += self._group("guards", "Guards", "what works already and must go on working", guards)
        rows += self._group("rest", "Unowned", "no feature fulfils these yet", rest)
        return rows

    def _areas(self, names: Sequence[str]) -> Iterator[CoverageRow]:
        areas: dict[str, list[str]] = {}
        for name in names:
            areas.setdefault(self.mission.contract.assertions[name].area_name, []).append(name)
        for area, members in areas.items():
            yield from self._group(f"area:{area}", clean(area, 40), "", members)

    def _state(self, status: AssertionStatus, names: Sequence[str]) -> list[CoverageRow]:
        members = [name for name in names if self.mission.assertion_status(name) == status]
        return self._group(f"state:{status}", ASSERTION[status].word.capitalize(), "", members, ASSERTION[status])

    def _group(self, key: str, name: str, title: str, names: list[str], look: Look | None = None) -> list[CoverageRow]:
        if not names:
            return []
        numbers = tally(self.mission, names)
        if look is None:
            look = Look("✔", "hold", "good") if numbers.proved == numbers.total else Look("·", "open", "faint")
        head = GroupRow(key, name, title, look, numbers, key in self.folded)
        return [head, *self._assertions(names, 2)] if key not in self.folded else [head]

    def _milestone(self, name: str, owned: dict[str, list[str]]) -> list[CoverageRow]:
        mission = self.mission
        features = [f for f in mission.plan.features.values() if f.feature.milestone == name]
        names = [a for f in features for a in owned.get(f.feature.id, ())]
        if self.view.narrowed:
            features = [f for f in features if owned.get(f.feature.id)]
            if not names:
                return []
        key = f"m:{name}"
        rounds = len(mission.validation.rounds.get(name, ()))
        head = GroupRow(
            key=key,
            name=name,
            title=clean(mission.plan.milestones[name].milestone.title, 200),
            look=MILESTONE[mission.milestone_status(name)],
            tally=tally(mission, names),
            folded=key in self.folded,
            kind=f"round {rounds}" if rounds > 1 else "",
        )
        if key in self.folded:
            return [head]
        return [head, *(row for f in features for row in self._feature(f, owned.get(f.feature.id, [])))]

    def _feature(self, state: FeatureState, names: list[str]) -> list[CoverageRow]:
        key = f"f:{state.feature.id}"
        head = GroupRow(
            key=key,
            name=state.feature.id,
            title=clean(state.feature.title, 200),
            look=FEATURE[state.status],
            tally=tally(self.mission, names),
            folded=key in self.folded,
            indent=2,
            kind="fix" if state.origin == "fix" else "",
        )
        return [head, *self._assertions(names, 4)] if key not in self.folded else [head]

    def _assertions(self, names: Sequence[str], indent: int) -> Iterator[AssertionRow]:
        mission = self.mission
        for name in names:
            history = mission.validation.verdicts.get(name, ())
            yield AssertionRow(
                key=f"a:{name}",
                assertion=mission.contract.assertions[name],
                status=mission.assertion_status(name),
                evidence=len(history[-1].evidence) if history else 0,
                verdicts=len(history),
                indent=indent,
                id_width=self._id_width,
            )

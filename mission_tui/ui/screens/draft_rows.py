"""Contract and plan as a list to choose from: milestones, their features, and what each must make true."""

from collections.abc import Iterator, Mapping, Sequence

from mission_tui.domain.draft import SERVICES
from mission_tui.domain.mission import Mission
from mission_tui.ui.look import Piece, Tone
from mission_tui.ui.readings import Problem
from mission_tui.ui.screens.draft_work import DraftWork
from mission_tui.ui.text import cut, one_line
from mission_tui.ui.widgets.lines import Painted


def draft_rows(
    mission: Mission, work: DraftWork, problems: Mapping[str, Sequence[Problem]], width: int
) -> list[Painted]:
    """One line a part. `●` marks what was changed and not sent, `✖` what a gate refuses."""
    return list(_Rows(mission, work, problems, width).all())


class _Rows:
    def __init__(
        self, mission: Mission, work: DraftWork, problems: Mapping[str, Sequence[Problem]], width: int
    ) -> None:
        self.mission = mission
        self.work = work
        self.problems = problems
        self.width = width

    def all(self) -> Iterator[Painted]:
        plan, contract = self.mission.plan, self.mission.contract.assertions
        owners = plan.owners
        new = [n for n, t in self.work.texts.items() if not t.before and n not in self._known()]
        for name in in_order(plan.milestones, self.work.order):
            yield self._row(name, 0, plan.milestones[name].milestone.title, "strong")
            features = [f for f, s in plan.features.items() if s.feature.milestone == name and s.status != "cancelled"]
            for feature in in_order(features, self.work.order):
                yield self._row(feature, 1, plan.features[feature].feature.title)
                for assertion in plan.features[feature].feature.fulfills:
                    if owners.get(assertion) == feature and assertion in contract:
                        yield self._row(assertion, 2, contract[assertion].title)
        guards = [n for n, a in contract.items() if a.guard and n not in owners]
        loose = [n for n in contract if n not in owners and n not in guards]
        for title, names in (("Without a feature", loose), ("Guards", guards), ("New", new)):
            if names:
                yield Painted("", (title, "faint"))
                for name in names:
                    yield self._row(name, 1, contract[name].title if name in contract else "")
        yield Painted("", ("Manifest", "faint"))
        yield self._row(SERVICES, 1, "setup, checks, and how the product is launched")

    def _known(self) -> set[str]:
        return {*self.mission.contract.assertions, *self.mission.plan.features, *self.mission.plan.milestones, SERVICES}

    def _row(self, name: str, depth: int, title: str, tone: Tone = "plain") -> Painted:
        mark: Piece = ("  ", "plain")
        if self.problems.get(name):
            mark = ("✖ ", "bad")
        elif name in self.work.removed:
            mark = ("- ", "removed")
        elif name in self.work.texts or name in self.work.order:
            mark = ("● ", "live")
        shown = name.removeprefix("VAL-") if depth == 2 else name
        text = "will be removed" if name in self.work.removed else one_line(title)
        room = self.width - 3 - 2 * depth - len(shown)
        return Painted(name, mark, (f"{'  ' * depth}{shown} ", "key" if depth < 2 else "code"), (cut(text, room), tone))


def in_order(names: Sequence[str] | Mapping[str, object], order: Sequence[str]) -> list[str]:
    """Those that are named come first, in that order."""
    return list(dict.fromkeys((*(n for n in order if n in names), *names)))


def moved(mission: Mission, order: tuple[str, ...], name: str, by: int) -> tuple[str, ...]:
    """The order after a milestone or feature was moved past its neighbour; the same where it cannot go."""
    plan = mission.plan
    if name in plan.milestones:
        siblings = in_order(plan.milestones, order)
    elif name in plan.features:
        milestone = plan.features[name].feature.milestone
        mine = [f for f, s in plan.features.items() if s.feature.milestone == milestone and s.status != "cancelled"]
        siblings = in_order(mine, order)
    else:
        return order
    place = siblings.index(name)
    if not 0 <= place + by < len(siblings):
        return order
    siblings[place], siblings[place + by] = siblings[place + by], siblings[place]
    milestones = siblings if name in plan.milestones else in_order(plan.milestones, order)
    features = in_order(plan.features, order)
    if name in plan.features:
        slots = [i for i, f in enumerate(features) if f in siblings]
        for slot, feature in zip(slots, siblings, strict=True):
            features[slot] = feature
    whole = (*milestones, *features)
    return () if whole == (*plan.milestones, *plan.features) else whole

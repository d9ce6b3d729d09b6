"""What the human has changed of contract and plan and not sent yet, and what the gates say of it."""

from collections.abc import Callable
from dataclasses import dataclass, field

from mission_tui.domain.base import Frozen
from mission_tui.domain.contract import Assertion
from mission_tui.domain.draft import SERVICES, DraftEdit, facts_of, part, said
from mission_tui.domain.gates.base import Violation
from mission_tui.domain.mission import Mission
from mission_tui.domain.plan import Feature, Milestone, Services
from mission_tui.ui.readings import Parsed, PartKind, Problem, Readings

_FIELDS: dict[str, tuple[str | int, ...]] = {
    "proof_procedure": ("proof", "procedure"),
    "proof_evidence": ("proof", "evidence"),
    "evidence_kind": ("proof", "evidence"),
    "checks_expect": ("proof", "checks"),
    "locator": ("proof", "checks"),
    "no_purpose": ("fulfills",),
    "unknown_skill": ("skill",),
    "unknown_assertion": ("fulfills",),
    "unknown_milestone": ("milestone",),
    "unknown_precondition": ("after",),
    "late_precondition": ("after",),
}
"""Which field of a part a gate's rule is about; the id for the others."""


@dataclass
class Text:
    """One part as it stands in the editor."""

    kind: PartKind
    text: str
    before: str
    """What the mission said when the human began; empty for a new part."""


@dataclass
class DraftWork:
    """Kept while the screen is closed, so that no edit is lost. Names are ids as they were when editing began."""

    texts: dict[str, Text] = field(default_factory=dict[str, Text])
    removed: dict[str, str] = field(default_factory=dict[str, str])
    """With what each said when it was marked."""
    order: tuple[str, ...] = ()
    refused: str = ""
    """What the engine said of the last attempt."""

    @property
    def pending(self) -> bool:
        return bool(self.texts or self.removed or self.order)

    def forget(self) -> None:
        self.texts.clear()
        self.removed.clear()
        self.order = ()
        self.refused = ""

    def read(self, readings: Readings) -> dict[str, Parsed]:
        return {name: readings.parse_part(text.kind, text.text) for name, text in self.texts.items()}

    def edit(self, parsed: dict[str, Parsed]) -> DraftEdit:
        """The change as one command; an id that was changed is a new part and the removal of the old one."""
        parts = [p.part for p in parsed.values() if p.part is not None]
        renamed = {n for n, p in parsed.items() if self.texts[n].before and _id(p.part, n) != n}
        based_on = {name: text.before for name, text in self.texts.items() if text.before or name == SERVICES}
        return DraftEdit(
            assertions=tuple(p for p in parts if isinstance(p, Assertion)),
            milestones=tuple(p for p in parts if isinstance(p, Milestone)),
            features=tuple(p for p in parts if isinstance(p, Feature)),
            services=next((p for p in parts if isinstance(p, Services)), None),
            removed=tuple(dict.fromkeys((*self.removed, *sorted(renamed)))),
            order=self.order,
            based_on={**based_on, **self.removed},
        )

    def judged(self, mission: Mission, parsed: dict[str, Parsed]) -> dict[str, list[Problem]]:
        """Every problem by the part it is about; `""` has those of parts that are not being edited."""
        found = {name: list(p.problems) for name, p in parsed.items() if p.problems}
        if found or not self.pending:
            return found
        owners = {_id(p.part, name): name for name, p in parsed.items()}
        for violation in violations(mission, self.edit(parsed)):
            name = owners.get(violation.offender, "")
            found.setdefault(name, []).append(Problem(_line(parsed.get(name), violation), violation.message))
        return found


def violations(mission: Mission, edit: DraftEdit) -> list[Violation]:
    """What the engine's gates would say."""
    from mission_tui.domain.gates import check  # the gates cost the first paint 25 ms

    found: dict[tuple[str, str, str], Violation] = {}
    try:
        for event in facts_of(mission, edit):
            for violation in check(mission, event):
                found.setdefault((violation.rule, violation.offender, violation.message), violation)
            mission = mission.apply(event)
    except KeyError as error:
        wrong = Violation(rule="unknown", offender=str(error.args[0]), message=f"{error.args[0]}: does not exist")
        found.setdefault(("unknown", wrong.offender, wrong.message), wrong)
    return list(found.values())


def _line(parsed: Parsed | None, violation: Violation) -> int:
    return 1 if parsed is None else parsed.line_of(_FIELDS.get(violation.rule, ("id",)))


def _id(found: Frozen | None, name: str) -> str:
    return str(getattr(found, "id", name)) if found is not None else name


def kind_of(mission: Mission, name: str) -> PartKind:
    if name == SERVICES:
        return "services"
    if name in mission.plan.milestones:
        return "milestone"
    return "feature" if name in mission.plan.features else "assertion"


def begin(mission: Mission, work: DraftWork, name: str, text_of: Callable[[Frozen], str]) -> Text:
    """The part's text to edit: as it was left, else as the mission has it."""
    if name in work.texts:
        return work.texts[name]
    found = part(mission, name)
    return Text(kind_of(mission, name), text_of(found) if found is not None else "", said(mission, name))


def new_part(mission: Mission, work: DraftWork, kind: PartKind, near: str) -> tuple[str, str]:
    """A name that is free and a text to begin with, for a new part beside `near`."""
    taken = {*mission.contract.assertions, *mission.plan.features, *mission.plan.milestones, *work.texts}
    if kind == "assertion":
        area = near.rpartition("-")[0] if near.startswith("VAL-") else "VAL-NEW"
        name = next(n for i in range(1, 10_000) if (n := f"{area}-{i:03d}") not in taken)
        return name, _ASSERTION.format(name)
    letter = "F" if kind == "feature" else "M"
    name = next(n for i in range(1, 10_000) if (n := f"{letter}{i}") not in taken)
    if kind == "milestone":
        return name, f"id: {name}\ntitle: \n"
    state = mission.plan.features.get(near)
    milestone = state.feature.milestone if state else near if near in mission.plan.milestones else "M1"
    return name, _FEATURE.format(name, milestone)


_ASSERTION = """\
id: {}
title: 
statement: 
proof:
  by: command
  procedure: 
  evidence: [output, exit_code]
  checks:
    - run: 
"""
_FEATURE = """\
id: {}
title: 
milestone: {}
spec: 
fulfills: []
"""

"""Skills and their history as lines."""

import difflib
import time
from collections.abc import Mapping, Sequence

from mission_tui.ui.look import Piece, Tone
from mission_tui.ui.readings import Revision, SkillText
from mission_tui.ui.text import ago, clean, cut, one_line, padded
from mission_tui.ui.widgets.lines import Painted

ORIGIN = {
    "mission": "on the branch",
    "repository": "the repository's",
    "starter": "comes with mission-tui",
}


def skill_rows(
    skills: Sequence[SkillText], edited: Mapping[str, str], waiting: Mapping[str, object], width: int
) -> list[Painted]:
    """Two lines a skill. `edited` are the texts not saved yet, `waiting` the saved ones not on the branch yet."""
    rows: list[Painted] = []
    for skill in skills:
        mark: Piece = ("  ", "plain")
        about = ORIGIN.get(skill.origin, skill.origin)
        if skill.name in edited:
            mark = ("● ", "live")
            about = "not saved"
        elif skill.name in waiting:
            mark = ("◐ ", "live")
            about = "saved, commit waits"
        room = max(8, width - 4 - len(about))
        name = padded(skill.name, min(room, max(len(skill.name), 20)))
        rows.append(Painted(skill.name, mark, (name, "strong"), (f"  {cut(about, width - 4 - len(name))}", "faint")))
        rows.append(Painted(skill.name, ("  ", "plain"), (cut(one_line(skill.description), width - 2), "faint")))
    return rows


def revision_rows(revisions: Sequence[Revision], width: int) -> list[Painted]:
    now = time.time()
    return [
        Painted(
            r.commit,
            (f"{r.commit[:7]} ", "code"),
            (padded(ago(now - r.at), 9), "faint"),
            (cut(one_line(r.subject), width - 17), "plain"),
        )
        for r in revisions
    ]


def change_rows(before: str, after: str, width: int) -> list[Painted]:
    """The difference of two texts, coloured and marked."""
    lines = list(difflib.unified_diff(before.split("\n"), after.split("\n"), "", "", n=2, lineterm=""))[2:]
    if not lines:
        return [Painted("", ("No difference.", "faint"))]
    return [Painted("", (cut(clean(line), width), _tone(line))) for line in lines]


def _tone(line: str) -> Tone:
    if line.startswith("@@"):
        return "key"
    return "added" if line.startswith("+") else "removed" if line.startswith("-") else "plain"

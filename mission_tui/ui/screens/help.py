"""All keys, and what the glyphs mean."""

from collections.abc import Iterator, Sequence
from typing import ClassVar

from textual.app import ComposeResult
from textual.binding import Binding, BindingType
from textual.containers import Vertical

from mission_tui.ui.actions import ABOUT, Offer
from mission_tui.ui.look import ASSERTION
from mission_tui.ui.screens.dialog import Dialog, words
from mission_tui.ui.text import cut, wrapped
from mission_tui.ui.widgets.lines import LineView, Painted

KEYS = (
    ("Mission", ""),
    ("a", "answer what waits: approve the plan, answer questions, review a milestone"),
    ("i", "everything that waits"),
    ("p", "pause at the next step, resume, or start the engine"),
    ("S", "stop now: the step that is cut becomes unknown"),
    ("r", "review: the milestone on one screen; accept, reject, override, roll back"),
    ("e", "edit contract and plan in place"),
    ("s", "skills: edit, history, put back"),
    ("c F2", "control: caps, seats, roll back, end; F2 F3 F4 also while you type"),
    ("m", "message to the orchestrator"),
    ("q", "leave the screen; the engine goes on"),
    ("esc", "back to the list of missions"),
    ("Panes", ""),
    ("1 2 3 4", "coverage, orchestrator, transcript, handoffs"),
    ("tab", "next pane"),
    ("z", "this pane alone, and back"),
    ("↑ ↓ pgup pgdn", "move (also j, k); g and G: top and end"),
    ("enter space", "open or fold"),
    ("Coverage", ""),
    ("enter", "on an assertion: statement, proof, verdicts and evidence"),
    ("← →  - +", "fold and unfold the group; all of them"),
    ("n N", "next and previous assertion that does not hold"),
    ("/", "find by id, words, area or feature; esc shows all again"),
    ("f", "only the failing ones, the pending, stale, signed, passed"),
    ("b", "group by milestone, by area or by state"),
    ("Assertion", ""),
    ("n N", "next and previous among those that were shown"),
    ("e E", "next and previous evidence; enter shows it in full"),
    ("o y", "open outside (MISSION_TUI_OPENER names a program); copy"),
    ("r", "have the engine prove it now"),
    ("Transcript", ""),
    ("[ ]", "earlier and later run"),
    ("f end", "follow what comes, or hold; any move up holds"),
    ("/ n N", "search the whole run, next, previous"),
    ("x X", "next and previous step that went wrong"),
    ("J K", "from step to step"),
    ("o", "the whole output of a step"),
    ("t", "unfold what the model thought"),
    ("y", "copy the step"),
    ("Handoffs", ""),
    ("o", "inspect: claims, issues, cost, diff; t there: its transcript"),
    ("Everywhere", ""),
    ("ctrl+p", "every action, and the themes"),
    ("?", "this"),
)

KEY_CELLS = 15


class HelpScreen(Dialog[None]):
    """What can be done on the screen underneath first, then everything."""

    BINDINGS: ClassVar[list[BindingType]] = [Binding("question_mark", "close", "close", show=False)]

    def __init__(self, here: Sequence[Offer]) -> None:
        super().__init__()
        self._here = here

    def compose(self) -> ComposeResult:
        with Vertical(classes="dialog") as box:
            box.border_title = "Keys"
            yield LineView(id="list", cursor=False)
            yield words(("esc closes", "faint"))

    def on_mount(self) -> None:
        lines = self.query_one(LineView)
        lines.styles.height = max(4, int(self.size.height * 0.92) - 4)
        lines.focus()

    def on_line_view_rewrapped(self, event: LineView.Rewrapped) -> None:
        rows = list(self._rows(event.view.line_width))
        event.view.set_rows(rows)
        event.view.styles.height = min(len(rows), max(4, int(self.size.height * 0.92) - 4))

    def _rows(self, width: int) -> Iterator[Painted]:
        yield Painted("", ("Here", "strong"))
        for offer in self._here:
            about = f": {ABOUT[offer.action]}" if offer.action in ABOUT else ""
            yield from _key(cut(" ".join(offer.keys), KEY_CELLS), f"{offer.title.lower()}{about}", width)
        for name, what in KEYS:
            yield from _key(name, what, width) if what else (Painted("", (name, "strong")),)
        yield Painted("", ("Glyphs", "strong"))
        for look in ASSERTION.values():
            yield Painted("", (f"  {look.glyph} ", look.tone), (look.word, "plain"))
        yield Painted(
            "", ("  ▤ ", "faint"), ("pieces of evidence   ", "plain"), ("2x ", "faint"), ("verdicts so far", "plain")
        )


def _key(name: str, what: str, width: int) -> Iterator[Painted]:
    for place, part in enumerate(wrapped(what, max(20, width - KEY_CELLS - 2))):
        yield Painted("", (f"  {name if place == 0 else '':<{KEY_CELLS}}", "key"), (part, "plain"))

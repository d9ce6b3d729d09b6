"""Rolling back: where to, what falls back, and why."""

from collections.abc import Iterator, Sequence

from textual import events
from textual.app import ComposeResult
from textual.containers import Vertical
from textual.widgets import Input

from mission_tui.domain.mission import Mission
from mission_tui.domain.rollback import Fallback, preview
from mission_tui.store.inbox import RollBack
from mission_tui.ui.look import Tone
from mission_tui.ui.screens.dialog import Dialog, words
from mission_tui.ui.text import counted, one_line, wrapped
from mission_tui.ui.widgets.lines import LineView, Painted

LABEL = 11


class RollbackScreen(Dialog[RollBack]):
    """Gives the command, or None. Nothing happens before a reason is typed."""

    def __init__(self, mission: Mission, to: str, reason: str = "") -> None:
        super().__init__()
        self._reason = reason
        self.mission = mission
        self.to = to
        self.places = list(reversed(mission.checkpoints))

    def compose(self) -> ComposeResult:
        with Vertical(classes="dialog -waits") as box:
            box.border_title = "Roll back"
            yield LineView(id="list")
            yield LineView(id="details", cursor=False)
            yield Input(self._reason, placeholder="why? enter rolls back")
            yield words(("", "bad"), id="trouble")
            yield words(("↑ ↓ where to · enter goes to the reason · pgup/pgdn read · esc changes nothing", "faint"))

    def on_mount(self) -> None:
        self.query_one("#trouble").display = False
        self.query_one("#details", LineView).can_focus = False
        places = self.query_one("#list", LineView)
        places.set_rows([Painted(name, (f" {self._place(name)}", "plain")) for name in self.places])
        places.styles.height = min(6, len(self.places))
        if self.to in self.places:
            places.move_to(self.places.index(self.to))
        places.focus()

    def _place(self, name: str) -> str:
        if name == "base":
            return "base: nothing built yet"
        return f"{name}: as it was when {one_line(self.mission.plan.milestones[name].milestone.title)} was accepted"

    def on_line_view_rewrapped(self, event: LineView.Rewrapped) -> None:
        self._show()

    def on_line_view_moved(self, event: LineView.Moved) -> None:
        if event.view.id == "list" and event.view.key is not None and event.view.key != self.to:
            self.to = event.view.key
            self._show()

    def on_line_view_opened(self, event: LineView.Opened) -> None:
        self.query_one(Input).focus()

    def on_key(self, event: events.Key) -> None:
        if event.key in ("pageup", "pagedown"):
            event.stop()
            self.query_one("#details", LineView).action_page(1 if event.key == "pagedown" else -1)

    def _show(self) -> None:
        details = self.query_one("#details", LineView)
        if not details.line_width:
            return
        rows = fallback_rows(self.mission, preview(self.mission, self.to), details.line_width)
        details.set_rows(rows)
        details.styles.height = min(len(rows), max(3, self.size.height - 12 - len(self.places)))

    def on_input_submitted(self, event: Input.Submitted) -> None:
        blocked = preview(self.mission, self.to).blocked_by
        reason = event.value.strip()
        if reason and blocked is None:
            self.dismiss(RollBack(to=self.to, reason=reason))
            return
        self.query_one("#trouble").display = True
        text = "say why in a few words" if not reason else f"{blocked} is under way; pause and let it end first"
        self.say("trouble", ((text, "bad"),))


def fallback_rows(mission: Mission, found: Fallback, width: int) -> list[Painted]:
    """What falls back, a group of lines each; said also where nothing does."""
    return list(_rows(mission, found, width))


def _rows(mission: Mission, found: Fallback, width: int) -> Iterator[Painted]:
    features, live = mission.plan.features, mission.contract.assertions
    yield from _group("code", [f"the branch goes back to {found.head[:9]}; later commits stay under a ref"], width)
    undone = [f"{n} {features[n].feature.title}" for n in found.undone if n not in found.forgotten]
    yield from _group("undone", undone, width, "removed")
    planned = [f"{n} {features[n].feature.title} (planned since)" for n in found.forgotten]
    yield from _group("forgotten", planned, width, "removed")
    yield from _group("open again", [f"{n} was accepted" for n in found.unsealed], width, "odd")
    titles = [f"{n} {live[n].title if n in live else ''}" for n in found.unproved[:12]]
    more = [f"and {len(found.unproved) - 12} more"] if len(found.unproved) > 12 else []
    yield from _group("unproved", [*titles, *more], width, "odd")
    yield from _group("contract", [f"{n} goes back to what it said" for n in found.contract], width, "odd")
    yield from _group("told", list(found.constraints), width, "removed")
    yield from _group("issues", [f"{', '.join(found.issues)} dismissed"] if found.issues else [], width, "odd")
    if not (found.undone or found.unproved or found.contract or found.unsealed):
        yield Painted("", ("Nothing else would change.", "faint"))
    else:
        kept = counted(len(live) - len(found.unproved), "assertion")
        yield Painted(
            "", (" " * LABEL, "plain"), (f"{kept} stay as they are; the conversation and costs do too", "faint")
        )


def _group(label: str, texts: Sequence[str], width: int, tone: Tone = "plain") -> Iterator[Painted]:
    for number, text in enumerate(texts):
        for place, part in enumerate(wrapped(one_line(text), width - LABEL - 1, 3)):
            head = label if number == 0 and place == 0 else ""
            yield Painted("", (head.ljust(LABEL), "faint"), (part, tone))

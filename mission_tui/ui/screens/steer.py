"""Steering a mission from any screen: one menu of single keys, and the small dialogs behind it."""

from collections.abc import Callable
from typing import ClassVar, NamedTuple

from textual import events
from textual.app import ComposeResult
from textual.binding import Binding, BindingType
from textual.containers import Vertical
from textual.widgets import Input

from mission_tui.domain.budget import Limits, Spend
from mission_tui.domain.mission import Mission
from mission_tui.domain.seats import ROLES
from mission_tui.store.inbox import SetBudget
from mission_tui.ui.look import MISSION
from mission_tui.ui.panes.chat import Composer
from mission_tui.ui.screens.dialog import Dialog, words
from mission_tui.ui.text import clean, clock, money, one_line, tokens
from mission_tui.ui.widgets.lines import LineView, Painted

Rows = Callable[[int], list[Painted]]
"""Lines for a width."""


class Deed(NamedTuple):
    """One line of the menu."""

    key: str
    name: str
    text: str


def deeds(mission: Mission, engine: int | None) -> tuple[Deed, ...]:
    """What can be done with the mission as it stands."""
    if mission.ended:
        return ()
    pause = (
        "go on from the step it stopped at"
        if mission.paused
        else "at the next step; nothing is lost"
        if engine is not None
        else "start the engine"
    )
    caps = mission.limits
    cap = "no money cap" if caps.usd is None else f"${caps.usd:g}"
    stop = () if mission.paused else (Deed("s", "stop", "stop now: the step that is cut becomes unknown"),)
    return (
        Deed("p", "pause", f"{'resume' if mission.paused else 'pause' if engine is not None else 'start'}: {pause}"),
        *stop,
        Deed("m", "message", "message the orchestrator"),
        Deed("b", "caps", f"caps: {cap}, change them"),
        Deed("t", "seat", "seats: give a role another model"),
        Deed("r", "rollback", "roll back, after a preview"),
        Deed("x", "abort", "end the mission for good"),
    )


class ControlScreen(Dialog[str]):
    """Gives the name of what is to be done."""

    STEERS = True

    def __init__(self, mission: Mission, engine: int | None) -> None:
        super().__init__()
        self.mission = mission
        self.deeds = deeds(mission, engine)

    def compose(self) -> ComposeResult:
        look = MISSION[self.mission.status]
        with Vertical(classes="dialog -narrow") as box:
            box.border_title = f"{look.glyph} {look.word}"
            yield LineView(id="list")
            yield words(("a key does it · enter too · esc closes", "faint"))

    def on_mount(self) -> None:
        lines = self.query_one(LineView)
        lines.empty = "The mission has ended; nothing can change it any more."
        lines.set_rows([Painted(d.name, (f" {d.key}  ", "key"), (d.text, "plain")) for d in self.deeds])
        lines.styles.height = max(1, len(self.deeds))
        lines.focus()

    def on_key(self, event: events.Key) -> None:
        found = next((d for d in self.deeds if d.key == event.character), None)
        if found is not None:
            event.stop()
            self.dismiss(found.name)

    def on_line_view_opened(self, event: LineView.Opened) -> None:
        self.dismiss(event.key)


class MessageScreen(Dialog[str]):
    """Gives what is to be said. What was typed and not sent comes back the next time."""

    STEERS = True
    drafts: ClassVar[dict[str, str]] = {}
    """By mission."""

    def __init__(self, mission: Mission) -> None:
        super().__init__()
        self.mission = mission

    def compose(self) -> ComposeResult:
        with Vertical(classes="dialog") as box:
            box.border_title = "Message the orchestrator"
            yield Composer(
                id="goal", soft_wrap=True, show_line_numbers=False, compact=True, highlight_cursor_line=False
            )
            asked = any(d.kind == "answer" for d in self.mission.decisions.open)
            about = "It answers the open question." if asked else "It is read at the orchestrator's next step."
            yield words((f"{about} enter sends · ctrl+j new line · esc later, your text is kept", "faint"))

    def on_mount(self) -> None:
        writing = self.query_one(Composer)
        writing.text = self.drafts.get(self.mission.id, "")
        writing.move_cursor(writing.document.end)
        writing.focus()

    def on_composer_sent(self, event: Composer.Sent) -> None:
        self.drafts.pop(self.mission.id, None)
        self.dismiss(event.text)

    def action_close(self) -> None:
        self.drafts[self.mission.id] = self.query_one(Composer).text
        self.dismiss(None)


class CapsScreen(Dialog[SetBudget]):
    """Gives new caps; a field that is left as it is changes nothing."""

    STEERS = True
    BINDINGS: ClassVar[list[BindingType]] = [Binding("ctrl+s", "send", "send", show=False, priority=True)]

    def __init__(self, limits: Limits, spend: Spend) -> None:
        super().__init__()
        self.limits = limits
        self.spend = spend

    def compose(self) -> ComposeResult:
        spent = self.spend
        with Vertical(classes="dialog -narrow") as box:
            box.border_title = "Caps"
            yield words(("dollars  ", "strong"), (f"{money(spent.usage.usd, spent.usage.usd_known)} spent", "faint"))
            yield Input(self._shown(self.limits.usd), id="usd", placeholder="no cap")
            yield words(("tokens  ", "strong"), (f"{tokens(spent.tokens)} used", "faint"))
            yield Input(self._shown(self.limits.tokens), id="tokens", placeholder="no cap")
            yield words(("hours of work  ", "strong"), (f"{clock(spent.wall_s)} worked", "faint"))
            yield Input(self._shown(self.limits.hours), id="hours", placeholder="no cap")
            yield words(("", "bad"), id="trouble")
            yield words(("enter or ctrl+s sets them · tab next field · esc leaves them", "faint"))

    @staticmethod
    def _shown(value: float | None) -> str:
        return "" if value is None else f"{value:g}" if value < 1e5 else f"{int(value)}"

    def on_mount(self) -> None:
        self.query_one("#trouble").display = False
        self.query_one("#usd").focus()

    def on_input_submitted(self) -> None:
        self.action_send()

    def action_send(self) -> None:
        changed: dict[str, float] = {}
        for name, now in (("usd", self.limits.usd), ("tokens", self.limits.tokens), ("hours", self.limits.hours)):
            text = self.query_one(f"#{name}", Input).value.strip().lstrip("$").replace(",", "").replace("_", "")
            if text == self._shown(now):
                continue
            try:
                changed[name] = int(float(text)) if name == "tokens" else float(text)
                SetBudget.model_validate(changed)
            except ValueError:
                self.query_one("#trouble").display = True
                self.say("trouble", ((f"{name}: {clean(text, 40)!r} is no cap; type a number above 0", "bad"),))
                self.query_one(f"#{name}").focus()
                return
        self.dismiss(SetBudget.model_validate(changed) if changed else None)


class SeatScreen(Dialog[str]):
    """Gives `ROLE=MODEL`."""

    STEERS = True

    def __init__(self, mission: Mission) -> None:
        super().__init__()
        self.mission = mission
        self.role = "worker"

    def compose(self) -> ComposeResult:
        with Vertical(classes="dialog") as box:
            box.border_title = "Seats"
            yield LineView(id="list")
            yield Input(id="model", placeholder="PROVIDER/MODEL; enter changes it, the role's next model call has it")
            yield words(("enter on a role, then type its model · esc closes", "faint"))

    def on_mount(self) -> None:
        lines = self.query_one(LineView)
        rows = [
            Painted(role, (f" {role.replace('_', ' '):<19}", "key"), (self._model(role), "plain")) for role in ROLES
        ]
        lines.set_rows(rows)
        lines.move_to(ROLES.index(self.role))
        lines.styles.height = len(rows)
        lines.focus()

    def _model(self, role: str) -> str:
        seat = self.mission.seats.get(role) or self.mission.seats.get("default")
        return one_line(seat.model) if seat else "none"

    def on_line_view_opened(self, event: LineView.Opened) -> None:
        self.role = event.key
        writing = self.query_one(Input)
        writing.value = self._model(event.key)
        writing.focus()

    def on_input_submitted(self, event: Input.Submitted) -> None:
        if event.value.strip():
            self.dismiss(f"{self.role}={event.value.strip()}")


class ReasonScreen(Dialog[str]):
    """Shows what is about to happen and asks why; gives what was typed, which is never empty."""

    def __init__(self, title: str, rows: Rows, prompt: str, needed: str | None = None) -> None:
        super().__init__()
        self._title = title
        self._rows = rows
        self._prompt = prompt
        self._needed = needed
        """The word that must be typed, where a reason is not enough."""

    def compose(self) -> ComposeResult:
        with Vertical(classes="dialog -waits") as box:
            box.border_title = self._title
            yield LineView(id="details", cursor=False)
            yield Input(placeholder=self._prompt)
            yield words(("", "bad"), id="trouble")
            yield words(("enter does it · pgup/pgdn read · esc leaves everything as it is", "faint"))

    def on_mount(self) -> None:
        self.query_one("#trouble").display = False
        self.query_one(LineView).can_focus = False
        self.query_one(Input).focus()

    def on_line_view_rewrapped(self, event: LineView.Rewrapped) -> None:
        rows = self._rows(event.view.line_width)
        event.view.set_rows(rows)
        event.view.styles.height = min(len(rows), max(3, self.size.height - 10))

    def on_key(self, event: events.Key) -> None:
        if event.key in ("pageup", "pagedown"):
            event.stop()
            self.query_one(LineView).action_page(1 if event.key == "pagedown" else -1)

    def on_input_submitted(self, event: Input.Submitted) -> None:
        text = event.value.strip()
        if text and (self._needed is None or text == self._needed):
            self.dismiss(text)
            return
        self.query_one("#trouble").display = True
        self.say("trouble", ((f"type {self._needed!r} to do it" if self._needed else "say why in a few words", "bad"),))

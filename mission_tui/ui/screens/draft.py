"""Contract and plan beside the conversation, edited in place; the gates speak beside the line as one types."""

from typing import ClassVar

from textual.app import ComposeResult
from textual.binding import Binding, BindingType
from textual.containers import Container, Vertical
from textual.timer import Timer
from textual.widgets import TextArea

from mission_tui.domain.draft import in_words
from mission_tui.domain.events import Recorded
from mission_tui.domain.mission import Mission
from mission_tui.store import inbox
from mission_tui.ui.control import Host, MissionView
from mission_tui.ui.look import Line
from mission_tui.ui.panes.chat import ChatPane, Composer
from mission_tui.ui.readings import Parsed, PartKind, Problem
from mission_tui.ui.screens.draft_rows import draft_rows, moved
from mission_tui.ui.screens.draft_work import DraftWork, Text, begin, kind_of, new_part
from mission_tui.ui.text import clean, counted, cut, one_line
from mission_tui.ui.widgets.editor import Editor
from mission_tui.ui.widgets.frame import Framed
from mission_tui.ui.widgets.keybar import Hint, KeyBar
from mission_tui.ui.widgets.lines import LineView, Painted

BESIDE_FROM = 100
CHAT_FROM = 30
"""Rows from which the conversation stands below the list."""
JUDGE_AFTER_S = 0.15
"""Quiet time after a key before the gates are asked."""


class DraftScreen(MissionView[None]):
    """Changes are sent together with ctrl+s. What is not sent is kept, also while the screen is closed."""

    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("ctrl+s", "save", "save", show=False, priority=True),
        Binding("ctrl+z", "undo_part", "take back", show=False),
        Binding("e", "edit", "edit", show=False),
        Binding("a", "new('assertion')", "new assertion", show=False),
        Binding("f", "new('feature')", "new feature", show=False),
        Binding("t", "new('milestone')", "new milestone", show=False),
        Binding("d,delete", "remove", "remove", show=False),
        Binding("u", "undo_part", "take back", show=False),
        Binding("shift+up,K", "shift(-1)", "earlier", show=False),
        Binding("shift+down,J", "shift(1)", "later", show=False),
        Binding("tab", "other", "other side", show=False),
    ]
    kept: ClassVar[dict[str, DraftWork]] = {}
    """By mission."""

    def __init__(self, host: Host, talk: list[Recorded], start: str | None = None) -> None:
        super().__init__(host)
        self.work = self.kept.setdefault(host.files.id, DraftWork())
        self.talk = list(talk)
        self.start = start
        self.name_shown: str | None = None
        self.parsed: dict[str, Parsed] = {}
        self.problems: dict[str, list[Problem]] = {}
        self._sent: str | None = None
        self._quiet: Timer | None = None

    def body(self) -> ComposeResult:
        with Container(id="draft"):
            with Vertical(id="draft-left"):
                with Framed(classes="pane", id="parts-pane"):
                    yield LineView(id="parts")
                yield ChatPane("chat")
            with Vertical(id="draft-right"):
                with Framed(classes="pane", id="editor-pane"):
                    yield Editor("yaml", "editor")
                yield LineView(id="problems", cursor=False)

    def on_mount(self) -> None:
        super().on_mount()
        self.parts.empty = "Assertions and features appear here as they are drafted. a and f add your own."
        self.query_one("#problems", LineView).can_focus = False
        chat = self.query_one(ChatPane)
        chat.records = self.talk
        chat.show(self.host.mission)
        self._judge()
        names = [row.key for row in self.parts.rows]
        if self.start in names:
            self.parts.move_to(names.index(self.start or ""))
        self._open(self.parts.key)
        self.parts.focus()

    @property
    def parts(self) -> LineView:
        return self.query_one("#parts", LineView)

    @property
    def editor(self) -> Editor:
        return self.query_one("#editor", Editor)

    # What happens elsewhere

    def show(self, mission: Mission) -> None:
        super().show(mission)
        self.query_one(ChatPane).show(mission)
        self._judge()
        if self.name_shown is not None and self.name_shown not in self.work.texts:
            self._open(self.name_shown)

    def heard(self, records: list[Recorded]) -> None:
        self.query_one(ChatPane).add(records)

    def settled(self, command: inbox.Command, refused: str | None) -> None:
        if command.id != self._sent:
            return
        self._sent = None
        if refused is None:
            self.work.forget()
            self._judge()
            self._open(self.name_shown)
        else:
            self.work.refused = refused
            self._show_problems()

    # The list

    def on_resize(self) -> None:
        beside = self.size.width >= BESIDE_FROM
        self.query_one("#draft").set_class(beside, "-beside")
        self.query_one("#chat").display = beside and self.size.height >= CHAT_FROM

    def on_line_view_rewrapped(self, event: LineView.Rewrapped) -> None:
        self._list()
        if self.name_shown is None and self.parts.key:  # the list has rows only once it has a width
            self._open(self.parts.key)
        self._show_problems()
        self._frame()

    def _list(self) -> None:
        if self.parts.line_width:
            rows = draft_rows(self.host.mission, self.work, self.problems, self.parts.line_width)
            self.parts.set_rows(rows)

    def on_line_view_moved(self, event: LineView.Moved) -> None:
        if event.view is self.parts:
            self._open(self.parts.key)

    def on_line_view_opened(self, event: LineView.Opened) -> None:
        self.action_edit()

    def _open(self, name: str | None) -> None:
        """Show a part in the editor."""
        self.name_shown = name or None
        self.editor.read_only = not name or self.host.mission.ended is not None
        known = begin(self.host.mission, self.work, name, self.host.launcher.readings.part_text) if name else None
        text = known.text if known else ""
        if self.editor.text != text:
            self.editor.load_text(text)
        self._show_problems()
        self._frame()

    # The editor

    def on_text_area_changed(self, event: TextArea.Changed) -> None:
        if event.text_area is not self.editor or self.name_shown is None:
            return
        name, text = self.name_shown, self.editor.text
        known = begin(self.host.mission, self.work, name, self.host.launcher.readings.part_text)
        if text == known.text:
            return
        self.work.texts[name] = Text(known.kind, text, known.before)
        self.work.refused = ""
        if self._quiet is not None:
            self._quiet.stop()
        self._quiet = self.set_timer(JUDGE_AFTER_S, self._judge)

    def on_editor_left(self) -> None:
        self.parts.focus()

    def _judge(self) -> None:
        """Read everything that was changed, and ask the gates."""
        self.parsed = self.work.read(self.host.launcher.readings)
        self.problems = self.work.judged(self.host.mission, self.parsed)
        self._list()
        self._show_problems()
        self._frame()

    def _show_problems(self) -> None:
        mine = self.problems.get(self.name_shown or "", [])
        self.editor.mark(mine)
        view = self.query_one("#problems", LineView)
        width = max(10, view.line_width)
        rows = [Painted("", ("✖ ", "bad"), (cut(one_line(self.work.refused), width - 2), "plain"))]
        rows = rows if self.work.refused else []
        for name, found in self.problems.items():
            rows += [_told(name, self.name_shown, problem, width) for problem in found]
        if not rows and self.work.pending:
            said = in_words(self.host.mission, self.work.edit(self.parsed)).partition("myself: ")[2]
            rows = [Painted("", ("✔ ", "good"), (cut(f"the gates agree: {said}", width - 2), "plain"))]
        view.set_rows(rows)
        view.styles.height = min(len(rows), 6)
        self._hints()

    def _frame(self) -> None:
        mission = self.host.mission
        state = "approved: changes are signed amendments" if mission.plan.approved else "draft"
        figures: Line = ((f"{counted(len(mission.contract.assertions), 'assertion')}", "faint"),)
        self.query_one("#parts-pane", Framed).frame((("Contract and plan ", "strong"), (state, "faint")), figures)
        name = self.name_shown or ""
        changed: Line = (("● not sent", "live"),) if name in self.work.texts else ()
        kind = self.work.texts[name].kind if name in self.work.texts else kind_of(mission, name)
        self.query_one("#editor-pane", Framed).frame(((f"{kind} " if name else "", "faint"), (name, "strong")), changed)

    def _hints(self) -> None:
        typing = self.editor.has_focus
        save = (Hint("^s", "send the changes", "save", "wait" if not self.problems else "faint"),)
        moves = (
            Hint("enter", "edit", "edit"),
            Hint("a", "assertion", "new('assertion')"),
            Hint("f", "feature", "new('feature')"),
            Hint("t", "milestone", "new('milestone')"),
            Hint("d", "remove", "remove"),
            Hint("J K", "move", "shift(1)"),
        )
        undo = (Hint("^z" if typing else "u", "take back", "undo_part"),) if self.work.pending and not typing else ()
        self.query_one("#keys", KeyBar).show(
            *(save if self.work.pending else ()),
            *(() if typing else moves),
            *undo,
            Hint("esc", "list" if typing else "back", "close"),
            Hint("F2", "control", "app.steer('control')"),
        )

    def on_descendant_focus(self) -> None:
        for pane in self.query(Framed):
            pane.set_class(self.focused is not None and pane in self.focused.ancestors, "-current")
        self._hints()

    # Keys

    def action_edit(self) -> None:
        if self.name_shown is not None:
            self.editor.focus()

    def action_other(self) -> None:
        if self.query_one("#chat").display and self.parts.has_focus:
            self.query_one(ChatPane).write()
        elif not self.editor.has_focus:
            self.editor.focus()

    def action_new(self, kind: PartKind) -> None:
        name, text = new_part(self.host.mission, self.work, kind, self.name_shown or "")
        self.work.texts[name] = Text(kind, text, "")
        self._judge()
        names = [row.key for row in self.parts.rows]
        self.parts.move_to(names.index(name))
        self._open(name)
        self.editor.focus()
        self.editor.move_cursor((1, len("title: ")))

    def action_remove(self) -> None:
        name = self.name_shown
        if name is None or name == "services":
            return
        known = begin(self.host.mission, self.work, name, self.host.launcher.readings.part_text)
        self.work.texts.pop(name, None)
        if known.before:
            self.work.removed[name] = known.before
        self._judge()
        self._open(self.parts.key)

    def action_undo_part(self) -> None:
        """This part, and the order where nothing else of it was changed, as the mission has it."""
        name = self.name_shown or ""
        if name in self.work.texts or name in self.work.removed:
            self.work.texts.pop(name, None)
            self.work.removed.pop(name, None)
        else:
            self.work.order = ()
        self._judge()
        self._open(self.parts.key)

    def action_shift(self, by: int) -> None:
        if self.name_shown is not None:
            self.work.order = moved(self.host.mission, self.work.order, self.name_shown, by)
            self._judge()

    def action_save(self) -> None:
        if not self.work.pending or self._sent is not None:
            return
        self._judge()
        if self.problems:
            self.say((("✖ ", "bad"), ("nothing was sent: mend what is marked first; your text is kept", "plain")))
            return
        command = inbox.EditDraft(edit=self.work.edit(self.parsed))
        self._sent = command.id
        self.host.send(command)

    def on_composer_sent(self, event: Composer.Sent) -> None:
        self.host.send(inbox.Say(text=event.text))


def _told(name: str, shown: str | None, problem: Problem, width: int) -> Painted:
    where = f"line {problem.line}  " if name == shown else f"{name}  " if name else ""
    return Painted("", ("✖ ", "bad"), (where, "key"), (cut(clean(problem.text), width - 2 - len(where)), "plain"))

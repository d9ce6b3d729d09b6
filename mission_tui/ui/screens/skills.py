"""The skills that agents are given: read, edited in place, compared with what they were, and put back."""

from typing import ClassVar

from textual import work
from textual.app import ComposeResult
from textual.binding import Binding, BindingType
from textual.containers import Container, Vertical
from textual.widgets import TextArea

from mission_tui.domain.mission import Mission
from mission_tui.store import inbox
from mission_tui.ui.control import Host, MissionView
from mission_tui.ui.launcher import LaunchProblem
from mission_tui.ui.look import Line
from mission_tui.ui.readings import Revision, SkillText
from mission_tui.ui.screens.skills_rows import change_rows, revision_rows, skill_rows
from mission_tui.ui.screens.steer import ReasonScreen
from mission_tui.ui.text import cut, one_line
from mission_tui.ui.typed import app_of
from mission_tui.ui.widgets.editor import Editor
from mission_tui.ui.widgets.frame import Framed
from mission_tui.ui.widgets.keybar import Hint, KeyBar
from mission_tui.ui.widgets.lines import LineView, Painted

BESIDE_FROM = 100
NEW = """\
---
name: {}
description: When to use it, and what it is about
---

"""


class SkillsScreen(MissionView[None]):
    """What is typed and not saved is kept, also while the screen is closed."""

    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("ctrl+s", "save", "save", show=False, priority=True),
        Binding("n", "new", "new skill", show=False),
        Binding("h", "history", "history", show=False),
        Binding("d", "compare", "what is not saved", show=False),
        Binding("R", "revert", "put back", show=False),
        Binding("u", "undo", "take back", show=False),
        Binding("tab", "other", "other side", show=False),
    ]
    kept: ClassVar[dict[str, dict[str, str]]] = {}
    """Texts not saved yet, by mission and skill."""

    def __init__(self, host: Host) -> None:
        super().__init__(host)
        self.texts = self.kept.setdefault(host.files.id, {})
        self.skills: list[SkillText] = []
        self.revisions: list[Revision] = []
        self.shown: str | None = None
        self.past = False
        self._sent: tuple[str, str, str] | None = None
        """Command, skill and text on their way to the engine."""
        self._committed = host.mission.head

    def body(self) -> ComposeResult:
        with Container(id="draft"):
            with Vertical(id="draft-left"), Framed(classes="pane", id="skills-pane"):
                yield LineView(id="skill-list", things=True)
            with Vertical(id="draft-right"):
                with Framed(classes="pane", id="editor-pane"):
                    yield Editor("markdown", "editor")
                    yield LineView(id="revisions")
                    yield LineView(id="change", cursor=False)
                yield LineView(id="problems", cursor=False)

    def on_mount(self) -> None:
        super().on_mount()
        self.names.empty = "reading …"
        for name in ("#problems", "#change"):
            self.query_one(name, LineView).can_focus = False
        self._show_past(False)
        self.names.focus()
        self.read()

    @property
    def names(self) -> LineView:
        return self.query_one("#skill-list", LineView)

    @property
    def editor(self) -> Editor:
        return self.query_one("#editor", Editor)

    # Reading

    @work(thread=True, exclusive=True, group="read")
    def read(self) -> None:
        try:
            found = self.host.launcher.readings.skills(self.host.files.id)
        except (LaunchProblem, OSError) as problem:
            app_of(self).call_from_thread(self.say, (("✖ ", "bad"), (one_line(str(problem)), "plain")))
            return
        app_of(self).call_from_thread(self._read, found)

    def _read(self, found: list[SkillText]) -> None:
        names = {skill.name for skill in found}
        waiting = self.host.mission.conversation.skill_edits
        own = [SkillText(n, "mission", "", "") for n in (*self.texts, *waiting) if n not in names]
        self.skills = [*found, *dict.fromkeys(own)]
        self.names.empty = "No skill yet. n writes one."
        self._list()
        if self.shown is None or not self.editor.has_focus:
            self._open(self.names.key)

    def now(self, name: str) -> str:
        """What the next run would be given: the human's saved text, else the file."""
        saved = self.host.mission.conversation.skill_edits.get(name)
        if saved is not None and saved.text is not None:
            return saved.text
        return next((skill.text for skill in self.skills if skill.name == name), "")

    def show(self, mission: Mission) -> None:
        super().show(mission)
        if mission.head != self._committed:
            self._committed = mission.head
            self.read()
        self._list()

    # Showing

    def on_resize(self) -> None:
        self.query_one("#draft").set_class(self.size.width >= BESIDE_FROM, "-beside")

    def on_line_view_rewrapped(self, event: LineView.Rewrapped) -> None:
        self._list()
        self._problems()

    def _list(self) -> None:
        width = self.names.line_width
        if width:
            waiting = self.host.mission.conversation.skill_edits
            self.names.set_rows(skill_rows(self.skills, self.texts, waiting, width))
        self.query_one("#skills-pane", Framed).frame((("Skills", "strong"), (f"  {len(self.skills)}", "faint")))

    def _open(self, name: str | None) -> None:
        self.shown = name
        text = self.texts.get(name or "", self.now(name or ""))
        self.editor.read_only = name is None or self.host.mission.ended is not None
        if self.editor.text != text:
            self.editor.load_text(text)
        self._problems()
        if self.past and name is not None:
            self._load_past(name)

    def _problems(self) -> None:
        name = self.shown or ""
        text = self.texts.get(name)
        found = self.host.launcher.readings.skill_problems(name, text) if text is not None else []
        self.editor.mark(found)
        view = self.query_one("#problems", LineView)
        width = max(10, view.line_width)
        rows = [
            Painted("", ("✖ ", "bad"), (f"line {p.line}  ", "key"), (cut(one_line(p.text), width - 12), "plain"))
            for p in found
        ]
        if text is not None and not found:
            rows = [Painted("", (f"^s saves: {self._reaches()}", "faint"))]
        view.set_rows(rows)
        view.styles.height = min(len(rows), 4)
        changed: Line = (("● not saved", "live"),) if text is not None else ()
        what = "history of " if self.past else ""
        self.query_one("#editor-pane", Framed).frame(((what, "faint"), (name, "strong")), changed)
        self._hints()

    def _reaches(self) -> str:
        """Whom an edit reaches, and when it is on the branch."""
        mission = self.host.mission
        active = [r for r in mission.runs.active if mission.runs.runs[r].started.role in ("worker", "orchestrator")]
        if not active:
            return "the next run reads it"
        return f"{active[0]} keeps what it was given, the next run reads it"

    def _hints(self) -> None:
        save = (Hint("^s", "save", "save", "wait"),) if self.texts else ()
        typing = self.editor.has_focus
        keys = (
            Hint("enter", "edit", "edit"),
            Hint("n", "new", "new"),
            Hint("h", "text" if self.past else "history", "history"),
            *((Hint("R", "put this version back", "revert"),) if self.past else ()),
            *((Hint("d", "what is not saved", "compare"), Hint("u", "take back", "undo")) if self.texts else ()),
        )
        self.query_one("#keys", KeyBar).show(
            *save,
            *(() if typing else keys),
            Hint("esc", "list" if typing else "back", "close"),
            Hint("F2", "control", "app.steer('control')"),
        )

    def on_descendant_focus(self) -> None:
        for pane in self.query(Framed):
            pane.set_class(self.focused is not None and pane in self.focused.ancestors, "-current")
        self._hints()

    # Editing

    def on_line_view_moved(self, event: LineView.Moved) -> None:
        if event.view is self.names:
            self._open(self.names.key)
        elif event.view.id == "revisions":
            self._compare_past()

    def on_line_view_opened(self, event: LineView.Opened) -> None:
        if event.view is self.names:
            self.action_edit()

    def action_edit(self) -> None:
        self._show_past(False)
        if self.shown is not None:
            self.editor.focus()

    def on_text_area_changed(self, event: TextArea.Changed) -> None:
        name = self.shown
        if event.text_area is not self.editor or name is None:
            return
        if self.editor.text == self.now(name):
            self.texts.pop(name, None)
        else:
            self.texts[name] = self.editor.text
        self._list()
        self._problems()

    def on_editor_left(self) -> None:
        self.names.focus()

    def action_other(self) -> None:
        (self.query_one("#revisions") if self.past else self.editor).focus()

    @work
    async def action_new(self) -> None:
        dialog = ReasonScreen("New skill", lambda _: [], "its name: a-z, 0-9 and dashes")
        name = await app_of(self).push_screen_wait(dialog)
        if name is None:
            return
        if all(skill.name != name for skill in self.skills):
            self.skills.append(SkillText(name, "mission", "", ""))
            self.texts[name] = NEW.format(name)
        self._list()
        self.names.move_to(next(i for i, row in enumerate(self.names.rows) if row.key == name))
        self._open(name)
        self.editor.focus()
        self.editor.move_cursor(self.editor.document.end)

    def action_undo(self) -> None:
        self.texts.pop(self.shown or "", None)
        self._list()
        self._open(self.shown)

    def action_save(self) -> None:
        name = self.shown
        text = self.texts.get(name or "")
        if name is None or text is None or self._sent is not None:
            return
        if self.host.launcher.readings.skill_problems(name, text):
            self.say((("✖ ", "bad"), ("nothing was saved: mend what is marked first; your text is kept", "plain")))
            return
        self._send(name, text)

    def _send(self, name: str, text: str) -> None:
        command = inbox.WriteSkill(name=name, text=text, based_on=self.now(name) or None)
        self._sent = (command.id, name, text)
        self.host.send(command)

    def settled(self, command: inbox.Command, refused: str | None) -> None:
        if self._sent is None or command.id != self._sent[0]:
            return
        _, name, text = self._sent
        self._sent = None
        if refused is None:
            if self.texts.get(name) == text:
                del self.texts[name]
            self._list()
            self._problems()
            self.host.say((("✔ ", "good"), (f"{name} saved: {self._reaches()}", "plain")))
            self.read()

    # The past

    def action_history(self) -> None:
        self._show_past(not self.past)
        self._open(self.shown)

    def _show_past(self, past: bool) -> None:
        self.past = past
        self.editor.display = not past
        self.query_one("#revisions").display = past
        self.query_one("#change").display = past

    @work(thread=True, exclusive=True, group="past")
    def _load_past(self, name: str) -> None:
        try:
            found = self.host.launcher.readings.skill_history(self.host.files.id, name)
        except LaunchProblem as problem:
            app_of(self).call_from_thread(self.say, (("✖ ", "bad"), (one_line(str(problem)), "plain")))
            return
        app_of(self).call_from_thread(self._past_read, found)

    def _past_read(self, found: list[Revision]) -> None:
        self.revisions = found
        view = self.query_one("#revisions", LineView)
        view.empty = "Not on the mission branch yet: it is as it came."
        view.set_rows(revision_rows(found, view.line_width or 60))
        view.styles.height = max(1, min(len(found), 8))
        view.focus()
        self._compare_past()

    def _compare_past(self) -> None:
        """What the chosen version changed."""
        place = self.query_one("#revisions", LineView).cursor
        if place < len(self.revisions):
            before = self.revisions[place + 1].text if place + 1 < len(self.revisions) else ""
            self._change(before, self.revisions[place].text)

    def action_compare(self) -> None:
        """What was typed and not saved, against what the next run would read."""
        name = self.shown or ""
        if name in self.texts:
            self._show_past(True)
            self.query_one("#revisions").display = False
            self._change(self.now(name), self.texts[name])
            self._hints()

    def _change(self, before: str, after: str) -> None:
        view = self.query_one("#change", LineView)
        view.set_rows(change_rows(before, after, view.line_width or 80))

    @work
    async def action_revert(self) -> None:
        place = self.query_one("#revisions", LineView).cursor
        name = self.shown
        if not self.past or name is None or place >= len(self.revisions) or self.host.mission.ended:
            return
        revision = self.revisions[place]
        dialog = ReasonScreen(
            f"Put {name} back to {revision.commit[:7]}",
            lambda width: change_rows(self.now(name), revision.text, width),
            "type yes to do it",
            needed="yes",
        )
        if await app_of(self).push_screen_wait(dialog) is not None:
            self._send(name, revision.text)

"""One mission: four panes under a status line. It shows what the feed reads and sends what the human decides."""

from typing import ClassVar

from textual import work
from textual.app import ComposeResult
from textual.binding import Binding, BindingType
from textual.containers import Horizontal, Vertical
from textual.screen import Screen

from mission_tui.domain.decision import Decision
from mission_tui.domain.mission import Mission
from mission_tui.store import inbox
from mission_tui.store.layout import MissionFiles
from mission_tui.ui import feed
from mission_tui.ui.launcher import Launcher, LaunchProblem
from mission_tui.ui.panes.chat import ChatPane, Composer
from mission_tui.ui.panes.coverage import CoveragePane
from mission_tui.ui.panes.handoffs import HandoffPane
from mission_tui.ui.panes.status import NoticeBar, StatusBar
from mission_tui.ui.panes.transcript import TranscriptPane
from mission_tui.ui.screens.assertion import AssertionScreen
from mission_tui.ui.screens.decision import DecisionScreen
from mission_tui.ui.screens.inbox import InboxScreen
from mission_tui.ui.screens.questions import QuestionsScreen
from mission_tui.ui.text import one_line
from mission_tui.ui.typed import app_of
from mission_tui.ui.widgets.frame import Framed
from mission_tui.ui.widgets.keybar import Hint, KeyBar
from mission_tui.ui.widgets.lines import LineView

PANES = ("coverage", "chat", "transcript", "handoffs")
PANE_TYPES = (CoveragePane, ChatPane, TranscriptPane, HandoffPane)
NAMES = ("Coverage", "Orchestrator", "Transcript", "Handoffs")
FOUR_FROM = (110, 20)
"""Columns and rows from which all four panes fit beside each other."""
WIDE_FROM = 180
LEFT_WHEN_WIDE = 80


class MissionScreen(Screen[None]):
    BINDINGS: ClassVar[list[BindingType]] = [
        *(Binding(str(n), f"pane('{name}')", f"pane {n}", show=False) for n, name in enumerate(PANES, 1)),
        Binding("tab", "next_pane(1)", "next pane", show=False),
        Binding("shift+tab", "next_pane(-1)", "previous pane", show=False),
        Binding("z", "zoom", "zoom", show=False),
        Binding("a", "answer", "answer", show=False),
        Binding("i", "inbox", "inbox", show=False),
        Binding("p", "pause", "pause or resume", show=False),
        Binding("s", "stop_now", "stop now", show=False),
        Binding("m", "message", "message", show=False),
        Binding("escape", "back", "missions", show=False),
    ]

    def __init__(self, files: MissionFiles, launcher: Launcher) -> None:
        super().__init__()
        self.files = files
        self.launcher = launcher
        self.mission = Mission()
        self.engine: int | None = None
        self.zoomed = False
        self.pane = "coverage"
        self._begun = False
        self.feed = feed.Feed(files, self.post_message, lambda: launcher.engine_alive(files.id))

    def compose(self) -> ComposeResult:
        yield StatusBar("status")
        yield NoticeBar("notice")
        yield KeyBar("tabs")
        with Horizontal(id="panes"):
            with Vertical(id="left"):
                yield CoveragePane("coverage")
                yield ChatPane("chat")
            with Vertical(id="right"):
                yield TranscriptPane("transcript")
                yield HandoffPane("handoffs")
        yield KeyBar()

    def on_mount(self) -> None:
        self.action_pane(self.pane)
        self._follow()

    def on_unmount(self) -> None:
        self.feed.stop()

    @work(thread=True, exit_on_error=True)
    def _follow(self) -> None:
        self.feed.follow()

    # What the feed reads

    def on_mission_changed(self, event: feed.MissionChanged) -> None:
        old, self.mission = self.mission, event.mission
        self.query_one(StatusBar).show(event.mission, event.spend)
        if old is event.mission:
            return
        self.query_one(NoticeBar).show(event.mission)
        for pane in PANE_TYPES:
            self.query_one(pane).show(event.mission)
        if old.plan.approved != event.mission.plan.approved or not self._begun:
            self._begin()
        for screen in app_of(self).screen_stack:
            if isinstance(screen, AssertionScreen):
                screen.show(event.mission)
        self._hints()

    def _begin(self) -> None:
        """Where one looks first: the conversation while there is no plan, then the work."""
        if not self._begun:
            self._begun = True
            self.action_pane("coverage" if self.mission.plan.approved else "chat")
        self._arrange()

    def on_talk_read(self, event: feed.TalkRead) -> None:
        self.query_one(ChatPane).add(event.events)

    def on_steps_read(self, event: feed.StepsRead) -> None:
        self.query_one(TranscriptPane).add_steps(event.run_id, event.steps, event.last)

    def on_live_changed(self, event: feed.LiveChanged) -> None:
        self.query_one(TranscriptPane).set_live(event.run_id, event.live)

    def on_engine_seen(self, event: feed.EngineSeen) -> None:
        self.engine = event.pid
        notice = self.query_one(NoticeBar)
        notice.engine = event.pid
        notice.refresh()
        self._hints()

    def on_feed_problem(self, event: feed.FeedProblem) -> None:
        notice = self.query_one(NoticeBar)
        notice.problem = event.problem
        notice.refresh()

    def on_command_settled(self, event: feed.CommandSettled) -> None:
        if event.refused is not None:
            text = f"the engine refused {event.command.kind.replace('_', ' ')}: {event.refused}"
            self.query_one(NoticeBar).say((("✖ ", "bad"), (one_line(text), "plain")))
        else:
            self.query_one(NoticeBar).say(None)

    def on_transcript_pane_run_wanted(self, event: TranscriptPane.RunWanted) -> None:
        self.feed.watch(event.run_id)

    def on_transcript_pane_steps_wanted(self, event: TranscriptPane.StepsWanted) -> None:
        self.feed.read_steps(event.run_id, event.after)

    # Panes

    @property
    def single(self) -> bool:
        """Whether one pane has the whole screen."""
        return self.zoomed or self.size.width < FOUR_FROM[0] or self.size.height < FOUR_FROM[1]

    def on_resize(self) -> None:
        self._arrange()

    def _arrange(self) -> None:
        width, single, planning = self.size.width, self.single, not self.mission.plan.approved
        for name in PANES:
            self.query_one(f"#{name}").display = not single or name == self.pane
        self.query_one("#left").display = not single or self.pane in PANES[:2]
        self.query_one("#right").display = not single or self.pane in PANES[2:]
        self.query_one("#left").styles.width = LEFT_WHEN_WIDE if width >= WIDE_FROM and not single else "1fr"
        self.query_one("#coverage").styles.height = "2fr" if planning and not single else "3fr"
        self.query_one("#chat").styles.height = "3fr" if planning and not single else "2fr"
        self.query_one("#transcript").styles.height = "3fr"
        self.query_one("#handoffs").styles.height = "2fr"
        tabs = self.query_one("#tabs", KeyBar)
        tabs.display = single
        tabs.show(
            *(
                Hint(str(n), title, f"pane('{name}')", "strong" if name == self.pane else "faint")
                for n, (name, title) in enumerate(zip(PANES, NAMES, strict=True), 1)
            )
        )

    def on_descendant_focus(self) -> None:
        for pane in self.query(Framed):
            current = self.focused is not None and pane in self.focused.ancestors
            if current and pane.id is not None:
                self.pane = pane.id
            pane.set_class(current, "-current")
        self._hints()
        for pane in PANE_TYPES:
            self.query_one(pane).reframe()

    def action_pane(self, name: str) -> None:
        self.pane = name
        self._arrange()
        self.query_one(f"#{name}").query_one(LineView).focus()

    def action_next_pane(self, step: int) -> None:
        self.action_pane(PANES[(PANES.index(self.pane) + step) % len(PANES)])

    def action_zoom(self) -> None:
        self.zoomed = not self.zoomed
        self._arrange()

    def action_message(self) -> None:
        self.action_pane("chat")
        self.query_one(ChatPane).write()

    def action_back(self) -> None:
        self.dismiss(None)

    def _pane(self) -> CoveragePane | ChatPane | TranscriptPane | HandoffPane:
        return self.query_one(f"#{self.pane}", PANE_TYPES[PANES.index(self.pane)])

    def action_open(self) -> None:
        self._pane().query_one(LineView).action_open()

    async def action_in_pane(self, action: str) -> None:
        """Something that the present pane offers, from the key bar."""
        await self._pane().run_action(action)

    def action_next_failing(self) -> None:
        self.query_one(CoveragePane).action_failing(1)

    def action_follow(self) -> None:
        self.query_one(TranscriptPane).lines.action_edge(1)

    def on_transcript_pane_hints_changed(self) -> None:
        self._hints()

    def _hints(self) -> None:
        waits = len(self.mission.decisions.open)
        pause = "resume" if self.mission.paused else "pause" if self.engine is not None else "start"
        answer = (Hint("a", "answer", "answer", "wait"),) if waits else ()
        self.query_one("#keys", KeyBar).show(
            *answer,
            *(() if self.mission.ended else (Hint("p", pause, "pause"), Hint("m", "message", "message"))),
            *self._pane().hints(),
            Hint("i", f"inbox {waits}" if waits else "inbox", "inbox"),
            Hint("z", "zoom", "zoom"),
            Hint("?", "keys", "app.help"),
            Hint("q", "leave", "app.quit"),
            Hint("^p", "palette", "app.command_palette"),
            Hint("esc", "missions", "back"),
            *(() if self.mission.ended or self.mission.paused else (Hint("s", "stop now", "stop_now"),)),
        )

    def on_coverage_pane_assertion_opened(self, event: CoveragePane.AssertionOpened) -> None:
        screen = AssertionScreen(self.mission, self.files, event.assertion, event.order)
        screen.replay = self.replay
        app_of(self).push_screen(screen)

    def on_coverage_pane_hints_changed(self) -> None:
        self._hints()

    # Commands

    def send(self, command: inbox.Command) -> None:
        """Leave a command for the engine, and start one if none is there to take it."""
        try:
            self.feed.send(command)
        except OSError as error:
            self.query_one(NoticeBar).say((("✖ ", "bad"), (f"nothing was sent: {one_line(str(error))}", "plain")))
            return
        self.query_one(NoticeBar).say(((f"{command.kind.replace('_', ' ')} sent …", "faint"),))
        if self.engine is None and not isinstance(command, inbox.Pause | inbox.Stop):
            self.start_engine()

    @work(thread=True, exclusive=True, group="start")
    def start_engine(self) -> None:
        try:
            self.launcher.start(self.files.id)
        except LaunchProblem as problem:
            said = (("✖ ", "bad"), (one_line(str(problem)), "plain"))
            app_of(self).call_from_thread(self.query_one(NoticeBar).say, said)

    def replay(self, assertion: str) -> None:
        """Prove an assertion now, for whoever looks at it."""
        self.send(inbox.Replay(assertion=assertion))

    def action_pause(self) -> None:
        if self.mission.ended:
            return
        if self.mission.paused:
            self.send(inbox.Resume())
        elif self.engine is None:
            self.query_one(NoticeBar).say((("starting the engine …", "faint"),))
            self.start_engine()
        else:
            self.send(inbox.Pause())

    def action_stop_now(self) -> None:
        if not self.mission.ended and not self.mission.paused:
            self.send(inbox.Stop())

    def on_composer_sent(self, event: Composer.Sent) -> None:
        self.send(inbox.Say(text=event.text))

    def action_answer(self) -> None:
        waiting = self.mission.decisions.open
        if waiting:
            self._open(waiting[0])
        else:
            self.query_one(NoticeBar).say((("nothing waits for you", "faint"),))

    @work
    async def action_inbox(self) -> None:
        chosen = await app_of(self).push_screen_wait(InboxScreen(self.mission.decisions.open))
        decision = next((d for d in self.mission.decisions.open if d.id == chosen), None)
        if decision is not None:
            self._open(decision)

    @work
    async def _open(self, decision: Decision) -> None:
        screen = QuestionsScreen(decision) if decision.questions else DecisionScreen(self.mission, decision)
        command = await app_of(self).push_screen_wait(screen)
        if command is not None:
            self.send(command)

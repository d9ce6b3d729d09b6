"""One mission: four panes under a status line. It shows what the feed reads and sends what the human decides."""

import asyncio
import time
from typing import Any, ClassVar

from textual import work
from textual.app import ComposeResult
from textual.binding import Binding, BindingType
from textual.containers import Horizontal, Vertical
from textual.screen import Screen

from mission_tui.domain.budget import Spend
from mission_tui.domain.decision import Decision
from mission_tui.domain.events import Recorded
from mission_tui.domain.mission import Mission
from mission_tui.store import inbox
from mission_tui.store.layout import MissionFiles
from mission_tui.store.seen import Place
from mission_tui.ui import feed
from mission_tui.ui.answering import answer_all
from mission_tui.ui.control import MissionView
from mission_tui.ui.launcher import Launcher, LaunchProblem
from mission_tui.ui.look import Line
from mission_tui.ui.panes.arrangement import FOUR_FROM, PANES, arrange
from mission_tui.ui.panes.chat import ChatPane, Composer
from mission_tui.ui.panes.coverage import CoveragePane
from mission_tui.ui.panes.handoffs import HandoffPane
from mission_tui.ui.panes.status import NoticeBar, StatusBar
from mission_tui.ui.panes.transcript import TranscriptPane
from mission_tui.ui.panes.wishes import OutputOpened, RunWanted, StepSought, StepsWanted
from mission_tui.ui.returning import Attendance
from mission_tui.ui.screens.assertion import AssertionScreen
from mission_tui.ui.screens.digest import AWAY_S, DigestScreen
from mission_tui.ui.screens.draft import DraftScreen
from mission_tui.ui.screens.handoff import HandoffScreen
from mission_tui.ui.screens.mission_keys import mission_hints
from mission_tui.ui.screens.reader import ReaderScreen, output_of
from mission_tui.ui.screens.review import ReviewScreen
from mission_tui.ui.screens.skills import SkillsScreen
from mission_tui.ui.text import one_line
from mission_tui.ui.typed import app_of
from mission_tui.ui.widgets.frame import Framed
from mission_tui.ui.widgets.keybar import KeyBar
from mission_tui.ui.widgets.lines import LineView

PANE_TYPES = (CoveragePane, ChatPane, TranscriptPane, HandoffPane)


class MissionScreen(Screen[None]):
    BINDINGS: ClassVar[list[BindingType]] = [
        *(Binding(str(n), f"pane('{name}')", f"pane {n}", show=False) for n, name in enumerate(PANES, 1)),
        Binding("tab", "next_pane(1)", "next pane", show=False),
        Binding("shift+tab", "next_pane(-1)", "previous pane", show=False),
        Binding("z", "zoom", "zoom", show=False),
        Binding("a", "answer", "answer", show=False),
        Binding("i", "app.inbox", "inbox", show=False),
        Binding("p", "app.steer('pause')", "pause or resume", show=False),
        Binding("S", "app.steer('stop')", "stop now", show=False),
        Binding("c", "app.steer('control')", "control", show=False),
        Binding("r", "review", "review", show=False),
        Binding("s", "skills", "skills", show=False),
        Binding("e", "edit", "edit contract and plan", show=False),
        Binding("m", "message", "message", show=False),
        Binding("escape", "back", "missions", show=False),
    ]

    def __init__(
        self, files: MissionFiles, launcher: Launcher, answer: str | None = None, place: Place | None = None
    ) -> None:
        super().__init__()
        self.attendance = Attendance(files)
        self._first = answer
        self._place = place or Place()
        self.files = files
        self.launcher = launcher
        self.mission = Mission()
        self.spend = Spend()
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
        self.attendance.follow(self.mission.seq, self.spend.usage.usd, last=True)

    @work
    async def _come_back(self) -> None:
        """What happened meanwhile, the decision that was asked for, or the screen where one was."""
        now = time.time()
        views = {"review": self.action_review, "skills": self.action_skills, "draft": self.action_edit}
        asked = next((d for d in self.mission.decisions.open if d.id == self._first), None)
        if asked is not None:
            self._open(asked)
            return
        if self.attendance.away(now) > AWAY_S and self.mission.seq > self.attendance.before.seq:
            await self.digest()
        if self._place.view in views:
            views[self._place.view]()

    @work
    async def run_digest(self) -> None:
        await self.digest()

    async def digest(self) -> None:
        """What happened since the human last looked."""
        news = await asyncio.to_thread(self.attendance.news)
        seen = self.attendance.before
        if news:
            screen = DigestScreen(seen, self.mission, self.spend, news, time.time())
            await app_of(self).push_screen_wait(screen)

    @work(thread=True, exit_on_error=True)
    def _follow(self) -> None:
        self.feed.follow()

    # What the feed reads

    def on_mission_changed(self, event: feed.MissionChanged) -> None:
        if not self.display:
            return  # it is being taken down, and parts of it are gone
        old, self.mission, self.spend = self.mission, event.mission, event.spend
        self.attendance.follow(self.mission.seq, self.spend.usage.usd)
        self.query_one(StatusBar).show(event.mission, event.spend)
        if old is event.mission:
            return
        self.query_one(NoticeBar).show(event.mission)
        for pane in PANE_TYPES:
            self.query_one(pane).show(event.mission)
        if old.plan.approved != event.mission.plan.approved or not self._begun:
            self._begin()
        for screen in app_of(self).screen_stack:
            if isinstance(screen, AssertionScreen | HandoffScreen):
                screen.show(event.mission)
        for view in self._views():
            view.show(event.mission)
        self._hints()

    @work(thread=True, group="paths")
    def _read_paths(self) -> None:
        """Names of files, for `@` in what the human writes."""
        try:
            found = self.launcher.readings.paths(str(self.files.worktree))
        except LaunchProblem:
            return
        app_of(self).call_from_thread(setattr, self.query_one(Composer), "paths", found)

    def _begin(self) -> None:
        """Where one looks first: the conversation while there is no plan, then the work."""
        if not self._begun:
            self._begun = True
            self._read_paths()
            self.zoomed = self._place.zoomed
            usual = "coverage" if self.mission.plan.approved else "chat"
            self.action_pane(self._place.pane if self._place.pane in PANES else usual)
            self._come_back()
        self._arrange()

    def on_talk_read(self, event: feed.TalkRead) -> None:
        self.query_one(ChatPane).add(event.events)
        for view in self._views():
            view.heard(event.events)

    @property
    def talk(self) -> list[Recorded]:
        """What was said and decided so far."""
        return self.query_one(ChatPane).records

    def on_steps_read(self, event: feed.StepsRead) -> None:
        self.query_one(TranscriptPane).add_steps(event.run_id, event.steps, event.last)

    def on_live_changed(self, event: feed.LiveChanged) -> None:
        self.query_one(TranscriptPane).set_live(event.run_id, event.live)

    def on_engine_seen(self, event: feed.EngineSeen) -> None:
        self.engine = event.pid
        notice = self.query_one(NoticeBar)
        notice.engine = event.pid
        notice.refresh()
        for view in self._views():
            view.refresh_status()
        self._hints()

    def on_feed_problem(self, event: feed.FeedProblem) -> None:
        notice = self.query_one(NoticeBar)
        notice.problem = event.problem
        notice.refresh()

    def on_command_settled(self, event: feed.CommandSettled) -> None:
        if event.refused is not None:
            text = f"the engine refused {event.command.kind.replace('_', ' ')}: {event.refused}"
            self.say((("✖ ", "bad"), (one_line(text), "plain")))
        else:
            self.say(None)
        for view in self._views():
            view.settled(event.command, event.refused)

    def _views(self) -> list[MissionView[Any]]:
        return [s for s in app_of(self).screen_stack if isinstance(s, MissionView) and s.ready and s.display]

    def say(self, line: Line | None) -> None:
        """Tell the human something, on whatever screen is shown."""
        self.query_one(NoticeBar).say(line)
        views = self._views()
        for view in views:
            view.say(line)
        if line is not None and app_of(self).screen not in (self, *views):
            self.notify("".join(text for text, _ in line), markup=False)

    def on_run_wanted(self, event: RunWanted) -> None:
        self.feed.watch(event.run_id)

    def on_steps_wanted(self, event: StepsWanted) -> None:
        self.feed.read_steps(event.run_id, event.after)

    def on_step_sought(self, event: StepSought) -> None:
        self.feed.find(feed.Sought(event.run_id, event.n, event.by, event.text))

    def on_step_found(self, event: feed.StepFound) -> None:
        self.query_one(TranscriptPane).step_found(event.sought.run_id, event.n, event.sought.text)

    def on_output_opened(self, event: OutputOpened) -> None:
        app_of(self).push_screen(ReaderScreen(output_of(event.step, self.files)))

    # Panes

    @property
    def single(self) -> bool:
        """Whether one pane has the whole screen."""
        return self.zoomed or self.size.width < FOUR_FROM[0] or self.size.height < FOUR_FROM[1]

    def on_resize(self) -> None:
        self._arrange()

    def _arrange(self) -> None:
        arrange(self, self.pane, self.single, planning=not self.mission.plan.approved)

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
        self.query_one(TranscriptPane).action_follow()

    def on_transcript_pane_hints_changed(self) -> None:
        self._hints()

    def _hints(self) -> None:
        self.query_one("#keys", KeyBar).show(*mission_hints(self.mission, self.engine, self._pane().hints()))

    def on_coverage_pane_assertion_opened(self, event: CoveragePane.AssertionOpened) -> None:
        app_of(self).push_screen(AssertionScreen(self, event.assertion, event.order))

    @work
    async def on_handoff_pane_opened(self, event: HandoffPane.Opened) -> None:
        screen = HandoffScreen(self.mission, self.files, self.launcher, event.run_id)
        run_id = await app_of(self).push_screen_wait(screen)
        if run_id is not None:
            self.query_one(TranscriptPane).look_at(run_id)
            self.action_pane("transcript")

    def on_coverage_pane_hints_changed(self) -> None:
        self._hints()

    # Commands

    def send(self, command: inbox.Command) -> None:
        """Leave a command for the engine, and start one if none is there to take it."""
        try:
            self.feed.send(command)
        except OSError as error:
            self.say((("✖ ", "bad"), (f"nothing was sent: {one_line(str(error))}", "plain")))
            return
        self.say(((f"{command.kind.replace('_', ' ')} sent …", "faint"),))
        if self.engine is None and not isinstance(command, inbox.Pause | inbox.Stop):
            self.start_engine()

    @work(thread=True, exclusive=True, group="start")
    def start_engine(self) -> None:
        try:
            self.launcher.start(self.files.id)
        except LaunchProblem as problem:
            said = (("✖ ", "bad"), (one_line(str(problem)), "plain"))
            app_of(self).call_from_thread(self.say, said)

    def on_composer_sent(self, event: Composer.Sent) -> None:
        self.send(inbox.Say(text=event.text))

    def action_answer(self) -> None:
        waiting = self.mission.decisions.open
        if waiting:
            self._open(waiting[0])
        else:
            self.say((("nothing waits for you", "faint"),))

    def answer(self, decision_id: str) -> None:
        """Open a decision that waits, and those after it."""
        found = next((d for d in self.mission.decisions.open if d.id == decision_id), None)
        if found is not None:
            self._open(found)

    @work(exclusive=True, group="answering")
    async def _open(self, decision: Decision) -> None:
        await answer_all(app_of(self), self, decision)

    def action_skills(self) -> None:
        app_of(self).push_screen(SkillsScreen(self))

    def action_edit(self) -> None:
        """Contract and plan, at what the coverage pane's cursor is on."""
        key = self.query_one(CoveragePane).lines.key or ""
        app_of(self).push_screen(DraftScreen(self, self.talk, key.partition(":")[2] or None))

    def action_review(self) -> None:
        """The milestone that waits for a review, else the one that is worked on."""
        asked = next((d for d in self.mission.decisions.open if d.kind == "review_milestone"), None)
        if asked is not None:
            self._open(asked)
            return
        names = list(self.mission.plan.milestones)
        milestone = self.mission.plan.current_milestone() or (names[-1] if names else None)
        if milestone is None or not self.mission.plan.approved:
            self.say((("there is nothing to review before the plan is approved", "faint"),))
            return
        app_of(self).push_screen(ReviewScreen(self, milestone, None))

"""The loop: read what comes next from the state, do it, and look again."""

import asyncio
import contextlib
import sys
from typing import assert_never

from mission_tui.domain import next as n
from mission_tui.domain.events import DecisionWithdrawn, MissionPaused
from mission_tui.domain.gates import GateRefused
from mission_tui.domain.ports import BoxError, ModelError
from mission_tui.engine.agents import Agents
from mission_tui.engine.boundaries import Boundaries
from mission_tui.engine.commands import consequences
from mission_tui.engine.desk import Desk
from mission_tui.engine.parking import is_named, park, seconds_to_wait, wake
from mission_tui.engine.replay import Replays
from mission_tui.engine.trees import clear_leftovers
from mission_tui.engine.upkeep import Upkeep
from mission_tui.engine.validation import Validation
from mission_tui.store import inbox
from mission_tui.store.errors import LockedDatabase, lacking, only_locked
from mission_tui.tools.base import Halted

INBOX_POLL_S = 0.05
LONGEST_NAP_S = 30.0
RECORD_AGAIN_S = 1.0
"""How often a pause is tried to be recorded that the disk has no room for, or refuses."""


class MissionLoop:
    """Drives one mission until it ends or only the human can go on."""

    def __init__(self, desk: Desk) -> None:
        self.desk = desk
        self.agents = Agents(desk)
        self.validation = Validation(desk, self.agents)
        self.boundaries = Boundaries(desk, self.agents)
        self.replays = Replays(desk)
        self.upkeep = Upkeep(desk)
        self._working: asyncio.Task[None] | None = None
        self._news = asyncio.Event()
        desk.take_commands = self.take_commands

    async def run(self, wait: bool) -> None:
        """Return when the mission has ended or, unless `wait`, when it needs the human."""
        await self.desk.repo.clear_stale_locks()
        await clear_leftovers(self.desk)
        self.agents.cancel_leftovers()
        self._try_again()
        async with asyncio.TaskGroup() as group:
            watcher = group.create_task(self._watch_inbox())
            try:
                await self._advance(wait)
            finally:
                watcher.cancel()
                await self.replays.stop()
        self.agents.cancel_leftovers()

    def _try_again(self) -> None:
        """Who starts the engine again wants it to go on: what stopped it is tried anew, but not before its time."""
        stopped = [
            d
            for d in self.desk.mission.decisions.open
            if d.kind in ("provider", "box") and not is_named(d, self.desk.clock.now())
        ]
        self.desk.append(*(DecisionWithdrawn(id=d.id, reason="the engine was started again") for d in stopped))

    async def _advance(self, wait: bool) -> None:
        while True:
            try:
                if await self._one_action(wait):
                    return
            except Exception as error:
                if only_locked(error):
                    await self._wait_for_the_database(error)
                    continue
                await self._pause_for(error, wait)
                if not wait:
                    return

    async def _one_action(self, wait: bool) -> bool:
        """Do what comes next; True when there is nothing left to do here."""
        self.take_commands()
        wake(self.desk)
        await self.boundaries.keep_skill_edits()
        action = n.next_action(self.desk.mission)
        if isinstance(action, n.Stop) or (isinstance(action, n.Wait) and not wait):
            if not self.replays.wanted:
                return True
            await self.replays.finish()
            return False
        if isinstance(action, n.Wait):
            await self._wait()
            return False
        if not self.replays.busy:
            self.upkeep.collect()
        self.desk.db.room.check()
        self.desk.wakeful.hold()
        heard = self.desk.mission.commands
        try:
            await self.boundaries.follow_the_ledger()
            await self._work(action)
        except GateRefused:
            # The human's word may come between the look and the deed: a pause, an edit, a rollback. Look again.
            if self.desk.mission.commands == heard:
                raise
        return False

    async def _wait_for_the_database(self, error: Exception) -> None:
        """Another program has it: nothing can be recorded, not even a pause, and nobody needs to decide anything."""
        print(f"engine: {error}; waiting for it", file=sys.stderr, flush=True)
        while True:
            await asyncio.sleep(RECORD_AGAIN_S)
            self.desk.clock_work(idle=True)
            with contextlib.suppress(LockedDatabase):
                return self.desk.clock_work(at_least_s=0.0)

    async def _pause_for(self, error: Exception, wait: bool) -> None:
        """Pause for want of room, of open files or of a writable disk; every other error is raised again.

        Steps that it cut off are settled as after a crash. With `wait` the pause is recorded as soon as that can be
        done at all; otherwise what could not be recorded is raised.
        """
        lack = lacking(error, self.desk.files.root)
        if lack is None:
            raise error
        self.desk.db.room.release()
        if not self._at_rest:
            with contextlib.suppress(OSError):  # the log may lie on the same disk
                print(f"engine: paused: {lack}", file=sys.stderr, flush=True)
        while not self._at_rest:
            try:
                self.desk.append(MissionPaused(reason=str(lack)))
            except Exception as again:
                if not wait or lacking(again, self.desk.files.root) is None:
                    raise lack from error
                await asyncio.sleep(RECORD_AGAIN_S)
        if wait:
            await asyncio.sleep(RECORD_AGAIN_S)  # what lacks may keep commands from being read, too

    @property
    def _at_rest(self) -> bool:
        return self.desk.mission.paused is not None or self.desk.mission.ended is not None

    async def _wait(self) -> None:
        self.desk.clock_work()
        self._news.clear()
        seconds = seconds_to_wait(self.desk.mission, self.desk.clock.now())
        if seconds is None:
            self.desk.wakeful.release()
        # The timer stands still while the machine sleeps, the time that was named does not.
        limit = None if seconds is None else min(seconds, LONGEST_NAP_S)
        await self.desk.clock.wait(self._news, limit)
        self.desk.clock_work(idle=True)

    async def _work(self, action: n.Action) -> None:
        """One action, as a task of its own so that `stop` can cut it off."""
        self._working = asyncio.create_task(self._attempt(action))
        try:
            await asyncio.shield(self._working)
        except asyncio.CancelledError:
            if not self._working.done():
                self._working.cancel()
                await asyncio.gather(self._working, return_exceptions=True)
                raise
            if asyncio.current_task() is not None and (asyncio.current_task() or self._working).cancelling():
                raise
        finally:
            self._working = None

    async def _attempt(self, action: n.Action) -> None:
        try:
            await self._perform(action)
        except Halted:
            return
        except (ModelError, BoxError) as error:
            if lacking(error, self.desk.files.root):
                raise
            if isinstance(error, ModelError):
                park(self.desk, error)
            else:
                self.desk.open_decision("box", f"no box can be had: {error}", ("retry", "abort"), "retry")

    async def _perform(self, action: n.Action) -> None:
        match action:
            case n.Resume() | n.Orchestrate() | n.Work() | n.ReviewContract():
                await self.boundaries.run_agent(action)
            case n.ProveBase():
                await self.validation.prove_base()
            case n.StartRound() | n.Scrutinise() | n.Review() | n.Prove() | n.Control() | n.UserTest() | n.Conclude():
                await self.validation.perform(action)
            case (
                n.AskApproval()
                | n.AskRoundCap()
                | n.AskVacuous()
                | n.AskReview()
                | n.Seal()
                | n.OpenFixMilestone()
                | n.Complete()
            ):
                await self.boundaries.perform(action)
            case n.Stop() | n.Wait():
                return
            case _:
                assert_never(action)

    # The human's commands

    def take_commands(self) -> None:
        """Apply what was sent, each exactly once: its id is in the event it causes."""
        for command in inbox.pending(self.desk.files):
            if command.id not in self.desk.mission.commands:
                try:
                    self.desk.append(*consequences(self.desk.mission, command))
                except GateRefused as refused:
                    inbox.refuse(self.desk.files, command.id, str(refused))
                    continue
            inbox.take(self.desk.files, command.id)
            self._news.set()

    def _try_to_take_commands(self) -> None:
        """Beside the work: a command that cannot be recorded now is applied later, and the work tells of the lack."""
        try:
            self.take_commands()
        except Exception as error:
            if lacking(error, self.desk.files.root) is None and not only_locked(error):
                raise

    async def _watch_inbox(self) -> None:
        """Commands take effect within a poll even during a long step; `stop` cuts the step off."""
        while True:
            await asyncio.sleep(INBOX_POLL_S)
            self._try_to_take_commands()
            self.replays.begin()
            paused = self.desk.mission.paused
            at_once = (paused is not None and paused.at_once) or self.desk.mission.ended is not None
            if at_once and self._working is not None and not self._working.cancelling():
                # Once: a second cancellation would cut off the closing of its box.
                self._working.cancel()

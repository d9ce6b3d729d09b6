"""What the keys that steer do: the same from every screen."""

import asyncio

from textual.app import App

from mission_tui.domain.rollback import checkpoint_before
from mission_tui.store import inbox
from mission_tui.ui.control import Host
from mission_tui.ui.launcher import LaunchProblem
from mission_tui.ui.screens.rollback import RollbackScreen
from mission_tui.ui.screens.steer import CapsScreen, ControlScreen, MessageScreen, ReasonScreen, SeatScreen
from mission_tui.ui.text import one_line
from mission_tui.ui.widgets.lines import Painted


async def steer(app: App[None], host: Host, deed: str) -> None:
    """Do one thing with a mission; asks first where that cannot be taken back. Runs in a worker."""
    if deed == "control":
        chosen = await app.push_screen_wait(ControlScreen(host.mission, host.engine))
        if chosen is None:
            return
        deed = chosen
    if host.mission.ended:
        host.say(((f"the mission is {host.mission.ended}; nothing can change it any more", "faint"),))
        return
    await _DEEDS[deed](app, host)


async def _pause(_app: App[None], host: Host) -> None:
    if host.mission.paused:
        host.send(inbox.Resume())
    elif host.engine is None:
        host.say((("starting the engine …", "faint"),))
        host.start_engine()
    else:
        host.send(inbox.Pause())


async def _stop(_app: App[None], host: Host) -> None:
    if not host.mission.paused:
        host.send(inbox.Stop())


async def _message(app: App[None], host: Host) -> None:
    text = await app.push_screen_wait(MessageScreen(host.mission))
    if text:
        host.send(inbox.Say(text=text))


async def _caps(app: App[None], host: Host) -> None:
    command = await app.push_screen_wait(CapsScreen(host.mission.limits, host.spend))
    if command is not None:
        host.send(command)


async def _seat(app: App[None], host: Host) -> None:
    assignment = await app.push_screen_wait(SeatScreen(host.mission))
    if not assignment:
        return
    try:
        role, seat = await asyncio.to_thread(host.launcher.readings.seat, assignment)
    except LaunchProblem as problem:
        host.say((("✖ ", "bad"), (one_line(str(problem)), "plain")))
        return
    host.send(inbox.SetSeat(role=role, seat=seat))


async def _rollback(app: App[None], host: Host) -> None:
    mission = host.mission
    if not mission.checkpoints:
        host.say((("nothing is built yet, so there is nothing to roll back to", "faint"),))
        return
    current = mission.plan.current_milestone() or next(reversed(mission.plan.milestones))
    command = await app.push_screen_wait(RollbackScreen(mission, checkpoint_before(mission, current)))
    if command is not None:
        host.send(command)


async def _abort(app: App[None], host: Host) -> None:
    about = (
        "The mission ends for good: nothing can change it any more.",
        f"Its branch {host.mission.created.branch if host.mission.created else ''} stays as it is.",
    )
    rows = [Painted("", (text, "plain")) for text in about]
    reason = await app.push_screen_wait(ReasonScreen("End the mission", lambda _: rows, "why? enter ends it"))
    if reason is not None:
        host.send(inbox.Abort(reason=reason))


_DEEDS = {
    "pause": _pause,
    "stop": _stop,
    "message": _message,
    "caps": _caps,
    "seat": _seat,
    "rollback": _rollback,
    "abort": _abort,
}

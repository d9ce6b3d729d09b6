"""Which keys the mission screen offers at its foot."""

from collections.abc import Iterator

from mission_tui.domain.mission import Mission
from mission_tui.ui.widgets.keybar import Hint


def mission_hints(mission: Mission, engine: int | None, pane: tuple[Hint, ...]) -> Iterator[Hint]:
    """The most needed first; those of the pane stand between what steers and what opens."""
    waits = len(mission.decisions.open)
    going_on = mission.ended is None
    if waits:
        yield Hint("a", "answer", "answer", "wait")
    if going_on:
        pause = "resume" if mission.paused else "pause" if engine is not None else "start"
        yield Hint("p", pause, "app.steer('pause')")
        yield Hint("m", "message", "message")
    yield from pane
    yield Hint("i", f"inbox {waits}" if waits else "inbox", "app.inbox")
    if mission.plan.approved:
        yield Hint("r", "review", "review")
    if mission.contract.assertions and going_on:
        yield Hint("e", "edit plan", "edit")
    if going_on:
        yield Hint("c", "control", "app.steer('control')")
    yield Hint("s", "skills", "skills")
    yield Hint("z", "zoom", "zoom")
    yield Hint("?", "keys", "app.help")
    yield Hint("q", "leave", "app.quit")
    yield Hint("^p", "palette", "app.command_palette")
    yield Hint("esc", "missions", "back")

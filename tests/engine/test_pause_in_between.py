from pathlib import Path

import pytest

from mission_tui.domain.events import RunStarted
from mission_tui.engine.boundaries import Boundaries
from mission_tui.store import inbox
from mission_tui.store.inbox import Pause, Resume
from tests.support.engine import APPROVING_REVIEWER, GOOD_WORKER, bye, events, mission, plan, run, script, state


async def test_a_pause_that_comes_between_the_look_and_the_deed_pauses(tmp_path: Path, monkeypatch: pytest.MonkeyPatch):
    files = await mission(tmp_path, script(tmp_path / "s.yaml", GOOD_WORKER, APPROVING_REVIEWER), plan(bye()))
    follow = Boundaries.follow_the_ledger
    sent: list[str] = []

    async def late(self: Boundaries) -> None:
        await follow(self)
        if self.desk.mission.validation.base is not None and not sent:
            sent.append(inbox.send(files, Pause()))
            self.desk.take_commands()

    monkeypatch.setattr(Boundaries, "follow_the_ledger", late)
    assert await run(files) == 3
    assert state(files).status == "paused"
    assert not events(files, RunStarted)
    inbox.send(files, Resume())
    assert await run(files) == 0

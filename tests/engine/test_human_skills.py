from pathlib import Path

from mission_tui.domain.events import Recorded, RunEnded, RunStarted, SkillsCommitted
from mission_tui.store import inbox
from mission_tui.store.inbox import WriteSkill
from tests.support.engine import (
    APPROVING_REVIEWER,
    RUN_BYE,
    WRITE_BYE,
    bye,
    calls,
    events,
    git,
    hand_off,
    mission,
    plan,
    run,
    script,
    state,
    worker,
)

BEFORE = "---\nname: bye-worker\ndescription: How to say bye\n---\n\nSay it loudly.\n"
AFTER = BEFORE.replace("loudly", "quietly")
LESSON = "the file needs a newline at its end"


async def test_an_edit_during_a_run_is_committed_after_it_with_the_lessons_of_that_run(tmp_path: Path):
    told = worker(
        WRITE_BYE,
        calls({"update_skill": {"name": "bye-worker", "lesson": LESSON}}),
        RUN_BYE,
        hand_off(commands=[{"command": "python3 bye.py", "exit_code": 0}]),
    )
    draft = plan(bye())
    files = await mission(tmp_path, script(tmp_path / "s.yaml", told, APPROVING_REVIEWER), draft)
    inbox.send(files, WriteSkill(name="bye-worker", text=BEFORE))

    def edit(recorded: Recorded) -> None:
        if isinstance(recorded.event, RunStarted) and recorded.event.role == "worker":
            inbox.send(files, WriteSkill(name="bye-worker", text=AFTER, based_on=BEFORE))

    assert await run(files, edit) == 0
    assert len(events(files, SkillsCommitted)) == 2
    order = [type(e) for e in events(files, RunEnded, SkillsCommitted)]
    assert order.index(SkillsCommitted) < order.index(RunEnded)
    now = (files.worktree / ".agents/skills/bye-worker/SKILL.md").read_text()
    assert "Say it quietly." in now
    assert LESSON in now
    branch = git(files.worktree, "log", "--format=%s")
    assert branch.count("Skill bye-worker, edited by the engineer") == 2
    assert git(files.worktree, "status", "--porcelain") == ""
    assert state(files).conversation.skill_edits == {}

import asyncio
from pathlib import Path
from typing import Any

from mission_tui.domain.events import VerdictRecorded
from mission_tui.domain.verdict import Verdict
from mission_tui.store.layout import MissionFiles
from tests.support.engine import (
    APPROVING_REVIEWER,
    calls,
    command_proof,
    events,
    hand_off,
    mission,
    plan,
    run,
    script,
    worker,
)

NEVER = "test -f bye.txt || { cat bye.txt; exit 1; }; no-such-program"
BUSY = """test -f bye.txt || { cat bye.txt; exit 1; }
for n in $(seq 15); do test -e /env/calm && cat bye.txt && exit; sleep 0.1; done; exit 127"""


async def proved(root: Path, *commands: str) -> tuple[MissionFiles, int, list[Verdict]]:
    """A mission whose one feature has these proofs, and the verdicts of its first round in contract order."""
    names = [f"VAL-BYE-00{n}" for n in range(1, len(commands) + 1)]
    claims: list[dict[str, Any]] = [
        {"id": name, "title": name, "statement": "it says bye", "proof": command_proof(command, "^bye$")}
        for name, command in zip(names, commands, strict=True)
    ]
    builder = worker(calls({"write_file": {"path": "bye.txt", "content": "bye\n"}}), hand_off())
    files = await mission(root, script(root / "s.yaml", builder, APPROVING_REVIEWER), plan(*claims))
    code = await run(files)
    first = {e.verdict.assertion: e.verdict for e in reversed(events(files, VerdictRecorded))}
    return files, code, [first[name] for name in names]


async def test_what_only_a_busy_machine_blocked_passes_when_it_is_proved_again_alone_and_says_so(tmp_path: Path):
    def alone() -> bool:
        """The machine is busy until nothing else is proved."""
        for folder in tmp_path.glob("data/missions/*/runs/prove-M1-1-again/tree"):
            (folder.parents[2] / "env/calm").touch()
            return True
        return False

    async def calm_down() -> None:
        while not alone():  # noqa: ASYNC110 - the engine's own folder is all there is to see
            await asyncio.sleep(0.01)

    calm = asyncio.create_task(calm_down())
    _, code, (plain, busy) = await proved(tmp_path, "cat bye.txt", BUSY)
    await calm
    assert code == 0
    assert (plain.status, plain.reason) == ("passed", "all 1 steps hold")
    assert busy.status == "passed"
    assert "proved again, alone, since at first it was blocked: step 1" in busy.reason
    assert {e.kind for e in busy.evidence} == {"output", "exit_code"}


async def test_once_three_proofs_are_blocked_twice_the_others_are_not_tried_again(tmp_path: Path):
    _, code, verdicts = await proved(tmp_path, NEVER, NEVER, NEVER, NEVER)
    assert code != 0
    assert {v.status for v in verdicts} == {"blocked"}
    again = [v.reason.endswith("(so it was when it was proved again, alone)") for v in verdicts]
    assert again == [True, True, True, False]

from pathlib import Path
from typing import Any

from mission_tui.domain.events import VerdictRecorded
from mission_tui.domain.verdict import Verdict
from mission_tui.store.verify import verify
from tests.support.engine import (
    APPROVING_REVIEWER,
    RUN_BYE,
    WRITE_BYE,
    bye,
    calls,
    command_proof,
    events,
    hand_off,
    mission,
    run,
    script,
    worker,
)


def declared(name: str, command: str, stdout: str, *files: str) -> dict[str, Any]:
    proof = command_proof(command, stdout) | {"files": list(files)}
    return {"id": name, "title": name, "statement": f"{command} prints {stdout}", "proof": proof}


def draft() -> dict[str, Any]:
    """Three milestones: the program, and twice documentation only."""
    narrow = declared("VAL-NARROW-001", "python3 bye.py", "^bye$", "bye.py")
    lacking = declared("VAL-LACKING-001", "python3 bye.py", "^bye$", "app.py")
    notes = [declared(f"VAL-NOTES-00{n}", f"cat notes{n}.md", "^again$", f"notes{n}.md") for n in (2, 3)]
    fulfilled = [["VAL-BYE-001", "VAL-NARROW-001", "VAL-LACKING-001"], ["VAL-NOTES-002"], ["VAL-NOTES-003"]]
    return {
        "title": "Say bye",
        "contract": [bye(), narrow, lacking, *notes],
        "milestones": [{"id": f"M{n}", "title": f"Part {n}"} for n in (1, 2, 3)],
        "features": [
            {"id": f"F{n}", "title": f"Part {n}", "milestone": f"M{n}", "spec": "write it", "fulfills": names}
            for n, names in enumerate(fulfilled, 1)
        ],
    }


def note(number: int) -> dict[str, Any]:
    write = calls({"write_file": {"path": f"notes{number}.md", "content": "again\n"}})
    return worker(write, hand_off(), user=f"F{number} Part")


def proved_in(verdicts: list[Verdict], milestone: str) -> set[str]:
    return {v.assertion for v in verdicts if v.milestone == milestone}


async def test_a_pass_depends_on_its_declared_files_only_if_it_was_proved_on_them_alone(tmp_path: Path):
    first = worker(WRITE_BYE, RUN_BYE, hand_off(), user="F1 Part")
    files = await mission(tmp_path, script(tmp_path / "s.yaml", first, note(2), note(3), APPROVING_REVIEWER), draft())
    assert await run(files) == 0
    verdicts = [e.verdict for e in events(files, VerdictRecorded)]
    assert {v.status for v in verdicts} == {"passed"}
    of_first = {v.assertion: v for v in verdicts if v.milestone == "M1"}
    assert of_first["VAL-NARROW-001"].globs == ("bye.py",)
    assert of_first["VAL-LACKING-001"].globs == ()
    assert "`files` do not suffice: on app.py alone it is failed" in of_first["VAL-LACKING-001"].reason
    assert proved_in(verdicts, "M2") == {"VAL-BYE-001", "VAL-LACKING-001", "VAL-NOTES-002"}
    assert proved_in(verdicts, "M3") == {v.assertion for v in verdicts}
    assert verify(files) == []

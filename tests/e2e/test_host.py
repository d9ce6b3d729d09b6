import asyncio
import os
import signal
import subprocess
import sys
from pathlib import Path

import pytest

from mission_tui.engine.host import HostOptions, run_mission
from mission_tui.store import inbox
from mission_tui.store.inbox import Decide, Pause
from mission_tui.store.layout import MissionFiles
from mission_tui.store.lock import holder
from tests.support.cli import Program, make_program, write_script
from tests.support.engine import APPROVING_REVIEWER, GOOD_WORKER, bye, mission, plan, script, state
from tests.support.stores import wait_until

UNIT = Path("config/systemd/user/mission-tui-resume.service")


@pytest.fixture
def program(tmp_path: Path) -> Program:
    made = make_program(tmp_path)
    made.settings(f'[seats.default]\nmodel = "scripted:{write_script(tmp_path / "script.yaml")}"\n')
    return made


def tool(folder: Path, name: str, script_text: str) -> dict[str, str]:
    """A program of this name that comes first on the PATH."""
    folder.mkdir(exist_ok=True)
    path = folder / name
    path.write_text(f"#!/bin/sh\n{script_text}\n")
    path.chmod(0o755)
    return {"PATH": f"{folder}:{os.environ['PATH']}"}


def inhibitor(root: Path) -> tuple[dict[str, str], Path]:
    """It runs the command that it is given, as the real one does, and writes down when."""
    log = root / "inhibited"
    text = f'echo "held $*" >>{log}\nwhile [ "$1" != cat ]; do shift; done\n"$@"\necho released >>{log}'
    return tool(root / "bin", "systemd-inhibit", text), log


def lines(path: Path) -> list[str]:
    return [line.split(" ")[0] for line in path.read_text().splitlines()] if path.exists() else []


async def test_the_machine_is_kept_awake_while_there_is_work_and_not_while_the_human_is_waited_for(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
):
    found, log = inhibitor(tmp_path)
    monkeypatch.setenv("PATH", found["PATH"])
    seat = script(tmp_path / "s.yaml", GOOD_WORKER, APPROVING_REVIEWER)
    files = await mission(tmp_path, seat, plan(bye()), review="milestone")
    engine = asyncio.create_task(run_mission(files, HostOptions(wait=True, keep_awake=True)))
    await asyncio.to_thread(wait_until, lambda: state(files).status == "waiting" and lines(log)[-1:] == ["released"])
    assert lines(log) == ["held", "released"]
    assert f"mission {files.id} is running" in log.read_text()
    (review,) = state(files).decisions.open
    inbox.send(files, Decide(decision=review.id, choice="accept"))
    assert await engine == 0
    assert lines(log)[:3] == ["held", "released", "held"]
    assert lines(log).count("held") == lines(log).count("released")


async def test_an_engine_that_is_told_nothing_about_it_starts_no_inhibitor(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
):
    found, log = inhibitor(tmp_path)
    monkeypatch.setenv("PATH", found["PATH"])
    files = await mission(tmp_path, script(tmp_path / "s.yaml", GOOD_WORKER, APPROVING_REVIEWER), plan(bye()))
    assert await run_mission(files, HostOptions()) == 0
    assert lines(log) == []


def test_an_engine_that_is_killed_lets_the_machine_sleep(tmp_path: Path):
    found, log = inhibitor(tmp_path)
    code = "import os, time; from mission_tui.engine.wakeful import Wakeful; Wakeful('m', True).hold(); "
    code += f"\nwhile not os.path.exists({str(log)!r}): time.sleep(0.01)\nos.kill(os.getpid(), 9)"
    ended = subprocess.run([sys.executable, "-c", code], env={**os.environ, **found}, timeout=60, check=False)
    assert ended.returncode == -signal.SIGKILL
    wait_until(lambda: lines(log) == ["held", "released"])


def test_an_inhibitor_that_is_refused_is_asked_once(tmp_path: Path):
    log = tmp_path / "asked"
    found = tool(tmp_path / "bin", "systemd-inhibit", f"echo asked >>{log}; exit 1")
    code = "from mission_tui.engine.wakeful import Wakeful\nw = Wakeful('m', True)\nw.hold(); w._child.wait()\n"
    code += "for _ in range(3): w.hold()\nw.release()"
    subprocess.run([sys.executable, "-c", code], env={**os.environ, **found}, timeout=60, check=True)
    assert lines(log) == ["asked"]


def test_missions_whose_detached_engine_is_gone_are_resumed_together(program: Program):
    ran, paused, never = (files_of(program, program.new("--yes", "--review", "milestone")) for _ in range(3))
    for one in (ran, paused):
        assert program("run", one.id, "--detach").code == 0
    wait_until(lambda: [state(one).status for one in (ran, paused)] == ["waiting", "waiting"])
    inbox.send(paused, Pause())
    wait_until(lambda: state(paused).status == "paused")
    for one in (ran, paused):
        os.kill(holder(one) or 0, signal.SIGKILL)
    wait_until(lambda: not holder(ran) and not holder(paused))
    resumed = program("run", "--all", "--detach")
    assert (resumed.code, resumed.err) == (0, "")
    told = dict(line.split(" ", 1) for line in resumed.out.splitlines())
    assert told == {ran.id: f"engine {holder(ran)}", paused.id: "is paused"}
    assert holder(never) is None
    (review,) = state(ran).decisions.open
    inbox.send(ran, Decide(decision=review.id, choice="accept"))
    wait_until(lambda: state(ran).status == "completed" and holder(ran) is None)
    assert program("run", "--all", "--detach").out == f"{paused.id} is paused\n"


def files_of(program: Program, mission_id: str) -> MissionFiles:
    return MissionFiles(program.data / "missions" / mission_id)


@pytest.mark.parametrize("arguments", [("--all",), ("--all", "--detach", "some-mission"), ("--detach",)])
def test_resuming_all_is_asked_for_in_one_way(program: Program, arguments: tuple[str, ...]):
    ran = program("run", *arguments)
    assert ran.code == 2
    ran.complaint()


def test_doctor_writes_the_unit_that_resumes_missions_only_when_asked(program: Program):
    log = program.root / "asked"
    manager = tool(
        program.root / "bin",
        "systemctl",
        f'echo "$*" >>{log}\n[ "$2" != is-enabled ] || [ -e {program.root}/on ]\n'
        f'r=$?; [ "$2" != enable ] || : >{program.root}/on; exit $r',
    )
    offered = program("doctor", env=manager)
    assert "doctor --fix --after-reboot" in offered.out
    assert not (program.root / UNIT).exists()
    assert program("doctor", "--after-reboot", env=manager).code == 2
    written = program("doctor", "--fix", "--after-reboot", env=manager)
    assert f"wrote {program.root / UNIT}" in written.err
    unit = (program.root / UNIT).read_text()
    assert f'ExecStart="{sys.executable}" -m mission_tui run --all --detach --data-dir "{program.data}"' in unit
    assert "KillMode=process" in unit
    assert "--user enable mission-tui-resume.service" in log.read_text()
    assert f"✔ resume   {program.root / UNIT} resumes missions after a reboot" in program("doctor", env=manager).out


def test_a_unit_of_somebody_elses_making_is_left_alone(program: Program):
    (program.root / UNIT).parent.mkdir(parents=True)
    (program.root / UNIT).write_text("[Unit]\n")
    refused = program("doctor", "--fix", "--after-reboot")
    assert refused.code == 2
    assert "was not written by mission-tui" in refused.complaint()
    assert (program.root / UNIT).read_text() == "[Unit]\n"


def test_without_a_user_manager_nothing_is_offered_and_the_unit_says_how_to_enable_it(program: Program):
    nobody = tool(program.root / "bin", "systemctl", "exit 1")
    assert "resume" not in program("doctor", env=nobody).out
    written = program("doctor", "--fix", "--after-reboot", env=nobody)
    assert "systemctl --user enable mission-tui-resume.service" in written.err
    assert "is there but not enabled" in program("doctor", env=nobody).out

import os
import signal
import subprocess
import sys

import pytest

from mission_tui.store.layout import MissionFiles
from mission_tui.store.lock import MissionBusy, MissionLock, holder
from tests.support.stores import python, wait_until

OWNER = """
import sys
from pathlib import Path
from mission_tui.store.layout import MissionFiles
from mission_tui.store.lock import MissionBusy, MissionLock
sys.stdin.readline()
try:
    lock = MissionLock.acquire(MissionFiles(Path(sys.argv[1])))
    print("owner", flush=True)
except MissionBusy as busy:
    print(busy.pid, flush=True)
sys.stdin.readline()
"""


@pytest.fixture
def files(tmp_path):
    return MissionFiles(tmp_path / "missions" / "demo-1")


def test_a_lock_names_its_holder_until_it_is_released(files):
    assert holder(files) is None
    lock = MissionLock.acquire(files)
    assert holder(files) == MissionLock.holder(files) == os.getpid()
    with pytest.raises(MissionBusy, match=f"process {os.getpid()}") as busy:
        MissionLock.acquire(files)
    assert busy.value.pid == os.getpid()
    lock.release()
    lock.release()
    assert holder(files) is None
    with MissionLock.acquire(files):
        assert holder(files) == os.getpid()
    assert holder(files) is None


def test_of_eight_processes_that_race_one_gets_the_lock_and_all_others_learn_who(files):
    files.root.mkdir(parents=True)
    processes = [python(OWNER, str(files.root)) for _ in range(8)]
    for process in processes:
        process.stdin.write("go\n")
        process.stdin.flush()
    answers = {process.pid: process.stdout.readline().strip() for process in processes}
    [owner] = [pid for pid, answer in answers.items() if answer == "owner"]
    assert [answer for answer in answers.values() if answer != "owner"] == [str(owner)] * 7
    assert holder(files) == owner
    for process in processes:
        process.communicate("done\n")
    assert holder(files) is None


def test_a_killed_holder_frees_the_lock(files):
    process = python(OWNER, str(files.root))
    process.stdin.write("go\n")
    process.stdin.flush()
    assert process.stdout.readline() == "owner\n"
    assert holder(files) == process.pid
    process.send_signal(signal.SIGKILL)
    process.communicate()
    assert holder(files) is None
    MissionLock.acquire(files).release()


def test_a_child_that_a_killed_holder_was_just_making_is_waited_for(files, monkeypatch: pytest.MonkeyPatch):
    forking = OWNER.replace('print("owner", flush=True)', 'os.fork() or os.read(0, 1)\n    print("owner", flush=True)')
    process = python(f"import os{forking}", str(files.root))
    process.stdin.write("go\n")
    process.stdin.flush()
    assert process.stdout.readline() == "owner\n"
    process.kill()
    process.wait()
    assert holder(files) == process.pid
    monkeypatch.setattr("mission_tui.store.lock.time.sleep", lambda _: process.stdin.close())
    MissionLock.acquire(files).release()
    process.stdout.close()


def test_a_child_of_the_holder_does_not_keep_the_lock(files):
    code = OWNER.replace(
        'print("owner"',
        'import subprocess; subprocess.Popen(["sleep", "60"], stdout=2, close_fds=False)\n    print("owner"',
    )
    process = python(code, str(files.root))
    process.stdin.write("go\n")
    process.stdin.flush()
    assert process.stdout.readline() == "owner\n"
    children = subprocess.run(
        ["ps", "-o", "pid=", "--ppid", str(process.pid)], capture_output=True, text=True, check=True
    )
    process.kill()
    process.communicate()
    try:
        assert holder(files) is None
    finally:
        os.kill(int(children.stdout), signal.SIGKILL)


LOOKER = """
import sys
from pathlib import Path
from mission_tui.store.layout import MissionFiles
from mission_tui.store.lock import holder
print("looking", flush=True)
while True:
    holder(MissionFiles(Path(sys.argv[1])))
"""


def test_looking_at_the_holder_never_keeps_anybody_from_the_lock(files):
    MissionLock.acquire(files).release()
    process = subprocess.Popen([sys.executable, "-c", LOOKER, str(files.root)], stdout=subprocess.PIPE, text=True)
    assert process.stdout.readline() == "looking\n"
    for _ in range(300):
        MissionLock.acquire(files).release()
    process.kill()
    process.communicate()


def test_the_pid_of_a_dead_holder_is_not_believed(files):
    MissionLock.acquire(files).release()
    files.lock.write_text(f"{os.getpid()}\n")
    assert holder(files) is None
    wait_until(lambda: holder(files) is None)

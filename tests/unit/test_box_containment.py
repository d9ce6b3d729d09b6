import asyncio
import os
import shutil
import signal
import subprocess
import sys
import textwrap
import threading
from collections.abc import Iterator
from contextlib import closing, contextmanager, suppress
from pathlib import Path
from socket import AF_INET, SOCK_STREAM, socket

import pytest

from mission_tui.domain.ports import BoxError
from mission_tui.workspace.box import open_box
from mission_tui.workspace.box_spec import History
from mission_tui.workspace.toolchains import toolchains
from tests.support.box_specs import answering, knocking, running, spec_in

ROOT = Path(__file__).parents[2]


def git(*arguments, cwd):
    command = ["git", "-c", "user.name=t", "-c", "user.email=t@t", *arguments]
    return subprocess.run(command, cwd=cwd, check=True, capture_output=True, text=True).stdout


def repository(path: Path) -> Path:
    path.mkdir(exist_ok=True)
    git("init", "-q", "-b", "main", cwd=path)
    (path / "file.txt").write_text("one\n")
    git("add", ".", cwd=path)
    git("commit", "-qm", "first commit", cwd=path)
    return path


async def test_there_is_no_network_but_loopback(tmp_path):
    listener = socket(AF_INET, SOCK_STREAM)
    with closing(listener):
        listener.bind(("127.0.0.1", 0))
        listener.listen()
        knock = f"exec 3<>/dev/tcp/127.0.0.1/{listener.getsockname()[1]}"
        async with await open_box(spec_in(tmp_path)) as box:
            assert (await box.run(knock, timeout_s=10)).exit_code != 0
            devices = await box.run("tail -n +3 /proc/net/dev", timeout_s=10)
            port = await box.free_port()
            await box.start_service("web", f"python3 -m http.server --bind 127.0.0.1 {port}")
            assert (await box.run(answering(port), timeout_s=30)).exit_code == 0
        async with await open_box(spec_in(tmp_path, network=True)) as box:
            assert (await box.run(knock, timeout_s=10)).exit_code == 0
    assert [line.split(":")[0].strip() for line in devices.output.splitlines()] == ["lo"]


async def test_secrets_of_the_machine_cannot_be_read(tmp_path):
    async with await open_box(spec_in(tmp_path)) as box:
        for path in ("/etc/shadow", "/etc/gshadow", "/proc/1/environ", "/proc/kcore"):
            assert (await box.run(f"cat {path}", timeout_s=10)).exit_code != 0, path
        private = await box.run("find /etc ! -type l ! -perm -004 -type f -readable -size +0 2>/dev/null", timeout_s=20)
        users = await box.run("cut -d: -f1 /etc/passwd", timeout_s=10)
    assert private.output == ""
    assert users.output.split() == ["agent", "nobody"]


@contextmanager
def private_setting() -> Iterator[Path]:
    path = Path(f"/opt/mission-tui-test-{os.getpid()}")
    path.touch(0o600)
    path.write_text("secret")
    try:
        yield path
    finally:
        path.unlink()


@pytest.mark.skipif(not os.access("/opt", os.W_OK), reason="only who may change the machine's settings can try it")
async def test_private_settings_that_come_are_covered_and_such_that_go_do_not_keep_boxes_from_opening(tmp_path):
    async with await open_box(spec_in(tmp_path)):
        pass
    with private_setting() as secret:
        async with await open_box(spec_in(tmp_path)) as box:
            assert (await box.run(f"cat {secret}", timeout_s=10)).exit_code != 0
    async with await open_box(spec_in(tmp_path)) as box:
        assert (await box.run(f"ls {secret}", timeout_s=10)).exit_code != 0


async def test_home_and_other_peoples_files_are_invisible(tmp_path, monkeypatch):
    monkeypatch.setenv("SOME_API_KEY", "sk-secret")
    secret = tmp_path / "elsewhere" / "secret.txt"
    secret.parent.mkdir()
    secret.write_text("secret")
    async with await open_box(spec_in(tmp_path)) as box:
        assert (await box.run(f"cat {secret}", timeout_s=10)).exit_code != 0
        home = (await box.run(f"ls -A {Path.home()}", timeout_s=10)).output.split()
        interpreters = {Path(sys.base_prefix), Path(sys.prefix), ROOT, *toolchains()}
        allowed = {p.relative_to(Path.home()).parts[0] for p in interpreters if p.is_relative_to(Path.home())}
        assert set(home) <= allowed | {".cache"} or "cannot access" in " ".join(home)
        shown = {p.relative_to("/tmp").parts[0] for p in interpreters if p.is_relative_to("/tmp")}
        assert set((await box.run("ls -A $HOME; ls /tmp", timeout_s=10)).output.split()) <= shown
        assert "sk-secret" not in (await box.run("env; cat /proc/*/environ", timeout_s=10)).output
        product = await box.run(f"ls {ROOT}", timeout_s=10)
        assert set(product.output.split()) <= {"mission_tui"}


async def test_nothing_but_the_tree_the_run_directory_and_scratch_space_is_writable(tmp_path):
    async with await open_box(spec_in(tmp_path)) as box:
        for place in ("/x", "/usr/x", "/etc/x", "/opt/x", "/dev/x", "/run/x", "/env/x", f"{sys.prefix}/x", "/home/x"):
            assert (await box.run(f"touch {place}", timeout_s=10)).exit_code != 0, place
        for place in ("/workspace/x", "/run/mission/x", "/tmp/x", "$HOME/x", "/dev/shm/x", "/var/tmp/y"):
            assert (await box.run(f"touch {place}", timeout_s=10)).exit_code == 0, place
    assert (tmp_path / "run" / "x").exists()


async def test_a_read_only_tree_is_read_only(tmp_path):
    async with await open_box(spec_in(tmp_path, writable=False)) as box:
        assert (await box.run("touch x", timeout_s=10)).exit_code != 0
    assert not (tmp_path / "tree" / "x").exists()


async def test_scratch_space_is_limited(tmp_path):
    async with await open_box(spec_in(tmp_path, tmp_bytes=8 << 20)) as box:
        assert (await box.run("head -c 6M /dev/zero > /tmp/a", timeout_s=10)).exit_code == 0
        for place in ("/tmp/b", "$HOME/b", "/dev/shm/b"):
            filled = await box.run(f"head -c 6M /dev/zero > {place}", timeout_s=10)
            assert "No space left" in filled.output, place


async def test_no_privileges_can_be_had_inside(tmp_path):
    async with await open_box(spec_in(tmp_path)) as box:
        capabilities = await box.run("grep -E 'Cap(Prm|Eff|Bnd)' /proc/self/status | cut -f2 | sort -u", timeout_s=10)
        assert capabilities.output == "0000000000000000\n"
        assert (await box.run("unshare --user --map-root-user true", timeout_s=10)).exit_code != 0
        assert (await box.run("mount -t tmpfs none /tmp || umount /workspace/.git", timeout_s=10)).exit_code != 0


async def test_the_command_after_one_that_killed_everything_is_carried_out(tmp_path):
    async with await open_box(spec_in(tmp_path)) as box:
        await box.run("kill -9 -1", timeout_s=10)
        after = await box.run("touch made; echo ran", timeout_s=10)
    assert (after.exit_code, after.output) == (0, "ran\n")
    assert (tmp_path / "tree" / "made").exists()


@pytest.mark.parametrize("kind", ["directory", "pointer", "absent"])
@pytest.mark.parametrize("shown", [True, False])
async def test_git_data_can_be_read_when_shown_and_never_written(tmp_path, kind, shown):
    source = repository(tmp_path / "source")
    shown_dir = tmp_path / "shown.git"
    shutil.copytree(source / ".git", shown_dir)
    spec = spec_in(tmp_path, history=History(shown_dir) if shown else None)
    (spec.tree / "file.txt").write_text("one\ntwo\n")
    if kind == "directory":
        shutil.copytree(source / ".git", spec.tree / ".git")
        (spec.tree / ".git" / "config").write_text("[remote]\n url = https://user:token@example.org\n")
    if kind == "pointer":
        (spec.tree / ".git").write_text(f"gitdir: {source}/.git/worktrees/tree\n")
    before = shown_dir.stat().st_mtime_ns
    async with await open_box(spec) as box:
        if shown:
            assert "first commit" in (await box.run("git log --oneline", timeout_s=10)).output
            assert "+two" in (await box.run("git diff", timeout_s=10)).output
            assert (await box.run("git commit -qam x", timeout_s=10)).exit_code != 0
        else:
            assert "not a git repository" in (await box.run("git status", timeout_s=10)).output
        assert "token" not in (await box.run("cat .git/config .git", timeout_s=10)).output
        for attack in (
            "echo x > .git",
            "echo x > .git/config",
            "rm -rf .git",
            "mv .git x",
            "ln -sfn / .git",
            "git init",
        ):
            await box.run(attack, timeout_s=10)
        assert (await box.run("test -e x || touch .git/y", timeout_s=10)).exit_code != 0
    if kind == "directory":
        assert "token" in (spec.tree / ".git" / "config").read_text()
    elif kind == "pointer":
        assert (spec.tree / ".git").read_text().startswith("gitdir:")
    else:
        assert list((spec.tree / ".git").iterdir()) == []
    assert shown_dir.stat().st_mtime_ns == before


async def test_a_symbolic_link_in_place_of_git_data_is_refused(tmp_path):
    spec = spec_in(tmp_path)
    (spec.tree / ".git").symlink_to("/etc")
    with pytest.raises(BoxError, match="symbolic link"):
        await open_box(spec)


async def test_two_boxes_at_once_do_not_see_each_other(tmp_path):
    for name in ("one", "two"):
        (tmp_path / name).mkdir()
    async with (
        await open_box(spec_in(tmp_path / "one")) as one,
        await open_box(spec_in(tmp_path / "two")) as two,
    ):
        port = await one.free_port()
        await one.start_service("web", f"python3 -m http.server --bind 127.0.0.1 {port}")
        assert (await one.run(answering(port), timeout_s=30)).exit_code == 0
        assert (await two.run(knocking(port), timeout_s=10)).exit_code == 1
        assert (await two.run(running("http.server"), timeout_s=10)).exit_code == 1
        await one.run("touch mine /tmp/mine", timeout_s=10)
        assert (await two.run("ls /workspace /tmp; ls /tmp", timeout_s=10)).output.count("mine") == 0


ENGINE = """
import asyncio, sys
from pathlib import Path
from mission_tui.workspace.box import BoxSpec, open_box

async def main():
    root = Path(sys.argv[1])
    box = await open_box(BoxSpec(tree=root / "tree", env_dir=root / "env", run_dir=root / "run"))
    await box.start_service("daemon", "exec setsid sleep 98765")
    await box.run("(setsid setsid sleep 98765 &) ; echo $$ > started; sleep 98765", timeout_s=600)

asyncio.run(main())
"""


def processes_with(root: Path) -> list[int]:
    """Host processes that live in a box over this tree."""
    tree = "/".join([*root.parts[-3:], "tree"])  # mountinfo leaves out where the file system of /tmp begins
    found = []
    for entry in Path("/proc").iterdir():
        if entry.name.isdigit():
            try:
                mounts = (entry / "mountinfo").read_text()
                command = (entry / "cmdline").read_bytes()
            except OSError:
                continue
            if tree in mounts or (b"bwrap" in command and str(root).encode() in command):
                found.append(int(entry.name))
    return found


def test_killing_the_engine_kills_everything_in_its_boxes(tmp_path):
    spec_in(tmp_path)
    script = tmp_path / "engine.py"
    script.write_text(textwrap.dedent(ENGINE))
    engine = subprocess.Popen([sys.executable, script, tmp_path], cwd=ROOT)
    wait_for(lambda: (tmp_path / "tree" / "started").exists())
    assert len(processes_with(tmp_path)) >= 4
    os.kill(engine.pid, signal.SIGKILL)
    engine.wait()
    wait_for(lambda: not processes_with(tmp_path))


def wait_for(condition, limit_s: float = 20.0):
    expired = threading.Event()
    timer = threading.Timer(limit_s, expired.set)
    timer.start()
    try:
        while not condition():
            assert not expired.wait(0.01), "it did not happen in time"
    finally:
        timer.cancel()


async def test_a_box_that_is_killed_from_outside_says_so(tmp_path):
    async with await open_box(spec_in(tmp_path)) as box:
        task = asyncio.create_task(box.run("touch started; sleep 98765", timeout_s=600))
        await asyncio.to_thread(wait_for, (tmp_path / "tree" / "started").exists)
        for pid in processes_with(tmp_path):
            with suppress(ProcessLookupError):
                os.kill(pid, signal.SIGKILL)
        with pytest.raises(BoxError, match="died"):
            await task
        with pytest.raises(BoxError, match="died"):
            await box.run("true", timeout_s=10)
        await asyncio.to_thread(wait_for, lambda: not processes_with(tmp_path))


def open_descriptors() -> int:
    return sum(1 for _ in Path("/proc/self/fd").iterdir())


async def test_nothing_is_left_on_the_host_after_closing(tmp_path):
    descriptors = open_descriptors()
    async with await open_box(spec_in(tmp_path, log_dir=None)) as box:
        await box.start_service("web", "sleep 98765")
        await box.run("sleep 98765 & true", timeout_s=10)
    assert not processes_with(tmp_path)
    assert open_descriptors() <= descriptors


SCREENSHOT = """
import json, os, sys
from playwright.sync_api import sync_playwright

request = json.loads(input())
with sync_playwright() as playwright:
    browser = playwright.chromium.launch(executable_path=request["browser"])
    page = browser.new_page()
    page.goto(request["url"])
    page.get_by_role("button", name="Count").click()
    page.screenshot(path=os.environ["MISSION_RUN_DIR"] + "/shot.png")
    print(json.dumps({"text": page.inner_text("output")}), flush=True)
    browser.close()
"""
PAGE = "<button onclick='o.value=1+Number(o.value)'>Count</button><output id=o>0</output>"


@pytest.mark.skipif(shutil.which("chromium") is None, reason="needs a system Chromium")
async def test_a_browser_in_the_box_uses_a_server_in_the_box(tmp_path):
    spec = spec_in(tmp_path)
    (spec.tree / "index.html").write_text(PAGE)
    (spec.run_dir / "shot.py").write_text(SCREENSHOT)
    async with await open_box(spec) as box:
        port = await box.free_port()
        await box.start_service("web", f"python3 -m http.server --bind 127.0.0.1 {port}")
        assert (await box.run(answering(port), timeout_s=30)).exit_code == 0
        program = await box.start_program(["python", "/run/mission/shot.py"])
        request = {"browser": shutil.which("chromium"), "url": f"http://localhost:{port}/"}
        assert await program.request(request, timeout_s=60) == {"text": "1"}
    assert (spec.run_dir / "shot.png").read_bytes().startswith(b"\x89PNG")
    assert not processes_with(tmp_path)

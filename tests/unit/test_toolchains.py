from pathlib import Path

import pytest

from mission_tui.workspace.box import open_box
from mission_tui.workspace.readiness.examine import in_a_box
from tests.support.box_specs import spec_in


def program(path: Path, says: str) -> Path:
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(f"#!/bin/sh\necho {says}\n")
    path.chmod(0o755)
    return path


@pytest.fixture
def home(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A home as rustup, SDKMAN and rbenv leave it."""
    home = tmp_path / "home"
    monkeypatch.setenv("HOME", str(home))
    monkeypatch.delenv("RUSTUP_HOME", raising=False)
    for name in ("stable-x", "nightly-x"):
        program(home / f".rustup/toolchains/{name}/bin/cargo", name)
    (home / ".rustup/settings.toml").write_text('default_toolchain = "stable-x"\n')
    program(home / ".cargo/bin/rustup", "rustup")
    (home / ".cargo/bin/cargo").symlink_to("rustup")
    (home / ".cargo/credentials.toml").write_text("token = 'secret'\n")
    program(home / ".sdkman/candidates/java/21/bin/java", "java-21")
    (home / ".sdkman/candidates/java/current").symlink_to("21")
    program(home / ".rbenv/shims/ruby", "a-shim")
    program(home / "bin/go", "go-in-a-folder-of-everything")
    places = (".cargo/bin", ".sdkman/candidates/java/current/bin", ".rbenv/shims", "bin")
    monkeypatch.setenv("PATH", ":".join([*(f"{home}/{place}" for place in places), "/usr/bin", "/bin"]))
    return home


async def test_a_box_has_the_toolchains_of_the_home_and_nothing_else_of_it(tmp_path: Path, home: Path):
    async with await open_box(spec_in(tmp_path)) as box:
        assert (await box.run("cargo && java", timeout_s=10)).output.split() == ["stable-x", "java-21"]
        hidden = (".cargo/credentials.toml", ".rustup/settings.toml", ".rustup/toolchains/nightly-x", "bin/go")
        for path in hidden:
            assert (await box.run(f"ls {home}/{path}", timeout_s=10)).exit_code != 0, path
        assert (await box.run(f"touch {home}/.rustup/toolchains/stable-x/x", timeout_s=10)).exit_code != 0
    found = {tool: in_a_box(tool) for tool in ("cargo", "java")}
    assert found == {
        "cargo": f"{home}/.rustup/toolchains/stable-x/bin/cargo",
        "java": f"{home}/.sdkman/candidates/java/21/bin/java",
    }
    assert not (in_a_box("ruby") or "").startswith(str(home))


async def test_a_home_whose_rustup_has_no_default_toolchain_opens_boxes_all_the_same(tmp_path: Path, home: Path):
    (home / ".rustup/settings.toml").write_text('default_toolchain = "gone"\n')
    async with await open_box(spec_in(tmp_path)) as box:
        assert (await box.run(f"ls {home}/.rustup", timeout_s=10)).exit_code != 0
    (home / ".rustup/settings.toml").write_text("not = [toml")
    async with await open_box(spec_in(tmp_path)) as box:
        assert (await box.run(f"ls {home}/.rustup", timeout_s=10)).exit_code != 0

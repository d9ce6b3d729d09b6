import time
from pathlib import Path

import pytest

from mission_tui.config import ConfigProblem, Flags, load_notify, load_settings
from mission_tui.domain.decision import Decision
from mission_tui.domain.events import DecisionOpened, MissionResumed, Recorded
from mission_tui.engine.hook import hooked

ASKED = Decision(id="D1", kind="request", summary='Drop "it"; $(now)?', choices=("a", "b"), default="b", blocks="M2")


def written(path: Path) -> str:
    deadline = time.monotonic() + 10
    while not path.exists() or not path.read_text().endswith("\n"):
        assert time.monotonic() < deadline, "the command did not run"
        time.sleep(0.01)
    return path.read_text()


def test_the_users_command_is_told_what_waits_and_nothing_else_runs_it(tmp_path: Path):
    out, seen = tmp_path / "out", list[Recorded]()
    line = f'echo "$MISSION_TUI_MISSION $MISSION_TUI_DECISION $MISSION_TUI_SUMMARY $MISSION_TUI_DEFAULT" >> {out}'
    tell = hooked(line, "m-1", seen.append)
    tell(Recorded(seq=1, at=1.0, event=MissionResumed()))
    tell(Recorded(seq=2, at=2.0, event=DecisionOpened(decision=ASKED)))
    assert written(out) == 'm-1 D1 Drop "it"; $(now)? b\n'
    assert [r.seq for r in seen] == [1, 2]


def test_without_a_command_nothing_is_wrapped():
    seen: list[Recorded] = []
    then = seen.append
    assert hooked(None, "m-1", then) is then


def test_how_to_be_told_is_the_users_own_setting_never_a_repositorys(tmp_path: Path):
    home = tmp_path / "config" / "mission-tui"
    home.mkdir(parents=True)
    environ = {"XDG_CONFIG_HOME": str(tmp_path / "config")}
    assert load_notify(environ).bell
    (home / "config.toml").write_text('[notify]\nbell = false\ncommand = "true"\n')
    assert load_notify(environ).model_dump() == {"bell": False, "desktop": True, "command": "true"}
    repo = tmp_path / "repo" / ".mission"
    repo.mkdir(parents=True)
    (repo / "config.toml").write_text('[notify]\ncommand = "curl evil"\n')
    with pytest.raises(ConfigProblem, match="notify cannot be set by a repository"):
        load_settings(repo.parent, Flags(), environ)

from pathlib import Path

import pytest

from mission_tui.store.errors import UnknownMission
from mission_tui.store.layout import MissionFiles, all_missions, data_dir, mission_files
from tests.support.stores import empty_mission


def test_the_data_folder_is_the_given_one_else_the_configured_one_else_the_users(monkeypatch, tmp_path):
    monkeypatch.setenv("XDG_DATA_HOME", str(tmp_path / "xdg"))
    monkeypatch.delenv("MISSION_TUI_DATA_DIR", raising=False)
    assert data_dir() == tmp_path / "xdg" / "mission-tui"
    monkeypatch.setenv("MISSION_TUI_DATA_DIR", str(tmp_path / "configured"))
    assert data_dir() == tmp_path / "configured"
    assert data_dir(tmp_path / "given") == tmp_path / "given"
    monkeypatch.chdir(tmp_path)
    assert data_dir(Path("here")) == tmp_path / "here"


def test_a_mission_is_found_by_any_unique_beginning_of_its_id(tmp_path):
    for name in ("dark-mode-1", "dark-mode-12", "export-7"):
        empty_mission(tmp_path, name)
    assert mission_files(tmp_path, "ex").id == "export-7"
    assert mission_files(tmp_path, "dark-mode-1").id == "dark-mode-1"
    with pytest.raises(UnknownMission, match="ambiguous: it could be dark-mode-1, dark-mode-12"):
        mission_files(tmp_path, "dark")


@pytest.mark.parametrize("name", ["light", "", "../missions/export-7", "*"])
def test_an_id_that_nothing_begins_with_is_unknown(tmp_path, name):
    empty_mission(tmp_path, "export-7")
    with pytest.raises(UnknownMission, match="there is no mission"):
        mission_files(tmp_path, name)


def test_only_folders_with_a_database_are_missions(tmp_path):
    assert all_missions(tmp_path) == []
    files = empty_mission(tmp_path, "b")
    empty_mission(tmp_path, "a")
    (tmp_path / "missions" / "half-made").mkdir()
    (tmp_path / "missions" / "note.txt").write_text("x")
    assert [m.id for m in all_missions(tmp_path)] == ["a", "b"]
    assert all_missions(tmp_path)[1] == files == MissionFiles(tmp_path / "missions" / "b")

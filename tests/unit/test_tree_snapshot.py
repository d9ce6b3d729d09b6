import os
from pathlib import Path

from mission_tui.workspace.tree_snapshot import TreeSnapshot


def test_a_tree_is_put_back_exactly_as_it_was(tmp_path: Path):
    tree = tmp_path / "tree"
    (tree / "src").mkdir(parents=True)
    (tree / "src" / "app.py").write_text("one\n")
    (tree / "link").symlink_to("src/app.py")
    (tree / "empty").mkdir()
    snapshot = TreeSnapshot.take(tree, tmp_path / "copy")
    before = sorted(p.relative_to(tree).as_posix() for p in tree.rglob("*"))
    (tree / "src" / "app.py").write_text("two\n")
    (tree / "data" / "deep").mkdir(parents=True)
    (tree / "data" / "deep" / "db.sqlite").write_text("rows")
    (tree / "link").unlink()
    os.mkfifo(tree / "pipe")
    snapshot.restore()
    assert sorted(p.relative_to(tree).as_posix() for p in tree.rglob("*")) == before
    assert (tree / "src" / "app.py").read_text() == "one\n"
    assert (tree / "link").readlink() == Path("src/app.py")


def test_a_file_that_was_replaced_by_a_folder_comes_back(tmp_path: Path):
    tree = tmp_path / "tree"
    tree.mkdir()
    (tree / "config").write_text("a = 1\n")
    snapshot = TreeSnapshot.take(tree, tmp_path / "copy")
    (tree / "config").unlink()
    (tree / "config").mkdir()
    snapshot.restore()
    assert (tree / "config").read_text() == "a = 1\n"


def test_a_change_that_hides_behind_the_old_size_and_time_is_undone_once(tmp_path: Path):
    tree = tmp_path / "tree"
    tree.mkdir()
    file = tree / "app.py"
    file.write_text("one\n")
    snapshot = TreeSnapshot.take(tree, tmp_path / "copy")
    for _ in range(2):
        was = file.stat()
        file.write_text("two\n")
        os.utime(file, ns=(was.st_atime_ns, was.st_mtime_ns))
        snapshot.restore()
        assert file.read_text() == "one\n"
    untouched = file.stat().st_ino
    snapshot.restore()
    assert file.stat().st_ino == untouched

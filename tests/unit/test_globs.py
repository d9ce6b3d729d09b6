import pytest

from mission_tui.domain.globs import complaint, matches


@pytest.mark.parametrize(
    ("glob", "path", "named"),
    [
        ("app/**", "app/a/b.py", True),
        ("app", "app/a/b.py", True),
        ("app/", "app/a.py", True),
        ("app", "application", False),
        ("*.toml", "x.toml", True),
        ("*.toml", "a/x.toml", False),
        ("**/*.py", "a/b/c.py", True),
        ("**/*.py", "c.py", True),
        ("a/**/c.py", "a/c.py", True),
        ("a/*/c.py", "a/b/d/c.py", False),
        ("src/[!a].py", "src/a.py", False),
        ("a?c", "a/c", False),
        ("a*c*d", "ax/cyd", False),
        ("a.b", "axb", False),
        ("pages/[[]id]/x.ts", "pages/[id]/x.ts", True),
    ],
)
def test_a_star_stays_in_its_folder_and_two_stars_cross_folders(glob: str, path: str, named: bool):
    assert matches((glob,), path) is named


@pytest.mark.parametrize("glob", ["", "/etc/passwd", "~/x", "a/../b", "./a", "a//b", "a/**.py"])
def test_a_glob_that_leaves_the_tree_or_says_nothing_is_refused(glob: str):
    assert complaint(glob)


@pytest.mark.parametrize("glob", ["app/**", "*.toml", "**/test_*.py", "app/", "src/[ab].py"])
def test_a_glob_of_the_tree_is_accepted(glob: str):
    assert complaint(glob) is None

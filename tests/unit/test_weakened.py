import subprocess
from pathlib import Path

import pytest

from mission_tui.domain.weakened import candidates

TWO_TESTS = "def test_one():\n    assert f() == 1\n\n\ndef test_two():\n    assert g() == 2\n    assert h() == 3\n"
WEAKER = [
    ("deleted_test", "tests/test_a.py", TWO_TESTS, TWO_TESTS.partition("\n\n\n")[0] + "\n", "test_two"),
    ("deleted_test", "tests/test_a.py", TWO_TESTS, None, "the test file is deleted (2 tests: test_one, test_two)"),
    (
        "skipped_test",
        "tests/test_a.py",
        TWO_TESTS,
        f"import pytest\n\n\n@pytest.mark.skip\n{TWO_TESTS}",
        "@pytest.mark.skip",
    ),
    (
        "fewer_expectations",
        "tests/test_a.py",
        TWO_TESTS,
        TWO_TESTS.replace("    assert h() == 3\n", ""),
        "1 expectations",
    ),
    (
        "skipped_test",
        "src/a.test.ts",
        "it('adds', () => {\n  expect(1).toBe(1)\n})\n",
        "it.skip('adds', () => {\n  expect(1).toBe(1)\n})\n",
        "it.skip",
    ),
    (
        "deleted_test",
        "a_test.go",
        "func TestA(t *testing.T) {\n}\n\nfunc TestB(t *testing.T) {\n}\n",
        "func TestA(t *testing.T) {\n}\n",
        "TestB",
    ),
    ("ignored_rule", "src/a.py", "x = f()\n", "x = f()  # type: ignore\n", "# type: ignore"),
    ("ignored_rule", "web/a.ts", "const a = b\n", "// @ts-ignore\nconst a = b\n", "@ts-ignore"),
    ("ignored_rule", "main.go", "f()\n", "f() //nolint:errcheck\n", "nolint"),
    ("lowered_threshold", "pyproject.toml", "fail_under = 90\n", "fail_under = 60\n", "from 90 to 60"),
    ("lowered_threshold", "setup.cfg", "fail_under = 90\nx = 1\n", "x = 1\n", "removed"),
    ("lowered_threshold", "package.json", "eslint --max-warnings 0\n", "eslint --max-warnings 50\n", "from 0 to 50"),
    ("tolerated_failure", "ci.yml", "run: pytest\n", "run: pytest || true\n", "|| true"),
]  # fmt: skip
HARMLESS = [
    ("tests/test_a.py", TWO_TESTS, TWO_TESTS + "\n\ndef test_three():\n    assert k() == 4\n"),
    ("tests/test_a.py", TWO_TESTS, TWO_TESTS.replace("== 3", "== 5")),
    ("src/a.py", "def test_mode():\n    return 1\n", "x = 2\n"),
    ("src/a.py", "y = 1\nx = f()  # type: ignore\n", "x = g()  # type: ignore\ny = 1\n"),
    ("pyproject.toml", "fail_under = 60\n", "fail_under = 90\n"),
    ("README.md", "a\n", "b\n"),
]


def diff(folder: Path, path: str, before: str, after: str | None) -> str:
    """What git says of one file that changed."""
    file = folder / path
    file.parent.mkdir(parents=True, exist_ok=True)
    file.write_text(before)

    def git(*arguments: str) -> str:
        return subprocess.run(["git", *arguments], cwd=folder, check=True, capture_output=True, text=True).stdout

    git("init", "-q")
    git("add", "-A")
    file.unlink() if after is None else file.write_text(after)
    return git("diff")


@pytest.mark.parametrize(("kind", "path", "before", "after", "words"), WEAKER)
def test_weaker_proof_is_a_candidate_with_its_place(
    kind: str, path: str, before: str, after: str | None, words: str, tmp_path: Path
):
    found = candidates(diff(tmp_path, path, before, after))
    assert [c.kind for c in found] == [kind]
    assert found[0].file == path
    assert found[0].text.startswith(f"{path}:{found[0].line} ")
    assert words in found[0].text


@pytest.mark.parametrize(("path", "before", "after"), HARMLESS)
def test_tests_that_are_added_moved_or_mended_are_no_candidates(path: str, before: str, after: str, tmp_path: Path):
    assert candidates(diff(tmp_path, path, before, after)) == ()


def test_candidates_are_numbered_through_all_files(tmp_path: Path):
    one = diff(tmp_path / "one", "a.py", "x = 1\n", "x = 1  # noqa\n")
    two = diff(tmp_path / "two", "b.py", "x = 1\ny = 2\n", "x = 1  # noqa\ny = 2  # noqa\n")
    places = [(c.id, c.file, c.line) for c in candidates(one + two)]
    assert places == [("C1", "a.py", 1), ("C2", "b.py", 1), ("C3", "b.py", 2)]
    assert candidates("") == ()

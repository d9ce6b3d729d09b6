import json
from pathlib import Path

import pytest

from mission_tui.workspace.readiness import Readiness, examine


def repository(root: Path, files: dict[str, str]) -> Path:
    for name, text in files.items():
        path = root / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text, encoding="utf-8")
    return root


def examined(root: Path, files: dict[str, str]) -> Readiness:
    return examine(repository(root, files), which=lambda _: "/usr/bin/tool")


def commands(readiness: Readiness, kind: str) -> dict[str, str]:
    return {f.command: f.source for f in readiness.findings if f.kind == kind}


PYPROJECT = """
[project]
name = "shop"
[project.optional-dependencies]
dev = ["pytest"]
[tool.pytest.ini_options]
testpaths = ["tests"]
"""


def test_pytest_without_a_test_file_is_no_test_suite(tmp_path: Path):
    found = examined(tmp_path, {"pyproject.toml": PYPROJECT, "shop/__init__.py": ""})
    assert "tests" not in found.proposed.checks
    assert "pyproject.toml [tool.pytest] speaks of pytest, but no test files are here" in found.notes
    assert any(gap.why == "no tests were found" for gap in found.cannot_validate)


def test_a_project_with_a_test_runner_of_its_own_is_tested_with_it(tmp_path: Path):
    found = examined(tmp_path, {"pyproject.toml": PYPROJECT, "tests/runtests.py": "", "tests/test_a.py": ""})
    assert found.proposed.checks["tests"] == "python tests/runtests.py"
    assert commands(found, "test") == {"python tests/runtests.py": "tests/runtests.py"}


def test_a_server_for_other_people_s_applications_is_no_app(tmp_path: Path):
    text = "import click\n@click.option('--port')\ndef main(): ...\nif __name__ == '__main__':\n    main()\n"
    found = examined(tmp_path, {"pyproject.toml": '[project]\nname = "uvicorn"\n', "uvicorn/main.py": text})
    assert found.proposed.app is None


@pytest.mark.parametrize(
    ("script", "note"),
    [("echo 'See the wiki for testing.'", None), ("true", None), ("node Makefile.js test", "runs Makefile.js")],
)
def test_a_script_that_tests_nothing_is_not_proposed(tmp_path: Path, script: str, note: str | None):
    found = examined(tmp_path, {"package.json": json.dumps({"name": "x", "scripts": {"test": script}})})
    assert "tests" not in found.proposed.checks
    assert any(note in text for text in found.notes) if note else True


def test_a_plugin_of_a_web_framework_is_no_app(tmp_path: Path):
    package = {"name": "cors", "devDependencies": {"fastify": "5"}, "scripts": {"test": "node --test"}}
    found = examined(tmp_path, {"package.json": json.dumps(package)})
    assert not found.cannot_validate


def test_a_configured_type_checker_goes_before_one_that_is_only_installed(tmp_path: Path):
    pyproject = (
        '[project]\nname = "x"\n[dependency-groups]\ntypechecking = ["mypy", "pyright"]\n[tool.pyright]\na = 1\n'
    )
    assert examined(tmp_path, {"pyproject.toml": pyproject}).proposed.checks["types"] == "pyright"


def test_how_users_set_a_linter_up_is_no_lint_command(tmp_path: Path):
    readme = "```sh\nnpm init @eslint/config@latest\n```\n"
    found = examined(tmp_path, {"package.json": '{"name": "@x/eslint"}', "README.md": readme})
    assert not commands(found, "lint")


def test_scripts_to_rule_them_all_are_heard(tmp_path: Path):
    found = examined(tmp_path, {"pyproject.toml": PYPROJECT, "scripts/test": "#!/bin/sh\n", "script/lint.sh": ""})
    assert commands(found, "test")["scripts/test"] == "scripts/test"
    assert commands(found, "lint")["script/lint.sh"] == "script/lint.sh"


def test_submodules_and_large_files_that_are_not_there_are_gaps_with_what_brings_them(tmp_path: Path):
    pointer = "version https://git-lfs.github.com/spec/v1\noid sha256:0\nsize 9\n"
    files = {
        "package.json": '{"name": "x", "scripts": {"test": "node --test"}}',
        ".gitmodules": '[submodule "a"]\n\tpath = libs/a\n\turl = x\n[submodule "b"]\n\tpath = libs/b\n\turl = x\n',
        "libs/b/there.c": "",
        ".gitattributes": "*.psd filter=lfs diff=lfs merge=lfs -text\n",
        "art/logo.psd": pointer,
    }
    gaps = {gap.what: gap.change for gap in examined(tmp_path, files).cannot_validate}
    assert gaps.keys() == {"what needs the submodules libs/a", "what reads the large files (art/logo.psd)"}
    assert "git submodule update --init" in gaps["what needs the submodules libs/a"]
    repository(tmp_path, {"art/logo.psd": "8BPS", "libs/a/there.c": ""})
    assert not examine(tmp_path, which=lambda _: "x").cannot_validate

import json
import os
from pathlib import Path
from types import SimpleNamespace
from typing import cast

import pytest

from mission_tui.content.resources import prompts_dir
from mission_tui.content.roles import load_roles
from mission_tui.domain.events import IssueOpened
from mission_tui.domain.handoff import Issue
from mission_tui.domain.ports import CommandResult
from mission_tui.tools.base import Assignment, ToolProblem, Workshop, both_ends, shortened
from mission_tui.tools.patterns import matcher
from mission_tui.tools.registry import TOOLS
from mission_tui.tools.tree import TreeFiles, TreeProblem
from tests.support.missions import fold_gated, planned


def result(output: str) -> CommandResult:
    return CommandResult(exit_code=0, output=output, output_bytes=len(output), duration_s=0.1)


def test_a_model_is_shown_output_without_colours_and_cursor_movements():
    assert shortened(result("\x1b[32m.\x1b[0m\x1b[2K ok \x1b]0;title\x07done")) == ". ok done"


def test_long_output_keeps_both_ends_and_says_how_much_is_missing():
    text = both_ends("a" * 30_000 + "b" * 30_000, 1000)
    assert text.startswith("a" * 500)
    assert text.endswith("b" * 500)
    assert "59,000 characters left out" in text


def test_every_tool_that_a_role_names_exists_with_a_description_and_a_schema():
    for role in load_roles(prompts_dir()).values():
        for name in role.tools:
            spec = TOOLS[name].spec(role.name)
            assert spec.description
            assert spec.parameters["type"] == "object"


def test_a_contract_reviewer_is_not_told_of_diffs_and_verdicts():
    general, own = (TOOLS["submit_review"].spec(role).description for role in ("reviewer", "contract_reviewer"))
    assert "the diff is attached" in general
    assert "the diff is attached" not in own


@pytest.mark.parametrize(
    "arguments",
    [
        '{"path": "a"',
        "[]",
        '{"path": 3}',
        '{"pth": "a"}',
        "nonsense",
        "[" * 100_000,
        '{"path": ' + "9" * 5000 + "}",
        '{"path": "a\\ud800"}',
        '{"path": "a\ud800"}',
        '{"path": "a\\u0000b"}',
        '{"path": "a\\\\\\u0000b"}',
    ],
    ids=lambda text: text[:20].encode("ascii", "backslashreplace").decode(),
)
def test_arguments_are_parsed_strictly_and_never_repaired(arguments: str):
    with pytest.raises(ToolProblem, match="read_file"):
        TOOLS["read_file"].parse(arguments)


@pytest.mark.parametrize("timeout_s", ["NaN", "Infinity", "1e999", "0", "-1"])
def test_a_timeout_is_a_number_of_seconds(timeout_s: str):
    with pytest.raises(ToolProblem, match="run_command"):
        TOOLS["run_command"].parse(f'{{"command": "sleep 9", "timeout_s": {timeout_s}}}')


def test_code_may_speak_of_a_character_that_arguments_may_not_have():
    arguments = json.dumps({"path": "a.py", "content": "END = '\\u0000'"})
    assert TOOLS["write_file"].parse(arguments).content == "END = '\\u0000'"


def test_a_pattern_that_takes_years_is_stopped_and_an_honest_one_is_found():
    with pytest.raises(ToolProblem, match="search: the pattern takes more than"):
        matcher("search", "(a|a)+$", limit_s=0.1)("a" * 60 + "!")
    with pytest.raises(ToolProblem, match="search: the pattern is not a regular expression"):
        matcher("search", "(")
    assert matcher("search", r"^\s*def \w+")("    def found():")
    assert not matcher("search", "Cake")("cake")


async def test_a_plan_is_not_submitted_while_a_finding_on_it_is_unanswered():
    issue = Issue(id="I1", source="finding", severity="non_blocking", summary="vague")
    workshop = SimpleNamespace(
        mission=fold_gated([*planned(), IssueOpened(issue=issue)]), assignment=Assignment("R1", "x")
    )
    submit, write = TOOLS["write_plan"].parse('{"submit": true}'), TOOLS["write_plan"].parse("{}")
    with pytest.raises(ToolProblem, match="I1 still open"):
        await TOOLS["write_plan"].run(submit, cast(Workshop, workshop))
    assert await TOOLS["write_plan"].run(write, cast(Workshop, workshop))


def test_the_file_of_a_worktree_that_names_its_repository_is_not_listed(tmp_path: Path):
    (tmp_path / ".git").write_text("gitdir: /elsewhere")
    (tmp_path / "kept.txt").write_text("")
    assert list(TreeFiles(tmp_path).files()) == ["kept.txt"]


def test_links_pipes_and_ways_out_of_the_tree_are_refused(tmp_path: Path):
    outside = tmp_path / "secret.txt"
    outside.write_text("secret")
    tree = tmp_path / "tree"
    tree.mkdir()
    (tree / "link").symlink_to(outside)
    (tree / "folder").symlink_to(tmp_path)
    os.mkfifo(tree / "pipe")
    files = TreeFiles(tree)
    for path in ("link", "folder/secret.txt", "pipe", "../secret.txt", "/etc/passwd", ".git/config", "."):
        with pytest.raises(TreeProblem):
            files.read(path)
        with pytest.raises(TreeProblem):
            files.write(path, "x")
    assert outside.read_text() == "secret"
    assert list(files.files()) == []

import os
from pathlib import Path

import pytest

from mission_tui.content.resources import prompts_dir
from mission_tui.content.roles import load_roles
from mission_tui.domain.ports import CommandResult
from mission_tui.tools.base import ToolProblem, both_ends, shortened
from mission_tui.tools.registry import TOOLS
from mission_tui.tools.tree import TreeFiles, TreeProblem


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


@pytest.mark.parametrize("arguments", ['{"path": "a"', "[]", '{"path": 3}', '{"pth": "a"}', "nonsense"])
def test_arguments_are_parsed_strictly_and_never_repaired(arguments: str):
    with pytest.raises(ToolProblem, match="read_file"):
        TOOLS["read_file"].parse(arguments)


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

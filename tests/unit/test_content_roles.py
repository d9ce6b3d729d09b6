import json
import re
from pathlib import Path

import pytest
from pydantic import TypeAdapter

import mission_tui.tools
from mission_tui.content.resources import prompts_dir
from mission_tui.content.roles import RoleError, load_role, load_roles
from mission_tui.domain.contract import Proof

READING = {"read_file", "list_files", "search", "research"}
EXPECTED = {
    "orchestrator": READING | {
        "ask_human", "write_contract", "write_plan", "write_skill", "add_feature", "change_feature", "cancel_feature",
        "dismiss_issue", "amend_contract", "roll_back", "broadcast", "continue_mission", "request_decision",
    },
    "worker": READING | {
        "write_file", "edit_file", "run_command", "start_service", "stop_service", "update_skill", "submit_handoff",
    },
    "reviewer": READING | {"run_command", "submit_review"},
    "contract_reviewer": READING | {"run_command", "submit_review"},
    "user_tester": READING | {
        "run_command", "start_service", "stop_service", "http_request", "browser_open", "browser_click", "browser_fill",
        "browser_press", "browser_snapshot", "browser_screenshot", "browser_console", "terminal_open", "terminal_type",
        "terminal_press", "terminal_screen", "record_verdict", "submit_report",
    },
    "researcher": READING - {"research"},
}  # fmt: skip
TOOLS = Path(mission_tui.tools.__file__).parent
HEAD = "name: a\ntitle: A\ntools: [x, y]\nterminal: [y]\ntree: copy\n"
BODY = "# Role: a\n\nDo it.\n"


def role(folder: Path, head: str = HEAD, body: str = BODY) -> Path:
    path = folder / "a.md"
    path.write_text(f"---\n{head}---\n{body}", encoding="utf-8")
    return path


def test_the_shipped_roles_have_exactly_the_tools_that_are_promised():
    assert {name: set(r.tools) for name, r in load_roles(prompts_dir()).items()} == EXPECTED


def test_only_the_worker_writes():
    assert [name for name, r in load_roles(prompts_dir()).items() if r.writes] == ["worker"]


def test_only_the_user_tester_is_kept_from_the_sources():
    assert [name for name, r in load_roles(prompts_dir()).items() if r.reads == "documentation"] == ["user_tester"]


def test_prompts_stay_short_and_have_no_placeholders():
    for name, r in load_roles(prompts_dir()).items():
        lines = (prompts_dir() / f"{name}.md").read_text(encoding="utf-8").splitlines()
        assert len(lines) <= (250 if name == "orchestrator" else 90), name
        assert not re.search(r"\{\{|\}\}|%\(|\$\{|TODO", re.sub(r'"\}\}|\$\{(APP_PASSWORD|NAME)\}', "", r.body)), name


def test_every_tool_has_a_description_that_fits():
    named = {tool for tools in EXPECTED.values() for tool in tools}
    pages = list(TOOLS.glob("*.md"))
    assert {page.name.partition(".")[0] for page in pages} == named
    for page in pages:
        assert 0 < len(page.read_text(encoding="utf-8").strip().splitlines()) <= 18, page.name


def test_prompts_name_only_tools_that_their_role_has():
    every = {tool for tools in EXPECTED.values() for tool in tools}
    for name, r in load_roles(prompts_dir()).items():
        named = {word for word in re.findall(r"`([a-z_]+)(?:\(|`)", r.body) if word in every}
        assert named <= set(r.tools), name


def test_the_orchestrator_s_examples_of_checks_are_valid():
    body = load_roles(prompts_dir())["orchestrator"].body
    block = re.search(r"```json\n(.*?)```", body, re.DOTALL)
    assert block is not None
    examples = dict(line.split(":", 1) for line in block[1].strip().splitlines())
    assert set(examples) == {"command", "http", "browser", "terminal", "review"}
    for by, text in examples.items():
        proof = TypeAdapter[Proof](Proof).validate_python({"by": by, "procedure": "p", "checks": json.loads(text)})
        assert bool(proof.checks) == (by != "review")


def test_a_role_is_its_head_and_its_body(tmp_path: Path):
    loaded = load_role(role(tmp_path))
    assert (loaded.name, loaded.title, loaded.tools, loaded.terminal) == ("a", "A", ("x", "y"), ("y",))
    assert (loaded.tree, loaded.writes, loaded.reads, loaded.max_turns) == ("copy", False, "all", 200)
    assert loaded.body == "# Role: a\n\nDo it."


@pytest.mark.parametrize(
    ("head", "body", "problem"),
    [
        (HEAD.replace("tools", "tolls"), BODY, "4: tolls: is not a known key: did you mean `tools`?"),
        (HEAD.replace("tree: copy", "tree: forest"), BODY, "6: tree: must be one of 'worktree', 'copy' or 'none'"),
        (HEAD + "max_turns: 0\n", BODY, "7: max_turns: must be greater than 0"),
        (HEAD + "writes: true\n", BODY, "2: `writes: true` goes with `tree: worktree`"),
        (HEAD.replace("[y]", "[z]"), BODY, "2: `terminal` names z, not among `tools`"),
        (HEAD.replace("[x, y]", "[x, y, x]"), BODY, "2: `tools` names one tool twice"),
        (HEAD, "Do it.\n", "2: the body's first line must be `# Role: a`"),
        (HEAD, "", "2: body: must not be empty"),
        (HEAD.replace("name: a", "name: b"), "# Role: b\n", "2: name: `b` must equal the file's name"),
        (HEAD.replace("[x, y]", "[x, y"), BODY, "5: not valid YAML: "),
    ],
)
def test_each_mistake_in_a_role_names_file_and_line(tmp_path: Path, head: str, body: str, problem: str):
    path = role(tmp_path, head, body)
    with pytest.raises(RoleError) as caught:
        load_roles(tmp_path)
    assert any(line.startswith(f"{path}:{problem}") for line in caught.value.problems), caught.value.problems


def test_a_directory_without_roles_is_a_mistake(tmp_path: Path):
    with pytest.raises(RoleError, match="no roles in there"):
        load_roles(tmp_path)


def test_a_role_that_is_not_there_is_one_line(tmp_path: Path):
    with pytest.raises(RoleError, match="No such file"):
        load_role(tmp_path / "nope.md")

import ast
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[2]
PACKAGE = ROOT / "mission_tui"
HEAVY = ("litellm", "openai", "playwright")
MODULE_LINES, FUNCTION_LINES, STYLESHEET_LINES = 400, 50, 200


def loaded_after(statement: str) -> set[str]:
    script = f"import sys; {statement}; print('\\n'.join(sys.modules))"
    result = subprocess.run([sys.executable, "-c", script], capture_output=True, text=True, check=True, timeout=60)
    return {name.partition(".")[0] for name in result.stdout.split()}


def loaded_by_program(*arguments: str) -> set[str]:
    command = [sys.executable, "-X", "importtime", "-m", "mission_tui", *arguments]
    result = subprocess.run(command, capture_output=True, text=True, check=True, timeout=60)
    return {line.rpartition("|")[2].strip().partition(".")[0] for line in result.stderr.splitlines()}


def functions(path: Path) -> list[ast.FunctionDef | ast.AsyncFunctionDef]:
    tree = ast.parse(path.read_text(encoding="utf-8"))
    return [node for node in ast.walk(tree) if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef)]


def test_no_module_is_too_long():
    paths = [*PACKAGE.rglob("*.py"), *(ROOT / "tests").rglob("*.py"), *(ROOT / "benchmarks").rglob("*.py")]
    long = {str(p.relative_to(ROOT)): n for p in paths if (n := len(p.read_text().splitlines())) > MODULE_LINES}
    assert long == {}


def test_no_function_is_too_long():
    long = {
        f"{path.relative_to(ROOT)}:{node.name}": length
        for path in PACKAGE.rglob("*.py")
        for node in functions(path)
        if (length := (node.end_lineno or node.lineno) - node.lineno + 1) > FUNCTION_LINES
    }
    assert long == {}


def test_no_stylesheet_is_too_long():
    long = {p.name: n for p in PACKAGE.rglob("*.tcss") if (n := len(p.read_text().splitlines())) > STYLESHEET_LINES}
    assert long == {}


def test_public_modules_and_classes_say_what_they_mean():
    silent = [
        f"{path.relative_to(ROOT)}:{getattr(node, 'name', 'module')}"
        for path in PACKAGE.rglob("*.py")
        if path.name != "__init__.py" or path.read_text().strip()
        for node in [ast.parse(path.read_text(encoding="utf-8"))]
        if ast.get_docstring(node) is None
    ]
    assert silent == []


@pytest.mark.parametrize(
    "statement", ["import mission_tui.ui.app", "import mission_tui.cli.main", "import mission_tui.store.queries"]
)
def test_screen_and_command_line_load_nothing_heavy(statement: str):
    assert not loaded_after(statement) & set(HEAVY)


def test_help_and_lists_load_nothing_heavy(tmp_path: Path):
    for arguments in (("--help",), ("list", "--data-dir", str(tmp_path))):
        loaded = loaded_by_program(*arguments)
        assert "mission_tui" in loaded
        assert not loaded & {*HEAVY, "textual", "rich"}


def test_the_pure_domain_loads_neither_database_nor_git_nor_terminal():
    assert not loaded_after("import mission_tui.domain.next") & {"sqlite3", "git", "textual", "rich", *HEAVY}

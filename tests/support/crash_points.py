"""Every crash point that the product's sources name."""

import ast
import itertools
from pathlib import Path

from mission_tui.workspace.git_plumbing import CHANGING

PACKAGE = Path(__file__).parents[2] / "mission_tui"
READING = {
    *("check-ref-format", "config", "diff", "diff-files", "for-each-ref", "log", "ls-files", "ls-tree", "merge-base"),
    *("rev-list", "rev-parse", "status", "symbolic-ref", "cat-file", "show", "diff-tree"),
    "bundle",  # into a backup
    "pack-objects",  # it writes, but only what is shown to one box and thrown away with it
}
RENAMING = {"rename", "replace"}
STARTING = {"create_subprocess_exec", "posix_spawn"}
IN_THE_BOX = "workspace/box_init/supervisor.py"
"""It starts commands inside the box, which dies as a whole with its engine; it cannot import `crashpoints`."""
BESIDE = {
    f"{name}:{place}"
    for name in (
        *("backup.link", "migration.apply", "migration.rename", "restore.database", "restore.folder", "restore.keep"),
        *("restore.put_back", "restore.unbundle", "seen.rename"),
    )
    for place in ("before", "after")
}
"""Where no mission that runs comes: see `crash_beside`."""


def sources() -> list[tuple[str, ast.Module]]:
    paths = sorted(PACKAGE.rglob("*.py"))
    return [(path.relative_to(PACKAGE).as_posix(), ast.parse(path.read_text())) for path in paths]


def all_points() -> set[str]:
    """Transactions have three, git commands three, everything else two."""
    found = {f"git.{name}:{place}" for name in CHANGING for place in ("before", "during", "after")}
    for kind, name in named_calls():
        places = ("begin", "commit", "done") if kind == "transaction" else ("before", "after")
        found |= {f"{name}:{place}" for place in places}
    return found


def named_calls() -> list[tuple[str, str]]:
    """Kind and name of every transaction and every `around` with a literal name."""
    found: list[tuple[str, str]] = []
    for node in _calls():
        name = _callee(node)
        if name in ("atomic", "transaction", "around") and (text := _literal(node)):
            found.append(("around" if name == "around" else "transaction", text))
    return found


def unnamed_transactions() -> list[str]:
    """Calls of `atomic` and `transaction` that would be told apart by nothing."""
    return [
        f"{path}:{node.lineno}"
        for path, tree in sources()
        for node in ast.walk(tree)
        if isinstance(node, ast.Call)
        and _callee(node) in ("atomic", "transaction")
        and not _literal(node)
        and path not in ("store/database.py", "engine/desk.py")
    ]


def unknown_git_commands() -> list[str]:
    """Words that are given to git and are neither known to change something nor to read."""
    words = {
        text
        for path, tree in sources()
        if path.startswith("workspace/git")
        for node in ast.walk(tree)
        if isinstance(node, ast.Call) and _callee(node) in ("run", "line", "execute", "paths")
        if (text := _literal(node)) and text.replace("-", "").isalpha()
    }
    return sorted(words - CHANGING - READING)


def unguarded() -> list[str]:
    """Renames and spawns that stand in no `around`."""
    found: list[str] = []
    for path, tree in sources():
        guarded = {
            id(inner)
            for node in ast.walk(tree)
            if isinstance(node, ast.With | ast.AsyncWith)
            and any(isinstance(i.context_expr, ast.Call) and _callee(i.context_expr) == "around" for i in node.items)
            for inner in ast.walk(node)
        }
        for node in ast.walk(tree):
            if isinstance(node, ast.Call) and id(node) not in guarded and path != IN_THE_BOX and _moves(node):
                found.append(f"{path}:{node.lineno} {ast.unparse(node)[:80]}")
    return found


def _moves(node: ast.Call) -> bool:
    """Whether it renames a file or starts a process: `str.replace` takes two texts, `Path.replace` one path."""
    name = _callee(node)
    if name in STARTING or name == "rename":
        return True
    owner = node.func.value if isinstance(node.func, ast.Attribute) else None
    if name != "replace" or owner is None:
        return False
    return ast.unparse(owner) == "os" or (len(node.args) == 1 and not node.keywords)


def _calls() -> list[ast.Call]:
    walked = itertools.chain.from_iterable(ast.walk(tree) for _, tree in sources())
    return [node for node in walked if isinstance(node, ast.Call)]


def _callee(node: ast.Call) -> str:
    return node.func.attr if isinstance(node.func, ast.Attribute) else getattr(node.func, "id", "")


def _literal(node: ast.Call) -> str | None:
    first = node.args[0] if node.args else None
    return first.value if isinstance(first, ast.Constant) and isinstance(first.value, str) else None

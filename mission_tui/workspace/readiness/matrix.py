"""The scripts that a job of a CI workflow stands for, one for each choice of its matrix."""

import re
from itertools import islice, product

from mission_tui.workspace.readiness.project import Table, entries_of, table, texts

_MAX_SCRIPTS = 12
_VALUE = re.compile(r"\$\{\{\s*matrix\.([\w.-]+)\s*\}\}")


def by_matrix(script: str, matrix: Table) -> list[str]:
    """The script with the values of the matrix in their places; as it stands where it takes none."""
    names = list(dict.fromkeys(_VALUE.findall(script)))
    columns = {name: _column(matrix, name) for name in names}
    rows = [dict(zip(names, values, strict=True)) for values in _combined(columns)]
    # What a row leaves out is empty in the script; a column has its first value.
    first = {name: values[0] if values else "" for name, values in columns.items()}
    for row in map(table, entries_of(matrix.get("include"))):
        own = {name: str(row[name]) for name in names if isinstance(row.get(name), str)}
        rows += [{**first, **own}] if own else []
    filled = (_VALUE.sub(lambda found, row=row: row[found[1]], script) for row in rows)
    return list(dict.fromkeys(islice(filled, _MAX_SCRIPTS))) or [script]


def _column(matrix: Table, name: str) -> list[str]:
    """The values of a name; those of `profile.args` are the `args` of the mappings in `profile`."""
    name, _, below = name.partition(".")
    entries = entries_of(matrix.get(name))
    return texts([table(entry).get(below) for entry in entries] if below else entries)


def _combined(columns: dict[str, list[str]]) -> list[tuple[str, ...]]:
    lists = [values or [""] for values in columns.values()]
    return list(islice(product(*lists), _MAX_SCRIPTS)) if any(columns.values()) else []

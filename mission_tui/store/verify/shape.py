"""The database itself: laid out as migrations lay it out, and in every column what such a column holds."""

from collections.abc import Collection, Iterable, Iterator, Sequence
from contextlib import closing
from typing import Any, get_args

from sqlite_utils import Database

from mission_tui.store.connection import Connection
from mission_tui.store.database import migrations
from mission_tui.store.steps import StepKind, StepStatus
from mission_tui.store.verify.findings import JOURNAL, LEDGER, SPEND, Broken

_INVARIANTS = {"contexts": JOURNAL, "steps": JOURNAL, "counters": SPEND, "run_totals": SPEND}
_ONE_ROW = ("fence", "counters")
_OBJECTS = (("contexts", "context"), ("steps", "request"), ("steps", "result"), ("state", "summary"))
_WORDS = {("steps", "kind"): StepKind, ("steps", "status"): StepStatus}
_MOST = 10**13
"""More than any count, sum or time reaches, and so little that a million of them can be added up."""
_TOLD = 10
"""Findings per table: what one row lacks, thousands may."""
_LAYOUT = "SELECT type, name, sql FROM sqlite_master WHERE sql IS NOT NULL AND name NOT LIKE '%sqlite~_%' ESCAPE '~'"
_APPLIED = "SELECT name FROM _sqlite_migrations WHERE migration_set = 'mission'"

Row = tuple[Any, ...]


def check_tables(db: Connection) -> list[Broken]:
    """What keeps the tables from being read as they are meant to be: where there is anything, nothing else can be
    judged.

    SQLite's own check says nothing of CHECK constraints where a database is opened for reading only.
    """
    with closing(_as_made(db)) as made:
        lacking = [*_laid_out_otherwise(db, made, ("table",))]
        return lacking or [broken for table in _tables(made) for broken in _odd_values(db, made, table)]


def check_guards(db: Connection) -> list[Broken]:
    """What keeps history from being changed and makes it quick to read, and that the next start has no migrations
    to repeat."""
    with closing(_as_made(db)) as made:
        return [*_laid_out_otherwise(db, made, ("index", "trigger")), *_migrations_forgotten(db, made)]


def _as_made(db: Connection) -> Database:
    """An empty database as the migrations that this one has had make it."""
    version = int(db.rows("PRAGMA user_version")[0][0])
    made = Database(memory=True)
    later = [migration.name for migration in migrations.pending(made)][version:]
    migrations.apply(made, stop_before=later)
    return made


def _tables(made: Database) -> list[str]:
    return [str(name) for kind, name in _objects(made.conn.execute(_LAYOUT).fetchall()) if kind == "table"]


def _objects(rows: Iterable[Row]) -> dict[tuple[str, str], str]:
    return {(kind, name): " ".join(sql.split()) for kind, name, sql in rows}


def _laid_out_otherwise(db: Connection, made: Database, kinds: Collection[str]) -> Iterator[Broken]:
    expected, there = _objects(made.conn.execute(_LAYOUT).fetchall()), _objects(db.rows(_LAYOUT))
    for kind in kinds:
        lacking = sorted(name for of, name in expected.keys() - there.keys() if of == kind)
        added = sorted(name for of, name in there.keys() - expected.keys() if of == kind)
        changed = sorted(
            key[1] for key in expected.keys() & there.keys() if key[0] == kind and expected[key] != there[key]
        )
        article = "an" if kind == "index" else "a"
        for names, what in ((lacking, "is missing"), (added, "was added"), (changed, "was changed")):
            if names:
                yield Broken(
                    invariant=LEDGER,
                    what=f"the database is not as it was made: {article} {kind} {what}: {', '.join(names)}",
                )


def _migrations_forgotten(db: Connection, made: Database) -> Iterator[Broken]:
    kept = db.rows("SELECT 1 FROM sqlite_master WHERE name = '_sqlite_migrations'")
    applied = db.rows(_APPLIED) if kept else []
    for row in made.conn.execute(_APPLIED).fetchall():
        if row not in applied:
            yield Broken(invariant=LEDGER, what=f"the database does not say that migration {row[0]} was applied")


def _odd_values(db: Connection, made: Database, table: str) -> Iterator[Broken]:
    invariant = _INVARIANTS.get(table, LEDGER)
    cases = " ".join(
        f"WHEN {_odd(table, column)} THEN '{column[1]}'" for column in made.conn.execute(f"PRAGMA table_info({table})")
    )
    query = f"SELECT rowid, CASE {cases} END AS odd FROM {table} WHERE odd IS NOT NULL LIMIT {_TOLD}"
    for number, column in db.rows(query):
        yield Broken(invariant=invariant, what=f"row {number} of {table} has no {column} that makes sense")
    if table in _ONE_ROW and len(db.rows(f"SELECT 1 FROM {table}")) != 1:
        yield Broken(invariant=invariant, what=f"{table} has not one row")


def _odd(table: str, column: Sequence[Any]) -> str:
    """The condition under which a column, a row of `table_info`, holds what it never holds."""
    _, name, kind, required, _, key = column
    if (table, name) in _OBJECTS:
        good = f"typeof({name}) = 'text' AND CASE WHEN json_valid({name}) THEN json_type({name}) = 'object' END"
    elif kind == "TEXT":
        good = f"typeof({name}) = 'text'"
    else:
        good = f"typeof({name}) = '{kind.lower()}' AND {name} BETWEEN 0 AND {_MOST}"
    if words := _WORDS.get((table, name)):
        good += f" AND {name} IN {get_args(words)}"
    return f"({good}) IS NOT TRUE" if required or key else f"{name} IS NOT NULL AND ({good}) IS NOT TRUE"

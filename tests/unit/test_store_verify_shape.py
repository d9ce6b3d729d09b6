import sqlite3
from contextlib import closing

import pytest

from mission_tui.domain.ports import Usage
from mission_tui.store.verify import verify
from tests.support.missions import approved, created, worker_started
from tests.support.verifying import broken, spend, tamper, write


@pytest.mark.parametrize(
    ("statement", "words"),
    [
        ("DROP TRIGGER events_never_change", "a trigger is missing: events_never_change"),
        ("CREATE TRIGGER x BEFORE DELETE ON contexts BEGIN SELECT 1; END", "a trigger was added: x"),
        ("DROP INDEX steps_by_run", "an index is missing: steps_by_run"),
        ("DELETE FROM _sqlite_migrations WHERE id = 2", "does not say that migration m002_calls_cut_off was applied"),
        ("DROP TABLE _sqlite_migrations", "does not say that migration m001_ledger_and_journal was applied"),
    ],
)
def test_a_layout_that_is_not_as_it_was_made_is_found(tmp_path, statement, words):
    files = write(tmp_path, [created()])
    with closing(sqlite3.connect(files.database)) as db, db:
        db.execute(statement)
    broken(verify(files), 1, words)


def test_a_trigger_that_does_nothing_any_more_is_found(tmp_path):
    files = write(tmp_path, [created()])
    with closing(sqlite3.connect(files.database)) as db, db:
        db.execute("DROP TRIGGER steps_never_go")
        db.execute("CREATE TRIGGER steps_never_go BEFORE DELETE ON steps BEGIN SELECT 1; END")
    broken(verify(files), 1, "a trigger was changed: steps_never_go")


@pytest.mark.parametrize(
    ("statement", "invariant", "words"),
    [
        ("DROP TABLE fence", 1, "a table is missing: fence"),
        ("DROP TABLE counters", 1, "a table is missing: counters"),
        ("ALTER TABLE steps ADD COLUMN cake TEXT", 1, "a table was changed: steps"),
        ("DELETE FROM fence", 1, "fence has not one row"),
        ("DELETE FROM counters", 7, "counters has not one row"),
        ("UPDATE counters SET wall_s = 'x'", 7, "row 1 of counters has no wall_s that makes sense"),
        ("UPDATE counters SET usd = 9e999", 7, "row 1 of counters has no usd"),
        ("UPDATE run_totals SET usd = -1", 7, "row 1 of run_totals has no usd"),
        ("UPDATE state SET summary = 'not json'", 1, "row 1 of state has no summary"),
        ("UPDATE state SET summary = '{}'", 1, "not the fold of the ledger"),
        ("UPDATE contexts SET context = '[]'", 2, "row 1 of contexts has no context"),
        ("UPDATE steps SET result = 'not json' WHERE n = 1", 2, "row 1 of steps has no result"),
        ("UPDATE steps SET request = '' WHERE n = 2", 2, "row 2 of steps has no request"),
        ("UPDATE steps SET result = x'ff00fe' WHERE n = 2", 2, "row 2 of steps has no result"),
        ("UPDATE steps SET started_at = 'x'", 2, "row 1 of steps has no started_at"),
        ("UPDATE steps SET status = 'cake'", 2, "row 1 of steps has no status"),
        ("UPDATE steps SET kind = 'cake'", 2, "row 1 of steps has no kind"),
        ("UPDATE steps SET input_tokens = 9223372036854775807", 2, "row 1 of steps has no input_tokens"),
        ("UPDATE events SET at = 'x' WHERE seq = 2", 1, "row 2 of events has no at"),
        ("UPDATE events SET data = '[]' WHERE seq = 2", 1, "makes no sense"),
        ("UPDATE events SET data = CAST(x'ff' AS TEXT) WHERE seq = 2", 1, "Could not decode"),
        ("DELETE FROM run_totals", 7, "the total of run R1"),
        ("UPDATE run_totals SET steps = 99", 7, "the total of run R1"),
        ("DELETE FROM contexts", 2, "run R1 called a model, but what it began with is not stored"),
    ],
)
def test_values_that_no_engine_writes_are_told_in_words(tmp_path, statement, invariant, words):
    files = write(tmp_path, [*approved(), worker_started()])
    spend(files, Usage(input_tokens=5), Usage(output_tokens=2))
    assert verify(files) == []
    tamper(files, statement)
    found = verify(files)
    broken([one for one in found if "the counters say" not in one.what], invariant, words)

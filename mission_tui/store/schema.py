"""The layout of a mission's database. Shared by the writer and by readers that load no migrations."""

VERSION = 3
"""Kept in `user_version`; one more with every migration."""

LEDGER = """
CREATE TABLE fence (
    id INTEGER PRIMARY KEY CHECK (id = 1),
    number INTEGER NOT NULL
);
INSERT INTO fence VALUES (1, 0);

CREATE TABLE events (
    seq INTEGER PRIMARY KEY,
    at REAL NOT NULL,
    kind TEXT NOT NULL,
    run_id TEXT,
    command_id TEXT,
    data TEXT NOT NULL
);
CREATE UNIQUE INDEX events_by_command ON events (command_id) WHERE command_id IS NOT NULL;

CREATE TRIGGER events_have_no_gap BEFORE INSERT ON events
WHEN NEW.seq <> (SELECT coalesce(max(seq), 0) + 1 FROM events)
BEGIN SELECT raise(ABORT, 'the ledger has no gaps'); END;
CREATE TRIGGER events_never_change BEFORE UPDATE ON events
BEGIN SELECT raise(ABORT, 'the ledger is never updated'); END;
CREATE TRIGGER events_never_go BEFORE DELETE ON events
BEGIN SELECT raise(ABORT, 'the ledger is never deleted'); END;

CREATE TABLE state (
    id INTEGER PRIMARY KEY CHECK (id = 1),
    seq INTEGER NOT NULL,
    chain TEXT NOT NULL,
    summary TEXT NOT NULL
);
"""

JOURNAL = """
CREATE TABLE contexts (
    run_id TEXT PRIMARY KEY,
    opened_at REAL NOT NULL,
    context TEXT NOT NULL
);

CREATE TABLE steps (
    id INTEGER PRIMARY KEY,
    run_id TEXT NOT NULL,
    n INTEGER NOT NULL CHECK (n >= 1),
    kind TEXT NOT NULL CHECK (kind IN ('model', 'tool', 'note')),
    name TEXT NOT NULL,
    call_id TEXT,
    status TEXT NOT NULL CHECK (status IN ('running', 'done', 'failed', 'unknown')),
    started_at REAL NOT NULL,
    ended_at REAL,
    input_tokens INTEGER NOT NULL DEFAULT 0,
    cached_tokens INTEGER NOT NULL DEFAULT 0,
    output_tokens INTEGER NOT NULL DEFAULT 0,
    usd REAL NOT NULL DEFAULT 0,
    usd_known INTEGER NOT NULL DEFAULT 1,
    request TEXT NOT NULL,
    result TEXT,
    CHECK ((status = 'running') = (ended_at IS NULL)),
    CHECK ((status = 'running') = (result IS NULL))
);
CREATE UNIQUE INDEX steps_by_run ON steps (run_id, n);
CREATE INDEX steps_running ON steps (run_id, n) WHERE status = 'running';

CREATE TRIGGER steps_finish_once BEFORE UPDATE ON steps WHEN OLD.status <> 'running'
BEGIN SELECT raise(ABORT, 'a step is finished once'); END;
CREATE TRIGGER steps_never_go BEFORE DELETE ON steps
BEGIN SELECT raise(ABORT, 'the journal is never deleted'); END;

CREATE TABLE run_totals (
    run_id TEXT PRIMARY KEY,
    steps INTEGER NOT NULL,
    input_tokens INTEGER NOT NULL,
    cached_tokens INTEGER NOT NULL,
    output_tokens INTEGER NOT NULL,
    usd REAL NOT NULL,
    usd_known INTEGER NOT NULL
);

CREATE TABLE counters (
    id INTEGER PRIMARY KEY CHECK (id = 1),
    runs INTEGER NOT NULL DEFAULT 0,
    steps INTEGER NOT NULL DEFAULT 0,
    wall_s REAL NOT NULL DEFAULT 0,
    input_tokens INTEGER NOT NULL DEFAULT 0,
    cached_tokens INTEGER NOT NULL DEFAULT 0,
    output_tokens INTEGER NOT NULL DEFAULT 0,
    usd REAL NOT NULL DEFAULT 0,
    usd_known INTEGER NOT NULL DEFAULT 1
);
INSERT INTO counters (id) VALUES (1);
"""

REPEATED = "kind = 'model' AND status = 'failed' AND instr(result, 'perhaps billed twice') > 0"
"""Model calls that were cut off and made again."""
CALLS_CUT_OFF = f"CREATE INDEX steps_repeated ON steps (run_id) WHERE {REPEATED};"

KEPT = 'instr(result, \'"artifact":"\') > 0'
"""Steps whose output or evidence is an artifact."""
STEPS_WITH_ARTIFACTS = f"CREATE INDEX steps_kept ON steps (run_id) WHERE {KEPT};"


def statements(script: str) -> list[str]:
    """The single statements of a script; `executescript` would commit the migration's transaction first."""
    found: list[str] = []
    pending = ""
    for line in script.strip().splitlines():
        pending += line + "\n"
        inside_trigger = "CREATE TRIGGER" in pending and "END;" not in line
        if line.rstrip().endswith(";") and not inside_trigger:
            found.append(pending.strip())
            pending = ""
    return found

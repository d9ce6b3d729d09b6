"""Steps of runs as they are journaled and read back."""

import re
from collections.abc import Iterable, Iterator, Sequence
from typing import Any, Literal

from pydantic import Field

from mission_tui.domain.base import Frozen
from mission_tui.domain.budget import Spend
from mission_tui.domain.ports import JsonObject, Usage
from mission_tui.store import schema
from mission_tui.store.codec import from_json

StepKind = Literal["model", "tool", "note"]
StepStatus = Literal["running", "done", "failed", "unknown"]


class StepRecord(Frozen):
    """One step of a run: one model call, one tool call, or a note that needed no work."""

    run_id: str
    n: int = Field(ge=1)
    """Counts up from 1 within the run."""
    kind: StepKind
    name: str
    call_id: str | None
    request: JsonObject
    status: StepStatus
    """`unknown`: it was cut off, and nobody knows whether it had its effect."""
    result: JsonObject | None
    usage: Usage
    started_at: float
    """Unix time in seconds."""
    ended_at: float | None


class NewStep(Frozen):
    """A step that is about to begin. With `done_result` it is born done, as a note is."""

    run_id: str
    kind: StepKind
    name: str
    call_id: str | None = None
    request: JsonObject = Field(default_factory=dict)
    done_result: JsonObject | None = None


class FinishedStep(Frozen):
    """How a running step ended."""

    run_id: str
    n: int = Field(ge=1)
    status: Literal["done", "failed", "unknown"]
    result: JsonObject
    usage: Usage = Usage()


class RunTotals(Frozen):
    """What one run has done and used so far."""

    run_id: str
    opened_at: float | None
    """Unix time in seconds; None while its first messages are not stored."""
    steps: int
    """Model and tool calls begun; notes are none."""
    usage: Usage


STEP_COLUMNS = (
    "run_id, n, kind, name, call_id, status, started_at, ended_at, "
    "input_tokens, cached_tokens, output_tokens, usd, usd_known, request, result"
)
USAGE_COLUMNS = "input_tokens, cached_tokens, output_tokens, usd, usd_known"
TOTALS = (
    "SELECT t.run_id, c.opened_at, t.steps, t.input_tokens, t.cached_tokens, t.output_tokens, t.usd, t.usd_known "
    "FROM run_totals t LEFT JOIN contexts c USING (run_id) ORDER BY t.rowid"
)
TOTALS_OF_SOME = TOTALS.replace("ORDER BY", "WHERE t.run_id IN (SELECT value FROM json_each(?)) ORDER BY")
COUNTERS = f"SELECT runs, steps, wall_s, {USAGE_COLUMNS} FROM counters"

WRONG = (
    "status IN ('failed', 'unknown') OR (kind = 'tool' AND status = 'done' "
    "AND json_type(result, '$.exit_code') IS NOT NULL AND json_extract(result, '$.exit_code') IS NOT 0)"
)
"""Steps that went wrong: refused, cut off, or a command that was killed or exited with another code than 0."""
_SHOWN = (
    "name || char(10) || coalesce(json_extract(request, '$.arguments'), '') || char(10) "
    "|| coalesce(json_extract(result, '$.text'), '') || coalesce(json_extract(result, '$.error'), '') "
    "|| coalesce(json_extract(result, '$.message.content'), '') "
    "|| coalesce(json_extract(result, '$.message.thinking'), '')"
)
"""What the screen shows of a step."""


def holding(text: str) -> tuple[str, tuple[str, ...]]:
    """The condition under which a step shows a text, and its values. Capitals matter once there is one."""
    if text != text.lower():
        return f"instr({_SHOWN}, ?) > 0", (text,)
    escaped = text.replace("\\", "\\\\").replace("%", "\\%").replace("_", "\\_")
    like = f"%{escaped}%"
    shown = f"({_SHOWN}) LIKE ? ESCAPE '\\'"
    if text.isprintable() and '"' not in text and "\\" not in text:
        # As it is stored it holds the same letters, and looking there first need not parse anything.
        return f"(name || request || coalesce(result, '')) LIKE ? ESCAPE '\\' AND {shown}", (like, like)
    return shown, (like,)


STEPS_WITH_ARTIFACTS = f"SELECT run_id, n, result FROM steps WHERE {schema.KEPT}"
_ANY_SHA = re.compile(r"\b[0-9a-f]{64}\b")


def artifacts_named(rows: Iterable[Sequence[Any]], exactly: bool = False) -> Iterator[tuple[str, int, str]]:
    """Run, step and artifact for rows of STEPS_WITH_ARTIFACTS.

    Unless `exactly` rather one too many than one too few: whatever looks like the name of one.
    """
    for run_id, n, result in rows:
        shas = _artifacts_of(result) if exactly else _ANY_SHA.findall(result)
        yield from ((run_id, n, sha) for sha in shas)


def _artifacts_of(result: str) -> list[str]:
    try:
        read = from_json(result)
        output, evidence = read.get("artifact"), read.get("evidence", ())
        return [*([str(output)] if output else []), *(str(one["artifact"]) for one in evidence)]
    except (ValueError, TypeError, KeyError, AttributeError):
        return []  # no engine wrote this


def step_of(row: Sequence[Any]) -> StepRecord:
    """A row of STEP_COLUMNS."""
    return StepRecord(
        run_id=row[0],
        n=row[1],
        kind=row[2],
        name=row[3],
        call_id=row[4],
        status=row[5],
        started_at=row[6],
        ended_at=row[7],
        usage=usage_of(row[8:13]),
        request=from_json(row[13]),
        result=None if row[14] is None else from_json(row[14]),
    )


def usage_of(row: Sequence[Any]) -> Usage:
    """A row of USAGE_COLUMNS."""
    return Usage(input_tokens=row[0], cached_tokens=row[1], output_tokens=row[2], usd=row[3], usd_known=bool(row[4]))


def usage_row(usage: Usage) -> tuple[int, int, int, float, int]:
    return (usage.input_tokens, usage.cached_tokens, usage.output_tokens, usage.usd, int(usage.usd_known))


def totals_of(row: Sequence[Any]) -> RunTotals:
    """A row of TOTALS."""
    return RunTotals(run_id=row[0], opened_at=row[1], steps=row[2], usage=usage_of(row[3:8]))


def spend_of(row: Sequence[Any]) -> Spend:
    """The row of COUNTERS."""
    return Spend(runs=row[0], steps=row[1], wall_s=row[2], usage=usage_of(row[3:8]))

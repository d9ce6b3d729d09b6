"""Spend: counters equal what the steps say, and no model call was begun after a cap was used up."""

from collections.abc import Iterator, Sequence
from typing import Any

from mission_tui.domain.budget import Limits, Spend, exceeded
from mission_tui.domain.ports import Usage
from mission_tui.store.queries import Connection
from mission_tui.store.steps import COUNTERS, TOTALS, USAGE_COLUMNS, spend_of, totals_of, usage_of
from mission_tui.store.verify.findings import SPEND, Broken

_ROUNDING_USD = 1e-6
_SUMS = "sum(input_tokens), sum(cached_tokens), sum(output_tokens), sum(usd), min(usd_known)"


def check_spending(db: Connection, caps: Sequence[tuple[float, Limits]]) -> Iterator[Broken]:
    """`caps` are the limits and since when each held. Time caps are left out: the journal has no clock of work."""
    for what in (*_wrong_counters(db), *_wrong_totals(db), *_begun_beyond_a_cap(db, caps)):
        yield Broken(invariant=SPEND, what=what)


def _wrong_counters(db: Connection) -> Iterator[str]:
    counted = spend_of(db.rows(COUNTERS)[0])
    steps, *usage = db.rows(f"SELECT count(*) FILTER (WHERE kind <> 'note'), {_SUMS} FROM steps")[0]
    if steps != counted.steps:
        yield f"the counters say {counted.steps} steps, the journal has {steps}"
    if steps and not _same(counted.usage, usage_of(usage)):
        yield f"the counters say {_words(counted.usage)}, the steps add up to {_words(usage_of(usage))}"
    runs = int(db.rows("SELECT count(*) FROM contexts")[0][0])
    if runs != counted.runs:
        yield f"the counters say {counted.runs} runs, the journal has {runs}"


def _wrong_totals(db: Connection) -> Iterator[str]:
    query = f"SELECT run_id, count(*) FILTER (WHERE kind <> 'note'), {_SUMS} FROM steps GROUP BY run_id"
    added = {row[0]: (row[1], usage_of(row[2:])) for row in db.rows(query)}
    counted = {totals.run_id: (totals.steps, totals.usage) for totals in map(totals_of, db.rows(TOTALS))}
    for run_id in sorted(added.keys() | counted.keys()):
        steps, usage = added.get(run_id, (0, Usage()))
        steps_counted, usage_counted = counted.get(run_id, (0, Usage()))
        if steps != steps_counted or not _same(usage, usage_counted):
            yield f"the total of run {run_id} is not what its steps add up to"


def _begun_beyond_a_cap(db: Connection, caps: Sequence[tuple[float, Limits]]) -> Iterator[str]:
    (total,) = db.rows(f"SELECT {_SUMS} FROM steps HAVING count(*) > 0") or ((0, 0, 0, 0.0, True),)
    if not any(exceeded(limits, Spend(usage=usage_of(total))) for _, limits in caps):
        return  # spending only grows: what all of it does not reach, no part of it did
    columns = f"started_at, ended_at, run_id, n, {USAGE_COLUMNS}"
    calls = db.rows(f"SELECT {columns} FROM steps WHERE kind = 'model' ORDER BY started_at, id")
    ended = sorted((call for call in calls if call[1] is not None), key=lambda call: call[1])
    spent, settled = Usage(), 0
    for call in calls:
        # What ended in the very moment in which this one began may have been unknown to it.
        while settled < len(ended) and ended[settled][1] < call[0]:
            spent, settled = spent + usage_of(ended[settled][4:]), settled + 1
        used_up = exceeded(_cap_at(call[0], caps), Spend(usage=spent))
        if used_up:
            yield f"step {call[3]} of run {call[2]} was begun although {used_up}"


def _cap_at(moment: float, caps: Sequence[tuple[float, Limits]]) -> Limits:
    unlimited = Limits(usd=None, tokens=None, hours=None)
    return next((limits for since, limits in reversed(caps) if since <= moment), unlimited)


def _same(one: Usage, other: Usage) -> bool:
    tokens = (one.input_tokens, one.cached_tokens, one.output_tokens, one.usd_known)
    other_tokens = (other.input_tokens, other.cached_tokens, other.output_tokens, other.usd_known)
    return tokens == other_tokens and abs(one.usd - other.usd) < _ROUNDING_USD


def _words(usage: Usage) -> str:
    known: Any = "" if usage.usd_known else " or more"
    return f"{usage.input_tokens} tokens in, {usage.output_tokens} out, ${usage.usd:.6f}{known}"

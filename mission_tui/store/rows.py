"""Events as rows of the ledger, and the chain that ties each row to all before it."""

import gc
import hashlib
from collections.abc import Generator, Sequence
from contextlib import contextmanager
from typing import Any

import pydantic_core
from pydantic import ValidationError

from mission_tui.domain.events import AnyEvent, Recorded, event_from
from mission_tui.domain.ports import JsonObject
from mission_tui.store.codec import from_json, to_json
from mission_tui.store.redact import Redactor

EVENT_COLUMNS = "seq, at, kind, run_id, data"
START_OF_CHAIN = ""


def encoded(event: AnyEvent, redactor: Redactor) -> tuple[AnyEvent, str]:
    """An event as it may be stored, and its data column: no known secret, nothing that is not Unicode."""
    raw = to_json(event.model_dump(mode="json", exclude={"kind", "run_id"}))
    data = redactor.json_text(raw)
    if data == raw and raw.isascii():
        return event, data
    try:
        return event_from(event.kind, event.run_id, from_json(data)), data
    except ValidationError:
        # The "secret" is a word of the ledger's own vocabulary, so it is none.
        return event_from(event.kind, event.run_id, from_json(raw)), raw


def recorded(row: Sequence[Any]) -> Recorded:
    """A row of EVENT_COLUMNS. Raises ValueError when its data do not fit its kind."""
    return Recorded.model_construct(seq=row[0], at=row[1], event=event_of(row))


def event_of(row: Sequence[Any]) -> AnyEvent:
    """The fact in a row of EVENT_COLUMNS. Raises ValueError when its data do not fit its kind."""
    _, _, kind, run_id, data = row
    fields: JsonObject = pydantic_core.from_json(data)
    if type(fields) is not dict:
        raise ValueError("its data are no object")
    return event_from(kind, run_id, fields)


@contextmanager
def a_fold() -> Generator[None]:
    """Makes very many objects that stay: the collector, which would look through them again and again, rests."""
    enabled = gc.isenabled()
    gc.disable()
    try:
        yield
    finally:
        if enabled:
            gc.enable()


def chained(chain: str, row: Sequence[Any]) -> str:
    """The SHA-256 that stands for a row of EVENT_COLUMNS and everything before it."""
    seq, at, kind, run_id, data = row
    return hashlib.sha256(f"{chain}\n{seq}\n{at!r}\n{kind}\n{run_id}\n{data}".encode()).hexdigest()

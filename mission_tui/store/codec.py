"""JSON as it is stored: compact, readable, and always valid Unicode."""

import json
from typing import Any

from mission_tui.domain.ports import JsonObject


def to_json(value: JsonObject) -> str:
    """Encode an object. Lone surrogates, which models can send and no file can hold, become question marks."""
    text = json.dumps(value, ensure_ascii=False, separators=(",", ":"))
    if text.isascii():
        return text
    return text.encode("utf-8", "replace").decode()


def as_stored(value: JsonObject) -> JsonObject:
    """An object as it is read back after it was stored."""
    try:
        json.dumps(value, ensure_ascii=False).encode()
    except UnicodeEncodeError:
        return from_json(to_json(value))
    return value


def from_json(text: str) -> JsonObject:
    value: Any = json.loads(text)
    return value

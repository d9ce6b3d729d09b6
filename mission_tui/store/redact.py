"""Known secrets never reach the disk: they are replaced in everything textual before it is stored."""

import json
import re
from collections.abc import Iterable, Mapping
from typing import Any, cast
from urllib.parse import quote

SHORTEST = 8
"""Characters. Shorter values would blot out ordinary words."""


class Redactor:
    """Replaces known secret values by `[redacted NAME]`.

    Besides the value itself its escaped forms are found: in JSON, in JSON within JSON (the arguments of tool calls)
    and in URLs. Secrets come as name to value, or as bare values that all read `[redacted secret]`.
    """

    def __init__(self, secrets: Mapping[str, str] | Iterable[str] = ()) -> None:
        self._names: dict[str, str] = {}
        for name, value in _named(secrets):
            if len(value.strip()) >= SHORTEST:
                label = re.sub(r"[^A-Za-z0-9_-]", "_", name)
                self._names.update(dict.fromkeys(_forms(value.strip()), label))
        longest_first = sorted(self._names, key=len, reverse=True)
        either = "|".join(re.escape(form) for form in longest_first)
        self._text = re.compile(either) if either else None
        self._bytes = re.compile(b"|".join(re.escape(f.encode()) for f in longest_first)) if either else None

    def __call__(self, data: bytes) -> bytes:
        """Redact textual content; what is not text comes back as it is."""
        if self._bytes is None or not is_text(data):
            return data
        return self._bytes.sub(lambda m: f"[redacted {self._names[m[0].decode()]}]".encode(), data)

    def text(self, text: str) -> str:
        if self._text is None:
            return text
        return self._text.sub(lambda m: f"[redacted {self._names[m[0]]}]", text)

    def json_text(self, text: str) -> str:
        """Redact the strings in a JSON text and leave its keys and its form alone; the same object if nothing is."""
        if self._text is None or not self._text.search(text):
            return text
        return json.dumps(self.value(json.loads(text)), ensure_ascii=False, separators=(",", ":"))

    def value(self, value: Any) -> Any:  # noqa: ANN401 - any JSON value
        """Redact every string inside a JSON value."""
        match value:
            case str():
                return self.text(value)
            case list():
                return [self.value(item) for item in value]  # pyright: ignore[reportUnknownVariableType] - JSON
            case dict():
                return {key: self.value(item) for key, item in value.items()}  # pyright: ignore[reportUnknownVariableType] - JSON
            case _:
                return value

    def found_in(self, data: bytes) -> frozenset[str]:
        """Names of the secrets that occur in some content."""
        if self._bytes is None:
            return frozenset()
        return frozenset(self._names[m.decode()] for m in self._bytes.findall(data))


def is_text(data: bytes) -> bool:
    """Whether content is textual: no NUL in its first 8 KB."""
    return b"\0" not in data[:8192]


def _named(secrets: Mapping[str, str] | Iterable[str]) -> Iterable[tuple[str, str]]:
    if isinstance(secrets, Mapping):
        return cast(Mapping[str, str], secrets).items()
    return [("secret", value) for value in secrets]


def _forms(value: str) -> set[str]:
    forms = {value, quote(value, safe="")}
    for ensure_ascii in (True, False):
        once = json.dumps(value, ensure_ascii=ensure_ascii)[1:-1]
        forms |= {once, json.dumps(once, ensure_ascii=ensure_ascii)[1:-1]}
    return forms


NO_SECRETS = Redactor()

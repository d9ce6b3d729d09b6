"""Known secrets never reach the disk: they are replaced in everything textual before it is stored."""

import base64
import html
import io
import json
import re
import zipfile
import zlib
from collections.abc import Iterable, Mapping
from typing import Any, cast
from urllib.parse import quote, quote_plus

_ARCHIVE = b"PK\x03\x04"
SHORTEST = 8
"""Characters. Shorter values would blot out ordinary words."""


class Redactor:
    """Replaces known secret values by `[redacted NAME]`.

    Besides the value itself its escaped forms are found: in JSON, in JSON within JSON (the arguments of tool calls),
    in URLs and forms, in HTML, and in Base64, whatever stands before it there (as in HTTP's basic authentication).
    Secrets come as name to value, or as bare values that all read `[redacted secret]`.
    """

    def __init__(self, secrets: Mapping[str, str] | Iterable[str] = ()) -> None:
        self._names: dict[str, str] = {}
        self._text: re.Pattern[str] | None = None
        self._bytes: re.Pattern[bytes] | None = None
        self.learn(secrets)

    @property
    def knows_any(self) -> bool:
        return bool(self._names)

    def learn(self, secrets: Mapping[str, str] | Iterable[str]) -> None:
        """Know more secrets from now on."""
        known = len(self._names)
        for name, value in _named(secrets):
            if len(value.strip()) >= SHORTEST:
                label = re.sub(r"[^A-Za-z0-9_-]", "_", name)
                self._names.update({form: label for form in _forms(value.strip()) if form not in self._names})
        if len(self._names) == known:
            return
        longest_first = sorted(self._names, key=len, reverse=True)
        self._text = re.compile("|".join(re.escape(form) for form in longest_first))
        self._bytes = re.compile(b"|".join(re.escape(f.encode()) for f in longest_first))

    def __call__(self, data: bytes) -> bytes:
        """Redact textual content, and what an archive holds (a browser's trace is one); pictures come back as is."""
        if self._bytes is None:
            return data
        if data.startswith(_ARCHIVE):
            return self._archive(data)
        return self.all_of(data) if is_text(data) else data

    def all_of(self, data: bytes) -> bytes:
        """Redact content whatever it is."""
        if self._bytes is None:
            return data
        return self._bytes.sub(lambda m: f"[redacted {self._names[m[0].decode()]}]".encode(), data)

    def _archive(self, data: bytes) -> bytes:
        """The same archive unless one of its members holds a secret; what cannot be read is redacted as it lies."""
        written = io.BytesIO()
        try:
            with zipfile.ZipFile(io.BytesIO(data)) as source:
                members = [(info, source.read(info)) for info in source.infolist()]
        except (zipfile.BadZipFile, NotImplementedError, RuntimeError, zlib.error):
            return self.all_of(data)
        if not any(self.found_in(content) for _, content in members):
            return data
        with zipfile.ZipFile(written, "w", zipfile.ZIP_DEFLATED) as target:
            for info, content in members:
                target.writestr(zipfile.ZipInfo(info.filename), self.all_of(content), zipfile.ZIP_DEFLATED)
        return written.getvalue()

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
    forms = {value, quote(value, safe=""), quote(value), quote_plus(value)}
    forms |= {html.escape(value), html.escape(value, quote=False), html.escape(value).replace("&#x27;", "&#39;")}
    forms |= {form for before in range(3) for form in _base64(value.encode(), before)}
    for ensure_ascii in (True, False):
        once = json.dumps(value, ensure_ascii=ensure_ascii)[1:-1]
        forms |= {once, json.dumps(once, ensure_ascii=ensure_ascii)[1:-1]}
    return forms


def _base64(value: bytes, before: int) -> set[str]:
    """What of its Base64 depends on the value alone, when it stands after so many bytes of a group of three."""
    length = before + len(value)
    first, last = (0, 2, 3)[before], length * 8 // 6
    whole = [
        encode(b"\0" * before + value + b"\0" * (-length % 3))
        for encode in (base64.b64encode, base64.urlsafe_b64encode)
    ]
    return {one.decode()[first:last] for one in whole}


NO_SECRETS = Redactor()

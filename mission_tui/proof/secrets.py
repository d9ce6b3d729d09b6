"""Named secrets with their values, as proofs and testers use them. Values are never shown, stored or put into words."""

import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from typing import Any, cast

from mission_tui.domain.ports import JsonObject
from mission_tui.domain.secrets import REFERENCE
from mission_tui.store.redact import SHORTEST

_PATTERNS = frozenset({"expect_body", "expect_url", "expect_screen", "matches", "expect_header"})
"""Keys of check steps whose texts are regular expressions; `expect_text` is one unless it is a mapping."""

_SHELL = frozenset({"run", "spawn", "command"})
"""Keys of shell lines: the shell puts the value in from its environment, whatever characters it has."""


class SecretMissing(Exception):
    """A declared secret cannot be used; the message says which, and what to do."""


@dataclass(frozen=True, slots=True)
class Secrets:
    """What the services manifest declares, as far as the host's environment has it."""

    values: Mapping[str, str] = field(default_factory=dict[str, str], repr=False)
    problem: str | None = None
    """What keeps the declared ones from being used, in a line."""

    @classmethod
    def of(cls, names: Iterable[str], environ: Mapping[str, str]) -> "Secrets":
        names = tuple(names)
        found = {name: environ[name] for name in names if environ.get(name)}
        missing = [name for name in names if name not in found]
        short = [name for name, value in found.items() if len(value.strip()) < SHORTEST]
        return cls(found, _problem(missing, short))

    def check(self) -> None:
        """Raises SecretMissing unless every declared secret can be used."""
        if self.problem is not None:
            raise SecretMissing(self.problem)

    def filled(self, step: JsonObject) -> JsonObject:
        """A check step, or a tester's message, with the values in the place of `${NAME}`."""
        if not self.values:
            return step
        return {key: value if key in _SHELL else self._filled(key, value) for key, value in step.items()}

    def _filled(self, key: str, value: object) -> Any:  # noqa: ANN401 - any JSON value
        match value:
            case str():
                pattern = key in _PATTERNS or key == "expect_text"
                return REFERENCE.sub(lambda found: self._value(found, pattern), value)
            case list():
                return [self._filled(key, item) for item in cast("list[Any]", value)]
            case dict():
                inner = cast("dict[str, Any]", value)
                return {k: self._filled(key if key == "expect_header" else k, v) for k, v in inner.items()}
            case _:
                return value

    def _value(self, found: re.Match[str], pattern: bool) -> str:
        escape, name = found.groups()
        if escape or name not in self.values:
            return found[0][len(escape) :] if escape and name in self.values else found[0]
        return re.escape(self.values[name]) if pattern else self.values[name]


NONE = Secrets()


def _problem(missing: list[str], short: list[str]) -> str | None:
    if missing:
        names = ", ".join(missing)
        return (
            f"the secret{'s' if len(missing) > 1 else ''} {names} of the services manifest "
            f"{'are' if len(missing) > 1 else 'is'} not set: export {names} in the environment in which the engine is "
            "started, and start it again"
        )
    if short:
        return f"the secret {short[0]} has fewer than {SHORTEST} characters, so it could not be kept out of the records"
    return None

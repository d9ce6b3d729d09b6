"""The script format of the scripted model: conversations, found by their first messages, with a turn per reply.

```yaml
conversations:
  - name: worker F2
    match: {system: "worker", user: "F2\\\\b"}   # re.search in the system prompt and the first user message
    turns:
      - text: I'll look at the tests first.
        calls: [{read_file: {path: app/views.py}}]
      - calls: [{run_command: {command: pytest -q}}]
      - - when: {result: "failed"}             # alternatives: the first whose `when` holds
          calls: [{edit_file: {path: app/views.py, old: "a", new: "b"}}]
        - calls: [{run_command: {command: git log}}]
      - when: {result: "exit code 1"}          # a turn whose `when` does not hold is skipped
        text: Odd.
      - calls: [{submit_report: {findings: ["see ${result:evidence ([0-9a-f]+)}"]}}]
```

The first conversation that matches wins. Every pattern is a regular expression with MULTILINE. In any string,
`${result:REGEX}` and `${user:REGEX}` stand for what a pattern finds in the tool results or user messages so far, newest
first (its first group, or all of it); a string that is only `${all:REGEX}` becomes the list of everything found in the
tool results, oldest first and without repeats; one that is only `${file:PATH}` is the text of a file beside the script.
A call whose arguments are a string sends that string as it is, valid JSON or not.
"""

import json
import re
from collections.abc import Iterator, Mapping, Sequence
from functools import cache
from pathlib import Path
from typing import Annotated, Any, cast

import yaml
from pydantic import AfterValidator, BeforeValidator, ValidationError

from mission_tui.domain.base import Frozen
from mission_tui.domain.ports import ModelMisconfigured
from mission_tui.llm.placeholders import patterns_in

_FILE = re.compile(r"\$\{file:([^}]+)\}")


class ScriptError(ModelMisconfigured):
    """A script that cannot be played; `problems` has one line for each thing to mend."""

    def __init__(self, path: Path | None, problems: Sequence[str]) -> None:
        where = str(path) if path else "script"
        more = f" (and {len(problems) - 1} more)" if len(problems) > 1 else ""
        super().__init__(f"{where}: {problems[0]}{more}")
        self.problems = tuple(problems)


@cache
def compiled(pattern: str) -> re.Pattern[str]:
    """A pattern of a script, with MULTILINE."""
    return re.compile(pattern, re.MULTILINE)


def _valid_pattern(pattern: str) -> str:
    try:
        compiled(pattern)
    except re.error as error:
        raise ValueError(f"not a regular expression: {error}") from error
    return pattern


def _valid_placeholders(value: Any) -> Any:  # noqa: ANN401 - arguments are any JSON
    for text in _strings(value):
        for pattern in patterns_in(text):
            _valid_pattern(pattern)
    return value


def _calls(value: Any) -> object:  # noqa: ANN401 - checked by the model
    """`{tool: arguments}`, the short form in which a call is written."""
    if not isinstance(value, list):
        return value
    return [_call(item) for item in cast("list[object]", value)]


def _call(item: object) -> object:
    if isinstance(item, dict) and len(cast("dict[object, object]", item)) == 1:
        ((name, arguments),) = cast("dict[object, object]", item).items()
        return {"name": name, "arguments": {} if arguments is None else arguments}
    raise ValueError("a call is written {tool_name: {argument: value}}")


def _alternatives(value: Any) -> object:  # noqa: ANN401 - checked by the model
    return cast("list[object]", value) if isinstance(value, list) else [value]


Pattern = Annotated[str, AfterValidator(_valid_pattern)]
Text = Annotated[str, AfterValidator(_valid_placeholders)]
Arguments = Annotated[dict[str, Any] | str, AfterValidator(_valid_placeholders)]


class ScriptedCall(Frozen):
    """One tool call of a turn."""

    name: str
    arguments: Arguments


class When(Frozen):
    """What must have happened since the model's last message, or (`seen`) at any time before."""

    result: Pattern | None = None
    not_result: Pattern | None = None
    user: Pattern | None = None
    seen: Pattern | None = None


class Turn(Frozen):
    """One reply."""

    when: When = When()
    thinking: Text = ""
    text: Text = ""
    calls: Annotated[tuple[ScriptedCall, ...], BeforeValidator(_calls)] = ()


class Match(Frozen):
    """What a conversation begins with."""

    system: Pattern | None = None
    user: Pattern | None = None


class Conversation(Frozen):
    """The replies of one run, in order; each entry is a tuple of alternatives."""

    name: str
    match: Match = Match()
    turns: tuple[Annotated[tuple[Turn, ...], BeforeValidator(_alternatives)], ...]


class Script(Frozen):
    """Everything that a scripted model can say."""

    conversations: tuple[Conversation, ...]


_LOADER: type[yaml.SafeLoader] = getattr(yaml, "CSafeLoader", yaml.SafeLoader)
"""A script is read for every run of a scripted model: the parser in C takes a tenth of the time."""


def load_script(path: Path) -> Script:
    """Read a script from YAML or JSON; raises ScriptError with one line per problem."""
    try:
        raw: object = yaml.load(path.read_text(encoding="utf-8"), Loader=_LOADER)
    except OSError as error:
        raise ScriptError(path, [error.strerror or str(error)]) from error
    except (yaml.YAMLError, UnicodeDecodeError) as error:
        raise ScriptError(path, [" ".join(str(error).split())]) from error
    problems: list[str] = []
    raw = _with_files(raw, path.parent, problems)
    try:
        script = Script.model_validate(raw)
    except ValidationError as error:
        raise ScriptError(path, [*problems, *_lines(error)]) from error
    if not script.conversations:
        problems.append("conversations: there is none")
    if problems:
        raise ScriptError(path, problems)
    return script


def _lines(error: ValidationError) -> Iterator[str]:
    for detail in error.errors(include_url=False):
        place = "".join(f"[{part}]" if isinstance(part, int) else f".{part}" for part in detail["loc"])
        message = detail["msg"].removeprefix("Value error, ")
        yield f"{place.lstrip('.') or 'the whole'}: {message}"


def _with_files(value: Any, folder: Path, problems: list[str]) -> Any:  # noqa: ANN401 - any YAML
    if isinstance(value, Mapping):
        items = cast("Mapping[str, Any]", value).items()
        return {key: _with_files(item, folder, problems) for key, item in items}
    if isinstance(value, list):
        return [_with_files(item, folder, problems) for item in cast("list[Any]", value)]
    if isinstance(value, str) and (named := _FILE.fullmatch(value)):
        return _text_of(folder / named[1], problems)
    return value


def _text_of(path: Path, problems: list[str]) -> str:
    try:
        return path.read_text(encoding="utf-8")
    except (OSError, UnicodeDecodeError) as error:
        problems.append(f"cannot read {path}: {getattr(error, 'strerror', None) or error}")
        return ""


def _strings(value: object) -> Iterator[str]:
    if isinstance(value, str):
        yield value
    elif isinstance(value, Mapping):
        for item in cast("Mapping[str, object]", value).values():
            yield from _strings(item)
    elif isinstance(value, list):
        for item in cast("list[object]", value):
            yield from _strings(item)


def as_arguments(value: object) -> str:
    """The text of a call's arguments."""
    return value if isinstance(value, str) else json.dumps(value, ensure_ascii=False)

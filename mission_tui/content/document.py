"""A YAML or JSON file as data that remembers on which line each part of it stands.

YAML is read by the core rules of version 1.2: only `true` and `false` are booleans, dates and `12:30` stay text.
"""

import json
import re
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Protocol, TypeAlias, cast

import yaml

Place: TypeAlias = tuple[str | int, ...]
"""The way to a part of a document: keys of mappings and indices of lists."""

_MAX_NODES = 1_000_000
"""Aliases can make a small file stand for a huge one; a contract of 1,000 assertions has about 50,000 nodes."""

_MAX_DEPTH = 100


class DocumentError(Exception):
    """The text is no document at all: `(line or None, problem)` pairs."""

    def __init__(self, problems: Sequence[tuple[int | None, str]]) -> None:
        super().__init__("; ".join(text for _, text in problems))
        self.problems = problems


_CORE_SCHEMA = (
    ("bool", r"^(?:true|True|TRUE|false|False|FALSE)$", [*"tTfF"]),
    ("int", r"^[-+]?(?:0|[1-9][0-9]*)$", [*"-+0123456789"]),
    ("float", r"^[-+]?(?:[0-9]+\.[0-9]*|\.[0-9]+)(?:[eE][-+]?[0-9]+)?$", [*"-+.0123456789"]),
    ("null", r"^(?:~|null|Null|NULL|)$", ["~", "n", "N", ""]),
    ("merge", r"^(?:<<)$", ["<"]),
)
"""Tag, pattern, and the first characters that a scalar of that type may have."""


class _YamlLoader(Protocol):
    """What is used of PyYAML's loader, whose stubs leave these methods untyped."""

    def get_event(self) -> yaml.Event | None: ...
    def get_single_node(self) -> yaml.Node | None: ...
    def construct_document(self, node: yaml.Node) -> object: ...
    def dispose(self) -> None: ...


def _resolvers() -> dict[str, list[tuple[str, re.Pattern[str]]]]:
    table: dict[str, list[tuple[str, re.Pattern[str]]]] = {}
    for name, pattern, first in _CORE_SCHEMA:
        for character in first:
            table.setdefault(character, []).append((f"tag:yaml.org,2002:{name}", re.compile(pattern)))
    return table


_Loader = cast(
    "Callable[[str], _YamlLoader]",
    # libyaml's loader is ten times as fast where PyYAML was built with it.
    type("_Loader", (getattr(yaml, "CSafeLoader", yaml.SafeLoader),), {"yaml_implicit_resolvers": _resolvers()}),
)


@dataclass(frozen=True)
class Document:
    """Data and, where it is known, the lines of its parts."""

    data: Any
    root: yaml.Node | None = field(repr=False)

    def line_of(self, place: Place) -> int | None:
        """The line, from 1, of the deepest part on the way that exists."""
        line = _line(self.root) if self.root is not None else None
        node = self.root
        for step in place:
            key, node = _child(node, step)
            if node is None:
                break
            line = _line(key if key is not None else node)
        return line


def read_document(path: Path) -> Document:
    """Read a YAML or JSON file. Raises DocumentError, or OSError where the file cannot be read."""
    try:
        text = path.read_text(encoding="utf-8-sig")
    except UnicodeDecodeError as error:
        raise DocumentError(
            [(None, f"not UTF-8 text: byte {error.start} is 0x{error.object[error.start]:02x}")]
        ) from error
    return parse_document(text, as_json=path.suffix == ".json")


def parse_document(text: str, *, as_json: bool = False) -> Document:
    """Read YAML, or JSON with its stricter rules. Raises DocumentError."""
    try:
        return _parse_json(text) if as_json else _parse_yaml(text)
    except RecursionError as error:
        raise DocumentError([(None, "nested too deeply")]) from error


def _parse_yaml(text: str) -> Document:
    loader = _Loader(text)
    try:
        _check_depth(text)
        root = loader.get_single_node()
        if root is None:
            return Document(None, None)
        problems = list(_duplicates(root))
        if problems:
            raise DocumentError(problems)
        _weigh(root, {}, set())
        return Document(loader.construct_document(root), root)
    except yaml.MarkedYAMLError as error:
        mark = error.problem_mark or error.context_mark
        what = ", ".join(part for part in (error.context, error.problem) if part)
        raise DocumentError([(mark.line + 1 if mark else None, f"not valid YAML: {what}")]) from error
    except yaml.YAMLError as error:
        raise DocumentError([(None, f"not valid YAML: {' '.join(str(error).split())}")]) from error
    except ValueError as error:  # the constructors' own, for instance an integer of too many digits
        raise DocumentError([(None, f"not valid YAML: {error}")]) from error
    finally:
        loader.dispose()


def _check_depth(text: str) -> None:
    """libyaml's composer recurses in C without a limit: ten thousand brackets would end the process."""
    events, depth = _Loader(text), 0
    try:
        while (event := events.get_event()) is not None:
            depth += isinstance(event, yaml.CollectionStartEvent) - isinstance(event, yaml.CollectionEndEvent)
            if depth > _MAX_DEPTH:
                mark = event.start_mark
                raise DocumentError([(mark.line + 1 if mark else None, "nested too deeply")])
    finally:
        events.dispose()


def _parse_json(text: str) -> Document:
    try:
        data = json.loads(text, parse_constant=_no_constant)
    except json.JSONDecodeError as error:
        raise DocumentError([(error.lineno, f"not valid JSON: {error.msg}")]) from error
    except ValueError as error:
        raise DocumentError([(None, f"not valid JSON: {error}")]) from error
    root = _json_nodes(text)
    problems = list(_duplicates(root)) if root is not None else []
    if problems:
        raise DocumentError(problems)
    return Document(data, root)


def _no_constant(name: str) -> object:
    raise ValueError(f"{name} is no JSON number")


def _json_nodes(text: str) -> yaml.Node | None:
    """JSON is YAML but for tabs, which in valid JSON only ever separate."""
    spaced = text.replace("\t", " ")
    loader = _Loader(spaced)
    try:
        _check_depth(spaced)
        return loader.get_single_node()
    except yaml.YAMLError:
        return None
    finally:
        loader.dispose()


def _duplicates(root: yaml.Node) -> Iterator[tuple[int, str]]:
    waiting, met = [root], {id(root)}
    while waiting:
        node = waiting.pop()
        first: dict[str, int] = {}
        for key, _ in node.value if isinstance(node, yaml.MappingNode) else ():
            if not isinstance(key, yaml.ScalarNode):
                yield _line(key), "a key must be text, not a list or a mapping"
            elif key.value in first:
                yield _line(key), f"`{key.value}` is given twice, first on line {first[key.value]}"
            else:
                first[key.value] = _line(key)
        fresh = [child for child in _children(node) if id(child) not in met]
        met.update(map(id, fresh))
        waiting.extend(reversed(fresh))


def _weigh(node: yaml.Node, known: dict[int, int], open_nodes: set[int]) -> int:
    """How many nodes it stands for once its aliases are written out. Raises DocumentError beyond the limit."""
    if id(node) in open_nodes:
        raise DocumentError([(_line(node), "an alias refers to the part it stands in")])
    if id(node) not in known:
        open_nodes.add(id(node))
        known[id(node)] = 1 + sum(_weigh(child, known, open_nodes) for child in _children(node))
        open_nodes.discard(id(node))
    if known[id(node)] > _MAX_NODES:
        raise DocumentError([(_line(node), f"stands for more than {_MAX_NODES:,} values once aliases are written out")])
    return known[id(node)]


def _children(node: yaml.Node) -> list[yaml.Node]:
    if isinstance(node, yaml.MappingNode):
        return [part for pair in node.value for part in pair]
    return list(node.value) if isinstance(node, yaml.SequenceNode) else []


def _child(node: yaml.Node | None, step: str | int) -> tuple[yaml.Node | None, yaml.Node | None]:
    """The key node (None in a list) and the node that the step leads to; (None, None) where it leads nowhere."""
    if isinstance(node, yaml.MappingNode):
        for key, value in node.value:
            if key.value == str(step):
                return key, value
    if isinstance(node, yaml.SequenceNode) and isinstance(step, int) and step < len(node.value):
        return None, node.value[step]
    return None, None


def _line(node: yaml.Node) -> int:
    return node.start_mark.line + 1

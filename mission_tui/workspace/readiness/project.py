"""A directory with a manifest, read without trusting it."""

import configparser
import json
import os
import tomllib
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any, TypeGuard, cast

import yaml

from mission_tui.treefile import UnreadableFile, read_text

SKIPPED = frozenset((
    "node_modules", "vendor", "dist", "build", "target", "venv", "env", "site-packages", "__pycache__", "docs", "doc",
    "examples", "example", "samples", "benchmarks", "benchmark", "test", "tests", "testing", "fixtures", "templates",
    "third_party", "coverage",
))  # fmt: skip
_EXAMPLES = ("example_", "example-", "examples_", "examples-")
"""Directories whose manifests and modules are not the product's own."""
_MAX_ENTRIES = 2_000
_MAX_BYTES = 1_000_000
_MAX_YAML_BYTES = 100_000
"""PyYAML reads about 100 KB in a second."""

Table = dict[str, Any]


def is_table(value: object) -> TypeGuard[Table]:
    return isinstance(value, dict)


def table(data: object, *keys: str) -> Table:
    """The mapping below the keys, empty where something on the way is none."""
    here = data
    for key in keys:
        here = cast("object", here.get(key)) if is_table(here) else None
    return here if is_table(here) else {}


def entries_of(value: object) -> list[object]:
    """The entries of a list, none of anything else."""
    return cast("list[object]", value) if isinstance(value, list) else []


def texts(value: object) -> list[str]:
    """The strings of a list; a single string counts as a list of one."""
    if isinstance(value, str):
        return [value]
    return [entry for entry in entries_of(value) if isinstance(entry, str)]


@dataclass(frozen=True)
class Project:
    """`folder` is where the manifest lies, relative to the repository; empty at its root."""

    root: Path
    folder: str
    notes: list[str]

    def name_of(self, file: str) -> str:
        return f"{self.folder}/{file}" if self.folder else file

    def command(self, command: str) -> str:
        """The command as it is run from the repository's root."""
        return f"cd {self.folder} && {command}" if self.folder else command

    def read(self, file: str, max_bytes: int = _MAX_BYTES) -> str | None:
        """A file's text; None where there is none. What cannot be read is noted."""
        try:
            return read_text(self.root, self.name_of(file), max_bytes)
        except UnreadableFile as error:
            self._note(str(error))
            return None

    def has(self, *files: str) -> str | None:
        """The first of the files that exists."""
        return next((f for f in files if (self.root / self.name_of(f)).is_file()), None)

    def toml(self, file: str) -> Table:
        text = self.read(file)
        try:
            return tomllib.loads(text) if text else {}
        except (tomllib.TOMLDecodeError, RecursionError) as error:
            self._note(f"{self.name_of(file)}: not valid TOML: {error}")
            return {}

    def json(self, file: str) -> Table:
        text = self.read(file)
        try:
            data: object = json.loads(text or "{}")
        except (ValueError, RecursionError) as error:
            self._note(f"{self.name_of(file)}: not valid JSON: {error}")
            return {}
        if not is_table(data):
            self._note(f"{self.name_of(file)}: not a JSON object")
            return {}
        return data

    def yaml(self, file: str) -> Table:
        """All scalars are text here."""
        text = self.read(file, _MAX_YAML_BYTES)
        try:
            # Not libyaml's loader, which ends the process on deep nesting, and none that writes out merge keys.
            data: object = yaml.load(text or "{}", Loader=yaml.BaseLoader)
        except (yaml.YAMLError, ValueError, RecursionError) as error:
            self._note(f"{self.name_of(file)}: not valid YAML: {str(error).splitlines()[0]}")
            return {}
        return data if is_table(data) else {}

    def ini(self, file: str) -> configparser.RawConfigParser:
        parser = configparser.RawConfigParser(strict=False, allow_no_value=True)
        try:
            parser.read_string(self.read(file) or "")
        except configparser.Error as error:
            self._note(f"{self.name_of(file)}: cannot be read: {str(error).splitlines()[0]}")
            return configparser.RawConfigParser()
        return parser

    def entries(self, sub: str = "") -> list[str]:
        """Names in a directory below the project, sorted; links to directories are left out."""
        try:
            with os.scandir(self.root / self.name_of(sub or ".")) as found:
                names = [e.name for _, e in zip(range(_MAX_ENTRIES), found, strict=False) if not _linked_folder(e)]
        except OSError:
            return []
        return sorted(names)

    def folders(self, sub: str = "") -> Iterator[str]:
        """The product's own directories below `sub`."""
        for name in self.entries(sub):
            low = name.lower()
            if not low.startswith((".", "_", *_EXAMPLES)) and low not in SKIPPED:
                path = self.root / self.name_of(f"{sub}/{name}" if sub else name)
                if path.is_dir():
                    yield name

    def _note(self, text: str) -> None:
        if text not in self.notes:
            self.notes.append(text)


def _linked_folder(entry: os.DirEntry[str]) -> bool:
    return entry.is_symlink() and entry.is_dir()

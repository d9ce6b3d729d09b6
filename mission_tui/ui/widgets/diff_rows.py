"""A unified difference as lines: per file how much it changed, unfolded to its hunks with numbered, coloured lines."""

import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from mission_tui.ui.look import Piece, Tone
from mission_tui.ui.text import chopped, clean, cut, one_line, padded
from mission_tui.ui.widgets.lines import Painted

_HUNK = re.compile(r"@@ -(\d+)(?:,\d+)? \+(\d+)(?:,\d+)? @@(.*)")
_NAMES = ("diff --git ", "--- ", "+++ ", "index ", "similarity index ", "old mode ", "new mode ")
LINES_SHOWN = 3000
"""Lines of one file that are laid out; a larger change is read outside."""


@dataclass(frozen=True, slots=True)
class FileDiff:
    """What changed in one file. `lines` are its hunks as git prints them."""

    path: str
    remark: str
    """`new`, `deleted`, `renamed from …`, `binary`, or nothing."""
    lines: tuple[str, ...]

    @property
    def added(self) -> int:
        return sum(1 for line in self.lines if line.startswith("+"))

    @property
    def removed(self) -> int:
        return sum(1 for line in self.lines if line.startswith("-"))


def file_diffs(text: str) -> list[FileDiff]:
    """The files of a `git diff`, in its order. Text before the first file is passed over."""
    return [_file(part.split("\n")) for part in re.split(r"^(?=diff --git )", text, flags=re.M) if part[:5] == "diff "]


def _file(lines: list[str]) -> FileDiff:
    start = next((i for i, line in enumerate(lines) if line.startswith("@@ ")), len(lines))
    head = lines[:start]
    return FileDiff(_path(head), _remark(head), tuple(lines[start:-1] if lines[-1] == "" else lines[start:]))


def _path(head: Sequence[str]) -> str:
    for lead in ("+++ b/", "rename to ", "--- a/"):
        found = next((line.removeprefix(lead) for line in head if line.startswith(lead)), None)
        if found is not None:
            return found.rstrip("\t")
    return head[0].rpartition(" b/")[2]


def _remark(head: Sequence[str]) -> str:
    for line in head:
        if line.startswith("new file"):
            return "new"
        if line.startswith("deleted file"):
            return "deleted"
        if line.startswith("rename from "):
            return f"renamed from {line.removeprefix('rename from ')}"
        if line.startswith("Binary files"):
            return "binary"
    return ""


def totals(files: Sequence[FileDiff]) -> tuple[Piece, ...]:
    """`+812 -96 in 14 files`."""
    added, removed = sum(f.added for f in files), sum(f.removed for f in files)
    noun = "file" if len(files) == 1 else "files"
    return ((f"+{added}", "added"), (f" -{removed}", "removed"), (f" in {len(files)} {noun}", "faint"))


@dataclass(frozen=True, slots=True)
class DiffLines:
    """Lays files out for one width; the key of a file's lines is `d:` and its path."""

    width: int
    indent: int = 0

    def rows(self, files: Sequence[FileDiff], unfolded: frozenset[str] | None = None) -> list[Painted]:
        """Every file's line, and the hunks of those whose keys are unfolded (None: all)."""
        found: list[Painted] = []
        for file in files:
            opened = unfolded is None or self.key(file) in unfolded
            found.append(self._head(file, opened))
            if opened:
                found += self._hunks(file)
        return found

    @staticmethod
    def key(file: FileDiff) -> str:
        return f"d:{file.path}"

    def _head(self, file: FileDiff, opened: bool) -> Painted:
        remark = f" {one_line(file.remark, 200)}" if file.remark else ""
        added, removed = f"+{file.added}", f"-{file.removed}"
        room = self.width - self.indent - 2 - 16
        name = one_line(file.path, 1000)
        shown = name if len(name) <= room else f"…{name[-(room - 1) :]}"
        remark = cut(remark, max(0, room - len(shown)))
        return Painted(
            self.key(file),
            (f"{' ' * self.indent}{'▾' if opened else '▸'} ", "faint"),
            (shown, "strong"),
            (padded(remark, max(0, room - len(shown))), "faint"),
            (added.rjust(8), "added"),
            (removed.rjust(8), "removed"),
        )

    def _hunks(self, file: FileDiff) -> Iterator[Painted]:
        key, old, new = self.key(file), 0, 0
        if not file.lines:
            yield Painted(key, (" " * (self.indent + 4), "plain"), ("no lines to show", "faint"))
        for line in file.lines[:LINES_SHOWN]:
            hunk = _HUNK.match(line)
            if hunk is not None:
                old, new = int(hunk[1]), int(hunk[2])
                yield Painted(key, *self._numbered("", "", f"⋯{clean(hunk[3], 400)}", "faint", "faint"))
                continue
            sign, text = line[:1], line[1:]
            tone: Tone = "added" if sign == "+" else "removed" if sign == "-" else "plain"
            number = str(old) if sign == "-" else str(new) if sign in "+ " else ""
            yield from self._wrapped(key, number, sign, text, tone)
            old += sign in "- "
            new += sign in "+ "
        if len(file.lines) > LINES_SHOWN:
            yield Painted(
                key, *self._numbered("", "", f"… {len(file.lines) - LINES_SHOWN} more lines", "faint", "faint")
            )

    def _wrapped(self, key: str, number: str, sign: str, text: str, tone: Tone) -> Iterator[Painted]:
        """A long line goes on below itself, at most three times."""
        room = max(8, self.width - self.indent - 7)
        shown = clean(text, room * 4).replace("\n", "␤")
        for place in range(4):
            part, shown = chopped(shown, room) if place < 3 else (cut(shown, room), "")
            yield Painted(key, *self._numbered(number if not place else "", sign, part, tone, tone))
            if not shown:
                return

    def _numbered(self, number: str, sign: str, text: str, sign_tone: Tone, tone: Tone) -> tuple[Piece, ...]:
        return (
            (f"{' ' * self.indent}{number:>5} ", "faint"),
            (f"{sign or ' '}", sign_tone),
            (cut(text, self.width - self.indent - 7), tone),
        )

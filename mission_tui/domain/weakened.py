"""Places of a diff where proof may have become weaker: candidates that a reviewer must answer.

Read from the text of a unified diff, for the usual test runners, type checkers and linters. A candidate is a question,
not an accusation: a test may be deleted with the behaviour that it tested.
"""

import re
from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Literal

from mission_tui.domain.base import Frozen

Weakness = Literal[
    "deleted_test", "skipped_test", "fewer_expectations", "ignored_rule", "lowered_threshold", "tolerated_failure"
]


class Candidate(Frozen):
    """One place where a test, a threshold or a rule may have been weakened."""

    id: str
    kind: Weakness
    text: str
    """What is seen there, with file and line, for people and models."""
    file: str | None = None
    line: int | None = None


class AnsweredCandidate(Frozen):
    """A candidate and what the reviewer said of it."""

    candidate: Candidate
    verdict: Literal["justified", "weakened", "unanswered"]
    reason: str = ""


@dataclass(slots=True)
class _File:
    path: str
    deleted: bool = False
    added: list[tuple[int, str]] = field(default_factory=list[tuple[int, str]])
    removed: list[tuple[int, str]] = field(default_factory=list[tuple[int, str]])
    """Lines with their number in the new file; for removed ones, where they stood."""


_TEST_PATH = re.compile(
    r"(^|/)(tests?|specs?|__tests__|e2e|testing)/|(^|/)(test_[^/]*|[^/]*([._-](test|tests|spec)|_test|Test|Tests|Spec))\.\w+$"
)
_TEST_NAME = re.compile(
    r"""^\s*(?:async\s+)?(?:
        def\s+(test\w*)                                        # pytest, unittest, minitest
        | func\s+(Test\w+|Fuzz\w+|Benchmark\w+)\s*\(           # go
        | (?:public\s+)?(?:function|void)\s+(test\w+)\s*\(     # phpunit, junit 3
        # jest, vitest, rspec
        | x?(?:it|test|describe|context|specify|scenario)(?:\.\w+)*(?:\(.*\))??[\s(]+(["'`].+?["'`])
    )""",
    re.VERBOSE,
)
_ANNOTATED_TEST = re.compile(r"^\s*(#\[(?:\w+::)?test\b|@Test\b|@ParameterizedTest\b|\[(?:Fact|Theory|Test)\])")
_EXPECTATION = re.compile(
    r"\bassert\w*\b|\bexpect\s*\(|\.should\b|\bt\.(?:Error|Fatal)f?\b|\brequire\.\w+\(|\b(?:must|wont)_\w+|\bself\.fail\b"
)
_SKIP = re.compile(
    r"""pytest\.mark\.(?:skip|skipif|xfail)|pytest\.(?:skip|xfail)\(|unittest\.(?:skip|expectedFailure)|@skip|@expectedFailure
    |\.skipTest\(|\b(?:it|test|describe|context|suite)\.(?:skip|todo|only|fixme|fails)\b|\b(?:xit|xtest|xdescribe|fit|fdescribe)\b\s*[("']
    |\bt\.Skip|\#\[ignore|@Disabled\b|@Ignore\b|markTestSkipped|markTestIncomplete|\bpending\b\s*[("']|^\s*skip\b\s*[("']
    |\bskip:\s*(?:true|["'])""",
    re.VERBOSE,
)
_IGNORE = re.compile(
    r"""\#\s*noqa|\#\s*type:\s*ignore|\#\s*(?:pyright|mypy|ty):\s*(?:ignore|disable|basic)|pylint:\s*disable|\#\s*nosec|pragma:\s*no\s*cover
    |eslint-disable|@ts-(?:ignore|expect-error|nocheck)|biome-ignore|tslint:disable|istanbul\s+ignore|[cv]8\s+ignore
    |//\s*nolint|\#!?\[allow\(|\#!?\[expect\(|rubocop:(?:disable|todo)|@phpstan-ignore|@psalm-suppress|phpcs:(?:ignore|disable)
    |@SuppressWarnings|NOSONAR|noinspection|\#\s*fmt:\s*off""",
    re.VERBOSE | re.IGNORECASE,
)
_TOLERATED = re.compile(
    r"\|\|\s*(?:true|:|exit 0)\s*(?:$|[\"'&;])|continue-on-error:\s*true|allow_failure:\s*true"
    r"|--(?:exit-zero|passWithNoTests|no-verify)|ignore_errors\s*=\s*true|set \+e|--max-warnings[= ]\s*-1"
)
_LOWER_IS_WEAKER = re.compile(
    r"(fail[_-]under|cov-fail-under|coverageThreshold|minimum[_-]?coverage|min[_-]?coverage|branches|functions|lines|statements"
    r"|mutation[_-]?score|threshold|score|level)\W{1,6}(-?\d+(?:\.\d+)?)",
    re.IGNORECASE,
)
_HIGHER_IS_WEAKER = re.compile(
    r"(max-warnings|max[_-]complexity|max[_-]line[_-]length|max[_-]\w+|retries|reruns|timeout\w*|tolerance|delta|abs_tol|rel_tol"
    r"|places|epsilon|budget)\W{1,6}(-?\d+(?:\.\d+)?)",
    re.IGNORECASE,
)
_SETTINGS = re.compile(
    r"\.(toml|cfg|ini|ya?ml|json|jsonc|config\.\w+|rc|xml|gradle|kts)$|(^|/)(\.\w+rc|Makefile|justfile)$"
)


def candidates(diff: str) -> tuple[Candidate, ...]:
    """Every candidate of a unified diff, in its order, with ids C1, C2…"""
    found = [(f.path, *place) for f in _files(diff) for place in _in_file(f)]
    return tuple(
        Candidate(id=f"C{k}", kind=kind, file=path, line=line, text=f"{path}:{line} {text}")
        for k, (path, kind, line, text) in enumerate(found, 1)
    )


def vanished_test(name: str, number: int) -> Candidate:
    """A test that ran on the base and now does not, as the runner's report says."""
    return Candidate(id=f"C{number}", kind="deleted_test", text=f"the test {name} ran on the base and no longer runs")


def _in_file(f: _File) -> Iterator[tuple[Weakness, int, str]]:
    test = bool(_TEST_PATH.search(f.path))
    if test:
        yield from _tests(f)
    yield from _added(f, _IGNORE, "ignored_rule", "an ignore comment is new")
    yield from _added(f, _TOLERATED, "tolerated_failure", "a failure is now tolerated")
    if test or _SETTINGS.search(f.path):
        yield from _thresholds(f)


def _tests(f: _File) -> Iterator[tuple[Weakness, int, str]]:
    if f.deleted:
        names = [n for _, text in f.removed if (n := _test_name(text))]
        yield "deleted_test", 1, f"the test file is deleted ({len(names)} tests: {', '.join(names[:8]) or 'unnamed'})"
        return
    kept = {name for _, text in f.added if (name := _test_name(text))}
    gone = [(line, name) for line, text in f.removed if (name := _test_name(text)) and name not in kept]
    for line, name in gone:
        yield "deleted_test", line, f"the test {name} is deleted or renamed"
    yield from _added(f, _SKIP, "skipped_test", "a test is skipped, expected to fail, or run alone")
    before = sum(bool(_EXPECTATION.search(text)) for _, text in f.removed)
    after = sum(bool(_EXPECTATION.search(text)) for _, text in f.added)
    # A deleted test takes its expectations with it.
    if after < before and not gone:
        line = next(line for line, text in f.removed if _EXPECTATION.search(text))
        yield "fewer_expectations", line, f"{before} expectations are removed and {after} added"


def _test_name(text: str) -> str | None:
    found = _TEST_NAME.match(text)
    if found:
        return next(g for g in found.groups() if g)
    return text.strip() if _ANNOTATED_TEST.match(text) else None


def _added(f: _File, pattern: re.Pattern[str], kind: Weakness, words: str) -> Iterator[tuple[Weakness, int, str]]:
    """Added lines that match, beyond those that were only moved or edited."""
    spare = sum(bool(pattern.search(text)) for _, text in f.removed)
    for line, text in f.added:
        if not pattern.search(text):
            continue
        if spare:
            spare -= 1
            continue
        yield kind, line, f"{words}: {text.strip()[:160]}"


def _thresholds(f: _File) -> Iterator[tuple[Weakness, int, str]]:
    for pattern, weaker in ((_LOWER_IS_WEAKER, -1), (_HIGHER_IS_WEAKER, 1)):
        before = {m[1].lower(): float(m[2]) for _, text in f.removed for m in pattern.finditer(text)}
        for line, text in f.added:
            for m in pattern.finditer(text):
                old = before.get(m[1].lower())
                if old is not None and (float(m[2]) - old) * weaker > 0:
                    yield "lowered_threshold", line, f"{m[1]} went from {old:g} to {m[2]}: {text.strip()[:160]}"
    set_aside = _fewer(
        f, re.compile(r"fail[_-]under|coverageThreshold|max-warnings|--strict\b|strict\s*[=:]\s*true", re.I)
    )
    if set_aside is not None:
        yield "lowered_threshold", set_aside[0], f"a threshold or strictness is removed: {set_aside[1].strip()[:160]}"


def _fewer(f: _File, pattern: re.Pattern[str]) -> tuple[int, str] | None:
    removed = [(line, text) for line, text in f.removed if pattern.search(text)]
    added = sum(bool(pattern.search(text)) for _, text in f.added)
    return removed[0] if len(removed) > added else None


_HUNK = re.compile(r"^@@ -\d+(?:,\d+)? \+(\d+)")


def _files(diff: str) -> Iterator[_File]:
    """The files of a diff in git's format."""
    for part in re.split(r"^diff --git ", diff, flags=re.MULTILINE)[1:]:
        head, *hunks = re.split(r"^(?=@@ -)", part, flags=re.MULTILINE)
        path = head.splitlines()[0].rpartition(" b/")[2].strip('"')
        current = _File(path, deleted="\ndeleted file mode" in head)
        for hunk in hunks:
            _read_hunk(current, hunk)
        yield current


def _read_hunk(f: _File, hunk: str) -> None:
    start = _HUNK.match(hunk)
    line = int(start[1]) if start else 1
    for text in hunk.splitlines()[1:]:
        if text.startswith("-"):
            f.removed.append((max(line, 1), text[1:]))
        elif text.startswith("+"):
            f.added.append((line, text[1:]))
            line += 1
        elif not text.startswith("\\"):
            line += 1

"""What test runners other than pytest print, read test by test.

Each reader knows its own format by marks that nothing else prints, and gives nothing for other output.
"""

import json
import re
from collections.abc import Callable, Iterable, Iterator
from typing import Any, Literal, cast

from mission_tui.domain.verdict import CaseResult

Outcome = Literal["passed", "failed", "skipped"]
Case = tuple[str, Outcome]

_ANSI = re.compile(r"\x1b\[[0-9;?]*[A-Za-z]")
_GO: dict[str, Outcome] = {"pass": "passed", "fail": "failed", "skip": "skipped"}
_CARGO: dict[str, Outcome] = {"ok": "passed", "FAILED": "failed", "ignored": "skipped"}
_JEST: dict[str, Outcome] = {
    "passed": "passed", "failed": "failed", "pending": "skipped", "skipped": "skipped", "todo": "skipped",
    "disabled": "skipped",
}  # fmt: skip
_PYTEST: dict[str, Outcome] = {
    "PASSED": "passed", "FAILED": "failed", "ERROR": "failed", "SKIPPED": "skipped", "XFAIL": "skipped",
    "XPASS": "passed",
}  # fmt: skip
_CARGO_TEST = re.compile(r"^test (.+?) \.\.\. (ok|FAILED|ignored)(?:,.*| <.*>)?$")
_CARGO_BINARY = re.compile(
    r"^\s+Running (?:unittests )?(\S+) \((?:\S*[/\\])?(\S+?)(?:-[0-9a-f]{16})?(?:\.exe)?\)|^\s+Doc-tests (\S+)"
)
_PYTEST_SUMMARY = re.compile(r"^(PASSED|FAILED|ERROR|XFAIL|XPASS) (\S+\.py(?:::.+?)?)(?: - .*)?$")
_PYTEST_VERBOSE = re.compile(
    r"^(\S+\.py::.+?) (PASSED|FAILED|ERROR|SKIPPED|XFAIL|XPASS)(?: \(.*\))?(?:\s+\[ *\d+%\])?$"
)
_TAP = re.compile(r"^( *)(not )?ok \d+ - ([^#\n]+?)(?:\s*# (\w+).*)?$")
_TAP_GROUP = re.compile(r"^( *)# Subtest: (.+)$")
_JEST_FILE = re.compile(r"^(PASS|FAIL)\s+(?:\S+\s+)?(\S+\.[cm]?[jt]sx?)(?: \([\d.]+ m?s\))?$")
_VITEST_FILE = re.compile(r"^ *[✓✔] (?:\|\S+\| )?(\S+\.[cm]?[jt]sx?) \(\d+ tests?\b")
_VITEST_FAIL = re.compile(r"^ *FAIL +(?:\|\S+\| )?(\S+\.[cm]?[jt]sx?)(?: > (.+?))?(?: \[ .+ \])?$")
_PHPUNIT_LIST = re.compile(r"^(?:There (?:was|were) )?\d+ (?:PHPUnit )?(\w+(?: \w+)*):$")
_PHPUNIT_NAME = re.compile(r"""^\d+\) ([\w\\]+::\w+(?: with data set (?:#\d+|"[^"]*"|@\w+))?)""")
_MINITEST = re.compile(r"^([A-Z][\w:]*#test_.+?) = \d+\.\d+ s = ([.FES])$")
_MARKS: dict[str, Outcome] = {".": "passed", "F": "failed", "E": "failed", "S": "skipped"}
_NOT_A_TEST = ("Console", "Test suite failed to run", "Cannot log", "Validation", "Deprecation")


def read_output(text: str) -> tuple[CaseResult, ...] | None:
    """The tests that a runner's output names; None when it is not known."""
    plain = _ANSI.sub("", text)
    for read in _READERS:
        cases = _merged(read(plain))
        if cases:
            return cases
    return None


def read_rspec(text: str) -> tuple[CaseResult, ...] | None:
    """RSpec's JSON formatter."""
    return _merged(
        (f"{e.get('file_path', '')}::{e.get('full_description', '')}", _JEST.get(str(e.get("status")), "failed"))
        for e in _objects(_object(text).get("examples"))
    )


def _merged(cases: Iterable[Case]) -> tuple[CaseResult, ...] | None:
    """One result for each name: a test that was run several times failed if it failed once."""
    found: dict[str, Outcome] = {}
    for name, outcome in cases:
        if found.get(name) != "failed":
            found[name] = outcome
    return tuple(CaseResult(name=name, outcome=outcome) for name, outcome in found.items()) or None


def _go_json(text: str) -> Iterator[Case]:
    """`go test -json`. A package that fails without a failing test did not build, or ended by itself."""
    failed: set[str] = set()
    for line in text.splitlines():
        event = _object(line) if line.startswith('{"') else {}
        package, test, action = event.get("Package"), event.get("Test"), str(event.get("Action"))
        if not isinstance(package, str) or action not in _GO:
            continue
        if isinstance(test, str):
            failed |= {package} if action == "fail" else set()
            yield f"{package}::{test}", _GO[action]
        elif action == "fail" and package not in failed:
            yield package, "failed"


def _go_text(text: str) -> Iterator[Case]:
    """`go test -v`, whose tests precede the line of their package."""
    waiting: list[Case] = []
    for line in text.splitlines():
        test = re.match(r"^\s*--- (PASS|FAIL|SKIP): (\S+) \(\d", line)
        package = re.match(r"^(ok|FAIL|---)\s+(\S+)\s+(?:\d+\.\d+s|\(cached\)|\[)", line)
        if test:
            waiting.append((test[2], _GO[test[1].lower()]))
        elif package and package[1] != "---":
            for name, outcome in waiting:
                yield f"{package[2]}::{name}", outcome
            if package[1] == "FAIL" and not any(outcome == "failed" for _, outcome in waiting):
                yield package[2], "failed"
            waiting = []


def _cargo(text: str) -> Iterator[Case]:
    """`cargo test`; names are told apart by the binary that holds them."""
    binary = ""
    for line in text.splitlines():
        header = _CARGO_BINARY.match(line)
        if header:
            binary = f"doc {header[3]}" if header[3] else f"{header[2]} {header[1]}"
        test = _CARGO_TEST.match(line)
        if test:
            yield (f"{binary}::{test[1]}" if binary else test[1]), _CARGO[test[2]]


def _jest_json(text: str) -> Iterator[Case]:
    """`jest --json` and `vitest --reporter=json`, which is alike; npm prints lines of its own around it."""
    for line in text.splitlines():
        start = line.find("{")
        report = _object(line[start:]) if start == 0 and '"testResults"' in line else {}
        yield from _jest_files(report)
    if text.lstrip().startswith("{") and '"testResults"' in text and "\n" in text.strip():
        yield from _jest_files(_object(text))


def _jest_files(report: dict[str, Any]) -> Iterator[Case]:
    for file in _objects(report.get("testResults")):
        path = re.sub(r"^.*?/((?:src|test|tests|packages|apps|__tests__|lib)/)", r"\1", str(file.get("name", "")))
        tests = _objects(file.get("assertionResults"))
        if not tests and file.get("status") == "failed":
            yield path, "failed"
        for test in tests:
            yield f"{path}::{test.get('fullName', '')}", _JEST.get(str(test.get("status")), "failed")


def _pytest(text: str) -> Iterator[Case]:
    """`pytest -v` and the short summary of `-r`."""
    for line in text.splitlines():
        summary, verbose = _PYTEST_SUMMARY.match(line), _PYTEST_VERBOSE.match(line)
        if summary:
            yield summary[2], _PYTEST[summary[1]]
        elif verbose:
            yield verbose[1], _PYTEST[verbose[2]]


def _jest_text(text: str) -> Iterator[Case]:
    """Jest and Vitest as people see them: every file, and of each the tests that fail."""
    if not re.search(r"^(?:Test Suites: | *Test Files  )", text, re.MULTILINE):
        return
    failing = ""
    for line in text.splitlines():
        file, passed, failed = _JEST_FILE.match(line), _VITEST_FILE.match(line), _VITEST_FAIL.match(line)
        test = re.match(r"^  ● (.+)$", line)
        if failed and failed[2]:
            yield failed[1], "failed"
            yield f"{failed[1]}::{failed[2]}", "failed"
        elif file:
            failing = file[2] if file[1] == "FAIL" else ""
            yield file[2], "failed" if failing else "passed"
        elif failed:
            yield failed[1], "failed"
        elif passed:
            yield passed[1], "passed"
        elif test and failing and not test[1].startswith(_NOT_A_TEST):
            yield f"{failing}::{test[1]}", "failed"


def _minitest(text: str) -> Iterator[Case]:
    """Minitest's verbose lines."""
    for line in text.splitlines():
        test = _MINITEST.match(line)
        if test:
            yield test[1], _MARKS[test[2]]


def _phpunit(text: str) -> Iterator[Case]:
    """PHPUnit's text names only what fails; that it came to its end stands for all the others."""
    if not re.search(r"^PHPUnit \d+\.\d", text, re.MULTILINE) or not re.search(
        r"^(?:OK(?:\W|$)|(?:FAILURES|ERRORS|WARNINGS)!$|Tests: \d+)", text, re.MULTILINE
    ):
        return
    yield "PHPUnit came to its end", "passed"
    failing = False
    for line in text.splitlines():
        title, name = _PHPUNIT_LIST.match(line), _PHPUNIT_NAME.match(line)
        if title:
            failing = title[1].startswith(("failure", "error"))
        elif name and failing:
            yield name[1], "failed"


def _tap(text: str) -> Iterator[Case]:
    """The Test Anything Protocol, whose tests hold others that are set in by four columns."""
    if not re.search(r"^(?:TAP version \d+|1\.\.\d+)$", text, re.MULTILINE):
        return
    groups: dict[int, str] = {}
    for line in text.splitlines():
        group, test = _TAP_GROUP.match(line), _TAP.match(line)
        if group:
            groups = {depth: name for depth, name in groups.items() if depth < len(group[1])} | {
                len(group[1]): group[2]
            }
        elif test:
            aside = (test[4] or "").lower() in ("skip", "skipped", "todo")
            name = " > ".join([*(g for depth, g in sorted(groups.items()) if depth < len(test[1])), test[3].strip()])
            yield name, "skipped" if aside else "failed" if test[2] else "passed"


_READERS: tuple[Callable[[str], Iterator[Case]], ...] = (
    _go_json,
    _cargo,
    _jest_json,
    _jest_text,
    _pytest,
    _go_text,
    _phpunit,
    _minitest,
    _tap,
)


def _object(text: str) -> dict[str, Any]:
    try:
        data: object = json.loads(text)
    except (ValueError, RecursionError):
        return {}
    return cast("dict[str, Any]", data) if isinstance(data, dict) else {}


def _objects(value: object) -> list[dict[str, Any]]:
    entries = cast("list[object]", value) if isinstance(value, list) else []
    return [cast("dict[str, Any]", entry) for entry in entries if isinstance(entry, dict)]

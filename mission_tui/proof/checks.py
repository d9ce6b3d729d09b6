"""The repository's own checks, run as the services manifest says, and read test by test where the runner tells."""

import re
from pathlib import Path
from typing import NamedTuple

from junitparser import Error as JunitError
from junitparser import Failure, JUnitXml, JUnitXmlError, Skipped, TestCase, TestSuite

from mission_tui.domain.base import Frozen
from mission_tui.domain.ports import Box
from mission_tui.domain.verdict import CaseResult
from mission_tui.folders import walk
from mission_tui.proof.results import write_fresh
from mission_tui.proof.runners import read_output, read_rspec
from mission_tui.proof.session import BOX_RUN_DIR
from mission_tui.treefile import UnreadableFile, read_text

_PYTEST = re.compile(r"(?:^|[\s;&|/])(?:pytest|py\.test)(?:\s|$|;|&)|-m\s+pytest\b")
_GO = re.compile(r"(?:^|[\s;&|/])go\s+(?:-C\s+\S+\s+)?([a-z]+)\b")
_MAX_DEPTH = 8
_MAX_REPORTS = 5_000
MAX_REPORT_BYTES = 64_000_000


class CheckRun(Frozen):
    """One check as it was observed."""

    exit_code: int | None
    duration_s: float
    cases: tuple[CaseResult, ...] | None
    log: Path
    """The whole output, on the host."""


async def run_check(
    name: str, command: str, box: Box, run_dir: Path, timeout_s: float, tree: Path | None = None
) -> CheckRun:
    """Run a check in a box whose run directory is `run_dir` and whose working tree is `tree` on the host.

    The command line itself is never edited: runners are asked for their reports by environment variables.
    """
    safe = re.sub(r"[^A-Za-z0-9_-]", "_", name)
    reports = Reports(run_dir / f"{safe}-junit.xml", run_dir / f"{safe}-rspec.json", run_dir / f"{safe}.log")
    reports.junit.unlink(missing_ok=True)
    reports.rspec.unlink(missing_ok=True)
    write_fresh(reports.log, "")
    earlier = _report_times(tree) if tree else {}
    result = await box.run(command, timeout_s=timeout_s, env=_asked(command, reports), log=reports.log)
    return CheckRun(
        exit_code=result.exit_code,
        duration_s=result.duration_s,
        cases=_cases(reports, tree, earlier),
        log=reports.log,
    )


class Reports(NamedTuple):
    """Where the reports of one check lie on the host."""

    junit: Path
    rspec: Path
    log: Path


def _asked(command: str, reports: Reports) -> dict[str, str]:
    """The variables that make runners tell test by test. They say nothing to other programs."""
    environment = {"SPEC_OPTS": f"--format progress --format json --out {BOX_RUN_DIR}/{reports.rspec.name}"}
    environment["TESTOPTS"] = "--verbose"  # what Rake's test task gives to Minitest
    # A second run would overwrite the report of the first, so what is not plainly one run says it in its summary.
    once = len(_PYTEST.findall(command)) == 1
    environment["PYTEST_ADDOPTS"] = f"--junitxml={BOX_RUN_DIR}/{reports.junit.name}" if once else "-rpfExX"
    # `go vet -json` would leave with 0 whatever it finds.
    if set(_GO.findall(command)) == {"test"}:
        environment["GOFLAGS"] = "-json"
    return environment


def _cases(reports: Reports, tree: Path | None, earlier: dict[Path, int]) -> tuple[CaseResult, ...] | None:
    cases = parse_junit(reports.junit)
    if cases is None:
        cases = read_rspec(_text(reports.rspec) or "")
    if cases is None and tree:
        cases = _left_reports(tree, earlier)
    return read_output(_text(reports.log) or "") if cases is None else cases


def _text(path: Path) -> str | None:
    try:
        return read_text(path.parent, path.name, MAX_REPORT_BYTES)
    except UnreadableFile:
        return None


def _left_reports(tree: Path, earlier: dict[Path, int]) -> tuple[CaseResult, ...] | None:
    """The reports that Maven and Gradle leave in their build directories, as far as this run wrote them."""
    fresh = [path for path, time in _report_times(tree).items() if earlier.get(path) != time]
    parsed = [cases for cases in map(parse_junit, sorted(fresh)) if cases is not None]
    return tuple(case for cases in parsed for case in cases) or None


def _report_times(tree: Path) -> dict[Path, int]:
    """JUnit files of the build directories with their times; links are not followed."""
    times: dict[Path, int] = {}
    for folder, names, files in walk(tree):
        names[:] = [n for n in names if n not in (".git", "node_modules", ".gradle", "src")]
        if folder.count("/") - str(tree).count("/") > _MAX_DEPTH:
            names.clear()
        if "/target/surefire-reports" in folder or "/build/test-results/" in folder:
            found = [Path(folder, n) for n in files if n.startswith("TEST-") and n.endswith(".xml")]
            times.update({path: path.lstat().st_mtime_ns for path in found[: _MAX_REPORTS - len(times)]})
    return times


def parse_junit(path: Path) -> tuple[CaseResult, ...] | None:
    """The tests of a JUnit report; None when there is no report that can be read."""
    try:
        text = read_text(path.parent, path.name, MAX_REPORT_BYTES)
        document = None if text is None else JUnitXml.fromstring(text.encode())
    except (JUnitXmlError, SyntaxError, ValueError, UnreadableFile):
        return None
    if document is None:
        return None
    suites = [document] if isinstance(document, TestSuite) else list(document)
    return tuple(_case(case) for suite in suites for case in suite if isinstance(case, TestCase))


def _case(case: TestCase) -> CaseResult:
    kinds = {type(r) for r in case.result}
    outcome = "failed" if kinds & {Failure, JunitError} else "skipped" if Skipped in kinds else "passed"
    group, name = str(case.classname or ""), str(case.name or "")  # pyright: ignore[reportUnknownMemberType, reportUnknownArgumentType] - untyped library
    return CaseResult.model_validate({"name": f"{group}::{name}" if group else name, "outcome": outcome})

"""The repository's own checks, run as the services manifest says, and read test by test where pytest reports it."""

import re
from pathlib import Path

from junitparser import Error as JunitError
from junitparser import Failure, JUnitXml, JUnitXmlError, Skipped, TestCase, TestSuite

from mission_tui.domain.base import Frozen
from mission_tui.domain.ports import Box
from mission_tui.domain.verdict import CaseResult
from mission_tui.proof.results import write_fresh
from mission_tui.proof.session import BOX_RUN_DIR
from mission_tui.treefile import UnreadableFile, read_text

_PYTEST = re.compile(r"(?:^|[\s;&|/])(?:pytest|py\.test)(?:\s|$|;|&)|-m\s+pytest\b")
MAX_REPORT_BYTES = 64_000_000


class CheckRun(Frozen):
    """One check as it was observed."""

    exit_code: int | None
    duration_s: float
    cases: tuple[CaseResult, ...] | None
    log: Path
    """The whole output, on the host."""


async def run_check(name: str, command: str, box: Box, run_dir: Path, timeout_s: float) -> CheckRun:
    """Run a check in a box whose run directory is `run_dir` on the host. The command line itself is never edited."""
    safe = re.sub(r"[^A-Za-z0-9_-]", "_", name)
    report, log = f"{safe}-junit.xml", run_dir / f"{safe}.log"
    (run_dir / report).unlink(missing_ok=True)
    write_fresh(log, "")
    environment: dict[str, str] = {}
    if len(_PYTEST.findall(command)) == 1:  # a second run would overwrite the report of the first
        environment["PYTEST_ADDOPTS"] = f"--junitxml={BOX_RUN_DIR}/{report}"
    result = await box.run(command, timeout_s=timeout_s, env=environment, log=log)
    return CheckRun(
        exit_code=result.exit_code,
        duration_s=result.duration_s,
        cases=parse_junit(run_dir / report) if environment else None,
        log=log,
    )


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

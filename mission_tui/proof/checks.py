"""The repository's own checks, run as the services manifest says, and read test by test where pytest reports it."""

import re
import shlex
from pathlib import Path

from junitparser import Error as JunitError
from junitparser import Failure, JUnitXml, JUnitXmlError, Skipped, TestCase, TestSuite

from mission_tui.domain.base import Frozen
from mission_tui.domain.ports import Box
from mission_tui.domain.verdict import CaseResult
from mission_tui.proof.session import BOX_RUN_DIR

_PYTEST = re.compile(r"(?:^|[\s;&|/])(?:pytest|py\.test)(?:\s|$|;|&)|-m\s+pytest\b")


class CheckRun(Frozen):
    """One check as it was observed."""

    exit_code: int | None
    duration_s: float
    cases: tuple[CaseResult, ...] | None
    log: Path
    """The whole output, on the host."""


def runs_pytest(command: str) -> bool:
    return _PYTEST.search(command) is not None


async def run_check(name: str, command: str, box: Box, run_dir: Path, timeout_s: float) -> CheckRun:
    """Run a check in a box whose run directory is `run_dir` on the host. The command line itself is never edited."""
    safe = re.sub(r"[^A-Za-z0-9_-]", "_", name)
    report, log = f"{safe}-junit.xml", run_dir / f"{safe}.log"
    (run_dir / report).unlink(missing_ok=True)
    environment: dict[str, str] = {}
    if runs_pytest(command):
        options = f"--junitxml={shlex.quote(f'{BOX_RUN_DIR}/{report}')} -p no:cacheprovider"
        environment["PYTEST_ADDOPTS"] = options
    log.touch()
    result = await box.run(command, timeout_s=timeout_s, env=environment, log=log)
    return CheckRun(
        exit_code=result.exit_code,
        duration_s=result.duration_s,
        cases=parse_junit(run_dir / report) if environment else None,
        log=log,
    )


def parse_junit(path: Path) -> tuple[CaseResult, ...] | None:
    """The tests of a JUnit report; None when there is no report that can be read."""
    if not path.is_file() or path.is_symlink():
        return None
    try:
        document = JUnitXml.fromstring(path.read_bytes())
    except (JUnitXmlError, SyntaxError, OSError, ValueError):
        return None
    suites = [document] if isinstance(document, TestSuite) else list(document)
    return tuple(_case(case) for suite in suites for case in suite if isinstance(case, TestCase))


def _case(case: TestCase) -> CaseResult:
    kinds = {type(r) for r in case.result}
    outcome = "failed" if kinds & {Failure, JunitError} else "skipped" if Skipped in kinds else "passed"
    group, name = str(case.classname or ""), str(case.name or "")  # pyright: ignore[reportUnknownMemberType, reportUnknownArgumentType] - untyped library
    return CaseResult.model_validate({"name": f"{group}::{name}" if group else name, "outcome": outcome})

"""Every fault of the matrix, at every role, once, three times and for ever: `make torture-faults`.

Prints a line per mission and a table; leaves with 1 when a mission does not survive.
"""

import asyncio
import os
import sys
import tempfile
import time
from pathlib import Path

import tests.conftest  # noqa: F401 - no provider but a local one can be reached
from tests.engine.test_fault_matrix import play_case
from tests.support.faults import FAULTS, ROLES, TIMES, Case, everything


async def _play(case: Case) -> tuple[float, str]:
    began = time.monotonic()
    with tempfile.TemporaryDirectory(prefix="faults-") as folder:
        try:
            await play_case(Path(folder), case)
        except Exception as error:
            return time.monotonic() - began, f"{type(error).__name__}: {error}".split("\n")[0]
    return time.monotonic() - began, ""


def main() -> int:
    cases = everything()
    seconds, broken = 0.0, 0
    for number, case in enumerate(cases, 1):
        took, trouble = asyncio.run(_play(case))
        seconds += took
        broken += bool(trouble)
        print(f"{number:>3}/{len(cases)} {took:6.1f} s  {case.name}  {trouble or 'survived'}", flush=True)
    combinations = len(FAULTS) * len(ROLES) * len(TIMES)
    print(
        f"\nfaults {len(FAULTS)} x roles {len(ROLES)} x times {len(TIMES)} = {combinations} combinations "
        f"in {len(cases)} missions\nsurvived {len(cases) - broken} of {len(cases)}, {seconds:.0f} s, "
        f"{os.cpu_count()} cores"
    )
    return 1 if broken else 0


if __name__ == "__main__":
    sys.exit(main())

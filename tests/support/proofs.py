"""Stages on which assertions are proved for real: a box over a copy of a small product."""

import shutil
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

from mission_tui.domain.contract import Assertion
from mission_tui.domain.plan import App
from mission_tui.proof.prove import Stage, prove_all
from mission_tui.proof.results import ProofResult
from mission_tui.workspace.box import open_box
from mission_tui.workspace.browser_path import find_browser
from tests.support.box_specs import spec_in

PRODUCT = Path(__file__).parent / "proof_product"
APP = App.model_validate({"start": "python3 web.py", "ready": {"http": "/whoami?a=%20b'"}, "ready_timeout_s": 20})


def assertion(by: str, *steps: dict[str, Any], evidence: tuple[str, ...] = (), number: int = 1) -> Assertion:
    proof = {"by": by, "procedure": "as the steps say", "evidence": evidence, "checks": steps}
    return Assertion.model_validate({"id": f"VAL-X-{number:03}", "title": "t", "statement": "s", "proof": proof})


@asynccontextmanager
async def stage_in(root: Path, app: App | None = APP) -> AsyncIterator[Stage]:
    spec = spec_in(root)
    shutil.copytree(PRODUCT, spec.tree, dirs_exist_ok=True)
    async with await open_box(spec) as box:
        yield Stage(box=box, app=app, browser=find_browser(), run_dir=spec.run_dir)


async def nothing() -> None:
    """A reset for proofs that leave the tree alone."""


async def proved(root: Path, *assertions: Assertion, app: App | None = APP) -> list[ProofResult]:
    async with stage_in(root, app) as stage:
        return await prove_all(assertions, stage, nothing)


async def proved_one(root: Path, by: str, *steps: dict[str, Any], app: App | None = APP) -> ProofResult:
    (result,) = await proved(root, assertion(by, *steps), app=app)
    return result


def texts(result: ProofResult) -> dict[str, str]:
    """The result's evidence that is text, by name."""
    return {e.name: e.path.read_text() for e in result.evidence if e.media_type != "image/png"}

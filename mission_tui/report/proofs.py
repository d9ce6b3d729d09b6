"""What the engine proved, as an ordinary Playwright test file that the project can keep."""

import re
from collections.abc import Iterator
from importlib.resources import files as package_files
from pathlib import Path
from typing import Any

from mission_tui.domain.checks import BrowserStep, CommandStep, HttpStep
from mission_tui.domain.contract import Assertion
from mission_tui.domain.mission import Mission
from mission_tui.domain.plan import App

TESTS = "test_proofs.py"
FIXTURES = "conftest.py"
EXPORTED = ("browser", "http", "command")
"""Proofs at a terminal need a screen model, which no common test library has."""


def write_proofs(mission: Mission, folder: Path) -> None:
    """Write `test_proofs.py` and its fixtures into a folder, which is made; nothing when nothing was proved."""
    proved = [mission.provable(a) for a in mission.contract.assertions if mission.assertion_status(a) == "passed"]
    chosen = [a for a in proved if a.mechanical and a.proof.by in EXPORTED]
    if not chosen:
        return
    folder.mkdir(parents=True, exist_ok=True)
    left = [a for a in mission.contract.assertions if a not in {c.id for c in chosen}]
    head = f"Proofs of the mission {mission.id}, as they held on its last tree.\n\nNot here, since "
    head += f"a terminal or somebody's judgement proves them: {', '.join(left) or 'none'}."
    tests = "\n\n\n".join(_test(a) for a in chosen)
    secrets = mission.plan.services.secrets
    (folder / TESTS).write_text(
        f"{_literal(head)}\n\n{_resource('exported_tests.py.txt')}\n\nSECRETS = {secrets!r}\n\n\n{tests}\n", "utf-8"
    )
    (folder / FIXTURES).write_text(_fixtures(mission.plan.services.app), "utf-8")


def _fixtures(app: App | None) -> str:
    ready = app.ready if app else None
    values = {
        "start": app.start if app else None,
        "environment": app.env if app else {},
        "ready_path": ready.http if ready else None,
        "ready_log": ready.log if ready else None,
        "ready_timeout_s": app.ready_timeout_s if app else 30,
    }
    text = _resource("exported_conftest.py.txt")
    for name, value in values.items():
        text = text.replace(f"%({name})s", repr(value))
    return text


def _resource(name: str) -> str:
    return package_files("mission_tui.report").joinpath(name).read_text("utf-8")


def _literal(text: str) -> str:
    """Words of models as a Python literal: they cannot become code."""
    return repr(text)


def _test(assertion: Assertion) -> str:
    words = re.sub(r"[^a-z0-9]+", "_", f"{assertion.id} {assertion.title}".lower()).strip("_")[:90]
    steps = assertion.proof.checks
    lines: list[str] = []
    fixtures = {"http": "api", "command": "tree"}.get(assertion.proof.by, "page, base_url")
    for step in steps:
        if isinstance(step, BrowserStep):
            fixtures += "".join(
                f", {name}"
                for name, wanted in (("console", step.expect_console_clean), ("failed", step.expect_no_failed_requests))
                if wanted and name not in fixtures
            )
            lines += _browser(step)
        elif isinstance(step, HttpStep):
            lines += _http(step)
        elif isinstance(step, CommandStep):
            lines += _command(step)
    body = "\n".join(f"    {line}" for line in [_literal(assertion.statement), *lines])
    return f"def test_{words}({fixtures}):\n{body}"


def _http(step: HttpStep) -> Iterator[str]:
    expected: dict[str, Any] = {
        "status": step.expect_status,
        "header": step.expect_header,
        "like_body": step.expect_body,
        "pointers": step.expect_json,
    }
    if step.request is None:
        given = _keywords(expected)
        yield f"assert differs(answer, {given}) is None, differs(answer, {given})"
        return
    asked = {"headers": step.headers, "body": step.body, "within": step.within_s}
    yield f"answer = ask(api, {_literal(step.request)}, {_keywords({**asked, **expected})})"


def _command(step: CommandStep) -> Iterator[str]:
    if step.run is not None:
        yield f"done = run(tree, {_literal(step.run)})"
        yield f"assert done.returncode == {step.expect_exit}, done.stdout + done.stderr"
    for stream, pattern in (("stdout", step.expect_stdout), ("stderr", step.expect_stderr)):
        if pattern is not None:
            yield f"assert like({pattern!r}, done.{stream}), done.{stream}"
    if step.expect_file is not None:
        yield f"assert (tree / {_literal(step.expect_file)}).exists()"


def _browser(step: BrowserStep) -> Iterator[str]:
    yield from _action(step)
    within = step.within_s
    if isinstance(step.expect_text, str):
        yield _soon(f"like({step.expect_text!r}, page.locator('body').inner_text())", within, step.expect_text)
    elif step.expect_text is not None:
        text = step.expect_text
        yield _soon(f"like({text.matches!r}, text_of(page, {_how(text.target)}))", within, text.matches)
    if step.expect_visible is not None:
        yield _soon(f"visible(page, {_how(step.expect_visible)})", within, f"{_how(step.expect_visible)} is visible")
    if step.expect_hidden is not None:
        yield _soon(f"not visible(page, {_how(step.expect_hidden)})", within, f"{_how(step.expect_hidden)} is hidden")
    if step.expect_count is not None:
        count = step.expect_count
        words = f"{count.count} of {_how(count.target)}"
        yield _soon(f"every(page, {_how(count.target)}).count() == {count.count}", within, words)
    if step.expect_url is not None:
        yield _soon(f"like({step.expect_url!r}, page.url)", within, step.expect_url)
    if step.expect_style is not None:
        style = step.expect_style
        seen = f"style_of(page, {style.property!r}, {_how(style.target)})"
        yield _soon(f"like({style.matches!r}, {seen})", within, f"{style.property} {style.matches}")
    for name, wanted in (("console", step.expect_console_clean), ("failed", step.expect_no_failed_requests)):
        if wanted:
            yield 'page.wait_for_load_state("networkidle")'
            yield f"assert not {name}, {name}"


def _action(step: BrowserStep) -> Iterator[str]:
    within = f"within={step.within_s!r}"
    if step.goto is not None:
        yield f"page.goto(base_url + {_known(step.goto)})"
    if step.click is not None:
        yield f"one(page, {_how(step.click)}, {within}).click()"
    if step.fill is not None:
        yield f"one(page, {_how(step.fill.target)}, {within}).fill({_known(step.fill.value)})"
    if step.select is not None:
        yield f"one(page, {_how(step.select.target)}, {within}).select_option({_known(step.select.value)})"
    if isinstance(step.press, str):
        yield f"page.keyboard.press({step.press!r})"
    elif step.press is not None:
        yield f"one(page, {_how(step.press.target)}, {within}).press({step.press.key!r})"
    if step.reload:
        yield "page.reload()"
    yield from _emulation(step)


def _known(value: str) -> str:
    """A literal, looked up where it may name a secret."""
    return f"known({value!r})" if "${" in value else repr(value)


def _emulation(step: BrowserStep) -> Iterator[str]:
    if step.emulate is not None and step.emulate.viewport is not None:
        width, height = step.emulate.viewport
        yield f'page.set_viewport_size({{"width": {width}, "height": {height}}})'
    if step.emulate is not None:
        media = step.emulate.model_dump(include={"color_scheme", "reduced_motion"}, exclude_none=True)
        if media:
            yield f"page.emulate_media({_keywords(media)})"


def _soon(condition: str, within: float, expected: str) -> str:
    return f"eventually(lambda: {condition}, {within!r}, {expected!r})"


def _how(target: Any) -> str:  # noqa: ANN401 - a selector or a Locator
    return repr(target) if isinstance(target, str) else _keywords(target.model_dump(exclude_none=True))


def _keywords(values: dict[str, Any]) -> str:
    return ", ".join(f"{name}={value!r}" for name, value in values.items() if value not in (None, {}))

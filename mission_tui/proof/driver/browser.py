"""Chromium through Playwright: check steps, and a tester's clicks, on pages given as accessibility snapshots."""

import contextlib
import re
import time
from pathlib import Path
from typing import Any

from locating import described, is_bad_selector, locate, only_visible, reference_of
from outcome import StepFailure, wait_until
from page_expect import complaint, seen
from page_log import PageLog, first_line
from playwright.sync_api import Browser as Chromium
from playwright.sync_api import BrowserContext, Error, Locator, Page, Playwright, sync_playwright
from playwright.sync_api import TimeoutError as PlaywrightTimeout

ARGUMENTS = ["--disable-quic", "--no-first-run", "--disable-background-networking", "--disable-component-update"]
OPEN_TIMEOUT_MS = 20_000
LOAD_TIMEOUT_MS = 3_000
"""For what a page still loads once its document is there; one that never stops is taken as it is."""
LOOK_TIMEOUT_MS = 5_000
TESTER_S = 5.0
SETTLE_S = 1.5
SNAPSHOT_LIMIT = 12_000
ACTIONS = ("goto", "click", "fill", "press", "select", "reload", "emulate", "screenshot")
HANDLERS = frozenset({"click", "press", "select"})
"""Actions that most often start a script that never ends; any other is ended by the host's own limit, much later."""
BACK = "Alt+ArrowLeft"
"""The window's own key, which a browser without a window does not know."""
_OBSTACLE = re.compile(r"intercepts pointer events|is not (?:enabled|visible|stable|editable)|outside of the viewport")


class Browser:
    """One Chromium for all sessions of this program, started when first needed."""

    def __init__(self) -> None:
        self._playwright: Playwright | None = None
        self._chromium: Chromium | None = None
        self._spare: BrowserContext | None = None

    def open(self, executable: str | None, folder: Path, name: str) -> "BrowserSession":
        chromium = self._launched(executable)
        spare, self._spare = self._spare, None
        if spare is None or spare.browser is not chromium:
            spare = _context(chromium)
        return BrowserSession(spare, folder, name)

    def prepare(self) -> None:
        """Open the next context ahead of time: it is a third of what a short proof costs."""
        if self._chromium is not None and self._chromium.is_connected() and self._spare is None:
            with contextlib.suppress(Error):  # whoever needs one next will be told what is wrong
                self._spare = _context(self._chromium)

    def _launched(self, executable: str | None) -> Chromium:
        if self._chromium is not None and self._chromium.is_connected():
            return self._chromium
        if self._playwright is None:
            self._playwright = sync_playwright().start()
        try:
            self._chromium = self._playwright.chromium.launch(
                executable_path=executable, args=ARGUMENTS, chromium_sandbox=False
            )
        except Error as error:
            raise StepFailure("missing_tool", f"the browser does not start: {first_line(error)}") from None
        return self._chromium

    def close(self) -> None:
        if self._chromium is not None:
            self._chromium.close()
        if self._playwright is not None:
            self._playwright.stop()


def _context(chromium: Chromium) -> BrowserContext:
    context = chromium.new_context()
    context.new_page()
    return context


class BrowserSession:
    """A fresh context with one empty page, and everything that the console and the network said."""

    def __init__(self, context: BrowserContext, folder: Path, name: str) -> None:
        context.set_default_timeout(LOOK_TIMEOUT_MS)
        self._context = context
        self._folder = folder
        self._name = name
        self._log = PageLog(context)
        self._pictures: list[dict[str, str]] = []
        self._tracing = False

    @property
    def _page(self) -> Page:
        """The newest page that is open: where a person would look when a click opens another one."""
        pages = self._context.pages
        if not pages:
            raise StepFailure("other", "every page is closed")
        return pages[-1]

    def handle(self, request: dict[str, Any]) -> dict[str, Any]:
        """`steps`: run and check them; the others are a tester's."""
        if request["do"] != "steps":
            return self._use(request)
        try:
            self._trace("trace" in request.get("evidence", ()))
            for number, step in enumerate(request["steps"], 1):
                self._step(request["base"], number, step)
            return {"evidence": self._evidence()}
        except StepFailure as failure:
            failure.evidence = self._evidence()
            raise

    # Check steps

    def _step(self, base: str, number: int, step: dict[str, Any]) -> None:
        within = float(step.get("within_s", 5.0))
        try:
            self._act(base, step, within)
            expected = {key: value for key, value in step.items() if key.startswith("expect_")}
            if expected and HANDLERS & step.keys():
                self._check_alive()
            for key, value in expected.items():
                wait_until(lambda key=key, value=value: self._look(key, value), within, self._pause)
        except StepFailure as failure:
            raise StepFailure(failure.cause, f"step {number}: {failure}") from None
        except Error as error:
            raise StepFailure("other", f"step {number}: {first_line(error)}") from None

    def _pause(self, seconds: float) -> bool:
        self._page.wait_for_timeout(seconds * 1000)
        return True

    def _check_alive(self) -> None:
        """Questions to a page whose script never ends have no timeout of their own."""
        try:
            self._page.locator("html").wait_for(state="attached", timeout=LOOK_TIMEOUT_MS)
        except PlaywrightTimeout:
            raise StepFailure("timeout", f"{self._page.url} does not respond: does a script never end?") from None

    def _look(self, key: str, value: Any) -> str | None:  # noqa: ANN401 - by key
        """An error in the middle of a navigation is something to look at again, one in a selector is not."""
        try:
            return complaint(self._page, self._log, key, value)
        except Error as error:
            if is_bad_selector(error):
                raise StepFailure("setup", f"{key}: not a selector: {first_line(error)}") from None
            return f"{key}: {first_line(error)}"

    def _act(self, base: str, step: dict[str, Any], within: float) -> None:
        action = next((a for a in ACTIONS if a in step), None)
        if action is None:
            return
        value = step[action]
        match action:
            case "goto":
                self._go(base + value)
            case "reload":
                self._go(None)
            case "screenshot":
                self._log.settle(self._page, SETTLE_S)
                self._picture(str(value))
            case "emulate":
                self._emulate(value)
            case _:
                self._on_element(action, value, within)
        self._log.acted()

    def _go(self, url: str | None) -> None:
        page = self._page
        name = url or page.url
        try:
            if url is None:
                page.reload(timeout=OPEN_TIMEOUT_MS, wait_until="domcontentloaded")
            else:
                page.goto(url, timeout=OPEN_TIMEOUT_MS, wait_until="domcontentloaded")
        except PlaywrightTimeout:
            raise StepFailure("app", f"{name} did not load within {OPEN_TIMEOUT_MS // 1000} s") from None
        except Error as error:
            raise StepFailure("app", f"{name} does not load: {first_line(error)}") from None
        try:
            page.wait_for_load_state("load", timeout=LOAD_TIMEOUT_MS)
        except PlaywrightTimeout:
            return

    def _emulate(self, value: dict[str, Any]) -> None:
        if value.get("viewport"):
            width, height = value["viewport"]
            self._page.set_viewport_size({"width": width, "height": height})
        media = {k: value[k] for k in ("color_scheme", "reduced_motion") if value.get(k)}
        if media:
            self._page.emulate_media(**media)

    def _on_element(self, action: str, value: Any, within: float) -> None:  # noqa: ANN401 - by action
        if action == "press" and isinstance(value, str):
            self._press(value)
            return
        target = value if action == "click" else value["target"]
        deadline = time.monotonic() + within
        element = self._found(target, within)
        timeout = max(deadline - time.monotonic(), 0.5) * 1000
        try:
            match action:
                case "click":
                    element.click(timeout=timeout)
                case "fill":
                    element.fill(value["value"], timeout=timeout)
                case "select":
                    element.select_option(value["value"], timeout=timeout)
                case _:
                    element.press(value["key"], timeout=timeout)
        except PlaywrightTimeout as error:
            self._check_alive()
            raise StepFailure("timeout", f"{action} {described(target)}: {_obstacle(error)}") from None
        except Error as error:
            several = "strict mode violation" in error.message
            problem = f"{element.count()} elements match, name one" if several else first_line(error)
            raise StepFailure("locator", f"{action} {described(target)}: {problem}") from None

    def _press(self, key: str) -> None:
        if key == BACK:
            self._page.go_back(timeout=OPEN_TIMEOUT_MS, wait_until="domcontentloaded")
        else:
            self._page.keyboard.press(key)

    def _found(self, target: Any, within: float) -> Locator:  # noqa: ANN401 - text or mapping
        """The elements that a target means, once there are any."""
        is_reference = reference_of(target) is not None
        found: list[Locator] = []

        def missing() -> str | None:
            elements, count = locate(self._page, target)
            if count:
                found.append(only_visible(elements, count))
                return None
            hint = "handles are good until the page changes: take a new snapshot" if is_reference else seen(self._page)
            return f"nothing on the page matches {described(target)}; {hint}"

        try:
            wait_until(missing, 0 if is_reference else within, self._pause)
            return found[0]
        except StepFailure as failure:
            raise StepFailure("locator", str(failure)) from None
        except Error as error:
            cause = "setup" if is_bad_selector(error) else "locator"
            raise StepFailure(cause, f"{described(target)} cannot be looked for: {first_line(error)}") from None

    # A tester's hands

    def _use(self, request: dict[str, Any]) -> dict[str, Any]:
        before = len(self._log.dialogs)
        try:
            match request["do"]:
                case "open":
                    self._emulate(request)
                    self._go(request["url"])
                case "screenshot":
                    self._log.settle(self._page, SETTLE_S)
                    picture = self._picture(request["name"])
                    return {"text": f"screenshot {request['name']} stored", "evidence": [picture]}
                case "console":
                    self._log.settle(self._page, SETTLE_S)
                    return {"text": self._log.as_text(), "evidence": self._log.store(self._folder, self._name)}
                case "snapshot":
                    pass
                case _:
                    self._on_element(self._hand(request), request["value"], TESTER_S)
                    self._log.acted()
            self._check_alive()
            text = self._snapshot()
        except Error as error:
            raise StepFailure("other", first_line(error)) from None
        said = "".join(f"\na dialog opened and was dismissed: {d}" for d in self._log.dialogs[before:])
        return {"text": text + said, "evidence": []}

    def _hand(self, request: dict[str, Any]) -> str:
        """A tester fills in a list, too: by choosing from it."""
        if request["do"] != "fill":
            return str(request["do"])
        lists = self._page.locator("select")
        return "select" if locate(self._page, request["value"]["target"])[0].and_(lists).count() else "fill"

    def _snapshot(self) -> str:
        page = self._page
        self._log.settle(page, SETTLE_S)
        tree = page.aria_snapshot(mode="ai", timeout=LOOK_TIMEOUT_MS)
        cut = f"\n… {len(tree) - SNAPSHOT_LIMIT} characters left out" if len(tree) > SNAPSHOT_LIMIT else ""
        return f"{page.url} — {page.title()}\n{tree[:SNAPSHOT_LIMIT]}{cut}"

    # Evidence

    def _trace(self, wanted: bool) -> None:
        if wanted and not self._tracing:
            self._context.tracing.start(screenshots=True, snapshots=True)
            self._tracing = True

    def _picture(self, name: str) -> dict[str, str]:
        file = self._folder / f"{self._name}-{len(self._pictures)}.png"
        try:
            self._shoot(file)
        except Error as error:
            raise StepFailure("other", f"no screenshot: {first_line(error)}") from None
        picture = {"kind": "screenshot", "file": file.name, "name": f"{name}.png"}
        self._pictures.append(picture)
        return picture

    def _shoot(self, file: Path) -> None:
        """The whole page; of one that is too long for that, what can be seen."""
        page = self._page
        try:
            page.screenshot(path=file, full_page=True, animations="disabled", timeout=LOOK_TIMEOUT_MS)
        except PlaywrightTimeout:
            raise
        except Error:
            page.screenshot(path=file, animations="disabled", timeout=LOOK_TIMEOUT_MS)

    def _evidence(self) -> list[dict[str, str]]:
        """The last picture of the page, whatever named pictures there are, console and network; always."""
        try:
            self._picture("final")
        except StepFailure as failure:
            self._log.console.append({"type": "pictureless", "text": str(failure), "url": ""})
        result = [*self._pictures, *self._log.store(self._folder, self._name)]
        if self._tracing:
            file = self._folder / f"{self._name}-trace.zip"
            self._context.tracing.stop(path=file)
            self._tracing = False
            result.append({"kind": "trace", "file": file.name, "name": "trace.zip"})
        return result

    def close(self) -> None:
        self._context.close()


def _obstacle(error: Error) -> str:
    """Why an element that is there could not be used, as Playwright's log of the attempt says."""
    lines = [line.strip(" -\t") for line in error.message.splitlines()]
    found = next((line for line in reversed(lines) if _OBSTACLE.search(line)), None)
    return f"it is there, but cannot be used in time: {found[:300] if found else first_line(error)}"

"""Chromium through Playwright: check steps, and a tester's clicks, on pages given as accessibility snapshots."""

import json
from pathlib import Path
from typing import Any, cast

from outcome import StepFailure, matches, shown, wait_until
from playwright.sync_api import Browser as Chromium
from playwright.sync_api import BrowserContext, Error, Locator, Page, Playwright, Response, sync_playwright
from playwright.sync_api import TimeoutError as PlaywrightTimeout

ARGUMENTS = ["--disable-quic", "--no-first-run", "--disable-background-networking", "--disable-component-update"]
OPEN_TIMEOUT_MS = 20_000
SNAPSHOT_LIMIT = 12_000
ACTIONS = ("goto", "click", "fill", "press", "select", "reload", "emulate", "screenshot")


class Browser:
    """One Chromium for all sessions of this program, started when first needed."""

    def __init__(self) -> None:
        self._playwright: Playwright | None = None
        self._chromium: Chromium | None = None

    def open(self, executable: str | None, folder: Path, name: str) -> "BrowserSession":
        return BrowserSession(self._launched(executable).new_context(), folder, name)

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
            raise StepFailure("missing_tool", f"the browser does not start: {_line(error)}") from None
        return self._chromium

    def close(self) -> None:
        if self._chromium is not None:
            self._chromium.close()
        if self._playwright is not None:
            self._playwright.stop()


class BrowserSession:
    """A fresh context and page, with everything that the console and the network said."""

    def __init__(self, context: BrowserContext, folder: Path, name: str) -> None:
        self._context = context
        self._folder = folder
        self._name = name
        self._page: Page = context.new_page()
        self._console: list[dict[str, str]] = []
        self._requests: list[dict[str, Any]] = []
        self._pictures: list[dict[str, str]] = []
        self._dialogs: list[str] = []
        self._tracing = False
        self._listen()

    def _listen(self) -> None:
        page = self._page
        page.on("console", lambda m: self._console.append({"type": m.type, "text": m.text}))
        page.on("pageerror", lambda e: self._console.append({"type": "pageerror", "text": str(e)}))
        page.on("dialog", self._dismiss)
        page.on("response", self._answered)
        page.on(
            "requestfailed",
            lambda r: self._requests.append({"method": r.method, "url": r.url, "failure": r.failure or "failed"}),
        )

    def _dismiss(self, dialog: Any) -> None:  # noqa: ANN401 - playwright's dialog
        self._dialogs.append(f"{dialog.type}: {dialog.message}")
        self._console.append({"type": "dialog", "text": f"{dialog.type}: {dialog.message}"})
        dialog.dismiss()

    def _answered(self, response: Response) -> None:
        self._requests.append({"method": response.request.method, "url": response.url, "status": response.status})

    def handle(self, request: dict[str, Any]) -> dict[str, Any]:
        """`steps`: run and check them; the others are a tester's."""
        try:
            if request["do"] == "steps":
                self._trace("trace" in request.get("evidence", ()))
                for number, step in enumerate(request["steps"], 1):
                    self._step(request["base"], number, step)
                return {"evidence": self._evidence()}
            return self._use(request)
        except StepFailure as failure:
            failure.evidence = self._evidence()
            raise

    # Check steps

    def _step(self, base: str, number: int, step: dict[str, Any]) -> None:
        within = float(step.get("within_s", 5.0))
        try:
            self._act(base, step, within)
            for key in step:
                if key.startswith("expect_"):
                    wait_until(lambda key=key: self._complaint(key, step[key]), within, self._pause)
        except StepFailure as failure:
            raise StepFailure(failure.cause, f"step {number}: {failure}") from None
        except Error as error:
            raise StepFailure("other", f"step {number}: {_line(error)}") from None

    def _pause(self, seconds: float) -> None:
        self._page.wait_for_timeout(seconds * 1000)

    def _act(self, base: str, step: dict[str, Any], within: float) -> None:
        action = next((a for a in ACTIONS if a in step), None)
        if action is None:
            return
        value = step[action]
        timeout = within * 1000
        match action:
            case "goto":
                self._go(base + value)
            case "reload":
                self._go(None)
            case "screenshot":
                self._picture(str(value))
            case "emulate":
                self._emulate(value)
            case _:
                self._on_element(action, value, timeout)

    def _go(self, url: str | None) -> None:
        try:
            if url is None:
                self._page.reload(timeout=OPEN_TIMEOUT_MS)
            else:
                self._page.goto(url, timeout=OPEN_TIMEOUT_MS)
        except PlaywrightTimeout:
            raise StepFailure("app", f"{url or 'the page'} did not load within {OPEN_TIMEOUT_MS // 1000} s") from None
        except Error as error:
            raise StepFailure("app", f"{url or 'the page'} does not load: {_line(error)}") from None

    def _emulate(self, value: dict[str, Any]) -> None:
        if value.get("viewport"):
            width, height = value["viewport"]
            self._page.set_viewport_size({"width": width, "height": height})
        media = {k: value[k] for k in ("color_scheme", "reduced_motion") if value.get(k)}
        if media:
            self._page.emulate_media(**media)

    def _on_element(self, action: str, value: Any, timeout: float) -> None:  # noqa: ANN401 - by action
        if action == "press" and isinstance(value, str):
            self._page.keyboard.press(value)
            return
        fields: dict[str, Any] = cast("dict[str, Any]", value) if isinstance(value, dict) else {}
        target: Any = fields.get("target", value)
        element = self._found(target, timeout)
        try:
            match action:
                case "click":
                    element.click(timeout=timeout)
                case "fill":
                    element.fill(fields["value"], timeout=timeout)
                case "select":
                    element.select_option(fields["value"], timeout=timeout)
                case _:
                    element.press(fields["key"], timeout=timeout)
        except Error as error:
            raise StepFailure("locator", f"{action} {_name(target)}: {_line(error)}") from None

    def _found(self, target: Any, timeout: float) -> Locator:  # noqa: ANN401 - text or mapping
        element = self._locate(target)
        try:
            element.first.wait_for(state="attached", timeout=timeout)
        except PlaywrightTimeout:
            raise StepFailure("locator", f"nothing on the page matches {_name(target)}") from None
        except Error as error:
            raise StepFailure("locator", f"{_name(target)} cannot be looked for: {_line(error)}") from None
        return self._locate(target)

    def _locate(self, target: Any) -> Locator:  # noqa: ANN401 - text or mapping
        page = self._page
        if isinstance(target, str):
            reference = target.removeprefix("ref=")
            is_reference = reference[:1] == "e" and reference[1:].isdigit()
            return page.locator(f"aria-ref={reference}" if is_reference else target)
        if target.get("role"):
            if not target.get("name"):
                return page.get_by_role(target["role"])
            exact = page.get_by_role(target["role"], name=target["name"], exact=True)
            return exact if exact.count() else page.get_by_role(target["role"], name=target["name"])
        if target.get("label"):
            exact = page.get_by_label(target["label"], exact=True)
            return exact if exact.count() else page.get_by_label(target["label"])
        if target.get("test_id"):
            return page.get_by_test_id(target["test_id"])
        exact = page.get_by_text(target["text"], exact=True)
        return exact if exact.count() else page.get_by_text(target["text"])

    def _complaint(self, key: str, value: Any) -> str | None:  # noqa: ANN401 - by key
        page = self._page
        match key:
            case "expect_text":
                return self._text_complaint(value)
            case "expect_visible":
                return None if self._visible(value) else f"expected {_name(value)} to be visible; {self._seen()}"
            case "expect_hidden":
                return f"expected {_name(value)} to be hidden, but it is visible" if self._visible(value) else None
            case "expect_count":
                seen = self._locate(value["target"]).count()
                return (
                    None
                    if seen == value["count"]
                    else f"expected {value['count']} of {_name(value['target'])}, seen {seen}"
                )
            case "expect_url":
                return None if matches(value, page.url) else f"expected a URL that matches {value!r}, seen {page.url}"
            case "expect_style":
                return self._style_complaint(value)
            case "expect_console_clean":
                bad = [
                    m["text"] for m in self._console if m["type"] in ("error", "pageerror") and not _noise(m["text"])
                ]
                return f"expected a clean console, seen {shown('; '.join(bad))}" if bad else None
            case _:
                return self._network_complaint()

    def _network_complaint(self) -> str | None:
        bad = [
            f"{r['method']} {r['url']} {r.get('status', r.get('failure'))}"
            for r in self._requests
            if (r.get("status", 0) >= 400 or "failure" in r) and "favicon" not in r["url"]
        ]
        return f"expected no failed requests, seen {'; '.join(bad[:5])}" if bad else None

    def _text_complaint(self, value: Any) -> str | None:  # noqa: ANN401 - pattern or mapping
        if isinstance(value, str):
            text = self._page.locator("body").inner_text(timeout=2000)
            return None if matches(value, text) else f"expected text that matches {value!r}, seen {shown(text)}"
        elements = self._locate(value["target"])
        if not elements.count():
            return f"expected {_name(value['target'])} with text that matches {value['matches']!r}; {self._seen()}"
        text = _content(elements.first)
        return None if matches(value["matches"], text) else (
            f"expected {_name(value['target'])} to match {value['matches']!r}, seen {shown(text)}"
        )  # fmt: skip

    def _style_complaint(self, value: dict[str, Any]) -> str | None:
        elements = self._locate(value["target"])
        if not elements.count():
            return f"expected {_name(value['target'])} for its style; {self._seen()}"
        script = "(e, p) => getComputedStyle(e).getPropertyValue(p)"
        seen = str(elements.first.evaluate(script, value["property"], timeout=2000))
        wanted = value["matches"]
        return None if matches(wanted, seen) else f"expected {value['property']} to match {wanted!r}, seen {seen!r}"

    def _visible(self, target: Any) -> bool:  # noqa: ANN401 - text or mapping
        return any(element.is_visible() for element in self._locate(target).all())

    def _seen(self) -> str:
        return f"the page shows {shown(self._page.locator('body').inner_text(timeout=2000))}"

    # A tester's hands

    def _use(self, request: dict[str, Any]) -> dict[str, Any]:
        before = len(self._dialogs)
        try:
            match request["do"]:
                case "open":
                    self._go(request["url"])
                case "screenshot":
                    picture = self._picture(request["name"])
                    return {"text": f"screenshot {request['name']} stored", "evidence": [picture]}
                case "console":
                    return {"text": self._console_text(), "evidence": self._logs()}
                case "snapshot":
                    pass
                case _:
                    self._on_element(request["do"], request["value"], 5000)
        except Error as error:
            raise StepFailure("other", _line(error)) from None
        said = "".join(f"\na dialog opened and was dismissed: {d}" for d in self._dialogs[before:])
        return {"text": self._snapshot() + said, "evidence": []}

    def _snapshot(self) -> str:
        self._settle()
        tree = self._page.aria_snapshot(mode="ai")
        cut = f"\n… {len(tree) - SNAPSHOT_LIMIT} characters left out" if len(tree) > SNAPSHOT_LIMIT else ""
        return f"{self._page.url} — {self._page.title()}\n{tree[:SNAPSHOT_LIMIT]}{cut}"

    def _settle(self) -> None:
        """Give the page a chance to finish what a click began; one that never rests is shown as it is."""
        try:
            self._page.wait_for_load_state("networkidle", timeout=1500)
        except PlaywrightTimeout:
            return

    def _console_text(self) -> str:
        lines = [f"{m['type']}: {m['text']}" for m in self._console] or ["the console is empty"]
        bad = [r for r in self._requests if r.get("status", 0) >= 400 or "failure" in r]
        lines += [f"{r['method']} {r['url']} {r.get('status', r.get('failure'))}" for r in bad]
        return "\n".join(lines[-100:])

    # Evidence

    def _trace(self, wanted: bool) -> None:
        if wanted and not self._tracing:
            self._context.tracing.start(screenshots=True, snapshots=True)
            self._tracing = True

    def _picture(self, name: str) -> dict[str, str]:
        file = self._folder / f"{self._name}-{len(self._pictures)}.png"
        try:
            self._page.screenshot(path=str(file), full_page=True, timeout=10_000)
        except Error as error:
            raise StepFailure("other", f"no screenshot: {_line(error)}") from None
        picture = {"kind": "screenshot", "file": file.name, "name": f"{name}.png"}
        self._pictures.append(picture)
        return picture

    def _logs(self) -> list[dict[str, str]]:
        result: list[dict[str, str]] = []
        for kind, log in (("console", self._console), ("network", self._requests)):
            file = self._folder / f"{self._name}-{kind}.json"
            file.write_text(json.dumps(log, ensure_ascii=False, indent=1))
            result.append({"kind": kind, "file": file.name, "name": f"{kind}.json"})
        return result

    def _evidence(self) -> list[dict[str, str]]:
        """The last picture of the page, whatever named pictures there are, console and network; always."""
        try:
            self._picture("final")
        except StepFailure:
            self._console.append({"type": "pageerror", "text": "the page could not be pictured"})
        result = [*self._pictures, *self._logs()]
        if self._tracing:
            file = self._folder / f"{self._name}-trace.zip"
            self._context.tracing.stop(path=str(file))
            self._tracing = False
            result.append({"kind": "trace", "file": file.name, "name": "trace.zip"})
        return result

    def close(self) -> None:
        self._context.close()


def _content(element: Locator) -> str:
    """The value of a field, the text of anything else."""
    tag = str(element.evaluate("e => e.tagName", timeout=2000)).lower()
    return (
        element.input_value(timeout=2000)
        if tag in ("input", "textarea", "select")
        else element.inner_text(timeout=2000)
    )


def _noise(text: str) -> bool:
    return "favicon" in text


def _name(target: Any) -> str:  # noqa: ANN401 - text or mapping
    if isinstance(target, str):
        return repr(target)
    return " ".join(f"{key} {value!r}" for key, value in target.items() if value is not None)


def _line(error: Exception) -> str:
    """The first telling line of Playwright's long messages."""
    lines = [line.strip() for line in str(error).splitlines() if line.strip()]
    return lines[0][:300] if lines else type(error).__name__

"""What a check step expects of a page: each question answers with None, or with what was expected and seen."""

from typing import Any

from locating import described, is_visible, locate
from outcome import matches, shown
from page_log import PageLog
from playwright.sync_api import Error, Page

LOOK_MS = 2000
SETTLE_S = 2.0
CONTENT = "e => ['INPUT', 'TEXTAREA', 'SELECT'].includes(e.tagName) ? e.value : e.innerText ?? e.textContent"


def complaint(page: Page, log: PageLog, key: str, value: Any) -> str | None:  # noqa: ANN401 - by key
    """One look at one expectation. Playwright's errors pass through."""
    match key:
        case "expect_text":
            return _body_text(page, value) if isinstance(value, str) else _text(page, value["target"], value["matches"])
        case "expect_visible":
            return None if is_visible(page, value) else f"expected {described(value)} to be visible; {seen(page)}"
        case "expect_hidden":
            return f"expected {described(value)} to be hidden, but it is visible" if is_visible(page, value) else None
        case "expect_count":
            return _count(page, value["target"], value["count"])
        case "expect_url":
            return None if matches(value, page.url) else f"expected a URL that matches {value!r}, seen {page.url}"
        case "expect_style":
            return _style(page, value)
        case "expect_console_clean":
            log.settle(page, SETTLE_S)  # at once, it would hold before anything could go wrong
            return log.console_complaint()
        case "expect_no_failed_requests":
            log.settle(page, SETTLE_S)
            return log.network_complaint()
        case _:
            return f"there is no expectation {key!r}"


def seen(page: Page) -> str:
    """What the page shows instead."""
    try:
        return f"the page {page.url} shows {shown(page.locator('body').inner_text(timeout=LOOK_MS))}"
    except Error:
        return f"the page {page.url} shows no text"


def _body_text(page: Page, pattern: str) -> str | None:
    text = page.locator("body").inner_text(timeout=LOOK_MS)
    return None if matches(pattern, text) else f"expected text that matches {pattern!r}, seen {shown(text)}"


def _text(page: Page, target: Any, pattern: str) -> str | None:  # noqa: ANN401 - text or mapping
    elements, count = locate(page, target)
    if not count:
        return f"expected {described(target)} with text that matches {pattern!r}; {seen(page)}"
    text = str(elements.first.evaluate(CONTENT, timeout=LOOK_MS))  # the value of a field, the text of anything else
    return None if matches(pattern, text) else f"expected {described(target)} to match {pattern!r}, seen {shown(text)}"


def _count(page: Page, target: Any, wanted: int) -> str | None:  # noqa: ANN401 - text or mapping
    found = locate(page, target)[1]
    return None if found == wanted else f"expected {wanted} of {described(target)}, seen {found}"


def _style(page: Page, value: dict[str, Any]) -> str | None:
    elements, count = locate(page, value["target"])
    if not count:
        return f"expected {described(value['target'])} for its style; {seen(page)}"
    script = "(e, p) => getComputedStyle(e).getPropertyValue(p)"
    found = str(elements.first.evaluate(script, value["property"], timeout=LOOK_MS))
    wanted = value["matches"]
    return None if matches(wanted, found) else f"expected {value['property']} to match {wanted!r}, seen {found!r}"

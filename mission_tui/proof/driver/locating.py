"""How targets of check steps and of testers are found on a page."""

import re
from typing import Any

from playwright.sync_api import Error, Locator, Page

_REFERENCE = re.compile(r"(?:ref=)?((?:f\d+)?e\d+)")
_BAD_SELECTOR = re.compile(
    r"while parsing|not a valid selector|Unknown engine|Unexpected token|Malformed", re.IGNORECASE
)


def locate(page: Page, target: Any) -> tuple[Locator, int]:  # noqa: ANN401 - text or mapping
    """All elements that a target means, and how many; every question to the page has its price.

    A string is a Playwright selector, or a handle like `e4` out of the last accessibility snapshot. Names and texts are
    met exactly if anything does, else as a part of others.
    """
    first, second = _ways(page, target)
    count = first.count()
    if count or second is None:
        return first, count
    return second, second.count()


def is_visible(page: Page, target: Any) -> bool:  # noqa: ANN401 - text or mapping
    """Whether a person sees one of the elements that a target means."""
    first, second = _ways(page, target)
    if first.filter(visible=True).count():
        return True
    return second is not None and not first.count() and second.filter(visible=True).count() > 0


def _ways(page: Page, target: Any) -> tuple[Locator, Locator | None]:  # noqa: ANN401 - text or mapping
    """How to look for a target, and how else if that meets nothing."""
    if isinstance(target, str):
        reference = reference_of(target)
        return page.locator(f"aria-ref={reference}" if reference else target), None
    if target.get("test_id"):
        return page.get_by_test_id(target["test_id"]), None
    if target.get("role") and not target.get("name"):
        return page.get_by_role(target["role"]), None
    return _named(page, target, True), _named(page, target, False)


def _named(page: Page, target: dict[str, Any], exact: bool) -> Locator:
    if target.get("role"):
        return page.get_by_role(target["role"], name=target["name"], exact=exact)
    if target.get("label"):
        return page.get_by_label(target["label"], exact=exact)
    return page.get_by_text(target["text"], exact=exact)


def reference_of(target: object) -> str | None:
    """The handle in a target such as `e4` or `ref=e4`."""
    found = _REFERENCE.fullmatch(target) if isinstance(target, str) else None
    return found.group(1) if found else None


def only_visible(elements: Locator, count: int) -> Locator:
    """Pages often hold a second, hidden form of an element: whoever acts means the one that can be seen."""
    if count < 2:
        return elements
    visible = elements.filter(visible=True)
    return visible if visible.count() else elements


def is_bad_selector(error: Error) -> bool:
    """Whether the page had no part in this error: the question was no selector."""
    return _BAD_SELECTOR.search(error.message) is not None


def described(target: Any) -> str:  # noqa: ANN401 - text or mapping
    """A target in words."""
    if isinstance(target, str):
        return repr(target)
    return " ".join(f"{key} {value!r}" for key, value in target.items() if value is not None)

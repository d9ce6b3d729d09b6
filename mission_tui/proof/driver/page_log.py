"""What pages say beside what they show: console, network and dialogs."""

import json
import time
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

from outcome import shown
from playwright.sync_api import BrowserContext, ConsoleMessage, Dialog, Error, Page, Request, Response, WebError

QUIET_S = 0.1
"""So long without a request under way, and a page counts as settled."""
ENDLESS = ("websocket", "eventsource", "ping")
CANCELLED = "net::ERR_ABORTED"
"""What Chromium calls requests that the page itself gave up, for example by leaving."""


class PageLog:
    """Listens to every page of one context from its beginning."""

    def __init__(self, context: BrowserContext) -> None:
        self.console: list[dict[str, str]] = []
        self.requests: list[dict[str, Any]] = []
        self.dialogs: list[str] = []
        self._under_way: set[Request] = set()
        self._busy_at = time.monotonic()
        context.on("console", self._said)
        context.on("weberror", self._threw)
        context.on("dialog", self._asked)
        context.on("request", self._began)
        context.on("response", self._answered)
        context.on("requestfinished", self._ended)
        context.on("requestfailed", self._failed)

    def _said(self, message: ConsoleMessage) -> None:
        self.console.append({"type": message.type, "text": message.text, "url": message.location.get("url", "")})

    def _threw(self, error: WebError) -> None:
        url = error.page.url if error.page else ""
        self.console.append({"type": "pageerror", "text": str(error.error), "url": url})

    def _asked(self, dialog: Dialog) -> None:
        self.dialogs.append(f"{dialog.type}: {dialog.message}")
        self.console.append({"type": "dialog", "text": self.dialogs[-1], "url": ""})
        # Dismissing "leave this page?" would keep the page where it is.
        if dialog.type == "beforeunload":
            dialog.accept()
        else:
            dialog.dismiss()

    def _began(self, request: Request) -> None:
        self._busy_at = time.monotonic()
        if request.resource_type not in ENDLESS:
            self._under_way.add(request)

    def _answered(self, response: Response) -> None:
        self.requests.append({"method": response.request.method, "url": response.url, "status": response.status})

    def _failed(self, request: Request) -> None:
        self._ended(request)
        self.requests.append({"method": request.method, "url": request.url, "failure": request.failure or "failed"})

    def _ended(self, request: Request) -> None:
        self._busy_at = time.monotonic()
        self._under_way.discard(request)

    def acted(self) -> None:
        """Somebody did something: its consequences may take a moment to begin."""
        self._busy_at = time.monotonic()

    def settle(self, page: Page, limit_s: float) -> None:
        """Wait until what an action began has ended; a page that never rests is taken as it is."""
        deadline = time.monotonic() + limit_s
        quiet = False
        while not quiet and time.monotonic() < deadline:
            page.wait_for_timeout(25)  # also takes in the news of the browser, which arrive only while waiting
            quiet = not self._under_way and time.monotonic() - self._busy_at >= QUIET_S

    def console_complaint(self) -> str | None:
        """Errors of the console and exceptions that nobody caught; a missing favicon is noise."""
        bad = [m["text"] for m in self.console if m["type"] in ("error", "pageerror") and not _is_icon(m["url"])]
        return f"expected a clean console, seen {shown('; '.join(bad))}" if bad else None

    def network_complaint(self) -> str | None:
        bad = self._bad_requests()
        return f"expected no failed requests, seen {'; '.join(bad[:5])}" if bad else None

    def as_text(self) -> str:
        told = [m for m in self.console if not _is_icon(m["url"])]
        lines = [f"{m['type']}: {m['text']}" for m in told] or ["the console is empty"]
        lines += [f"failed request: {bad}" for bad in self._bad_requests()]
        return "\n".join(line[:500] for line in lines[-100:])

    def _bad_requests(self) -> list[str]:
        return [
            f"{r['method']} {r['url']} {r.get('status') or r.get('failure')}"
            for r in self.requests
            if (r.get("status", 0) >= 400 or r.get("failure", CANCELLED) != CANCELLED) and not _is_icon(r["url"])
        ]

    def store(self, folder: Path, name: str) -> list[dict[str, str]]:
        """Both logs as files."""
        result: list[dict[str, str]] = []
        for kind, log in (("console", self.console), ("network", self.requests)):
            file = folder / f"{name}-{kind}.json"
            file.write_text(json.dumps(log, ensure_ascii=False, indent=1))
            result.append({"kind": kind, "file": file.name, "name": f"{kind}.json"})
        return result


def first_line(error: Error) -> str:
    """The first telling line of Playwright's long messages."""
    lines = [line.strip() for line in error.message.splitlines() if line.strip()]
    return lines[0][:300] if lines else type(error).__name__


def _is_icon(url: str) -> bool:
    return urlsplit(url).path == "/favicon.ico"

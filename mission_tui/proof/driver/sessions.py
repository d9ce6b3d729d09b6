"""Requests by kind; a session is one assertion's, or one tester's, browser context, cookie jar or terminal."""

import os
from pathlib import Path
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from browser import Browser, BrowserSession
    from terminal import TerminalSession
    from web import WebSession


class Sessions:
    """Everything this program holds open. Playwright and httpx cost a moment: each is imported when it is needed."""

    def __init__(self) -> None:
        self._folder = Path(os.environ.get("MISSION_RUN_DIR", "."))
        self._browser: Browser | None = None
        self._web: dict[str, WebSession] = {}
        self._pages: dict[str, BrowserSession] = {}
        self._terminals: dict[str, TerminalSession] = {}

    def handle(self, request: dict[str, Any]) -> dict[str, Any]:
        """One request: `{"kind": http|browser|terminal|close, "session": name, …}`."""
        session = request["session"]
        match request["kind"]:
            case "http":
                return self._web_session(session).handle(request)
            case "browser":
                return self._page_session(session, request.get("browser")).handle(request)
            case "terminal":
                return self._terminal_session(session).handle(request)
            case _:
                self._close(session)
                return {}

    def _web_session(self, name: str) -> "WebSession":
        from web import WebSession

        if name not in self._web:
            self._web[name] = WebSession(self._folder, name)
        return self._web[name]

    def _page_session(self, name: str, executable: str | None) -> "BrowserSession":
        from browser import Browser

        self._browser = self._browser or Browser()
        if name not in self._pages:
            self._pages[name] = self._browser.open(executable, self._folder, name)
        return self._pages[name]

    def _terminal_session(self, name: str) -> "TerminalSession":
        from terminal import TerminalSession

        if name not in self._terminals:
            self._terminals[name] = TerminalSession(self._folder, name)
        return self._terminals[name]

    def _close(self, session: str) -> None:
        for held in (self._web, self._pages, self._terminals):
            one = held.pop(session, None)
            if one is not None:
                one.close()

    def prepare(self) -> None:
        """Between two requests: get ready what the next proof is likely to need."""
        if self._browser is not None and not self._pages:
            self._browser.prepare()

    def close(self) -> None:
        """End all sessions and the browser."""
        for name in {*self._web, *self._pages, *self._terminals}:
            self._close(name)
        if self._browser is not None:
            self._browser.close()

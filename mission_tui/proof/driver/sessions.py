"""Requests by kind; a session is one assertion's, or one tester's, browser context, cookie jar or terminal."""

import os
from pathlib import Path
from typing import Any

from browser import Browser, BrowserSession
from terminal import TerminalSession
from web import WebSession


class Sessions:
    """Everything this program holds open."""

    def __init__(self) -> None:
        self._folder = Path(os.environ.get("MISSION_RUN_DIR", ".")) / "evidence"
        self._folder.mkdir(parents=True, exist_ok=True)
        self._browser = Browser()
        self._web: dict[str, WebSession] = {}
        self._pages: dict[str, BrowserSession] = {}
        self._terminals: dict[str, TerminalSession] = {}

    def handle(self, request: dict[str, Any]) -> dict[str, Any]:
        """One request: `{"kind": http|browser|terminal|close, "session": name, …}`."""
        session = request["session"]
        match request["kind"]:
            case "http":
                web = self._web.setdefault(session, WebSession(self._folder, session))
                return web.handle(request)
            case "browser":
                if session not in self._pages:
                    self._pages[session] = self._browser.open(request.get("browser"), self._folder, session)
                return self._pages[session].handle(request)
            case "terminal":
                terminal = self._terminals.setdefault(session, TerminalSession(self._folder, session))
                return terminal.handle(request)
            case _:
                self._close(session)
                return {}

    def _close(self, session: str) -> None:
        for held in (self._web, self._pages, self._terminals):
            one = held.pop(session, None)
            if one is not None:
                one.close()

    def close(self) -> None:
        for name in {*self._web, *self._pages, *self._terminals}:
            self._close(name)
        self._browser.close()

"""A web app with habits, good and bad, that proofs must cope with. Standard library only; it runs in the box."""

import contextlib
import json
import os
import sys
import threading
import time
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import ClassVar
from urllib.parse import urlsplit

HOME = """<!doctype html><title>Colours</title>
<style>body {background: white} @media (prefers-color-scheme: dark) {body {background: rgb(17, 24, 39)}}
@media (max-width: 500px) {nav {display: none}}</style>
<nav>Menu</nav><h1>Colours</h1>
<label>Name <input id="name"></label>
<label>Shade <select><option value="l">Light</option><option value="d">Dark</option></select></label>
<button onclick="add()">Add</button><button>Add many</button><button disabled>Send</button>
<ul></ul><p hidden data-testid="secret">hidden words</p>
<script>
function add() {
  const item = document.createElement('li');
  item.textContent = document.querySelector('#name').value;
  setTimeout(() => document.querySelector('ul').append(item), 200);
}
document.querySelector('#name').addEventListener('keydown', e => { if (e.key === 'Enter') add(); });
</script>"""

PAGES = {
    "/": HOME,
    "/console-error": "<h1>Loud</h1><script>console.error('the wheels came off')</script>",
    "/page-error": "<h1>Broken</h1><script>setTimeout(() => { undefined_thing() }, 50)</script>",
    "/failing-fetch": "<h1>Fetch</h1><button onclick=\"setTimeout(() => fetch('/missing'), 50)\">Load</button>",
    "/icon": "<link rel=icon href=/favicon.ico><h1>Icon</h1>",
    "/dialog": "<h1>Ask</h1><button onclick=\"this.textContent = confirm('Sure?') ? 'yes' : 'no'\">Delete</button>",
    "/hang": '<h1>Hang</h1><button onclick="setTimeout(() => { while (true); }, 0)">Spin</button>',
    "/restless": "<h1>Restless</h1><script>setInterval(() => fetch('/count'), 20)</script>",
    "/endless-picture": "<h1>Patient</h1><img src=/never alt=x>",
    "/covered": "<button>Buy</button><div style='position:fixed;inset:0;background:#0003'></div>",
    "/tab": "<h1>First</h1><a href=/icon target=_blank>More</a>",
    "/twice": "<button style='display:none'>Save</button><button onclick=\"this.textContent='Saved'\">Save</button>",
}

HEADERS = {"/loop": {"Location": "/loop"}, "/login": {"Set-Cookie": "user=ada; Path=/", "Location": "/"}}


class Handler(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    counts: ClassVar[dict[str, int]] = {}

    def do_GET(self) -> None:
        path = urlsplit(self.path).path
        seen = self.counts[path] = self.counts.get(path, 0) + 1
        if path in PAGES:
            self.answer(200, PAGES[path], "text/html; charset=utf-8")
        elif path in HEADERS:
            self.answer(303, "", headers=HEADERS[path])
        elif path == "/eventually":
            self.answer(200 if seen > 3 else 503, f"asked {seen} times")
        elif path == "/count":
            self.answer(200, json.dumps({"count": seen, "list": [{"a/b": None}, True]}), "application/json")
        elif path == "/whoami":
            self.answer(200, self.headers.get("Cookie", "nobody"))
        elif path == "/host":
            self.answer(200, " ".join(p.name for place in (Path.home(), Path()) for p in place.iterdir()))
        elif path == "/never":
            self.send_response(200)
            self.end_headers()
            with contextlib.suppress(BrokenPipeError):
                while True:
                    self.wfile.write(b"and again\n")
                    time.sleep(0.05)
        elif path == "/die":
            print("the floor gave way", flush=True)
            os._exit(7)
        else:
            self.answer(404, f"no {path}")

    def do_POST(self) -> None:
        body = self.rfile.read(int(self.headers.get("Content-Length", 0))).decode()
        if self.path == "/file":
            for place in (Path("left-in-tree"), Path.home() / "left-at-home"):
                place.write_text(body)
        self.answer(201, body, self.headers.get("Content-Type", "text/plain"), {"X-Length": str(len(body))})

    def answer(self, status: int, text: str, kind: str = "text/plain", headers: dict[str, str] | None = None) -> None:
        data = text.encode()
        self.send_response(status)
        for name, value in {"Content-Type": kind, **(headers or {})}.items():
            self.send_header(name, value)
        if status != 204:
            self.send_header("Content-Length", str(len(data)))
        self.end_headers()
        self.wfile.write(data)

    def log_message(self, format: str, *args: object) -> None:
        pass


if __name__ == "__main__":
    print(f"starting as {os.getpid()}", flush=True)
    if "broken" in sys.argv:
        sys.exit("no such database")
    if "idle" in sys.argv:
        threading.Event().wait()
    if "slow" in sys.argv:
        time.sleep(0.4)
    server = ThreadingHTTPServer(("127.0.0.1", int(os.environ["PORT"])), Handler)
    print("ready to serve", flush=True)
    server.serve_forever()

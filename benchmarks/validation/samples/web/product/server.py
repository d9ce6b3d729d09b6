"""Serves the page and its data."""

import json
import os
import re
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from urllib.parse import parse_qs, urlsplit

from items import Items

STATIC = {
    "/": ("index.html", "text/html; charset=utf-8"),
    "/app.js": ("app.js", "text/javascript"),
    "/style.css": ("style.css", "text/css"),
}
HERE = Path(__file__).parent


class Server(ThreadingHTTPServer):
    request_queue_size = 128


class Handler(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    items = None

    def do_GET(self):
        parts = urlsplit(self.path)
        if parts.path in STATIC:
            name, kind = STATIC[parts.path]
            self.answer(200, (HERE / name).read_bytes(), kind)
        elif parts.path == "/api/items":
            self.answer(200, self.items.listed(parse_qs(parts.query).get("q", [""])[0]))
        else:
            self.answer(404, {"error": "Not found"})

    def do_POST(self):
        used = re.fullmatch(r"/api/items/(\d+)/use", self.path)
        body = self.body()
        if used:
            item = self.items.use(int(used[1]))
            self.answer(200 if item else 404, item or {"error": "Not found"})
        elif self.path == "/api/items":
            try:
                self.answer(201, self.items.add(body.get("name"), body.get("amount"), body.get("expires") or ""))
            except ValueError as error:
                self.answer(422, {"error": str(error)})
        else:
            self.answer(404, {"error": "Not found"})

    def do_DELETE(self):
        found = re.fullmatch(r"/api/items/(\d+)", self.path)
        gone = bool(found) and self.items.remove(int(found[1]))
        self.answer(204 if gone else 404, None if gone else {"error": "Not found"})

    def body(self):
        data = self.rfile.read(int(self.headers.get("Content-Length") or 0))
        return json.loads(data) if data else {}

    def answer(self, status, content=None, kind="application/json"):
        data = content if isinstance(content, bytes) else b"" if content is None else json.dumps(content).encode()
        self.send_response(status)
        if status != 204:
            self.send_header("Content-Type", kind)
            self.send_header("Content-Length", str(len(data)))
        self.end_headers()
        self.wfile.write(data)

    def log_message(self, text, *values):
        pass


if __name__ == "__main__":
    Handler.items = Items(os.environ.get("PANTRY_FILE", "pantry.json"))
    Server(("127.0.0.1", int(os.environ["PORT"])), Handler).serve_forever()

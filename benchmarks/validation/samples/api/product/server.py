"""The HTTP interface."""

import csv
import io
import json
import os
import re
import signal
import sys
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from urllib.parse import parse_qs, urlsplit

from store import COLUMNS, Refused, Store

MAX_LIMIT = 100


class Handler(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    store = None

    def do_GET(self):
        parts = urlsplit(self.path)
        asked = {k: v[0] for k, v in parse_qs(parts.query).items()}
        if parts.path == "/health":
            self.answer(200, {"status": "ok"})
        elif parts.path == "/rooms":
            self.answer(200, self.store.rooms(int(asked.get("min_capacity", 0))))
        elif parts.path == "/bookings":
            limit = min(int(asked.get("limit", 50)), MAX_LIMIT)
            offset = int(asked.get("offset", 0))
            self.answer(200, self.store.bookings(asked.get("room"), asked.get("day"), limit, offset))
        elif parts.path == "/bookings.csv":
            self.export()
        elif self.number() is not None:
            self.show(self.store.booking(self.number()))
        else:
            self.refuse(404, "path", "nothing is here")

    def do_POST(self):
        body = self.body()
        if self.path != "/bookings":
            self.not_allowed()
        elif not self.headers.get("X-User"):
            self.refuse(401, "X-User", "who are you?")
        elif body is not None:
            missing = [f for f in ("room", "start", "end", "title", "attendees") if f not in body]
            if missing:
                self.refuse(422, missing[0], f"{missing[0]} is missing")
                return
            key = self.headers.get("Idempotency-Key")
            made = self.tried(lambda: self.store.book(body, self.headers["X-User"], key))
            if made:
                self.answer(201, made, {"Location": f"/bookings/{made['id']}", "ETag": f'"{made["version"]}"'})

    def do_PATCH(self):
        body = self.body()
        if self.number() is None:
            self.not_allowed()
        elif body is not None:
            match = self.headers.get("If-Match")
            version = int(match.strip('"')) if match else None
            found = self.tried(lambda: self.store.change(self.number(), body, version) or 0)
            if found is not None:
                self.show(found or None)

    def do_DELETE(self):
        if self.number() is None:
            self.not_allowed()
            return
        gone = self.tried(lambda: self.store.cancel(self.number(), self.headers.get("X-User")))
        if gone:
            self.answer(204)
        elif gone is False:
            self.refuse(404, "id", "no such booking")

    def number(self):
        found = re.fullmatch(r"/bookings/(\d+)", urlsplit(self.path).path)
        return int(found[1]) if found else None

    def body(self):
        try:
            read = json.loads(self.rfile.read(int(self.headers.get("Content-Length", 0))))
            if isinstance(read, dict):
                return read
        except ValueError:
            pass
        self.refuse(400, "body", "a JSON object is needed")
        return None

    def tried(self, action):
        try:
            return action()
        except Refused as refused:
            self.refuse(refused.status, refused.field, str(refused))
            return None

    def show(self, booking):
        if booking is None:
            self.refuse(404, "id", "no such booking")
        else:
            self.answer(200, booking, {"ETag": f'"{booking["version"]}"'})

    def export(self):
        text = io.StringIO()
        rows = csv.DictWriter(text, COLUMNS[:7], extrasaction="ignore")
        rows.writeheader()
        rows.writerows(self.store.bookings(limit=10**9)["items"])
        self.answer(200, text.getvalue(), {"Content-Disposition": 'attachment; filename="bookings.csv"'}, "text/csv")

    def not_allowed(self):
        self.answer(405, {"error": {"field": "method", "message": "not here"}}, {"Allow": "GET"})

    def refuse(self, status, field, message):
        self.answer(status, {"error": {"field": field, "message": message}})

    def answer(self, status, content=None, headers=None, kind="application/json"):
        data = b"" if content is None else (content if isinstance(content, str) else json.dumps(content)).encode()
        self.send_response(status)
        for name, value in (headers or {}).items():
            self.send_header(name, value)
        if status != 204:
            self.send_header("Content-Type", f"{kind}; charset=utf-8")
            self.send_header("Content-Length", str(len(data)))
        self.end_headers()
        self.wfile.write(data)

    def log_message(self, text, *values):
        print(text % values, flush=True)


class Server(ThreadingHTTPServer):
    request_queue_size = 128


def main():
    Handler.store = Store(os.environ.get("ROOMBOOK_DB", "roombook.db"))
    server = Server(("127.0.0.1", int(os.environ["PORT"])), Handler)
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(0))
    server.serve_forever()


if __name__ == "__main__":
    main()

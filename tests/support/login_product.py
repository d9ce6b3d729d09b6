"""A web app with a login that lets its password out wherever it can: log, page, URL, console, header."""

import base64
import html
import json
import os
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from urllib.parse import parse_qs, urlsplit

FORM = """<!doctype html><title>Login</title><h1>Log in</h1><form action=/welcome>
<label>Password <input name=password type=password></label><button>Log in</button></form>"""


class Handler(BaseHTTPRequestHandler):
    def do_GET(self) -> None:
        given = parse_qs(urlsplit(self.path).query).get("password", [""])[0]
        if not self.path.startswith("/welcome"):
            return self.answer(200, FORM)
        return self.answer(*self.checked(given))

    def do_POST(self) -> None:
        given = json.loads(self.rfile.read(int(self.headers["content-length"])))["password"]
        self.answer(*self.checked(given))

    def checked(self, given: str) -> tuple[int, str]:
        if given != os.environ.get("APP_PASSWORD"):
            return 403, "<h1>Wrong password</h1>"
        said = json.dumps(given)
        return 200, f"<h1>Welcome</h1><p>{html.escape(given)}</p><script>console.log({said})</script>"

    def answer(self, status: int, page: str) -> None:
        self.send_response(status)
        self.send_header("content-type", "text/html; charset=utf-8")
        secret = os.environ.get("APP_PASSWORD", "")
        self.send_header("x-basic", base64.b64encode(f"ada:{secret}".encode()).decode())
        self.end_headers()
        self.wfile.write(page.encode())


print("starting with", os.environ.get("APP_PASSWORD"), flush=True)
ThreadingHTTPServer(("127.0.0.1", int(os.environ["PORT"])), Handler).serve_forever()

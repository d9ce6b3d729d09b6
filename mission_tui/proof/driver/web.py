"""HTTP requests with a cookie jar that lasts as long as its session."""

import json
import time
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import httpx
from outcome import StepFailure, matches, shown, wait_until

MAX_BODY = 2_000_000
SHOWN = 12_000
PAUSE_S = 0.1
ANSWER_S = 30.0
"""How long an answer may take to begin, and to go on."""
TESTER_S = 5.0


class WebSession:
    """One assertion's requests."""

    def __init__(self, folder: Path, name: str) -> None:
        self._file = folder / f"{name}-responses.json"
        # The app under test is on this machine, and loading certificates would be the greatest part of a request.
        self._client = httpx.Client(follow_redirects=False, trust_env=False, verify=False)
        self._log: list[dict[str, Any]] = []
        self._last: Answer | None = None

    def handle(self, request: dict[str, Any]) -> dict[str, Any]:
        """`steps`: run and check them; `send`: one request for a tester."""
        try:
            if request["do"] == "steps":
                for number, step in enumerate(request["steps"], 1):
                    self._step(request["base"], number, step)
                return {"evidence": self._evidence()}
            response = self._send(request["url"], request["method"], request, TESTER_S)
            return {"text": response.as_text(), "evidence": self._evidence()}
        except StepFailure as failure:
            failure.evidence = self._evidence()
            raise

    def _step(self, base: str, number: int, step: dict[str, Any]) -> None:
        """What only reads (GET, HEAD) is asked again until it fits or its time is over; the record counts how often."""
        within = float(step.get("within_s", 5.0))
        kept = len(self._log)

        def complaint() -> str | None:
            tries = self._log[kept]["tries"] if len(self._log) > kept else 0
            del self._log[kept:]
            response = self._act(base, step, within)
            if len(self._log) > kept:
                self._log[kept]["tries"] = tries + 1
            return _complaint(step, response)

        repeatable = str(step.get("request", "")).split(" ")[0] in ("GET", "HEAD")
        try:
            wait_until(complaint, within if repeatable else 0, _pause)
        except StepFailure as failure:
            what = step.get("request", "same response")
            raise StepFailure(failure.cause, f"step {number}, {what}: {failure}") from None

    def _act(self, base: str, step: dict[str, Any], within: float) -> "Answer":
        if "request" in step:
            method, _, path = step["request"].partition(" ")
            return self._send(base + path, method, step, within)
        if self._last is None:
            raise StepFailure("other", "the first step needs a `request`")
        return self._last

    def _send(self, url: str, method: str, step: dict[str, Any], within: float) -> "Answer":
        timeout = max(within, ANSWER_S)
        body = step.get("body")
        content: dict[str, Any] = {}
        if isinstance(body, str):
            content = {"content": body}
        elif body is not None:
            content = {"json": body}
        try:
            with self._client.stream(method, url, headers=step.get("headers"), timeout=timeout, **content) as response:
                answer = _received(response, time.monotonic() + within)
        except httpx.TimeoutException:
            raise StepFailure("app", f"{method} {url}: no answer within {timeout:g} s") from None
        except (httpx.HTTPError, httpx.InvalidURL, ValueError) as error:
            raise StepFailure("app", f"{method} {url}: {error or type(error).__name__}") from None
        self._last = answer
        self._log.append(answer.as_record())
        return answer

    def _evidence(self) -> list[dict[str, str]]:
        self._file.write_text(json.dumps(self._log, ensure_ascii=False, indent=1))
        return [{"kind": "response", "file": self._file.name, "name": "responses.json"}] if self._log else []

    def close(self) -> None:
        self._client.close()


def _pause(_seconds: float) -> bool:
    time.sleep(PAUSE_S)
    return True


@dataclass(frozen=True)
class Answer:
    """A response as far as it arrived."""

    request: str
    status: int
    reason: str
    headers: httpx.Headers
    text: str
    cut: bool
    """It was longer than what is kept, or did not end within the step's time, as streams of events do not."""

    def as_record(self) -> dict[str, Any]:
        cut = {"cut": True} if self.cut else {}
        headers = dict(self.headers)
        return {"request": self.request, "tries": 1, "status": self.status, "headers": headers, "body": self.text} | cut

    def as_text(self) -> str:
        headers = "\n".join(f"{k}: {v}" for k, v in self.headers.multi_items())
        more = f"\n… {len(self.text) - SHOWN} characters left out" if len(self.text) > SHOWN else ""
        return f"{self.status} {self.reason}\n{headers}\n\n{self.text[:SHOWN]}{more}"


def _received(response: httpx.Response, deadline: float) -> Answer:
    body = bytearray()
    cut = False
    try:
        for chunk in response.iter_bytes():
            body += chunk
            cut = len(body) > MAX_BODY or time.monotonic() > deadline
            if cut:
                break
    except httpx.ReadTimeout:
        cut = True
    return Answer(
        request=f"{response.request.method} {response.request.url.raw_path.decode()}",
        status=response.status_code,
        reason=response.reason_phrase,
        headers=response.headers,
        text=body[:MAX_BODY].decode(response.encoding or "utf-8", "replace"),
        cut=cut,
    )


def _complaint(step: dict[str, Any], response: Answer) -> str | None:
    """The first expectation that does not hold, as expected and seen."""
    status = step.get("expect_status")
    if status is not None and response.status != status:
        return f"expected status {status}, seen {response.status} {shown(response.text, 120)}"
    for name, pattern in step.get("expect_header", {}).items():
        value = response.headers.get(name)
        if value is None or not matches(pattern, value):
            return f"expected header {name} to match {pattern!r}, seen {value!r}"
    body = step.get("expect_body")
    if body is not None and not matches(body, response.text):
        return f"expected a body that matches {body!r}, seen {shown(response.text, 1000)}"
    return _json_complaint(step.get("expect_json", {}), response)


def _json_complaint(expected: dict[str, Any], response: Answer) -> str | None:
    if not expected:
        return None
    try:
        document = json.loads(response.text)
    except ValueError:
        return f"expected JSON, seen {shown(response.text)}"
    for pointer, value in expected.items():
        found, seen = _resolve(document, pointer)
        if not found:
            return f"expected {pointer} in the JSON, seen {shown(response.text)}"
        if seen != value or isinstance(seen, bool) != isinstance(value, bool):
            return f"expected {pointer} to be {json.dumps(value)}, seen {json.dumps(seen)[:200]}"
    return None


def _resolve(document: Any, pointer: str) -> tuple[bool, Any]:  # noqa: ANN401 - any JSON
    """RFC 6901."""
    here: Any = document
    for part in pointer.split("/")[1:]:
        key = part.replace("~1", "/").replace("~0", "~")
        try:
            here = here[_index(key) if isinstance(here, list) else key]
        except (LookupError, TypeError, ValueError):
            return False, None
    return True, here


def _index(key: str) -> int:
    if not key.isdecimal():
        raise LookupError(key)
    return int(key)

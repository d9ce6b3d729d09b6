"""Steps of a run as lines: one folded line per call, unfolded to its arguments and result."""

import json
from collections.abc import Iterator
from dataclasses import dataclass
from difflib import SequenceMatcher
from typing import Any, cast

from mission_tui.domain.ports import JsonObject
from mission_tui.store.live import LiveText
from mission_tui.store.steps import StepRecord
from mission_tui.ui.look import Line, Piece, Tone
from mission_tui.ui.text import clean, clock, cut, duration, one_line, padded, sized, wrapped
from mission_tui.ui.widgets.lines import Painted

VERBS = {
    "read_file": "read",
    "list_files": "list",
    "run_command": "run",
    "write_file": "write",
    "edit_file": "edit",
    "ask_human": "ask",
    "start_service": "start",
    "stop_service": "stop",
    "http_request": "http",
    "submit_handoff": "hand off",
    "record_verdict": "verdict",
    "continue_mission": "go on",
    "dismiss_issue": "dismiss",
    "add_feature": "add",
    "change_feature": "change",
    "cancel_feature": "cancel",
    "write_contract": "contract",
    "amend_contract": "amend",
    "write_plan": "plan",
    "write_skill": "skill",
    "update_skill": "lesson",
    "roll_back": "rollback",
    "request_decision": "decide",
    "submit_review": "review",
    "submit_report": "report",
    "browser_open": "open",
    "browser_click": "click",
    "browser_fill": "fill",
    "browser_press": "press",
    "browser_snapshot": "look",
    "browser_screenshot": "picture",
    "browser_console": "console",
    "terminal_open": "terminal",
    "terminal_type": "type",
    "terminal_press": "press",
    "terminal_screen": "screen",
}
MAIN = (
    "command",
    "path",
    "pattern",
    "question",
    "method",
    "target",
    "assertion",
    "name",
    "id",
    "summary",
    "text",
    "note",
)
"""Arguments that say best what a call is about, in this order."""
VERB_WIDTH = 9
RESULT_WIDTH = 11
TIME_WIDTH = 8
UNFOLDED_LINES = 200
TAIL_LINES = 3
"""Last lines of a failed command that show without unfolding."""


def arguments_of(step: StepRecord) -> JsonObject:
    """The call's arguments; what does not parse comes back under `arguments` as it was sent."""
    raw: Any = step.request.get("arguments", {})
    if isinstance(raw, str):
        try:
            raw = json.loads(raw or "{}")
        except ValueError:
            return {"arguments": raw}
    return cast(JsonObject, raw) if isinstance(raw, dict) else {"arguments": raw}


@dataclass(frozen=True, slots=True)
class StepLines:
    """Lays steps out for one width."""

    width: int
    now: float = 0.0
    """Unix time in seconds, for how long a step has been running."""
    thinking: bool = False
    """Whether what the model thought is unfolded everywhere."""

    def of(self, step: StepRecord, unfolded: bool) -> list[Painted]:
        key = str(step.n)
        match step.kind:
            case "model":
                return list(self._model(key, step, unfolded))
            case "note":
                text = str((step.result or {}).get("text", ""))
                return list(self._text(key, text, "faint", 200 if unfolded else 4, "> "))
            case "tool":
                head = Painted(key, *self._head(step, unfolded))
                return [head, *(self._unfolded(key, step) if unfolded else self._tail(key, step))]

    def live(self, live: LiveText | None) -> list[Painted]:
        """What is being streamed: its last lines, and where the next will come."""
        if live is None:
            return []
        if live.note:
            return [Painted("live", ("  ⟳ ", "odd"), (cut(one_line(live.note), self.width - 4), "odd"))]
        tone: Tone = "plain" if live.kind == "text" else "faint"
        label = {"text": "", "thinking": "thinking… ", "tool": "calls… "}[live.kind]
        parts = wrapped(clean(label + live.text[-4000:]), self.width - 4, 400)[-12:]
        rows = [Painted("live", ("  ", "plain"), (part, tone)) for part in parts[:-1]]
        last = parts[-1] if parts else ""
        return [*rows, Painted("live", ("  ", "plain"), (last, tone), ("▌", "live"))]

    # Model calls

    def _model(self, key: str, step: StepRecord, unfolded: bool) -> Iterator[Painted]:
        result = step.result or {}
        if step.status == "running":
            return
        if step.status != "done":
            why = one_line(str(result.get("error", "no answer")))
            yield Painted(key, ("✖ model  ", "bad"), (cut(why, self.width - 9), "plain"))
            return
        message: JsonObject = result.get("message") or {}
        thinking, text = str(message.get("thinking") or ""), str(message.get("content") or "")
        if thinking:
            yield from self._thinking(key, thinking, unfolded or self.thinking)
        if text.strip():
            yield from self._text(key, text.strip(), "plain", 400 if unfolded else 40, "  ")

    def _thinking(self, key: str, thinking: str, unfolded: bool) -> Iterator[Painted]:
        if unfolded:
            yield from self._text(key, thinking, "faint", UNFOLDED_LINES, "┊ ")
        else:
            first = cut(one_line(thinking), self.width - VERB_WIDTH - 3)
            yield Painted(key, ("▸ ", "faint"), ("thinking".ljust(VERB_WIDTH), "faint"), (first, "faint"))

    def _text(self, key: str, text: str, tone: Tone, most: int, lead: str) -> Iterator[Painted]:
        for part in wrapped(clean(text), self.width - len(lead), most):
            yield Painted(key, (lead, "faint"), (part, tone))

    # Tool calls

    def _head(self, step: StepRecord, unfolded: bool) -> Line:
        fold, fold_tone = _mark(step, unfolded)
        verb = VERBS.get(step.name, one_line(step.name, 40).replace("_", " "))
        result, tone = _result(step)
        spent = duration(_seconds(step)) if step.ended_at is not None else clock(self.now - step.started_at)
        right: tuple[Piece, ...] = ((f" {result.rjust(RESULT_WIDTH)}", tone), (spent.rjust(TIME_WIDTH), "faint"))
        room = self.width - 2 - VERB_WIDTH - RESULT_WIDTH - 1 - TIME_WIDTH
        if room < 12:
            right, room = right[:1], room + TIME_WIDTH
        about = padded(one_line(_about(arguments_of(step))), room)
        return ((f"{fold} ", fold_tone), (padded(verb, VERB_WIDTH - 1) + " ", "live"), (about, "plain"), *right)

    def _tail(self, key: str, step: StepRecord) -> Iterator[Painted]:
        """Of what went wrong the end shows at once."""
        result = step.result or {}
        wrong = step.status in ("failed", "unknown") or result.get("exit_code") not in (None, 0)
        if not wrong:
            return
        text = str(result.get("text", ""))[-2000:]
        lines = [line for line in clean(text).split("\n") if line.strip() and not line.startswith("exit code ")]
        for line in lines[-TAIL_LINES:]:
            yield Painted(key, ("    ", "plain"), (cut(line.rstrip(), self.width - 4), "faint"))

    def _unfolded(self, key: str, step: StepRecord) -> Iterator[Painted]:
        arguments = arguments_of(step)
        if {"old", "new"} <= arguments.keys():
            yield from self._changed(key, str(arguments["old"]), str(arguments["new"]))
        elif "content" in arguments:
            yield from self._block(key, str(arguments["content"]), "added", "  + ")
        else:
            yield from self._arguments(key, arguments)
        result = step.result or {}
        text = str(result.get("text", ""))
        if text:
            yield from self._block(key, text, "plain", "  │ ")
        if result.get("artifact") or len(text) > UNFOLDED_LINES * self.width or text.count("\n") > UNFOLDED_LINES:
            size = "" if result.get("artifact") else f" ({sized(len(text))})"
            yield Painted(key, ("  │ ", "faint"), (cut(f"o shows the whole output{size}", self.width - 4), "faint"))

    def _changed(self, key: str, old: str, new: str) -> Iterator[Painted]:
        """An edit line by line: what goes, what comes, and what stays between them."""
        before, after = clean(old).split("\n"), clean(new).split("\n")
        for tag, i, j, k, m in SequenceMatcher(None, before, after, autojunk=False).get_opcodes():
            if tag == "equal":
                yield from self._block(key, "\n".join(before[i:j]), "plain", "    ")
                continue
            if i < j:
                yield from self._block(key, "\n".join(before[i:j]), "removed", "  - ")
            if k < m:
                yield from self._block(key, "\n".join(after[k:m]), "added", "  + ")

    def _arguments(self, key: str, arguments: JsonObject) -> Iterator[Painted]:
        about = _about(arguments)
        for name, value in arguments.items():
            text = value if isinstance(value, str) else json.dumps(value, ensure_ascii=False)
            if text == about and "\n" not in text and len(text) < self.width // 2:
                continue
            yield from self._block(key, f"{name}: {text}", "code", "  ")

    def _block(self, key: str, text: str, tone: Tone, lead: str) -> Iterator[Painted]:
        for part in wrapped(clean(text), self.width - len(lead), UNFOLDED_LINES):
            yield Painted(key, (lead, "faint" if tone in ("plain", "code") else tone), (part, tone))


def step_text(step: StepRecord) -> str:
    """All of a step as plain text: what was called, with what, and what came of it."""
    result = step.result or {}
    if step.kind == "model":
        message: JsonObject = result.get("message") or {}
        parts = [str(message.get("thinking") or ""), str(message.get("content") or ""), str(result.get("error") or "")]
        return "\n\n".join(filter(None, parts))
    arguments = [f"{n}: {v if isinstance(v, str) else json.dumps(v)}" for n, v in arguments_of(step).items()]
    return "\n".join([step.name, *arguments, "", str(result.get("text", ""))]).lstrip("\n")


def _about(arguments: JsonObject) -> str:
    method = arguments.get("method")
    if isinstance(method, str) and isinstance(arguments.get("path"), str):
        return f"{method} {arguments['path']}"
    for name in MAIN:
        if isinstance(arguments.get(name), str):
            return arguments[name]
    if isinstance(arguments.get("target"), dict):
        return " ".join(str(part) for part in arguments["target"].values() if part)
    found = next((v for v in arguments.values() if isinstance(v, str)), None)
    return found if found is not None else ", ".join(f"{k}: {_short(v)}" for k, v in arguments.items())


def _short(value: object) -> str:
    return f"{len(value)}" if isinstance(value, list | dict) else str(value)  # pyright: ignore[reportUnknownArgumentType] - only counted


def _mark(step: StepRecord, unfolded: bool) -> Piece:
    if step.status == "running":
        return "◐", "live"
    return ("▾" if unfolded else "▸"), "faint"


def _seconds(step: StepRecord) -> float:
    """The command's own time where it is known: a step's result may be stored a little later than it came."""
    known = (step.result or {}).get("duration_s")
    return float(known) if isinstance(known, int | float) else (step.ended_at or step.started_at) - step.started_at


def _result(step: StepRecord) -> tuple[str, Tone]:
    result = step.result or {}
    if step.status == "running":
        return ("▲ waits", "wait") if step.name == "ask_human" else ("running", "live")
    if step.status == "unknown":
        return "? unknown", "odd"
    if step.status == "failed":
        return "✖ refused", "bad"
    if "exit_code" in result:
        code = result["exit_code"]
        return (
            ("✖ killed", "bad")
            if code is None
            else (f"exit {code}", "good")
            if code == 0
            else (f"✖ exit {code}", "bad")
        )
    text = str(result.get("text", ""))
    if step.name in ("read_file", "list_files", "search"):
        return f"{text.count(chr(10)) + 1} lines" if text else "nothing", "faint"
    return "✔", "faint"

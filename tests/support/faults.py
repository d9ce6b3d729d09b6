"""The faults of the matrix, and models that do their work whatever was said before: an answer depends on results only.

`CI` covers every pair of fault, role and number of times; `ALL` covers every triple.
"""

import json
import re
from collections.abc import Iterator
from dataclasses import dataclass, field

from mission_tui.domain.ports import Message, ModelRequest, Reply, ToolCall, Usage
from tests.support import openai_server as server
from tests.support.openai_server import Fault, Received, answers
from tests.support.providers import FOREVER, role_of

ROLES = ("worker", "orchestrator", "reviewer")
TIMES = (1, 3, FOREVER)
NO_CHOICES = 'data: {"id": "x", "object": "chat.completion.chunk", "created": 1, "model": "m", "choices": []}\n\n'
STREAM = {"content-type": "text/event-stream"}

PASSING = {
    "429": server.RATE_LIMITED,
    "429 with Retry-After": server.rate_limited("0"),
    "500": server.SERVER_ERROR,
    "503": server.OVERLOADED,
    "529": server.BUSY,
    "header hang": Fault(silent=True),
    "stall in mid-stream": server.stalls_after(3),
    "keep-alive only": server.keeps_alive_after(0),
    "drip without end": server.drips(),
    "reset": server.resets_after(3),
    "end of file without an end": server.ends_after(3),
    "error in mid-stream": server.error_event_after(3),
    "bad SSE": Fault(after=2, then="garbage"),
    "HTML with 200": server.HTML_PAGE,
    "empty body": server.EMPTY_BODY,
    "no choices": Fault(headers=STREAM, body=NO_CHOICES + "data: [DONE]\n\n"),
}
FOR_THE_HUMAN = {
    "401": server.BAD_KEY,
    "402": server.PAYMENT_REQUIRED,
}
MALFORMED = {
    "empty stop": answers(),
    "prose": answers(text="I am afraid that I cannot do this."),
    "withheld": answers(finish="content_filter"),
    "unknown tool": answers(("launch_rocket", "{}")),
    "wrong schema": answers(("read_file", '{"file": 7}')),
    "cut tool arguments": answers(("read_file", '{"path": "app'), finish="length"),
    "overflow": server.TOO_LONG,
    "5 MB": answers(text="x" * 5_000_000),
}
FAULTS: dict[str, Fault] = {**PASSING, **FOR_THE_HUMAN, **MALFORMED}


@dataclass(frozen=True)
class Case:
    """One mission: for each role three faults, one after the other with a right answer in between."""

    plan: dict[str, tuple[tuple[str, int], ...]]

    @property
    def name(self) -> str:
        first = next(iter(self.plan.values()))
        return "+".join(fault for fault, _ in first).replace(" ", "_")


def ci() -> list[Case]:
    """Every fault meets every role and every number of times, in pairs."""
    names = list(FAULTS)
    parts = {
        role: [[f for k, f in enumerate(names) if (k + r) % 3 == c] for c in range(3)] for r, role in enumerate(ROLES)
    }
    rows = max(len(part) for by_times in parts.values() for part in by_times)
    return [
        Case({role: tuple((p[j % len(p)], TIMES[c]) for c, p in enumerate(parts[role])) for role in ROLES})
        for j in range(rows)
    ]


def everything() -> list[Case]:
    """Every fault meets every role any number of times."""
    names = list(FAULTS)
    third = len(names) // 3
    return [
        Case(
            {
                role: tuple((names[(j + c * third) % len(names)], times) for c, times in enumerate(TIMES))
                for role in ROLES
            }
        )
        for j in range(len(names))
    ]


@dataclass
class Chain:
    """Chooses the fault of each request: a role's next fault begins after a right answer."""

    case: Case
    left: dict[str, list[list[str | int]]] = field(init=False)
    hits: list[tuple[str, str]] = field(default_factory=list[tuple[str, str]])
    """Roles with the faults that hit them, in order."""

    def __post_init__(self) -> None:
        self.left = {role: [[name, times] for name, times in faults] for role, faults in self.case.plan.items()}

    def __call__(self, received: Received) -> Fault | None:
        role = role_of(received)
        queue = self.left.get(role)
        if not queue:
            return None
        name, times = queue[0]
        if times == 0:
            queue.pop(0)
            return None
        queue[0][1] = int(times) - 1
        self.hits.append((role, str(name)))
        return FAULTS[str(name)]

    def heal(self) -> None:
        """End what would go on for ever and has been met."""
        for queue in self.left.values():
            if queue and FOREVER - 1000 < int(queue[0][1]) < FOREVER:
                queue[0][1] = 0


def obliging(request: ModelRequest) -> Reply:
    """A right answer to any conversation of the three roles."""
    system = request.messages[0].content
    role = (re.match(r"# Role: (\w+)", system) or ["", ""])[1]
    if "is about to be replaced" in request.messages[-1].content:
        return _reply(Message(role="assistant", content="Summary: bye.py is to be written."), request)
    name, arguments = next(_steps(role, request))
    number = len(request.messages)
    call = ToolCall(id=f"call_{number}", name=name, arguments=json.dumps(arguments))
    return _reply(Message(role="assistant", tool_calls=(call,)), request)


def _reply(message: Message, request: ModelRequest) -> Reply:
    size = sum(len(m.content) for m in request.messages)
    return Reply(message=message, usage=Usage(input_tokens=size // 4, output_tokens=20))


def _steps(role: str, request: ModelRequest) -> Iterator[tuple[str, dict[str, object]]]:
    done = _carried_out(request)
    briefing = request.messages[1].content
    if role == "worker":
        work: list[tuple[str, dict[str, object]]] = [
            ("write_file", {"path": "bye.py", "content": "print('bye')\n"}),
            ("run_command", {"command": "python3 bye.py"}),
        ]
        end = ("submit_handoff", {**_HANDOFF})
    elif role == "orchestrator":
        issues = dict.fromkeys(re.findall(r"issue (I\d+) \(", briefing))
        failed = dict.fromkeys(re.findall(r"feature (F\d+) failed", briefing))
        work = [("read_file", {"path": "app.py"}), ("list_files", {})]
        work += [("change_feature", {"id": f, "changes": {"retry": True}}) for f in failed]
        work += [("dismiss_issue", {"id": i, "reason": "a matter of taste"}) for i in issues]
        end = ("continue_mission", {"note": "go on"})
    else:
        work = [("read_file", {"path": "bye.py"}), ("run_command", {"command": "python3 bye.py"})]
        end = ("submit_review", {"summary": "as specified", "findings": []})
    yield from (step for step in work if json.dumps([step[0], step[1]]) not in done)
    yield end


_HANDOFF: dict[str, object] = {
    "summary": "bye.py prints bye",
    "completed": ["bye.py"],
    "undone": [],
    "commands": [],
    "issues": [{"severity": "suggestion", "summary": "bye.py could say more"}],
    "procedure_followed": True,
    "deviations": "",
}


def _carried_out(request: ModelRequest) -> set[str]:
    answered = {m.tool_call_id for m in request.messages if m.role == "tool"}
    calls = (c for m in request.messages for c in m.tool_calls if c.id in answered and not c.id.startswith("odd_"))
    return {json.dumps([c.name, json.loads(c.arguments)]) for c in calls}

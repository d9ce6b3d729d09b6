"""Protocols through which the engine reaches the world: models, boxes and programs inside a box.

Implementations live in `llm` and `workspace`; tests and the demo pass other real implementations of the same protocols.
"""

from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import Any, Literal, Protocol

from pydantic import Field

from mission_tui.domain.base import Frozen

JsonObject = dict[str, Any]


class ToolCall(Frozen):
    """One call that a model asked for. `arguments` is the raw text as it arrived: parsed strictly, never repaired."""

    id: str
    name: str
    arguments: str


class Message(Frozen):
    """One message of a conversation, in the OpenAI chat form."""

    role: Literal["system", "user", "assistant", "tool"]
    content: str = ""
    tool_calls: tuple[ToolCall, ...] = ()
    tool_call_id: str | None = None
    """Which call a `tool` message answers."""
    thinking: str = ""
    """Reasoning text where the provider gives it; shown, and sent back only through `provider_data`."""
    provider_data: JsonObject = Field(default_factory=dict)
    """Opaque fields that the provider wants back unchanged in the next request (signed thinking blocks)."""


class ToolSpec(Frozen):
    """A tool as a model sees it."""

    name: str
    description: str
    parameters: JsonObject
    """JSON Schema of the arguments."""


class ModelRequest(Frozen):
    """Everything that one model call depends on."""

    messages: tuple[Message, ...]
    tools: tuple[ToolSpec, ...] = ()


class Usage(Frozen):
    """Tokens and money of one call or of many."""

    input_tokens: int = 0
    """All prompt tokens, cached ones included."""
    cached_tokens: int = 0
    output_tokens: int = 0
    usd: float = 0.0
    usd_known: bool = True
    """False when a price was unknown: `usd` is then a lower bound, never an invented zero."""

    def __add__(self, other: "Usage") -> "Usage":
        return Usage(
            input_tokens=self.input_tokens + other.input_tokens,
            cached_tokens=self.cached_tokens + other.cached_tokens,
            output_tokens=self.output_tokens + other.output_tokens,
            usd=self.usd + other.usd,
            usd_known=self.usd_known and other.usd_known,
        )


class Reply(Frozen):
    """A whole answer; a stream that was cut never becomes one."""

    message: Message
    usage: Usage = Usage()
    finish: Literal["", "length", "content_filter"] = ""
    """Why it ends early: at the model's output limit, or withheld by the provider; empty when it came to its end."""
    model: str = ""
    """Who gave it, when that may be another one than was asked first."""


class Delta(Frozen):
    """A piece of a streamed answer, for the screen only."""

    kind: Literal["text", "thinking", "tool"]
    text: str


class ModelError(Exception):
    """A model call that gave no answer. The message is one line and says what the user can do.

    `retry_at` is a Unix time in seconds when the provider named one.
    """

    def __init__(self, message: str, retry_at: float | None = None) -> None:
        super().__init__(message)
        self.retry_at = retry_at


class ModelUnavailable(ModelError):
    """Retries are used up (refused connection, 5xx, rate limit, cut streams): the mission parks and goes on later."""


class QuotaExhausted(ModelError):
    """Credit or quota is used up: calling again at once is useless. Without `retry_at` only the human can go on."""


class ModelMisconfigured(ModelError):
    """Missing or refused key, unknown model, bad endpoint: retrying cannot help, the human must change something."""


class ContextOverflow(ModelError):
    """The conversation is too long for the model: the run must compact it."""


class AnswerTooLong(ModelError):
    """More came than any answer may be long; what came was dropped. `usage` is an estimate of what it cost."""

    def __init__(self, message: str, limit: int, usage: Usage) -> None:
        super().__init__(message)
        self.limit = limit
        self.usage = usage


class Model(Protocol):
    """One seat's model."""

    @property
    def name(self) -> str: ...

    async def complete(self, request: ModelRequest, on_delta: Callable[[Delta], None]) -> Reply:
        """Answer the request, or raise a `ModelError`. Cancelling the task abandons the call."""
        ...


class CommandResult(Frozen):
    """What the box observed of one command."""

    exit_code: int | None
    """None when the command was killed by its timeout or by the box."""
    output: str
    """stdout and stderr as they came, decoded with replacement; the middle is cut out beyond the cap."""
    output_bytes: int
    """Length of the whole output, of which `log` keeps all up to its limit."""
    duration_s: float
    timed_out: bool = False
    over: str | None = None
    """Which limit of the box it went over, and what became of it."""
    stdout: str = ""
    """Filled, with `stderr`, only when the command was run with `split=True`."""
    stderr: str = ""


class BoxError(Exception):
    """The box itself failed (could not be made, or died); the message says what to do."""


class Program(Protocol):
    """A process in the box that answers JSON lines on its standard output, one per request, in order."""

    async def request(self, message: Mapping[str, Any], timeout_s: float) -> JsonObject:
        """Send one JSON object and return the answer. Raises BoxError on end of file, timeout or bad JSON."""
        ...

    async def close(self) -> None: ...


class ServiceStatus(Frozen):
    """A service in a box."""

    name: str
    running: bool
    exit_code: int | None = None
    log_tail: str = ""


class Box(Protocol):
    """One sandbox that lives as long as its run; everything in it dies with it.

    Inside, the tree is always at `/workspace` and the mission's environment at `/env`, whichever tree is mounted.
    """

    async def run(
        self,
        command: str,
        *,
        timeout_s: float,
        cwd: str = ".",
        env: Mapping[str, str] | None = None,
        log: Path | None = None,
        split: bool = False,
    ) -> CommandResult:
        """Run a shell line; its process tree dies with it. `cwd` is relative to the tree, `log` receives all output."""
        ...

    async def start_service(
        self, name: str, command: str, *, env: Mapping[str, str] | None = None, cwd: str = "."
    ) -> ServiceStatus:
        """Start a background process with its output in a file; raises BoxError if the name is taken."""
        ...

    async def service_status(self, name: str, log_tail_bytes: int = 4096) -> ServiceStatus: ...

    async def stop_service(self, name: str, timeout_s: float = 5.0) -> ServiceStatus:
        """SIGTERM, then SIGKILL after the timeout, to the whole process group."""
        ...

    async def free_port(self) -> int:
        """A TCP port that nobody listens on in the box's network."""
        ...

    async def start_program(self, argv: Sequence[str], env: Mapping[str, str] | None = None) -> Program: ...

    async def close(self) -> None:
        """Kill everything inside and wait until it is gone. Closing twice is fine."""
        ...

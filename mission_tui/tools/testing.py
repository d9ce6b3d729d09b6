"""How the user-testing validator uses the product: requests, a browser and a terminal. Each observation is stored."""

from collections.abc import Awaitable, Callable
from typing import Annotated, Any

from pydantic import Field

from mission_tui.domain.base import Frozen
from mission_tui.domain.checks import Size, Target
from mission_tui.proof.interactive import Interactive, Observation, ProofError
from mission_tui.tools.base import Tool, ToolProblem, ToolResult, Workshop

Pixels = Annotated[int, Field(ge=100, le=10_000)]


class HttpRequest(Frozen):
    method: str = Field(pattern=r"^[A-Z]+$")
    path: str
    headers: dict[str, str] = Field(default_factory=dict)
    body: Any = None


class OpenPage(Frozen):
    path: str
    viewport: tuple[Pixels, Pixels] | None = None


class Click(Frozen):
    target: Target


class Fill(Frozen):
    target: Target
    value: str


class Press(Frozen):
    key: str


class Nothing(Frozen):
    pass


class Picture(Frozen):
    name: str = Field(pattern=r"^[A-Za-z0-9._-]{1,60}$")


class OpenTerminal(Frozen):
    command: str
    size: Size = (80, 24)


class TypeText(Frozen):
    text: str


Use = Callable[[Interactive], Awaitable[Observation]]


async def _observe(workshop: Workshop, use: Use) -> ToolResult:
    """Do something with the product; what was seen is kept, and its ids are in the answer."""
    interactive = await workshop.interactive()
    try:
        seen = await use(interactive)
    except ProofError as error:
        raise ToolProblem(str(error)) from None
    kept = workshop.keep(seen.evidence)
    ids = ", ".join(f"{e.id} ({e.kind})" for e in kept)
    return ToolResult(f"{seen.text}\nevidence: {ids}" if ids else seen.text, evidence=kept)


async def _url(workshop: Workshop, path: str) -> str:
    if path.startswith(("http://127.0.0.1", "http://localhost")):
        return path
    base = await workshop.app_url()
    if base is None:
        raise ToolProblem("the app is not running; start it with start_service (no command) first")
    return base + (path if path.startswith("/") else f"/{path}")


async def http_request(args: HttpRequest, workshop: Workshop) -> ToolResult:
    url = await _url(workshop, args.path)
    return await _observe(workshop, lambda i: i.http_request(args.method, url, args.headers, args.body))


async def browser_open(args: OpenPage, workshop: Workshop) -> ToolResult:
    url = await _url(workshop, args.path)
    return await _observe(workshop, lambda i: i.browser_open(url, args.viewport))


async def browser_click(args: Click, workshop: Workshop) -> ToolResult:
    return await _observe(workshop, lambda i: i.browser_click(args.target))


async def browser_fill(args: Fill, workshop: Workshop) -> ToolResult:
    return await _observe(workshop, lambda i: i.browser_fill(args.target, args.value))


async def browser_press(args: Press, workshop: Workshop) -> ToolResult:
    return await _observe(workshop, lambda i: i.browser_press(args.key))


async def browser_snapshot(_args: Nothing, workshop: Workshop) -> ToolResult:
    return await _observe(workshop, lambda i: i.browser_snapshot())


async def browser_screenshot(args: Picture, workshop: Workshop) -> ToolResult:
    return await _observe(workshop, lambda i: i.browser_screenshot(args.name))


async def browser_console(_args: Nothing, workshop: Workshop) -> ToolResult:
    return await _observe(workshop, lambda i: i.browser_console())


async def terminal_open(args: OpenTerminal, workshop: Workshop) -> ToolResult:
    return await _observe(workshop, lambda i: i.terminal_open(args.command, args.size))


async def terminal_type(args: TypeText, workshop: Workshop) -> ToolResult:
    return await _observe(workshop, lambda i: i.terminal_type(args.text))


async def terminal_press(args: Press, workshop: Workshop) -> ToolResult:
    return await _observe(workshop, lambda i: i.terminal_press(args.key))


async def terminal_screen(_args: Nothing, workshop: Workshop) -> ToolResult:
    return await _observe(workshop, lambda i: i.terminal_screen())


TOOLS = (
    Tool("http_request", HttpRequest, "command", http_request),
    Tool("browser_open", OpenPage, "command", browser_open),
    Tool("browser_click", Click, "command", browser_click),
    Tool("browser_fill", Fill, "command", browser_fill),
    Tool("browser_press", Press, "command", browser_press),
    Tool("browser_snapshot", Nothing, "command", browser_snapshot),
    Tool("browser_screenshot", Picture, "command", browser_screenshot),
    Tool("browser_console", Nothing, "command", browser_console),
    Tool("terminal_open", OpenTerminal, "command", terminal_open),
    Tool("terminal_type", TypeText, "command", terminal_type),
    Tool("terminal_press", Press, "command", terminal_press),
    Tool("terminal_screen", Nothing, "command", terminal_screen),
)

"""Questions to read-only sub-agents."""

from pydantic import Field

from mission_tui.domain.base import Frozen
from mission_tui.tools.base import Tool, ToolResult, Workshop


class Research(Frozen):
    question: str = Field(min_length=1)
    paths: tuple[str, ...] = Field(default=(), description="files or folders to begin with")


async def research(args: Research, workshop: Workshop) -> ToolResult:
    return ToolResult(await workshop.research(args.question, args.paths))


TOOLS = (Tool("research", Research, "read", research),)

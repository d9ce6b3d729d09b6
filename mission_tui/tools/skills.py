"""Skills that the orchestrator writes and workers improve."""

from pydantic import Field

from mission_tui.content.skills import append_lesson, render_skill
from mission_tui.domain.base import Frozen
from mission_tui.tools.base import Tool, ToolProblem, ToolResult, Workshop

SKILL_NAME = r"^[a-z0-9]+(-[a-z0-9]+)*$"


class WriteSkill(Frozen):
    name: str = Field(pattern=SKILL_NAME, max_length=64)
    description: str = Field(min_length=1, max_length=1024)
    body: str = Field(min_length=1)


class UpdateSkill(Frozen):
    name: str
    lesson: str = Field(min_length=1, max_length=600)


async def write_skill(args: WriteSkill, workshop: Workshop) -> ToolResult:
    try:
        text = render_skill(args.name, args.description, args.body)
    except ValueError as error:
        raise ToolProblem(f"write_skill: {error}") from None
    facts = await workshop.write_skill(args.name, text, None)
    return ToolResult(f"wrote the skill {args.name}; features may name it now", facts)


async def update_skill(args: UpdateSkill, workshop: Workshop) -> ToolResult:
    text = workshop.skill_text(args.name)
    if text is None:
        known = ", ".join(sorted(workshop.mission.conversation.skills)) or "none"
        raise ToolProblem(f"update_skill: no skill {args.name!r} (known: {known})")
    try:
        changed = append_lesson(text, args.lesson, workshop.assignment.run_id)
    except ValueError as error:
        raise ToolProblem(f"update_skill: {error}") from None
    facts = await workshop.write_skill(args.name, changed, args.lesson)
    return ToolResult(f"recorded in {args.name}; later workers will read it", facts)


TOOLS = (
    Tool("write_skill", WriteSkill, "write", write_skill),
    Tool("update_skill", UpdateSkill, "write", update_skill),
)

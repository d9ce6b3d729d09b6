"""Every tool by name."""

from typing import Any

from mission_tui.tools import commands, contract, files, negotiation, plan, reports, research, skills, testing
from mission_tui.tools.base import Tool

TOOLS: dict[str, Tool[Any]] = {
    tool.name: tool
    for module in (files, commands, research, contract, plan, negotiation, skills, reports, testing)
    for tool in module.TOOLS
}

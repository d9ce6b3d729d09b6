"""Reading, searching and changing files of the run's tree."""

import asyncio
from collections.abc import Callable
from itertools import islice
from typing import ParamSpec, TypeVar

from pydantic import Field

from mission_tui.domain.base import Frozen
from mission_tui.store.errors import of_the_machine
from mission_tui.tools.base import Tool, ToolProblem, ToolResult, Workshop
from mission_tui.tools.patterns import matcher
from mission_tui.tools.tree import TreeProblem

Params = ParamSpec("Params")
Result = TypeVar("Result")
MAX_LINES = 1000
MAX_HITS = 200


class ReadFile(Frozen):
    path: str
    start: int = Field(default=1, ge=1, description="first line")
    end: int | None = Field(default=None, ge=1, description="last line, included")


class ListFiles(Frozen):
    path: str = "."
    glob: str | None = Field(default=None, description="for instance *.py or tests/*.py")


class Search(Frozen):
    pattern: str = Field(description="Python regular expression, matched line by line")
    path: str = "."
    glob: str | None = None


class WriteFile(Frozen):
    path: str
    content: str


class EditFile(Frozen):
    path: str
    old: str = Field(min_length=1, description="exact text that is there now")
    new: str
    all: bool = Field(default=False, description="replace every occurrence")


async def read_file(args: ReadFile, workshop: Workshop) -> ToolResult:
    lines = (await _guarded(workshop.tree.read, args.path)).splitlines()
    end = min(args.end or len(lines), args.start + MAX_LINES - 1, len(lines))
    shown = "\n".join(f"{n:5} {lines[n - 1]}" for n in range(args.start, end + 1))
    more = f"\n… {len(lines) - end} more lines; read on with start={end + 1}" if end < len(lines) else ""
    return ToolResult(f"{args.path}, lines {args.start}-{end} of {len(lines)}\n{shown}{more}")


async def list_files(args: ListFiles, workshop: Workshop) -> ToolResult:
    def listed() -> list[str]:
        return list(islice(workshop.tree.matching(args.path, args.glob), MAX_LINES + 1))

    names = await _guarded(listed)
    more = f"\n… more than {MAX_LINES} files; narrow with path or glob" if len(names) > MAX_LINES else ""
    return ToolResult("\n".join(names[:MAX_LINES]) + more if names else "no files match")


async def search(args: Search, workshop: Workshop) -> ToolResult:
    occurs = matcher("search", args.pattern)

    def found() -> list[tuple[str, int, str]]:
        return list(islice(workshop.tree.search(occurs, args.path, args.glob), MAX_HITS + 1))

    hits = await _guarded(found)
    more = f"\n… more than {MAX_HITS} hits; narrow the search" if len(hits) > MAX_HITS else ""
    shown = "\n".join(f"{name}:{number}: {line.strip()[:300]}" for name, number, line in hits[:MAX_HITS])
    return ToolResult(shown + more if hits else "no hits")


async def write_file(args: WriteFile, workshop: Workshop) -> ToolResult:
    existed = await _guarded(workshop.tree.write, args.path, args.content)
    lines = len(args.content.splitlines())
    ignored = not existed and await workshop.ignored(args.path)
    aside = "; an ignore rule names it, so no commit will have it" if ignored else ""
    said = f"{'replaced' if existed else 'created'} {args.path} ({lines} lines){aside}"
    return ToolResult(said, extra={"path": args.path})


async def edit_file(args: EditFile, workshop: Workshop) -> ToolResult:
    text = await _guarded(workshop.tree.read, args.path)
    count = text.count(args.old)
    if count == 0:
        raise ToolProblem(f"edit_file: `old` does not occur in {args.path}; read the file and copy the text exactly")
    if count > 1 and not args.all:
        raise ToolProblem(
            f"edit_file: `old` occurs {count} times in {args.path}; give more of the text around it, or all=true"
        )
    await _guarded(workshop.tree.write, args.path, text.replace(args.old, args.new))
    return ToolResult(f"edited {args.path} ({count} place{'s' if count > 1 else ''})", extra={"path": args.path})


async def _guarded(call: Callable[Params, Result], *args: Params.args, **kwargs: Params.kwargs) -> Result:
    """Off the event loop; what the tree refuses becomes a message for the model."""
    try:
        return await asyncio.to_thread(call, *args, **kwargs)
    except TreeProblem as problem:
        raise ToolProblem(str(problem)) from None
    except OSError as error:
        if of_the_machine(error):
            raise
        raise ToolProblem(f"{error.filename or 'the file'}: {error.strerror}") from None


TOOLS = (
    Tool("read_file", ReadFile, "read", read_file),
    Tool("list_files", ListFiles, "read", list_files),
    Tool("search", Search, "read", search),
    Tool("write_file", WriteFile, "write", write_file),
    Tool("edit_file", EditFile, "write", edit_file),
)

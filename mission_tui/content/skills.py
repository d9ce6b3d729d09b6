"""Skills: folders with a `SKILL.md` after the Agent Skills specification (agentskills.io).

The first of these that has a skill of a name wins: the repository's `.agents/skills`, its `.claude/skills`, the user's
home, the starters that come with the product.
"""

import os
import re
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import yaml

from mission_tui.content.frontmatter import FrontMatterError, MarkdownFile, split_front_matter
from mission_tui.domain.base import Frozen
from mission_tui.treefile import UnreadableFile, read_text

SKILL_DIRS = (".agents/skills", ".claude/skills")
SKILL_FILE = "SKILL.md"
MAX_BODY_LINES = 500
MAX_BYTES = 200_000
_LESSONS = "## Lessons"
_NAME = re.compile(r"[a-z0-9]+(?:-[a-z0-9]+)*")
_BULLET = re.compile(r"^- (?P<lesson>.*?)(?: _\((?P<source>[^()]*)\)_)?$")


class Skill(Frozen):
    """A procedure or reference that a run is given."""

    name: str
    description: str
    body: str
    path: Path
    """Of its SKILL.md."""


@dataclass(frozen=True)
class FoundSkills:
    """The valid skills by name, and one line for each file that is none, `FILE:LINE: what is wrong`."""

    skills: dict[str, Skill]
    problems: tuple[str, ...]


def find_skills(repo_tree: Path | None, user_home: Path | None = None, starter_dir: Path | None = None) -> FoundSkills:
    """Look in all places. Nothing a repository holds is followed out of it."""
    skills: dict[str, Skill] = {}
    problems: list[str] = []
    for root, folder in _places(repo_tree, user_home, starter_dir):
        for name in _folders(root / folder):
            relative = Path(folder) / name / SKILL_FILE
            skill, wrong = _load(root, relative)
            problems += wrong
            if skill is not None and not wrong:
                skills.setdefault(skill.name, skill)
    return FoundSkills(dict(sorted(skills.items())), tuple(problems))


def check_skill(path: Path) -> list[str]:
    """What is wrong with a skill, one line each; `path` is its folder or its SKILL.md."""
    folder = path.parent if path.name == SKILL_FILE else path
    root = folder.resolve().parent
    return _load(root, Path(folder.resolve().name) / SKILL_FILE, shown=folder / SKILL_FILE)[1]


def check_text(name: str, text: str) -> list[tuple[int, str]]:
    """What is wrong with the text of that skill's SKILL.md: `(line, problem)` pairs."""
    if len(text.encode(errors="replace")) > MAX_BYTES:
        return [(1, f"larger than {MAX_BYTES:,} bytes")]
    try:
        file = split_front_matter(text)
    except FrontMatterError as error:
        return [(line or 1, problem) for line, problem in error.problems]
    return list(_problems(file, name))


def with_lessons_since(text: str, before: str, now: str) -> str:
    """An edit that began from `before`, with the lessons that others recorded until `now`."""
    known = _lessons(before)
    for lesson, source in _lessons(now).items():
        if lesson not in known:
            text = append_lesson(text, lesson, source)
    return text


def _lessons(text: str) -> dict[str, str]:
    """The bullets below `## Lessons`, with where each was learnt."""
    lines = text.split("\n")
    start, end = _lessons_section(lines)
    found = (_BULLET.match(line) for line in lines[start + 1 : end]) if start is not None else ()
    return {m["lesson"]: m["source"] or "" for m in found if m}


def check_name(name: str) -> str | None:
    """What is wrong with a skill's name, if anything."""
    if len(name) <= 64 and _NAME.fullmatch(name):
        return None
    return "must be 1 to 64 characters of a-z, 0-9 and single dashes between them"


def render_skill(name: str, description: str, body: str) -> str:
    """The text of a SKILL.md. Raises ValueError, in one line, for a name, description or body that is not allowed."""
    wrong = check_name(name)
    problems = [f"name: {wrong}"] if wrong else []
    problems += [text for _, text in _bad_description(description)] + [text for _, text in _bad_body(body.strip())]
    if problems:
        raise ValueError("; ".join(problems))
    head = yaml.safe_dump(
        {"name": name, "description": " ".join(description.split())}, sort_keys=False, allow_unicode=True, width=10_000
    )
    return f"---\n{head}---\n\n{body.strip()}\n"


def append_lesson(skill_text: str, lesson: str, source: str = "") -> str:
    """The skill with one more bullet below `## Lessons`, or the same text when that lesson is there already.

    `source` says where it was learnt, for instance `F2`. Raises ValueError for an empty lesson.
    """
    words = " ".join(lesson.split())
    if not words:
        raise ValueError("a lesson needs words")
    lines = skill_text.rstrip("\n").split("\n")
    start, end = _lessons_section(lines)
    if start is None:
        lines += ["", _LESSONS, ""]
        end = len(lines)
    elif any(_essence(m["lesson"]) == _essence(words) for m in map(_BULLET.match, lines[start:end]) if m):
        return skill_text
    while end > (start or 0) + 1 and not lines[end - 1].strip() and start is not None:
        end -= 1
    note = re.sub(r"[()\s]+", " ", source).strip()
    bullet = [f"- {words}" + (f" _({note})_" if note else "")]
    if start is not None and end == start + 1:
        bullet.insert(0, "")
    return "\n".join([*lines[:end], *bullet, *lines[end:]]) + "\n"


def _lessons_section(lines: list[str]) -> tuple[int | None, int]:
    """Where the heading stands and where the section ends; fenced code has no headings."""
    start, fenced = None, False
    for index, line in enumerate(lines):
        fenced ^= line.lstrip().startswith("```")
        if fenced:
            continue
        if start is None and line.strip() == _LESSONS:
            start = index
        elif start is not None and re.match(r"#{1,2} ", line):
            return start, index
    return start, len(lines)


def _essence(lesson: str) -> str:
    return " ".join(re.sub(r"[\W_]+", " ", lesson.casefold()).split())


def _places(repo: Path | None, home: Path | None, starters: Path | None) -> Iterator[tuple[Path, str]]:
    for base in (repo, home):
        if base is not None:
            yield from ((base, folder) for folder in SKILL_DIRS)
    if starters is not None:
        yield starters, "."


def _folders(directory: Path) -> list[str]:
    try:
        return sorted(entry.name for entry in os.scandir(directory) if not entry.name.startswith("."))
    except OSError:
        return []


def _load(root: Path, relative: Path, shown: Path | None = None) -> tuple[Skill | None, list[str]]:
    path = root / relative
    shown = shown or path
    try:
        text = read_text(root, relative, MAX_BYTES)
    except UnreadableFile as error:
        return None, [f"{shown}: {error}"]
    if text is None:
        return None, [f"{shown}: there is no such file"] if path.parent.is_dir() else []
    try:
        file = split_front_matter(text)
    except FrontMatterError as error:
        return None, [f"{shown}:{line or 1}: {problem}" for line, problem in error.problems]
    problems = [f"{shown}:{line}: {problem}" for line, problem in _problems(file, path.parent.name)]
    if problems:
        return None, problems
    return Skill(name=file.data["name"], description=file.data["description"], body=file.body, path=path), []


def _problems(file: MarkdownFile, folder: str) -> Iterator[tuple[int, str]]:
    name, at = file.data.get("name"), file.line_of(("name",))
    if not isinstance(name, str):
        yield at, "name: is missing" if name is None else "name: must be text"
    elif wrong := check_name(name):
        yield at, f"name: {wrong}"
    elif name != folder:
        yield at, f"name: `{name}` must equal the folder's name, `{folder}`"
    for _, text in _bad_description(file.data.get("description")):
        yield file.line_of(("description",)), text
    for extra, text in _bad_body(file.body):
        yield file.body_line + extra, text


def _bad_description(description: object) -> Iterator[tuple[int, str]]:
    if not isinstance(description, str) or not description.strip():
        yield 0, "description: is missing" if description is None else "description: must be text, and not empty"
    elif len(description) > 1024:
        yield 0, "description: must have at most 1,024 characters"


def _bad_body(body: str) -> Iterator[tuple[int, str]]:
    if not body:
        yield 0, "the skill says nothing below its front matter"
    elif body.count("\n") >= MAX_BODY_LINES:
        yield MAX_BODY_LINES, f"the body has more than {MAX_BODY_LINES} lines: move parts to files beside it"

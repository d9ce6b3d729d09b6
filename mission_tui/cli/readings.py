"""What the screen may read of repositories and texts; every part is imported when it is first asked for."""

import asyncio
from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING, TypeVar

import click

from mission_tui.store.layout import MissionFiles, mission_files
from mission_tui.ui.launcher import LaunchProblem
from mission_tui.ui.readings import Parsed, PartKind, Problem, Revision, SkillText

if TYPE_CHECKING:
    from mission_tui.domain.base import Frozen
    from mission_tui.domain.seats import SeatSettings
    from mission_tui.workspace.git_bench import Bench

ResultT = TypeVar("ResultT")
MOST_PATHS = 20_000


def problem_of(error: Exception) -> Exception:
    """A user's mistake in the screen's terms; anything else as it is."""
    if isinstance(error, click.ClickException):
        return LaunchProblem(error.format_message())
    from mission_tui.cli.mistakes import explained  # it knows every module's errors

    mistake = explained(error)
    return error if mistake is None else LaunchProblem("; ".join(mistake.lines))


class DiskReadings:
    """Reads missions of one data directory."""

    def __init__(self, data: Path) -> None:
        self._data = data

    def diff(self, mission_id: str, base: str, head: str) -> str:
        from mission_tui.workspace import git_history

        return _told(lambda: git_history.diff(_bench(self._files(mission_id)).git, base, head))

    def skills(self, mission_id: str) -> list[SkillText]:
        from mission_tui.content.resources import skills_dir
        from mission_tui.content.skills import find_skills
        from mission_tui.treefile import read_text

        tree = self._files(mission_id).worktree
        found = find_skills(tree, None, skills_dir())
        edited = {r.name for r in _edited(tree)}
        result: list[SkillText] = []
        for skill in found.skills.values():
            starter = skill.path.is_relative_to(skills_dir())
            text = read_text(skill.path.parent, skill.path.name) or ""
            origin = "starter" if starter else "mission" if skill.name in edited else "repository"
            result.append(SkillText(skill.name, origin, skill.description, text))
        return result

    def skill_problems(self, name: str, text: str) -> list[Problem]:
        from mission_tui.content.skills import check_name, check_text

        wrong = check_name(name)
        return [Problem(1, f"name: {wrong}")] if wrong else [Problem(*found) for found in check_text(name, text)]

    def skill_history(self, mission_id: str, name: str) -> list[Revision]:
        return _told(lambda: _history(_bench(self._files(mission_id)), f".agents/skills/{name}/SKILL.md"))

    def part_text(self, part: "Frozen") -> str:
        from mission_tui.content.partfile import part_text

        return part_text(part)

    def parse_part(self, kind: PartKind, text: str) -> Parsed:
        from mission_tui.content.partfile import parse_part

        read = parse_part(kind, text)
        return Parsed(read.part, tuple(Problem(*found) for found in read.problems), read.line_of)

    def readiness(self, repo: str) -> str:
        from mission_tui.workspace.readiness import examine, render

        folder = Path(repo).expanduser()
        if not folder.is_dir():
            raise LaunchProblem(f"{folder} is not a directory")
        return _told(lambda: render(examine(folder)))

    def paths(self, folder: str) -> list[str]:
        from mission_tui.workspace.git_plumbing import Git

        root = Path(folder)
        git = Git(root / ".git", root)
        return _told(lambda: sorted(git.paths("ls-files", "-z", "--cached", "--others", "--exclude-standard")))[
            :MOST_PATHS
        ]

    def seat(self, assignment: str) -> "tuple[str, SeatSettings]":
        from mission_tui.config import parse_seat
        from mission_tui.llm.seats import check_seat

        role, seat = _told(lambda: parse_seat(assignment))
        problem = asyncio.run(check_seat(seat))
        if problem:
            raise LaunchProblem(problem)
        return role, seat

    def _files(self, mission_id: str) -> MissionFiles:
        return mission_files(self._data, mission_id)


def _told(read: Callable[[], ResultT]) -> ResultT:
    try:
        return read()
    except Exception as error:
        raise problem_of(error) from error


def _bench(files: MissionFiles) -> "Bench":
    from mission_tui.workspace.git_bench import Bench
    from mission_tui.workspace.git_private import read_place

    return Bench(read_place(files.worktree))


def _edited(tree: Path) -> list[Path]:
    folder = tree / ".agents" / "skills"
    return [path for path in folder.iterdir() if path.is_dir()] if folder.is_dir() else []


def _history(bench: "Bench", path: str) -> list[Revision]:
    from mission_tui.workspace import git_history

    versions = git_history.file_history(bench.git, bench.head(), path)
    return [Revision(v.commit, v.at, v.subject, v.author, v.text) for v in versions]

"""The demo: a sample repository, scripted agents and recorded answers; everything else in it is real."""

from dataclasses import dataclass
from pathlib import Path

from mission_tui.demo.sample import DemoProblem, make_sample, where_pytest_is
from mission_tui.domain.seats import SeatSettings

__all__ = ["DemoProblem", "DemoSetup", "demo_mission"]

SCRIPTS = Path(__file__).parent / "script"
TITLE = "Export, quick add, months and a dark page"
GOAL = """\
Our bookkeeper wants the month's expenses as a file for her spreadsheet (the page and the command line should both give
it), I want to note down an expense at the terminal without remembering the order of arguments, and everybody wants a
dark page in the evening. Entries made by mistake should be deletable. Please keep Pocketbook free of dependencies.

The machine has no package index; the test tools are in {tools}"""


@dataclass(frozen=True, slots=True)
class DemoSetup:
    """What the demo's mission is created from."""

    repo: Path
    title: str
    goal: str
    seats: dict[str, SeatSettings]
    review: str


def demo_mission(directory: Path) -> DemoSetup:
    """Make the sample repository inside `directory` and say what its mission is. Raises DemoProblem."""
    repo = directory / "pocketbook"
    tools = where_pytest_is()
    make_sample(repo)
    seats = {path.stem: SeatSettings(model=f"scripted:{path}") for path in sorted(SCRIPTS.glob("*.yaml"))}
    return DemoSetup(repo=repo, title=TITLE, goal=GOAL.format(tools=tools), seats=seats, review="milestone")

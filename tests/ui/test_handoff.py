from pathlib import Path

import pytest

from mission_tui.cli.readings import DiskReadings
from mission_tui.ui.launcher import LaunchProblem
from tests.support import mission_factory as make
from tests.support.mission_writer import MissionWriter
from tests.support.screen import DeskLauncher, screen

DIFF = """diff --git a/app/F3.py b/app/F3.py
--- a/app/F3.py
+++ b/app/F3.py
@@ -1,2 +1,2 @@
 rows = []
-count = 11
+count = 12
diff --git a/templates/upload.html b/templates/upload.html
new file mode 100644
--- /dev/null
+++ b/templates/upload.html
@@ -0,0 +1 @@
+<form>[bold]</form>
"""


class GivenDiff(DiskReadings):
    """Knows one difference, or none."""

    def __init__(self, data: Path, text: str = DIFF) -> None:
        super().__init__(data)
        self.text = text

    def diff(self, mission_id: str, base: str, head: str) -> str:
        if not self.text:
            raise LaunchProblem("the commits are gone from the repository")
        return self.text


@pytest.fixture
def writer(tmp_path: Path):
    with MissionWriter.create(tmp_path) as made:
        make.contradicted(made)
        yield made


async def test_a_handoff_is_inspected_with_claims_issues_cost_and_its_diff(tmp_path: Path, writer: MissionWriter):
    launcher = DeskLauncher()
    async with screen(tmp_path, writer.files.id, launcher=launcher) as seen:
        launcher.readings = GivenDiff(tmp_path)
        await seen.shows("4 Handoffs", "F3 Upload form")
        await seen.press("4", *"jjjjjj", "o")
        await seen.shows("F3  Upload form  R4", "✖ 1 contradicted", "✔ form", "✖ not followed: the test came after")
        await seen.shows("exit 0", "exit 1", "✖ contradicted", "✔ holds", "step 4")
        await seen.shows("I1 false claim", "→ feature F6", "→ dismissed: not in scope", "VAL-IMPORT-001")
        await seen.press("end")
        await seen.shows("+2 -1 in 2 files", "    2 -count = 11", "    2 +count = 12", "<form>[bold]</form>", "new")
        await seen.press("left")
        await seen.hides("count = 12")
        await seen.press("slash", *"count = 12")
        await seen.shows("    2 +count = 12")
        await seen.press("enter", "escape")
        await seen.shows("4 Handoffs")


async def test_handoffs_are_gone_through_and_lead_to_their_transcripts(tmp_path: Path, writer: MissionWriter):
    launcher = DeskLauncher()
    async with screen(tmp_path, writer.files.id, launcher=launcher) as seen:
        launcher.readings = GivenDiff(tmp_path, text="")
        await seen.shows("4 Handoffs", "F3 Upload form")
        await seen.press("4", "o")
        await seen.shows("Mend the upload test  R6", "the commits are gone from the repository", "✔ claims hold")
        await seen.press("[")
        await seen.shows("F3  Upload form  R4")
        await seen.press("t")
        await seen.shows("3 Transcript  R4 worker F3", "assert 11 == 12")

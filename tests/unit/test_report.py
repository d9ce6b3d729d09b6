import hashlib
import json
from pathlib import Path

import pytest

from mission_tui.cli.lines import WIDTH, event_line
from mission_tui.domain.events import AnyEvent, DecisionAnswered, DecisionOpened, MessageSaid, Recorded
from mission_tui.domain.verdict import Evidence
from mission_tui.report.evidence import INLINE_PICTURE_BYTES, Exhibits
from mission_tui.report.times import HUMAN, moments, phases
from mission_tui.report.write import write_report
from mission_tui.store.artifacts import Artifacts
from mission_tui.store.layout import MissionFiles
from tests.support.missions import created, handed_off, planned, proved, verdict
from tests.support.stores import stored

HOSTILE = "<script>alert(1)</script> \x1b[31mred\x1b[0m \u202ereversed"


def recorded(events: list[AnyEvent], every_s: float = 10.0) -> list[Recorded]:
    return [Recorded(seq=n, at=1000 + every_s * n, event=event) for n, event in enumerate(events, 1)]


def exhibit_of(files: MissionFiles, target: Path, data: bytes, media_type: str):
    artifacts = Artifacts(files.artifacts)
    sha = artifacts.put_bytes(data)
    evidence = Evidence(
        id="E1", kind="screenshot", artifact=sha, name="../../x.html", media_type=media_type, bytes=len(data)
    )
    return Exhibits(artifacts, target).of(evidence)


@pytest.fixture
def files(tmp_path: Path) -> MissionFiles:
    return stored(tmp_path / "data", proved())


def test_the_report_holds_the_contract_and_the_raw_data(files: MissionFiles, tmp_path: Path):
    page = write_report(files, tmp_path / "out").read_text()
    assert "VAL-A-001" in page
    assert "the stored file is missing" in page
    assert json.loads((tmp_path / "out" / "mission.json").read_text())["assertions"]["passed"] == 2
    assert len((tmp_path / "out" / "events.jsonl").read_text().splitlines()) == len(proved())


def test_a_mission_that_has_only_begun_has_a_report(tmp_path: Path):
    files = stored(tmp_path / "data", [created()])
    assert "There is no contract yet" in write_report(files, tmp_path / "out").read_text()


def test_words_of_models_cannot_become_markup(tmp_path: Path):
    files = stored(tmp_path / "data", [created(title="<b>bold</b>", goal=HOSTILE)])
    page = write_report(files, tmp_path / "out").read_text()
    assert "<script>" not in page
    assert "&lt;b&gt;bold" in page


def test_the_page_loads_nothing_from_anywhere(files: MissionFiles, tmp_path: Path):
    page = write_report(files, tmp_path / "out").read_text()
    assert "http://" not in page
    assert "https://" not in page


def test_a_small_picture_is_in_the_page_and_a_large_one_beside_it(files: MissionFiles, tmp_path: Path):
    small = exhibit_of(files, tmp_path, b"\x89PNG\0", "image/png")
    assert small.picture.startswith("data:image/png;base64,")
    data = b"\x89PNG\0" + bytes(INLINE_PICTURE_BYTES)
    large = exhibit_of(files, tmp_path, data, "image/png")
    assert large.picture == f"evidence/{hashlib.sha256(data).hexdigest()[:16]}.png"
    assert (tmp_path / large.picture).read_bytes() == data


def test_stored_pages_are_shown_as_text_and_never_as_pages(files: MissionFiles, tmp_path: Path):
    shown = exhibit_of(files, tmp_path, b"<html>" * 5000, "text/html")
    assert shown.cut
    assert shown.file.endswith(".txt")


def test_waiting_for_the_human_is_told_from_work():
    asked = DecisionOpened.model_validate(
        {
            "decision": {
                "id": "D1",
                "kind": "approve_plan",
                "summary": "?",
                "choices": ("approve",),
                "default": "approve",
            }
        }
    )
    answered = DecisionAnswered.model_validate({"id": "D1", "answer": {"choice": "approve"}})
    ledger = recorded([*planned(), asked, answered])
    assert moments(ledger).waited("D1") == 10
    assert [phase.seconds for phase in phases(ledger) if phase.name == HUMAN] == [10]


def test_every_event_has_one_line_that_cannot_steer_the_terminal():
    events = [
        *proved(),
        *handed_off(),
        verdict("VAL-A-001", "failed", reason=HOSTILE * 10),
        MessageSaid(author="human", text="two\nlines"),
    ]
    for one in recorded(events):
        line = event_line(one)
        assert len(line) < WIDTH + 30
        assert line.isprintable(), line

"""Writes the report: `report.html`, `mission.json`, `events.jsonl`, evidence that the page cannot hold, and the
proofs as tests."""

import json
import re
from datetime import datetime
from importlib.resources import files as package_files
from pathlib import Path

from jinja2 import Environment, StrictUndefined

from mission_tui.domain.events import Recorded
from mission_tui.report.evidence import Exhibits
from mission_tui.report.proofs import write_proofs
from mission_tui.report.view import report_view
from mission_tui.store.artifacts import Artifacts
from mission_tui.store.layout import MissionFiles
from mission_tui.store.lock import holder
from mission_tui.store.queries import Reader
from mission_tui.store.status import active_run, event_json, status_json

PAGE = "report.html"
_BATCH = 5000


def write_report(files: MissionFiles, folder: Path) -> Path:
    """Write everything into a folder, which is made; what a report wrote there before is replaced. Returns the page.

    Raises what Reader raises, and OSError.
    """
    folder.mkdir(parents=True, exist_ok=True)
    artifacts = Artifacts(files.artifacts)
    with artifacts.held(), Reader(files) as reader:
        events = _all_events(reader)
        mission = reader.mission()
        run = active_run(mission)
        spend = reader.spend()
        step = reader.last_step(run.id) if run else 0
        status = status_json(mission, spend, holder(files), step, reader.repeated_calls())
        view = report_view(reader, events, Exhibits(artifacts, folder))
    page = folder / PAGE
    template = _environment().from_string(_resource("report.html.j2"))
    page.write_text(template.render(view=view, spend=spend, status=status, css=_resource("report.css")), "utf-8")
    (folder / "mission.json").write_text(json.dumps(status, indent=2, ensure_ascii=False) + "\n", "utf-8")
    lines = (json.dumps(event_json(one), ensure_ascii=False) for one in events)
    (folder / "events.jsonl").write_text("".join(f"{line}\n" for line in lines), "utf-8")
    write_proofs(mission, folder / "proofs")
    return page


def _all_events(reader: Reader) -> list[Recorded]:
    found: list[Recorded] = []
    while batch := reader.events(found[-1].seq if found else 0, _BATCH):
        found += batch
    return found


def _environment() -> Environment:
    """Everything is escaped: titles, reasons and outputs are words of models and of the code they ran."""
    environment = Environment(autoescape=True, undefined=StrictUndefined, trim_blocks=True, lstrip_blocks=True)
    environment.filters.update(when=_when, lasting=_lasting, spaced=_spaced, reflowed=_reflowed)
    return environment


def _resource(name: str) -> str:
    return package_files("mission_tui.report").joinpath(name).read_text("utf-8")


def _when(at: float) -> str:
    return f"{datetime.fromtimestamp(at).astimezone():%Y-%m-%d %H:%M}"


def _lasting(seconds: float) -> str:
    if seconds < 10:
        return f"{seconds:.1f} s"
    if seconds < 120:
        return f"{seconds:.0f} s"
    minutes = int(seconds // 60)
    return f"{minutes} min" if minutes < 120 else f"{minutes // 60} h {minutes % 60:02} min"


def _spaced(word: str) -> str:
    return word.replace("_", " ")


def _reflowed(text: str) -> str:
    """Paragraphs and lists stay; lines that were broken for a narrow window are joined."""
    return re.sub(r"(?<=\S)\n(?=[^\s*#>+-])(?!\d+[.)] )", " ", text.strip())

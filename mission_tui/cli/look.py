"""Commands that only look: list, status, events, decisions."""

import json
import time
from collections.abc import Iterator
from datetime import datetime
from pathlib import Path

import click

from mission_tui.cli.lines import event_line
from mission_tui.cli.options import json_option, with_data, with_mission
from mission_tui.cli.tables import amount, duration, status_text, table
from mission_tui.domain.contract import Amendment, Assertion
from mission_tui.domain.decision import Decision
from mission_tui.domain.events import Recorded
from mission_tui.domain.mission import Mission
from mission_tui.domain.ports import JsonObject
from mission_tui.store.errors import StoreError
from mission_tui.store.layout import MissionFiles, all_missions, mission_files
from mission_tui.store.lock import holder
from mission_tui.store.queries import MissionSummary, Reader, summary
from mission_tui.store.status import active_run, event_json, status_json, usage_json

FOLLOW_PAUSE_S = 0.1
BATCH = 1000


@click.command("list")
@with_data
@json_option
def list_command(data: Path, as_json: bool) -> None:
    """The missions there are, the latest first."""
    found = sorted(_summaries(data), key=lambda pair: -_updated(pair[1]))
    if as_json:
        click.echo(_dumped([_summary_json(files, one) for files, one in found]))
    elif not found:
        click.echo("no missions yet; `mission-tui new --help` says how to begin one", err=True)
    else:
        rows = [_summary_row(files, one) for files, one in found]
        click.echo(table(("ID", "STATE", "PROVED", "COST", "LAST EVENT", "TITLE"), rows))


@click.command("status")
@with_mission
@json_option
def status_command(files: MissionFiles, as_json: bool) -> None:
    """How far a mission has come."""
    state = read_status(files)
    click.echo(_dumped(state) if as_json else status_text(state))


@click.command("events")
@with_mission
@click.option("--since", type=click.IntRange(min=0), default=0, help="Only events after this number.")
@click.option("--follow", is_flag=True, help="Go on printing until the mission has ended.")
@json_option
def events_command(files: MissionFiles, since: int, follow: bool, as_json: bool) -> None:
    """What happened in a mission, one line per event (with --json: JSON Lines)."""
    with Reader(files) as reader:
        for recorded in _events(reader, since, follow):
            click.echo(json.dumps(event_json(recorded), ensure_ascii=False) if as_json else event_line(recorded))


@click.command("decisions")
@with_data
@click.argument("mission", metavar="[ID]", required=False)
@json_option
def decisions_command(data: Path, mission: str | None, as_json: bool) -> None:
    """What waits for you, in one mission or in all."""
    missions = [mission_files(data, mission)] if mission else all_missions(data)
    found: list[tuple[Mission, Decision]] = []
    for files in missions:
        with Reader(files) as reader:
            found += [(reader.mission(), decision) for decision in reader.mission().decisions.open]
    if as_json:
        click.echo(_dumped([{"mission": m.id, **d.model_dump(mode="json", exclude={"payload"})} for m, d in found]))
    elif not found:
        click.echo("nothing waits for you", err=True)
    else:
        click.echo("\n\n".join(decision_text(mission, decision) for mission, decision in found))


def read_status(files: MissionFiles) -> JsonObject:
    """What `status --json` prints."""
    with Reader(files) as reader:
        mission = reader.mission()
        run = active_run(mission)
        step = reader.last_step(run.id) if run else 0
        return status_json(mission, reader.spend(), holder(files), step, reader.repeated_calls())


def decision_text(mission: Mission, decision: Decision) -> str:
    """A decision with all that is needed to answer it at the command line."""
    lines = [f"{mission.id}  {decision.id}  {decision.kind}", f"  {decision.summary}"]
    if decision.kind == "sign_amendment":
        lines += _changes(mission, Amendment.model_validate(decision.payload))
    for question in decision.questions:
        choices = f"  ({' | '.join(question.choices)})" if question.choices else ""
        default = f"  (default: {question.default})" if question.default else ""
        lines.append(f"  {question.id}: {question.text}{choices}{default}")
    several = len(decision.questions) > 1
    choices = " | ".join(decision.choices) or ("one text that answers all" if several else "any text")
    safe = f"  (safe default: {decision.default})" if decision.default and not several else ""
    lines.append(f"  answer: mission-tui decide {mission.id} {decision.id} CHOICE    CHOICE: {choices}{safe}")
    return "\n".join(lines)


def _changes(mission: Mission, amendment: Amendment) -> Iterator[str]:
    """What is signed: the claims as they were and as they would be."""
    live = mission.contract.assertions
    for assertion in amendment.change:
        old = live.get(assertion.id, assertion)
        yield f"  {assertion.id}"
        for before, after in ((old.statement, assertion.statement), (_proof(old), _proof(assertion))):
            if before != after:
                yield from (f"  - {' '.join(before.split())}", f"  + {' '.join(after.split())}")
    for name in filter(live.get, amendment.drop):
        yield from (f"  {name}", f"  - {' '.join(live[name].statement.split())}")


def _proof(assertion: Assertion) -> str:
    return f"proof: {assertion.proof.model_dump_json(exclude_defaults=True)}"


def _events(reader: Reader, since: int, follow: bool) -> Iterator[Recorded]:
    while True:
        batch = reader.events(since, BATCH)
        yield from batch
        since = batch[-1].seq if batch else since
        if len(batch) == BATCH:
            continue
        if not follow or reader.mission().ended:
            yield from reader.events(since, BATCH)
            return
        time.sleep(FOLLOW_PAUSE_S)


def _summaries(data: Path) -> Iterator[tuple[MissionFiles, MissionSummary | StoreError]]:
    """One damaged mission must not hide the others."""
    for files in all_missions(data):
        try:
            yield files, summary(files)
        except StoreError as error:
            yield files, error


def _updated(one: MissionSummary | StoreError) -> float:
    return 0.0 if isinstance(one, StoreError) else one.updated_at


def _summary_json(files: MissionFiles, one: MissionSummary | StoreError) -> JsonObject:
    if isinstance(one, StoreError):
        return {"id": files.id, "error": str(one)}
    pid = holder(files)
    return {
        **one.model_dump(mode="json", exclude={"spend", "status"}),
        "state": one.status,
        "engine": {"alive": pid is not None, "pid": pid},
        "usage": usage_json(one.spend),
    }


def _summary_row(files: MissionFiles, one: MissionSummary | StoreError) -> tuple[str, ...]:
    if isinstance(one, StoreError):
        return (files.id, "damaged", "", "", "", str(one))
    proved = one.assertions.get("passed", 0) + one.assertions.get("overridden", 0)
    waits = f" ({len(one.decisions)} for you)" if one.decisions else ""
    return (
        files.id,
        one.status + waits,
        f"{proved}/{sum(one.assertions.values())}",
        amount(one.spend.usage.usd, one.spend.usage.usd_known),
        f"{duration(time.time() - one.updated_at)} ago"
        if time.time() - one.updated_at < 86_400
        else f"{datetime.fromtimestamp(one.updated_at).astimezone():%Y-%m-%d}",
        one.title,
    )


def _dumped(value: object) -> str:
    return json.dumps(value, ensure_ascii=False, indent=2)


COMMANDS = {command.name: command for command in (list_command, status_command, events_command, decisions_command)}

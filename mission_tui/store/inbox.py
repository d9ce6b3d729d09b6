"""Commands of screen and command line to the engine: durable before they are acknowledged, each applied once.

A command is a file in the mission's inbox. The engine takes it away after the event that it caused is in the ledger,
under the command's id; a crash in between finds the id there and only takes the file away.
"""

import time
import uuid
from pathlib import Path
from typing import Annotated, Literal

from pydantic import ConfigDict, Field, TypeAdapter, ValidationError

from mission_tui.domain.base import Frozen
from mission_tui.domain.draft import DraftEdit
from mission_tui.domain.seats import SeatSettings
from mission_tui.store.durable import sync_folder, write_durably
from mission_tui.store.layout import MissionFiles


def _new_id() -> str:
    return uuid.uuid4().hex


class CommandBase(Frozen):
    """What every command carries."""

    id: str = Field(default_factory=_new_id, pattern=r"^[A-Za-z0-9_-]{1,64}$")
    at: float = Field(default_factory=time.time)
    """Unix time in seconds at which it was given."""


class Say(CommandBase):
    """A message to the orchestrator."""

    kind: Literal["say"] = "say"
    text: str = Field(min_length=1)


class Decide(CommandBase):
    """An answer to a decision."""

    kind: Literal["decide"] = "decide"
    decision: str
    choice: str
    note: str = ""
    by: Literal["human", "recorded"] = "human"


class Pause(CommandBase):
    """Stop at the next step boundary."""

    kind: Literal["pause"] = "pause"


class Resume(CommandBase):
    kind: Literal["resume"] = "resume"


class Stop(CommandBase):
    """Stop at once; the step that is cut becomes unknown."""

    kind: Literal["stop"] = "stop"


class Abort(CommandBase):
    """End the mission for good."""

    kind: Literal["abort"] = "abort"
    reason: str


class SetSeat(CommandBase):
    kind: Literal["set_seat"] = "set_seat"
    role: str
    seat: SeatSettings


class SetBudget(CommandBase):
    """New caps; those left out stay as they are."""

    kind: Literal["set_budget"] = "set_budget"
    usd: float | None = Field(default=None, gt=0)
    tokens: int | None = Field(default=None, gt=0)
    hours: float | None = Field(default=None, gt=0)
    steps: int | None = Field(default=None, gt=0)
    run_usd: float | None = Field(default=None, gt=0)
    run_tokens: int | None = Field(default=None, gt=0)
    run_hours: float | None = Field(default=None, gt=0)
    run_turns: int | None = Field(default=None, gt=0)


class Override(CommandBase):
    """Sign one assertion over: the human answers for it."""

    kind: Literal["override"] = "override"
    assertion: str
    reason: str = Field(min_length=1)


class RollBack(CommandBase):
    """Put code, contract, plan, verdicts and skills back to a checkpoint."""

    kind: Literal["roll_back"] = "roll_back"
    to: str
    reason: str = Field(min_length=1)


class EditDraft(CommandBase):
    """The human's own change of contract and plan."""

    kind: Literal["edit_draft"] = "edit_draft"
    edit: DraftEdit


class WriteSkill(CommandBase):
    """The human's text of a skill."""

    kind: Literal["write_skill"] = "write_skill"
    name: str
    text: str
    based_on: str | None = None
    """What it said when the human began to edit; None for a new one."""


class Replay(CommandBase):
    """Prove one assertion again, now and without a model, for the human to see."""

    kind: Literal["replay"] = "replay"
    assertion: str


Command = (
    Replay
    | Say
    | Decide
    | Pause
    | Resume
    | Stop
    | Abort
    | SetSeat
    | SetBudget
    | Override
    | RollBack
    | EditDraft
    | WriteSkill
)
COMMAND: TypeAdapter[Command] = TypeAdapter(
    Annotated[Command, Field(discriminator="kind")], config=ConfigDict(defer_build=True)
)


class Pending(Frozen):
    """The engine has not looked at it yet."""


class Taken(Frozen):
    """It was applied: its event is in the ledger."""


class Refused(Frozen):
    """It made no sense when the engine looked at it."""

    id: str
    reason: str


Outcome = Pending | Taken | Refused


def send(files: MissionFiles, command: Command) -> str:
    """Leave a command for the engine, on the disk before this returns; gives its id."""
    _refusals(files).mkdir(mode=0o700, parents=True, exist_ok=True)
    # Names give the order, also when the clock was set back while older commands wait.
    latest = max((int(path.name.partition("-")[0]) for path in _waiting(files)), default=0)
    name = f"{max(time.time_ns(), latest + 1):020d}-{command.id}.json"
    write_durably(files.inbox / name, command.model_dump_json().encode())
    return command.id


def pending(files: MissionFiles) -> list[Command]:
    """Commands that wait, in the order they were sent. A file that is no command is refused here."""
    found: list[Command] = []
    for path in _waiting(files):
        try:
            command = COMMAND.validate_json(path.read_bytes())
        except FileNotFoundError:
            continue
        except ValidationError:
            refuse(files, _id_of(path), "the file in the inbox is not a command")
            continue
        if _refusal(files, command.id).exists():
            _remove(path)
        else:
            found.append(command)
    return found


def take(files: MissionFiles, command_id: str) -> None:
    """Take a command away; its event must be in the ledger. Taking it twice is fine."""
    for path in _waiting(files):
        if _id_of(path) == command_id:
            _remove(path)


def refuse(files: MissionFiles, command_id: str, reason: str) -> None:
    """Take a command away unapplied, and keep the reason for whoever sent it."""
    _refusals(files).mkdir(mode=0o700, parents=True, exist_ok=True)
    record = Refused(id=command_id, reason=reason)
    write_durably(_refusal(files, command_id), record.model_dump_json().encode())
    take(files, command_id)


def outcome(files: MissionFiles, command_id: str) -> Outcome:
    """What became of a command that was sent."""
    refusal = _refusal(files, command_id)
    if refusal.exists():
        return Refused.model_validate_json(refusal.read_bytes())
    waiting = any(_id_of(path) == command_id for path in _waiting(files))
    # Between the two looks the engine may have refused it.
    if not waiting and refusal.exists():
        return Refused.model_validate_json(refusal.read_bytes())
    return Pending() if waiting else Taken()


def _refusals(files: MissionFiles) -> Path:
    return files.inbox / "refused"


def _refusal(files: MissionFiles, command_id: str) -> Path:
    return _refusals(files) / f"{command_id}.json"


def _waiting(files: MissionFiles) -> list[Path]:
    """Command files by name, which is the order they were sent in."""
    return sorted(path for path in files.inbox.glob("*-*.json") if path.name.partition("-")[0].isdigit())


def _id_of(path: Path) -> str:
    return path.stem.partition("-")[2]


def _remove(path: Path) -> None:
    path.unlink(missing_ok=True)
    sync_folder(path.parent)

"""Settings of a new mission: the user's file, the repository's, the environment and the flags, in that order.

The repository's file comes with code that nobody may have read yet. It can choose models and tighten what the user
allows; it can name no endpoint, no key, no options of a provider and no command.
"""

import os
import re
import tomllib
from collections.abc import Mapping
from pathlib import Path
from typing import Any, Literal, cast

from pydantic import Field, ValidationError

from mission_tui.content.wording import keys_of, problems_of
from mission_tui.domain.base import Frozen
from mission_tui.domain.budget import Limits
from mission_tui.domain.seats import ROLES, SeatSettings
from mission_tui.treefile import UnreadableFile, read_text

Network = Literal["none", "registries", "open"]
REPOSITORY_FILE = ".mission/config.toml"
DEFAULT = "default"
REVIEW = r"^(auto|milestone|every:[1-9][0-9]{0,5})$"
_NETWORKS: tuple[Network, ...] = ("none", "registries", "open")
_SCRIPTED = "scripted:"
_REFUSED = ("api_base", "api_key_env", "options", "commands", "notify")
_MAX_BYTES = 200_000


class ConfigProblem(Exception):
    """A setting that cannot be used; the message is one line that says where it stands and what to do."""


class SeatEntry(Frozen):
    """A seat as a file has it: what is left out stays as the file before said."""

    model: str | None = Field(default=None, min_length=1)
    api_base: str | None = Field(default=None, pattern=r"^https?://")
    api_key_env: str | None = Field(default=None, pattern=r"^[A-Za-z_][A-Za-z0-9_]*$")
    options: dict[str, Any] | None = None
    first_token_s: float | None = Field(default=None, gt=0)
    idle_s: float | None = Field(default=None, gt=0)
    total_s: float | None = Field(default=None, gt=0)
    context_window: int | None = Field(default=None, gt=0)
    fallback: "SeatEntry | None" = None


class LimitsEntry(Frozen):
    """Caps as a file has them."""

    usd: float | None = Field(default=None, gt=0)
    tokens: int | None = Field(default=None, gt=0)
    hours: float | None = Field(default=None, gt=0)
    steps: int | None = Field(default=None, gt=0)
    run_usd: float | None = Field(default=None, gt=0)
    run_tokens: int | None = Field(default=None, gt=0)
    run_hours: float | None = Field(default=None, gt=0)
    run_turns: int | None = Field(default=None, gt=0)


class Notify(Frozen):
    """How the human is told that something starts to wait."""

    bell: bool = True
    desktop: bool = True
    """The terminal's own notification, by OSC 9 and OSC 777."""
    command: str | None = Field(default=None, min_length=1)
    """A shell line that the engine runs; MISSION_TUI_MISSION, _DECISION, _KIND, _SUMMARY, _BLOCKS and _DEFAULT
    say what waits."""


class ConfigFile(Frozen):
    """One `config.toml`."""

    notify: Notify = Notify()

    seats: dict[str, SeatEntry] = Field(default_factory=dict)
    limits: LimitsEntry = LimitsEntry()
    network: Network | None = None
    review: str | None = Field(default=None, pattern=REVIEW)


class Flags(Frozen):
    """What `new` was given on its command line."""

    model: str | None = None
    seats: tuple[str, ...] = ()
    """`ROLE=MODEL` each."""
    api_base: str | None = None
    usd: float | None = None
    network: Network | None = None
    review: str | None = None


class Settings(Frozen):
    """What a mission is created with."""

    seats: dict[str, SeatSettings] = Field(default_factory=dict)
    limits: Limits = Limits()
    network: Network = "none"
    review: str | None = None
    """None: nobody said, so the caller's default holds."""
    notes: tuple[str, ...] = ()
    """Wishes of the repository's file that were not followed."""


def config_file(environ: Mapping[str, str] = os.environ) -> Path:
    """The user's settings file, whether or not it exists."""
    home = environ.get("XDG_CONFIG_HOME")
    if home and Path(home).is_absolute():
        return Path(home) / "mission-tui" / "config.toml"
    from platformdirs import user_config_path  # it costs 30 ms that an explicit folder need not pay

    return user_config_path("mission-tui", appauthor=False) / "config.toml"


def load_settings(repo: Path | None, flags: Flags, environ: Mapping[str, str] = os.environ) -> Settings:
    """Everything put together. Raises ConfigProblem."""
    path = config_file(environ)
    user = _parsed(path.read_text(encoding="utf-8"), str(path)) if path.is_file() else ConfigFile()
    settings = _with_file(Settings(), user, path.parent)
    if repo is not None:
        settings = _with_repository(settings, _repository_file(repo))
    settings = _with_flags(settings, _environment(environ), "the environment")
    return _with_flags(settings, flags, "the command line")


def load_notify(environ: Mapping[str, str] = os.environ) -> Notify:
    """What the user's own file says; a repository has no say in it. Raises ConfigProblem."""
    path = config_file(environ)
    return _parsed(path.read_text(encoding="utf-8"), str(path)).notify if path.is_file() else Notify()


def require_seats(settings: Settings, environ: Mapping[str, str] = os.environ) -> None:
    """Raises ConfigProblem when some role has no model, and says where one is set."""
    lacking = [role for role in ROLES if role not in settings.seats]
    if lacking and DEFAULT not in settings.seats:
        who = "any role" if len(lacking) == len(ROLES) else f"the {lacking[0]}"
        raise ConfigProblem(
            f"no model is set for {who}: give --model PROVIDER/MODEL, or write it into {config_file(environ)} "
            'below [seats.default] as model = "PROVIDER/MODEL"'
        )


def parse_seat(assignment: str, folder: Path | None = None) -> tuple[str, SeatSettings]:
    """`ROLE=MODEL`. Raises ConfigProblem."""
    role, equals, model = assignment.partition("=")
    if not equals or not model.strip():
        raise ConfigProblem(f"{assignment!r} is not ROLE=MODEL")
    return _role(role.strip(), "a seat"), _seat(model.strip(), folder or Path.cwd())


def _role(name: str, where: str) -> str:
    if name not in (*ROLES, DEFAULT):
        raise ConfigProblem(f"{where}: there is no role {name!r}; the roles are {', '.join((DEFAULT, *ROLES))}")
    return name


def _seat(model: str, folder: Path) -> SeatSettings:
    return SeatSettings(model=_absolute(model, folder))


def _absolute(model: str, folder: Path) -> str:
    """A scripted seat's file is looked for beside whoever named it, now and from every other place later."""
    if not model.startswith(_SCRIPTED):
        return model
    return f"{_SCRIPTED}{(folder / Path(model.removeprefix(_SCRIPTED)).expanduser()).absolute()}"


def _parsed(text: str, name: str) -> ConfigFile:
    try:
        data = tomllib.loads(text)
    except tomllib.TOMLDecodeError as error:
        raise ConfigProblem(f"{name}: {error}") from error
    try:
        found = ConfigFile.model_validate(data)
    except ValidationError as error:
        problem = problems_of(error, data, keys_of(ConfigFile, SeatEntry, LimitsEntry, Notify))[0]
        raise ConfigProblem(f"{name}: {problem}") from None
    for role in found.seats:
        _role(role, f"{name}: seats.{role}")
    return found


def _repository_file(repo: Path) -> ConfigFile:
    try:
        text = read_text(repo, Path(REPOSITORY_FILE), _MAX_BYTES)
    except UnreadableFile as error:
        raise ConfigProblem(f"{repo / REPOSITORY_FILE}: {error}") from error
    if text is None:
        return ConfigFile()
    name = str(repo / REPOSITORY_FILE)
    _refuse_reach(text, name)
    return _parsed(text, name)


def _refuse_reach(text: str, name: str) -> None:
    """A repository must not decide where code and keys are sent, nor what runs on the host."""
    try:
        data = tomllib.loads(text)
    except tomllib.TOMLDecodeError as error:
        raise ConfigProblem(f"{name}: {error}") from error
    seats = data.get("seats")
    tables: list[tuple[str, object]] = [("", data), *((f"seats.{k}.", v) for k, v in _items(seats))]
    tables += [(f"{where}fallback.", v) for where, table in tables for k, v in _items(table) if k == "fallback"]
    for where, table in tables:
        for key, value in _items(table):
            if key in _REFUSED:
                raise ConfigProblem(
                    f"{name}: {where}{key} cannot be set by a repository; set it in {config_file()} if you want it"
                )
            if key == "model" and re.search(r"://|^scripted:", str(value)):
                raise ConfigProblem(f"{name}: {where}model: a repository can name a provider's model only")


def _items(value: object) -> list[tuple[str, object]]:
    return list(cast("dict[str, object]", value).items()) if isinstance(value, dict) else []


def _with_file(settings: Settings, file: ConfigFile, folder: Path) -> Settings:
    limits = settings.limits.model_copy(update=file.limits.model_dump(exclude_unset=True))
    return Settings(
        seats=_merged(settings.seats, file, folder),
        limits=limits,
        network=file.network or settings.network,
        review=file.review or settings.review,
    )


def _merged(seats: dict[str, SeatSettings], file: ConfigFile, folder: Path) -> dict[str, SeatSettings]:
    """A seat takes from the file what the file says; a new seat begins as the default's."""
    result = dict(seats)
    for role, entry in sorted(file.seats.items(), key=lambda pair: pair[0] != DEFAULT):
        said = entry.model_dump(exclude_none=True)
        if "model" in said:
            said["model"] = _absolute(said["model"], folder)
        if entry.fallback is not None:
            said["fallback"] = _fallback(entry.fallback, role, folder)
        before = result.get(role)
        base = {} if before is None else before.model_dump()
        if "model" not in {**base, **said} and DEFAULT in result:
            base = result[DEFAULT].model_dump()
        if "model" not in {**base, **said}:
            raise ConfigProblem(f"seats.{role}: model is missing, and there is no default to take it from")
        result[role] = SeatSettings.model_validate({**base, **said})
    return result


def _fallback(entry: SeatEntry, role: str, folder: Path) -> dict[str, Any]:
    """A fallback says everything itself; it has no fallback of its own."""
    if entry.model is None or entry.fallback is not None:
        raise ConfigProblem(f"seats.{role}.fallback: it needs a model, and can have no fallback of its own")
    return {**entry.model_dump(exclude_none=True), "model": _absolute(entry.model, folder)}


def _with_repository(settings: Settings, file: ConfigFile) -> Settings:
    notes: list[str] = []
    limits = settings.limits.model_dump()
    for key, wish in file.limits.model_dump(exclude_none=True).items():
        if limits[key] is None or wish < limits[key]:
            limits[key] = wish
        elif wish > limits[key]:
            notes.append(_not_followed(f"limits.{key} = {wish:g}", f"{limits[key]:g}"))
    network = settings.network
    if file.network is not None and _NETWORKS.index(file.network) < _NETWORKS.index(network):
        network = file.network
    elif file.network not in (None, network):
        notes.append(_not_followed(f'network = "{file.network}"', f'"{network}"'))
    review = settings.review or "milestone"
    if file.review is not None and _batch(file.review) <= _batch(review):
        review = file.review
    elif file.review is not None:
        notes.append(_not_followed(f'review = "{file.review}"', f'"{review}"'))
    return Settings(
        seats=_merged(settings.seats, file, Path("/")),
        limits=Limits.model_validate(limits),
        network=network,
        review=review if file.review else settings.review,
        notes=tuple(notes),
    )


def _not_followed(wish: str, held: str) -> str:
    return f"{REPOSITORY_FILE} asks for {wish}; a repository can only tighten, so {held} holds"


def _batch(review: str) -> float:
    """How many milestones pass before a human looks."""
    if review == "auto":
        return float("inf")
    return 1 if review == "milestone" else int(review.partition(":")[2])


def _environment(environ: Mapping[str, str]) -> Flags:
    """`MISSION_TUI_MODEL`, `_SEAT_<ROLE>`, `_API_BASE`, `_USD`, `_NETWORK`, `_REVIEW`."""
    seats = tuple(
        f"{name.removeprefix('MISSION_TUI_SEAT_').lower()}={value}"
        for name, value in sorted(environ.items())
        if name.startswith("MISSION_TUI_SEAT_") and value
    )
    said = {name: environ.get(f"MISSION_TUI_{name.upper()}") or None for name in _FLAG_VARIABLES}
    try:
        return Flags.model_validate({**said, "seats": seats})
    except ValidationError as error:
        detail = error.errors()[0]
        name = f"MISSION_TUI_{str(detail['loc'][0]).upper()}"
        raise ConfigProblem(f"{name}: {problems_of(error, said, ())[0].text}") from None


_FLAG_VARIABLES = ("model", "api_base", "usd", "network", "review")


def _with_flags(settings: Settings, flags: Flags, where: str) -> Settings:
    seats = dict(settings.seats)
    chosen: set[str] = set()
    if flags.model:
        seats = {DEFAULT: _seat(flags.model, Path.cwd())}
        chosen.add(DEFAULT)
    for assignment in flags.seats:
        role, seat = parse_seat(assignment)
        seats[role] = seat
        chosen.add(role)
    if flags.api_base is not None:
        if not re.match(r"https?://", flags.api_base):
            raise ConfigProblem(f"{where}: the api base {flags.api_base!r} is no http:// or https:// address")
        for role in chosen or set(seats):
            seats[role] = seats[role].model_copy(update={"api_base": flags.api_base})
    if flags.review is not None and not re.match(REVIEW, flags.review):
        raise ConfigProblem(f"{where}: review {flags.review!r} is none of auto, milestone, every:N")
    if flags.usd is not None and flags.usd <= 0:
        raise ConfigProblem(f"{where}: usd must be greater than 0")
    limits = settings.limits if flags.usd is None else settings.limits.model_copy(update={"usd": flags.usd})
    return Settings(
        seats=seats,
        limits=limits,
        network=flags.network or settings.network,
        review=flags.review or settings.review,
        notes=settings.notes,
    )

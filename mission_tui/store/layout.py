"""Where a mission lives on disk."""

import os
from dataclasses import dataclass
from pathlib import Path

from mission_tui.store.errors import UnknownMission


@dataclass(frozen=True, slots=True)
class MissionFiles:
    """The files and folders of one mission; the folder's name is the mission's id."""

    root: Path

    @property
    def id(self) -> str:
        return self.root.name

    @property
    def database(self) -> Path:
        return self.root / "mission.db"

    @property
    def restoring(self) -> Path:
        """The database of a mission that is being put back from a backup, until all of it is in its place."""
        return self.root / "mission.db.restoring"

    @property
    def being_restored(self) -> bool:
        return self.restoring.exists() and not self.database.exists()

    @property
    def artifacts(self) -> Path:
        return self.root / "artifacts"

    def artifact(self, sha: str) -> Path:
        """Where stored content of this SHA-256 is or would be."""
        return self.artifacts / sha[:2] / sha

    @property
    def worktree(self) -> Path:
        return self.root / "worktree"

    @property
    def inbox(self) -> Path:
        return self.root / "inbox"

    @property
    def log(self) -> Path:
        return self.root / "engine.log"

    @property
    def lock(self) -> Path:
        return self.root / "lock"

    @property
    def detached(self) -> Path:
        """There while an engine is to go on by itself, also after a reboot."""
        return self.root / "detached"

    @property
    def live(self) -> Path:
        """Streaming text of active runs; nothing in it is worth keeping."""
        return self.root / "live"

    @property
    def env(self) -> Path:
        """The environment that setup commands build and every box mounts."""
        return self.root / "env"

    @property
    def runs(self) -> Path:
        """One folder per run, for trees, logs and what boxes leave."""
        return self.root / "runs"


def data_dir(override: Path | None = None) -> Path:
    """Where missions are kept: the given folder, else $MISSION_TUI_DATA_DIR, else the user's data folder."""
    if override is not None:
        return override.expanduser().absolute()
    configured = os.environ.get("MISSION_TUI_DATA_DIR")
    if configured:
        return Path(configured).expanduser().absolute()
    from platformdirs import user_data_path  # it costs 30 ms that an explicit folder need not pay

    return user_data_path("mission-tui", appauthor=False)


def new_mission_files(data: Path, mission_id: str) -> MissionFiles:
    """Where a mission that is about to be created will live."""
    return MissionFiles(data / "missions" / mission_id)


def all_missions(data: Path) -> list[MissionFiles]:
    """Every mission with a database, by id."""
    folder = data / "missions"
    if not folder.is_dir():
        return []
    found = (MissionFiles(path) for path in sorted(folder.iterdir()))
    return [files for files in found if files.database.is_file()]


def mission_files(data: Path, id_or_prefix: str) -> MissionFiles:
    """The mission whose id is this or begins so. Raises UnknownMission when there is none, or more than one."""
    missions = all_missions(data)
    exact = [m for m in missions if m.id == id_or_prefix]
    matching = exact or [m for m in missions if id_or_prefix and m.id.startswith(id_or_prefix)]
    if len(matching) == 1:
        return matching[0]
    if matching:
        names = ", ".join(m.id for m in matching[:5]) + (", …" if len(matching) > 5 else "")
        raise UnknownMission(f"{id_or_prefix!r} is ambiguous: it could be {names}")
    raise UnknownMission(f"there is no mission {id_or_prefix!r}; see `mission-tui list` for what there is")

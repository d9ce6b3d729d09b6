"""Keeps the machine from going to sleep while a mission has something to do, where systemd can."""

import contextlib
import shutil
import subprocess

PROGRAM = "systemd-inhibit"
_END_PATIENCE_S = 5.0


class Wakeful:
    """A child that holds the inhibition until it is told to let go, or until this process is gone.

    The child waits for the end of a pipe that only this process holds: not even `kill -9` leaves it behind.
    """

    def __init__(self, mission_id: str, wanted: bool) -> None:
        self._mission_id = mission_id
        self._wanted = wanted
        self._child: subprocess.Popen[bytes] | None = None

    def hold(self) -> None:
        """The machine stays awake from now on. Does nothing where it cannot be had, and does not ask again there."""
        if not self._wanted or (self._child is not None and self._child.poll() is None):
            return
        program = shutil.which(PROGRAM)
        refused = self._child is not None
        if program is None or refused:
            self._wanted = False
            return
        command = [program, "--what=sleep:idle", "--who=mission-tui", f"--why=mission {self._mission_id} is running"]
        with contextlib.suppress(OSError):
            self._child = subprocess.Popen(
                [*command, "--mode=block", "cat"],
                stdin=subprocess.PIPE,
                stdout=subprocess.DEVNULL,
                stderr=subprocess.DEVNULL,
                start_new_session=True,
            )

    def release(self) -> None:
        """The machine may sleep again."""
        child, self._child = self._child, None
        if child is None or child.stdin is None:
            return
        child.stdin.close()
        try:
            child.wait(_END_PATIENCE_S)
        except subprocess.TimeoutExpired:
            child.kill()
            child.wait()

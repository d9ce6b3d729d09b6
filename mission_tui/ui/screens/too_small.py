"""Shown while the terminal is too small for anything else."""

from textual.app import ComposeResult
from textual.screen import ModalScreen
from textual.widgets import Static

LEAST = (60, 16)


class TooSmallScreen(ModalScreen[None]):
    """Covers everything, and goes by itself once there is room."""

    def compose(self) -> ComposeResult:
        yield Static(f"At least {LEAST[0]}x{LEAST[1]} are needed.\nPlease make the terminal larger.", markup=False)

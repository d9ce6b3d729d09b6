"""Where the four panes of a mission stand, by the size of the terminal: beside each other, or one behind tabs."""

from textual.screen import Screen

from mission_tui.ui.widgets.keybar import Hint, KeyBar

PANES = ("coverage", "chat", "transcript", "handoffs")
NAMES = ("Coverage", "Orchestrator", "Transcript", "Handoffs")
FOUR_FROM = (110, 20)
"""Columns and rows from which all four panes fit beside each other."""
WIDE_FROM = 180
LEFT_WHEN_WIDE = 80


def arrange(screen: Screen[None], pane: str, single: bool, planning: bool) -> None:
    """Lay the panes out; `single` shows only `pane`, `planning` gives the conversation more room."""
    for name in PANES:
        screen.query_one(f"#{name}").display = not single or name == pane
    left, right = screen.query_one("#left"), screen.query_one("#right")
    left.display = not single or pane in PANES[:2]
    right.display = not single or pane in PANES[2:]
    left.styles.width = LEFT_WHEN_WIDE if screen.size.width >= WIDE_FROM and not single else "1fr"
    heights = ("2fr", "3fr") if planning and not single else ("3fr", "2fr")
    for name, height in zip(PANES, (*heights, "3fr", "2fr"), strict=True):
        screen.query_one(f"#{name}").styles.height = height
    tabs = screen.query_one("#tabs", KeyBar)
    tabs.display = single
    tabs.show(
        *(
            Hint(str(n), title, f"pane('{name}')", "strong" if name == pane else "faint")
            for n, (name, title) in enumerate(zip(PANES, NAMES, strict=True), 1)
        )
    )

"""Colours. They only repeat what a glyph and a word say; amber is kept for what waits for the human."""

from textual.theme import Theme

ATTENTION = "attention"
"""The theme variable for what waits for the human."""

DARK = Theme(
    name="mission-dark",
    primary="#7aa2c8",
    secondary="#6f8fa8",
    accent="#7fb4d8",
    warning="#e8b04b",
    error="#e5706b",
    success="#7fb888",
    foreground="#cdd3da",
    background="#14171b",
    surface="#1a1e24",
    panel="#262c34",
    dark=True,
    variables={ATTENTION: "#f2b544", "faint": "#747f8b", "rule": "#3a424d", "border": "#7fb4d8"},
)
LIGHT = Theme(
    name="mission-light",
    primary="#2b5f8a",
    secondary="#4c6a82",
    accent="#1f6aa5",
    warning="#9a5b00",
    error="#b3322d",
    success="#2c7a3f",
    foreground="#22272d",
    background="#fbfbf9",
    surface="#f2f2ee",
    panel="#e3e4df",
    dark=False,
    variables={ATTENTION: "#9a5b00", "faint": "#6b727a", "rule": "#c3c7c9", "border": "#1f6aa5"},
)
CONTRAST = Theme(
    name="mission-contrast",
    primary="#9fd4ff",
    secondary="#c8e4ff",
    accent="#63c0ff",
    warning="#ffd000",
    error="#ff8a80",
    success="#7dff9a",
    foreground="#ffffff",
    background="#000000",
    surface="#000000",
    panel="#2a2a2a",
    dark=True,
    variables={ATTENTION: "#ffd000", "faint": "#c4c4c4", "rule": "#9a9a9a", "border": "#63c0ff"},
)
THEMES = (DARK, LIGHT, CONTRAST)

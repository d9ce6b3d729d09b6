"""What can be done here and now: read off the keys themselves, so that palette and help leave none out."""

from collections.abc import Iterator
from typing import NamedTuple

from textual.app import App
from textual.binding import Binding
from textual.dom import DOMNode
from textual.screen import Screen

ABOUT = {
    "answer": "open the oldest decision that waits",
    "app.help": "every key, and what the glyphs mean",
    "app.inbox": "everything that waits for you, in all missions",
    "app.new_mission": "choose a repository and say what is to be done",
    "app.quit": "the engines go on",
    "app.steer('control')": "pause, caps, seats, roll back, end",
    "app.steer('message')": "to the orchestrator, also while you type",
    "app.steer('pause')": "at the next step; nothing is lost",
    "app.steer('stop')": "at once: the step that is cut becomes unknown",
    "edit": "in place, gates beside the line",
    "review": "the present milestone on one screen",
    "skills": "read and edit what agents are given",
    "message": "to the orchestrator",
    "zoom": "this pane alone, and back",
}
"""More than the few words that a key has room for."""
_KEYS = {
    "question_mark": "?",
    "slash": "/",
    "escape": "esc",
    "minus": "-",
    "plus": "+",
    "left_square_bracket": "[",
    "right_square_bracket": "]",
    "pageup": "pgup",
    "pagedown": "pgdn",
    "delete": "del",
    "up": "↑",
    "down": "↓",
    "left": "←",
    "right": "→",
}


class Offer(NamedTuple):
    """One action, and the keys that do it."""

    keys: tuple[str, ...]
    title: str
    action: str
    node: DOMNode
    """Where the action is looked for."""

    @property
    def about(self) -> str:
        said = ABOUT.get(self.action, "")
        keys = f"key {' '.join(self.keys)}"
        return f"{said} · {keys}" if said else keys


def offers(screen: Screen[object]) -> list[Offer]:
    """Every action that a key does on this screen, the focused part's first; moving about is left out."""
    found: dict[str, Offer] = {}
    for key, active in screen.active_bindings.items():
        binding, node = active.binding, active.node
        if not active.enabled or binding.action not in _own(type(node)):
            continue
        action = f"app.{binding.action}" if isinstance(node, App) else binding.action
        known = found.get(action)
        if known is None:
            found[action] = Offer((_shown(key),), binding.description.capitalize(), action, node)
        elif known.node is node or isinstance(node, App):
            found[action] = known._replace(keys=(*known.keys, _shown(key)))
    return list(found.values())


def _own(kind: type[DOMNode]) -> set[str]:
    """Actions of our own screens and panes: a text field has fifty keys of its own that everybody knows."""
    return {binding.action for one in kind.__mro__ if _ours(one.__module__) for binding in _declared(one)}


def _ours(module: str) -> bool:
    return module.startswith("mission_tui.ui.") and not module.startswith("mission_tui.ui.widgets.")


def _declared(kind: type) -> Iterator[Binding]:
    for one in vars(kind).get("BINDINGS", ()):
        if isinstance(one, Binding):
            yield one


def _shown(key: str) -> str:
    name = key.replace("ctrl+", "^").replace("shift+", "⇧")
    return _KEYS.get(name, name.upper() if name[:1] == "f" and name[1:].isdigit() else name)

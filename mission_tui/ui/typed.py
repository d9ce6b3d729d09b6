"""Where Textual's own types are open."""

from textual.app import App
from textual.message_pump import MessagePump


def app_of(pump: MessagePump) -> App[None]:
    """The running application; Textual leaves its type parameter unknown."""
    return pump.app  # pyright: ignore[reportUnknownMemberType, reportUnknownVariableType] - see above

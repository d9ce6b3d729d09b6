"""Turns a `ModelRequest` and a seat into the arguments of one litellm call."""

import os
import re
from typing import Any
from urllib.parse import urlsplit

from mission_tui.domain.ports import JsonObject, Message, ModelMisconfigured, ModelRequest, ToolSpec
from mission_tui.domain.seats import SeatSettings

PLACEHOLDER_KEY = "no-key"
OFFLINE_SWITCH = "MISSION_TUI_OFFLINE"
"""Set in the environment of tests and of whoever wants it: only endpoints on this machine may be called."""

_MARKED_PROVIDERS = re.compile(r"anthropic|claude|amazon\.nova", re.IGNORECASE)
_MARK = {"cache_control": {"type": "ephemeral"}}
_MARKED_TAIL = 2
_OWN_OPTIONS = frozenset({"cache_markers", "send_reasoning"})
_RESERVED = frozenset(
    {"model", "messages", "tools", "stream", "stream_options", "api_key", "api_base", "base_url", "timeout", "n"}
    | {"max_retries", "num_retries", "fallbacks", "mock_response", "client"}
)


def call_arguments(seat: SeatSettings, request: ModelRequest) -> JsonObject:
    """Keyword arguments for `acompletion`; raises ModelMisconfigured for a seat that cannot be called at all."""
    refuse_when_offline(seat)
    refuse_reserved_options(seat)
    options = {name: value for name, value in seat.options.items() if name not in _OWN_OPTIONS}
    arguments: JsonObject = {
        **options,
        "model": seat.model,
        "messages": _messages(seat, request.messages),
        "stream": True,
        "stream_options": {"include_usage": True},
        "max_retries": 0,
        "num_retries": 0,
    }
    if request.tools:
        arguments["tools"] = [_tool(tool) for tool in request.tools]
    if seat.api_base is not None:
        arguments["api_base"] = seat.api_base
    key = key_of(seat)
    if key is not None:
        arguments["api_key"] = key
    return arguments


def key_of(seat: SeatSettings) -> str | None:
    """The key to send; None leaves the choice of the environment variable to litellm. Raises ModelMisconfigured."""
    if seat.api_key_env is not None:
        key = os.environ.get(seat.api_key_env)
        if not key:
            raise ModelMisconfigured(f"model {seat.model}: no key; set {seat.api_key_env}")
        return key
    return None if seat.api_base is None else PLACEHOLDER_KEY


def refuse_when_offline(seat: SeatSettings) -> None:
    """Raises ModelMisconfigured for an endpoint beyond this machine while the offline switch is set."""
    if not os.environ.get(OFFLINE_SWITCH):
        return
    host = urlsplit(seat.api_base or "").hostname
    if host not in {"127.0.0.1", "::1", "localhost"}:
        where = seat.api_base or "its provider"
        raise ModelMisconfigured(f"model {seat.model}: {OFFLINE_SWITCH} is set, so {where} is not called")


def refuse_reserved_options(seat: SeatSettings) -> None:
    """Raises ModelMisconfigured for options that this program sets itself."""
    taken = sorted(_RESERVED & seat.options.keys())
    if taken:
        raise ModelMisconfigured(f"model {seat.model}: options {', '.join(taken)} cannot be set in a seat")


def _tool(tool: ToolSpec) -> JsonObject:
    function = {"name": tool.name, "description": tool.description, "parameters": tool.parameters}
    return {"type": "function", "function": function}


def _messages(seat: SeatSettings, messages: tuple[Message, ...]) -> list[JsonObject]:
    raw = [_message(seat, message) for message in messages]
    if seat.options.get("cache_markers", _MARKED_PROVIDERS.search(seat.model) is not None):
        _mark(raw)
    return raw


def _message(seat: SeatSettings, message: Message) -> JsonObject:
    raw: JsonObject = {"role": message.role, "content": message.content}
    if message.tool_call_id is not None:
        raw["tool_call_id"] = message.tool_call_id
    if message.role == "assistant":
        _fill_assistant(raw, message, _own_data(seat, message))
    return raw


def _own_data(seat: SeatSettings, message: Message) -> JsonObject:
    """What this very model wants back; another model's signatures would be refused."""
    return message.provider_data if message.provider_data.get("model") == seat.model else {}


def _fill_assistant(raw: JsonObject, message: Message, data: JsonObject) -> None:
    if message.tool_calls:
        fields: dict[str, Any] = data.get("tool_calls", {})
        raw["tool_calls"] = [
            {
                "id": call.id,
                "type": "function",
                "function": {"name": call.name, "arguments": call.arguments},
                **({"provider_specific_fields": fields[call.id]} if call.id in fields else {}),
            }
            for call in message.tool_calls
        ]
        raw["content"] = message.content or None
    for name in ("thinking_blocks", "reasoning_content", "provider_specific_fields"):
        if name in data:
            raw[name] = data[name]


def _mark(raw: list[JsonObject]) -> None:
    """Cache breakpoints: the system prompt (with the tools before it) and the newest messages."""
    marked = [message for message in raw if message["role"] == "system"][:1]
    marked += [message for message in raw if message["role"] in {"user", "tool"} and message["content"]][-_MARKED_TAIL:]
    for message in marked:
        message.update(_MARK)

"""The OpenAI chat protocol's JSON: answers as chunks or in one piece, and what a request asks for."""

import json
from collections.abc import Iterator
from typing import Any

from mission_tui.domain.ports import Message, ModelRequest, Reply, ToolCall, ToolSpec

PIECE = 24
"""Characters of text or arguments in one streamed chunk."""


def sse(chunk: dict[str, Any]) -> bytes:
    return b"data: " + json.dumps(chunk).encode() + b"\n\n"


def _frame(body: dict[str, Any], kind: str) -> dict[str, Any]:
    return {"id": "chatcmpl-local", "object": kind, "created": 1700000000, "model": body.get("model", "local")}


def chunk_of(body: dict[str, Any], delta: dict[str, Any], finish: str | None = None) -> dict[str, Any]:
    choice = {"index": 0, "delta": delta, "finish_reason": finish}
    return {**_frame(body, "chat.completion.chunk"), "choices": [choice]}


def _pieces(text: str, size: int = PIECE) -> Iterator[str]:
    return (text[start : start + size] for start in range(0, len(text), size))


def chunks_of(body: dict[str, Any], reply: Reply, piece: int = PIECE) -> list[dict[str, Any]]:
    """The stream of an answer: role, reasoning, text, tool calls, finish reason, and usage if it was asked for."""
    message = reply.message
    deltas: list[dict[str, Any]] = [{"role": "assistant", "content": ""}]
    deltas += [{"reasoning_content": piece} for piece in _pieces(message.thinking)]
    deltas += [{"content": part} for part in _pieces(message.content, piece)]
    for index, call in enumerate(message.tool_calls):
        first = {"index": index, "id": call.id, "type": "function", "function": {"name": call.name, "arguments": ""}}
        deltas.append({"tool_calls": [first]})
        for part in _pieces(call.arguments):
            deltas.append({"tool_calls": [{"index": index, "function": {"arguments": part}}]})
    chunks = [chunk_of(body, delta) for delta in deltas]
    chunks.append(chunk_of(body, {}, "tool_calls" if message.tool_calls else "stop"))
    if body.get("stream_options", {}).get("include_usage"):
        chunks.append({**_frame(body, "chat.completion.chunk"), "choices": [], "usage": _usage(reply)})
    return chunks


def completion_of(body: dict[str, Any], reply: Reply) -> dict[str, Any]:
    """An answer in one piece."""
    calls = [
        {"id": call.id, "type": "function", "function": {"name": call.name, "arguments": call.arguments}}
        for call in reply.message.tool_calls
    ]
    message: dict[str, Any] = {"role": "assistant", "content": reply.message.content or None}
    if calls:
        message["tool_calls"] = calls
    choice = {"index": 0, "message": message, "finish_reason": "tool_calls" if calls else "stop"}
    return {**_frame(body, "chat.completion"), "choices": [choice], "usage": _usage(reply)}


def _usage(reply: Reply) -> dict[str, Any]:
    usage = reply.usage
    return {
        "prompt_tokens": usage.input_tokens,
        "completion_tokens": usage.output_tokens,
        "total_tokens": usage.input_tokens + usage.output_tokens,
        "prompt_tokens_details": {"cached_tokens": usage.cached_tokens},
    }


def request_of(body: dict[str, Any]) -> ModelRequest:
    """What a request's JSON asks for, in the product's own words."""
    tools = tuple(
        ToolSpec(name=f["name"], description=f.get("description", ""), parameters=f.get("parameters", {}))
        for f in (tool["function"] for tool in body.get("tools", []))
    )
    return ModelRequest(messages=tuple(map(_message, body["messages"])), tools=tools)


def _message(raw: dict[str, Any]) -> Message:
    content = raw.get("content") or ""
    if not isinstance(content, str):
        content = "".join(part.get("text", "") for part in content)
    calls = tuple(
        ToolCall(id=call["id"], name=call["function"]["name"], arguments=call["function"]["arguments"])
        for call in raw.get("tool_calls") or []
    )
    return Message(role=raw["role"], content=content, tool_calls=calls, tool_call_id=raw.get("tool_call_id"))

"""The scripted model: it answers from a file, for the demo, tests and rehearsals, without a key or a network."""

import asyncio
import json
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path
from typing import Literal

from mission_tui.domain.ports import (
    Delta,
    Message,
    ModelMisconfigured,
    ModelRequest,
    Reply,
    ToolCall,
    Usage,
)
from mission_tui.llm.placeholders import filled
from mission_tui.llm.script import Conversation, Script, Turn, When, as_arguments, compiled, load_script

_PIECES = 24
"""Deltas of a paced reply."""
_BYTES_PER_TOKEN = 4
_QUOTED = 160
_ALWAYS = When()


class ScriptExhausted(ModelMisconfigured):
    """The script has no reply to what it was asked; the message names what that was."""


class ScriptedModel:
    """Plays a script. A reply is a function of the request's messages alone, so a resumed run goes on as it would have.

    `pacing` is the number of seconds over which each reply is streamed. Usage is estimated from the bytes; it costs
    nothing. Raises ScriptError (see `script`) when made, and ScriptExhausted when asked for more than it has.
    """

    def __init__(self, script: Path | Script, pacing: float = 0.0) -> None:
        self.name = f"scripted:{script.name}" if isinstance(script, Path) else "scripted"
        self._script = script if isinstance(script, Script) else load_script(script)
        self._pacing = pacing

    async def complete(self, request: ModelRequest, on_delta: Callable[[Delta], None]) -> Reply:
        """The script's next reply to these messages."""
        message = reply_to(self._script, request.messages)
        await self._play(message, on_delta)
        return Reply(message=message, usage=_usage(request, message))

    async def _play(self, message: Message, on_delta: Callable[[Delta], None]) -> None:
        deltas = list(_deltas(message))
        if self._pacing <= 0 or not deltas:
            for delta in deltas:
                on_delta(delta)
            return
        length = sum(len(delta.text) for delta in deltas)
        step = max(1, length // _PIECES)
        for delta in deltas:
            for start in range(0, len(delta.text), step):
                piece = delta.text[start : start + step]
                on_delta(Delta(kind=delta.kind, text=piece))
                await asyncio.sleep(self._pacing * len(piece) / length)


def reply_to(script: Script, messages: Sequence[Message]) -> Message:
    """The reply of a script to a conversation; raises ScriptExhausted when it has none."""
    conversation = _conversation(script, messages)
    turn = _turn(conversation, messages)
    place = sum(message.role == "assistant" for message in messages)

    def find(kind: str, pattern: str) -> list[str]:
        return _found(conversation, messages, kind, pattern)

    calls = tuple(
        ToolCall(id=f"call_{place}_{number}", name=call.name, arguments=as_arguments(filled(call.arguments, find)))
        for number, call in enumerate(turn.calls)
    )
    text, thinking = (str(filled(words, find)) for words in (turn.text, turn.thinking))
    return Message(role="assistant", content=text, thinking=thinking, tool_calls=calls)


def _conversation(script: Script, messages: Sequence[Message]) -> Conversation:
    system = _first(messages, "system")
    user = _first(messages, "user")
    for conversation in script.conversations:
        if _matches(conversation.match.system, system) and _matches(conversation.match.user, user):
            return conversation
    raise ScriptExhausted(f"the script has no conversation for system {_quote(system)}, user {_quote(user)}")


def _turn(conversation: Conversation, messages: Sequence[Message]) -> Turn:
    """Replay the choices that the earlier replies came from, then choose once more."""
    position = 0
    for end in [*_places(messages), len(messages)]:
        position, turn = _choose(conversation, position, messages[:end])
        if turn is None:
            newest = messages[end - 1].content if end else ""
            raise ScriptExhausted(
                f"conversation {conversation.name!r} of the script has no reply {sum(1 for _ in _places(messages)) + 1}"
                f" ({len(conversation.turns)} turns written); the newest message says {_quote(newest)}"
            )
        if end == len(messages):
            return turn
    raise AssertionError("the last place is the end of the messages")


def _choose(conversation: Conversation, position: int, so_far: Sequence[Message]) -> tuple[int, Turn | None]:
    while position < len(conversation.turns):
        position += 1
        for turn in conversation.turns[position - 1]:
            if _holds(turn.when, so_far):
                return position, turn
    return position, None


def _holds(when: When, so_far: Sequence[Message]) -> bool:
    if when == _ALWAYS:
        return True
    fresh = _fresh(so_far)
    results = [message.content for message in fresh if message.role == "tool"]
    words = [message.content for message in fresh if message.role == "user"]
    everything = [message.content for message in so_far if message.role in {"tool", "user"}]
    return (
        _any(when.result, results)
        and (when.not_result is None or not _any(when.not_result, results))
        and _any(when.user, words)
        and _any(when.seen, everything)
    )


def _fresh(so_far: Sequence[Message]) -> Sequence[Message]:
    places = list(_places(so_far))
    return so_far[places[-1] + 1 :] if places else so_far


def _places(messages: Sequence[Message]) -> Iterator[int]:
    return (place for place, message in enumerate(messages) if message.role == "assistant")


def _found(conversation: Conversation, messages: Sequence[Message], kind: str, pattern: str) -> list[str]:
    role = "user" if kind == "user" else "tool"
    texts = [message.content for message in messages if message.role == role]
    if kind == "all":
        found = [match for text in texts for match in _matched(pattern, text)]
        return list(dict.fromkeys(found))
    for text in reversed(texts):
        for match in _matched(pattern, text):
            return [match]
    raise ScriptExhausted(
        f"conversation {conversation.name!r} of the script finds no {pattern!r} in any {kind} message"
    )


def _matched(pattern: str, text: str) -> Iterator[str]:
    for match in compiled(pattern).finditer(text):
        yield (match[1] or "") if match.re.groups else match[0]


def _first(messages: Sequence[Message], role: Literal["system", "user"]) -> str:
    return next((message.content for message in messages if message.role == role), "")


def _matches(pattern: str | None, text: str) -> bool:
    return pattern is None or compiled(pattern).search(text) is not None


def _any(pattern: str | None, texts: Sequence[str]) -> bool:
    return pattern is None or any(compiled(pattern).search(text) for text in texts)


def _quote(text: str) -> str:
    line = " ".join(text.split())
    return repr(line if len(line) <= _QUOTED else line[:_QUOTED] + "…")


def _deltas(message: Message) -> Iterator[Delta]:
    if message.thinking:
        yield Delta(kind="thinking", text=message.thinking)
    if message.content:
        yield Delta(kind="text", text=message.content)
    for call in message.tool_calls:
        yield Delta(kind="tool", text=f"{call.name} {call.arguments}")


def _usage(request: ModelRequest, reply: Message) -> Usage:
    """Bytes / 4. What the request before this one sent counts as cached: all up to the last reply."""
    tools = sum(len(json.dumps(tool.model_dump())) for tool in request.tools)
    places = list(_places(request.messages))
    before = request.messages[: places[-1]] if places else ()
    cached = tools + sum(map(_size, before)) if places else 0
    return Usage(
        input_tokens=(tools + sum(map(_size, request.messages))) // _BYTES_PER_TOKEN,
        cached_tokens=cached // _BYTES_PER_TOKEN,
        output_tokens=_size(reply) // _BYTES_PER_TOKEN,
    )


def _size(message: Message) -> int:
    calls = sum(len(call.name) + len(call.arguments.encode()) for call in message.tool_calls)
    return len(message.content.encode()) + len(message.thinking.encode()) + calls

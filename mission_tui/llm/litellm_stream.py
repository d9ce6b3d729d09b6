"""Collects the chunks of one streamed answer, and tells a whole answer from one that was cut."""

from collections.abc import Callable
from typing import Literal

from mission_tui.domain.ports import Delta, JsonObject, Message, ToolCall
from mission_tui.llm.litellm_types import CallPart, Stream, StreamChunk, dict_field, field, items_of, text_field

LONGEST = 2_000_000
"""Characters of one answer; the largest output windows hold a quarter of it. More is a stream that ran away."""


class _CallParts:
    """One tool call while it arrives."""

    def __init__(self) -> None:
        self.id = ""
        self.name = ""
        self.arguments: list[str] = []
        self.fields: JsonObject = {}


class Assembler:
    """Feed it every chunk; `message` is what arrived."""

    def __init__(self, model: str, turn: int, on_delta: Callable[[Delta], None], *, send_reasoning: bool) -> None:
        self._model = model
        self._turn = turn
        self._on_delta = on_delta
        self._send_reasoning = send_reasoning
        self._text: list[str] = []
        self._thinking: list[str] = []
        self._blocks: list[JsonObject] = []
        self._signatures: list[object] = []
        self._calls: list[_CallParts] = []
        self._by_index: dict[int, _CallParts] = {}
        self.length = 0
        """Characters so far."""

    def feed(self, chunk: StreamChunk) -> bool:
        """Take one chunk; says whether it carried anything of the answer."""
        carried = False
        for choice in chunk.choices[:1]:
            delta = choice.delta
            carried |= self._take("text", self._text, text_field(delta, "content"))
            carried |= self._take("thinking", self._thinking, text_field(delta, "reasoning_content"))
            for block in items_of(field(delta, "thinking_blocks")):
                self._take_block(dict(block))
                carried = True
            for part in items_of(field(delta, "tool_calls")):
                carried |= self._take_call(part)
            fields = dict_field(delta, "provider_specific_fields")
            self._signatures.extend(items_of(fields.get("thought_signatures")))
        return carried

    def message(self) -> Message:
        """What arrived so far, as the model's message."""
        calls = tuple(
            ToolCall(id=self._id_of(place), name=call.name, arguments="".join(call.arguments))
            for place, call in enumerate(self._calls)
        )
        return Message(
            role="assistant",
            content="".join(self._text),
            tool_calls=calls,
            thinking="".join(self._thinking),
            provider_data=self._provider_data(),
        )

    def _take(self, kind: Literal["text", "thinking"], into: list[str], text: str) -> bool:
        if not text:
            return False
        into.append(text)
        self.length += len(text)
        self._on_delta(Delta(kind=kind, text=text))
        return True

    def _take_call(self, part: CallPart) -> bool:
        call = self._call_of(part)
        call.fields.update(dict_field(part, "provider_specific_fields"))
        name = part.function.name or ""
        arguments = part.function.arguments or ""
        if name and not call.name:
            call.name = name
            self._on_delta(Delta(kind="tool", text=name + " "))
        if arguments:
            call.arguments.append(arguments)
            self.length += len(arguments)
            self._on_delta(Delta(kind="tool", text=arguments))
        return bool(name or arguments)

    def _call_of(self, part: CallPart) -> _CallParts:
        """The call that a part belongs to; some servers give every call index 0, and only a new id tells them apart."""
        known = self._by_index.get(part.index)
        if known is None or (part.id and known.id and part.id != known.id):
            known = _CallParts()
            self._calls.append(known)
            self._by_index[part.index] = known
        known.id = known.id or part.id or ""
        return known

    def _take_block(self, block: JsonObject) -> None:
        """Signed thinking comes as pieces of text and, last, the signature that closes the block."""
        last = self._blocks[-1] if self._blocks else None
        if block.get("type") != "thinking" or last is None or last.get("signature") or last.get("type") != "thinking":
            self._blocks.append(block)
            return
        last["thinking"] = (last.get("thinking") or "") + (block.get("thinking") or "")
        if block.get("signature"):
            last["signature"] = block["signature"]

    def _id_of(self, place: int) -> str:
        return self._calls[place].id or f"call_{self._turn}_{place}"

    def _provider_data(self) -> JsonObject:
        data: JsonObject = {}
        blocks = [block for block in self._blocks if block.get("type") != "thinking" or block.get("signature")]
        if blocks:
            data["thinking_blocks"] = blocks
        elif self._thinking and self._send_reasoning:
            data["reasoning_content"] = "".join(self._thinking)
        if self._signatures:
            data["provider_specific_fields"] = {"thought_signatures": self._signatures}
        fields = {self._id_of(place): call.fields for place, call in enumerate(self._calls) if call.fields}
        if fields:
            data["tool_calls"] = fields
        return {"model": self._model, **data} if data else {}


def early_end(stream: Stream) -> Literal["", "length", "content_filter"]:
    """Why the provider says that the answer ends before its time."""
    reasons = (stream.received_finish_reason, stream.intermittent_finish_reason)
    if "length" in reasons or "max_tokens" in reasons:
        return "length"
    return "content_filter" if "content_filter" in reasons or "refusal" in reasons else ""


def is_whole(stream: Stream) -> bool:
    """Whether a finished litellm stream really came to its end.

    litellm turns an end of file, even a reset connection, into `finish_reason='stop'` with usage it made up. Its
    wrapper keeps what the provider itself sent: a finish reason, or a closing chunk that has only usage.
    """
    if stream.received_finish_reason is not None or stream.intermittent_finish_reason is not None:
        return True
    return any(not chunk.choices and field(chunk, "usage") is not None for chunk in stream.chunks)


def usage_was_reported(stream: Stream) -> bool:
    """Whether the provider itself said how many tokens it took; else litellm counted them."""
    return any(field(chunk, "usage") is not None for chunk in stream.chunks)

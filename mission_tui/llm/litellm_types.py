"""The few parts of litellm that this package leans on, typed: its own types load it, and are mostly unknown."""

from collections.abc import AsyncIterator, Awaitable, Iterable, Sequence
from typing import Any, Protocol, cast


class StreamChoice(Protocol):
    """One choice of a chunk. Which attributes a delta has differs from provider to provider: read it with `field`."""

    delta: object


class StreamChunk(Protocol):
    """One streamed piece of an answer; some have `usage`, which `field` reads."""

    choices: Sequence[StreamChoice]


class FunctionPart(Protocol):
    name: str | None
    arguments: str | None


class CallPart(Protocol):
    """A piece of one tool call."""

    index: int
    id: str | None
    function: FunctionPart


class RawUsage(Protocol):
    """Token counts of one call; `cost` in US dollars is there when litellm or the provider knows a price."""

    prompt_tokens: int | None
    completion_tokens: int | None


class Stream(Protocol):
    """litellm's wrapper of a provider's stream, with what it keeps of the provider's own words."""

    received_finish_reason: str | None
    intermittent_finish_reason: str | None
    chunks: list[StreamChunk]

    def __aiter__(self) -> AsyncIterator[StreamChunk]: ...

    async def aclose(self) -> None: ...


class Litellm(Protocol):
    """The module."""

    suppress_debug_info: bool
    num_retries: int | None
    telemetry: bool
    model_cost: dict[str, dict[str, Any]]

    def acompletion(self, **arguments: object) -> Awaitable[Stream]: ...

    def completion(self, **arguments: object) -> Iterable[object]: ...

    def get_model_info(self, model: str) -> dict[str, Any]: ...

    def validate_environment(self, model: str) -> dict[str, Any]: ...

    def get_llm_provider(self, model: str) -> tuple[str, str, str | None, str | None]: ...


def field(value: object, name: str) -> object:
    """An attribute that may be missing."""
    return getattr(value, name, None)


def text_field(value: object, name: str) -> str:
    """An attribute's text, empty when it is missing or something else."""
    found = field(value, name)
    return found if isinstance(found, str) else ""


def dict_field(value: object, name: str) -> dict[str, Any]:
    """An attribute's mapping, empty when it is missing or something else."""
    found = field(value, name)
    return cast("dict[str, Any]", found) if isinstance(found, dict) else {}


def items_of(value: object) -> list[Any]:
    """A list, empty when it is missing or something else."""
    return cast("list[Any]", value) if isinstance(value, list) else []

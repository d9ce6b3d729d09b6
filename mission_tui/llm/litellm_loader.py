"""Loads litellm once, tamed: no network at import, no `.env`, nothing on the terminal, no retries of its own."""

import asyncio
import importlib
import logging
import os
import threading
import warnings
from functools import cache
from typing import cast

from mission_tui.llm.litellm_types import Litellm

_LOGGERS = ("LiteLLM", "LiteLLM Router", "LiteLLM Proxy")
_lock = threading.Lock()
_loaded: list[Litellm] = []


def load() -> Litellm:
    """The litellm module. The first call takes seconds: call `preload` early, in the background."""
    with _lock:
        if not _loaded:
            _loaded.append(_import())
        return _loaded[0]


async def preload() -> None:
    """Load litellm in a thread, with what its first call would import besides."""
    if not _loaded:
        await asyncio.to_thread(_load_and_warm)


@cache
def _window(model: str) -> int | None:
    try:
        found = load().get_model_info(model).get("max_input_tokens")
    except Exception:
        return None  # litellm raises a bare Exception for a model that its map does not have
    return found if isinstance(found, int) else None


def known_window(model: str) -> int | None:
    """Tokens that a model takes, as the price map says; None when it lacks the model, or litellm is not loaded yet."""
    return _window(model) if _loaded else None


def _import() -> Litellm:
    os.environ["LITELLM_LOCAL_MODEL_COST_MAP"] = "True"
    os.environ["LITELLM_MODE"] = "PRODUCTION"
    litellm = cast("Litellm", importlib.import_module("litellm"))
    litellm.suppress_debug_info = True
    litellm.num_retries = 0
    litellm.telemetry = False
    # A provider that bends the protocol is told of as an error, not by pydantic on the terminal.
    warnings.filterwarnings("ignore", "Pydantic serializer warnings", UserWarning)
    for name in _LOGGERS:
        logging.getLogger(name).handlers = [logging.NullHandler()]
    return litellm


def _load_and_warm() -> None:
    litellm = load()
    tool = {"type": "function", "function": {"name": "warm_up", "parameters": {"type": "object"}}}
    list(
        litellm.completion(
            model="openai/gpt-4o",
            messages=[{"role": "user", "content": "hello"}],
            mock_response="hello",
            stream=True,
            tools=[tool],
        )
    )
    importlib.import_module("openai.resources.chat.completions")

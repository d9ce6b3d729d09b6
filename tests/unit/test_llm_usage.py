import json
from typing import Any

import pytest

from mission_tui.domain.ports import Message, ModelRequest, Reply, Usage
from mission_tui.domain.seats import SeatSettings
from mission_tui.llm.litellm_model import LitellmModel
from tests.support.openai_server import Fault, OpenAIServer
from tests.support.openai_wire import chunk_of

REQUEST = ModelRequest(messages=(Message(role="user", content="Go."),))


async def told(usage: dict[str, Any]) -> Usage:
    """What is counted when a provider says so at the end of an otherwise right answer."""
    chunks = [chunk_of({}, {"role": "assistant", "content": "done"}), chunk_of({}, {}, "stop")]
    chunks.append({**chunks[0], "choices": [], "usage": usage})
    body = "".join(f"data: {json.dumps(chunk)}\n\n" for chunk in chunks) + "data: [DONE]\n\n"
    fault = Fault(headers={"content-type": "text/event-stream"}, body=body)
    async with OpenAIServer(lambda _: Reply(message=Message(role="assistant")), choose=lambda _: fault) as server:
        seat = SeatSettings(model="openai/local", api_base=server.url)
        return (await LitellmModel(seat).complete(REQUEST, lambda _: None)).usage


RIGHT = {"prompt_tokens": 5, "completion_tokens": 7, "total_tokens": 12, "cost": 1.0}


@pytest.mark.parametrize(
    ("said", "counted"),
    [
        ({}, Usage(input_tokens=5, output_tokens=7, usd=1)),
        ({"prompt_tokens": -5}, Usage(output_tokens=7, usd=1, usd_known=False)),
        ({"completion_tokens": 10**30}, Usage(input_tokens=5, usd=1, usd_known=False)),
        ({"prompt_tokens_details": {"cached_tokens": -1}}, Usage(input_tokens=5, output_tokens=7, usd=1)),
        (
            {"prompt_tokens_details": {"cached_tokens": 9}},
            Usage(input_tokens=5, cached_tokens=5, output_tokens=7, usd=1),
        ),
        ({"cost": -3}, Usage(input_tokens=5, output_tokens=7, usd_known=False)),
        ({"cost": 1e300}, Usage(input_tokens=5, output_tokens=7, usd_known=False)),
    ],
    ids=str,
)
async def test_figures_that_no_call_can_have_are_not_believed(said: dict[str, Any], counted: Usage):
    assert await told(RIGHT | said) == counted

import urllib.request
from pathlib import Path

import pytest

from mission_tui.domain.ports import Message, ModelRequest, Reply
from mission_tui.domain.seats import SeatSettings
from mission_tui.llm.scripted import ScriptedModel
from mission_tui.llm.seats import check_seat, make_model, preload, provider_of
from tests.support.openai_server import asking, in_thread

SCRIPT = "conversations: [{name: c, turns: [{text: hello, calls: [{say: {words: [a, b]}}]}]}]"
REQUEST = ModelRequest(messages=(Message(role="user", content="Go."),))


@pytest.fixture
def script(tmp_path: Path) -> Path:
    path = tmp_path / "script.yaml"
    path.write_text(SCRIPT)
    return path


@pytest.mark.parametrize(
    ("model", "maker"),
    [
        ("anthropic/claude-sonnet-4-5", "anthropic"),
        ("claude-sonnet-4-5", "anthropic"),
        ("openrouter/anthropic/claude-sonnet-4.5", "anthropic"),
        ("bedrock/eu.anthropic.claude-sonnet-4-5-v1:0", "anthropic"),
        ("gpt-5", "openai"),
        ("azure/o3", "openai"),
        ("gemini/gemini-3-pro", "google"),
        ("openai/local", "openai"),
        ("groq/llama-3.3-70b", "meta"),
        ("ollama/unheard-of", "ollama"),
        ("scripted:a/claude.yaml", "scripted"),
    ],
)
def test_the_maker_of_a_model_is_read_from_its_name(model: str, maker: str):
    assert provider_of(model) == maker


async def test_a_scripted_seat_answers_directly_and_over_http_alike(script: Path):
    direct = make_model(SeatSettings(model=f"scripted:{script}"))
    with in_thread(asking(ScriptedModel(script))) as api:
        over_http = make_model(SeatSettings(model="openai/local", api_base=api.url))
        replies = [await model.complete(REQUEST, lambda _: None) for model in (direct, over_http)]

    assert replies[0].message == replies[1].message
    assert replies[0].usage.output_tokens == replies[1].usage.output_tokens


async def test_a_seat_without_its_key_is_told_without_a_call(monkeypatch: pytest.MonkeyPatch):
    seat = SeatSettings(model="anthropic/claude-sonnet-4-5")
    assert await check_seat(seat) == "model anthropic/claude-sonnet-4-5: no key; set ANTHROPIC_API_KEY"
    monkeypatch.setenv("ANTHROPIC_API_KEY", "sk-x")
    assert await check_seat(seat) is None


async def test_a_seat_with_a_named_key_needs_just_that(monkeypatch: pytest.MonkeyPatch):
    seat = SeatSettings(model="openai/gpt-4o", api_key_env="LOCAL_KEY")
    assert "set LOCAL_KEY" in (await check_seat(seat) or "")
    monkeypatch.setenv("LOCAL_KEY", "x")
    assert await check_seat(seat) is None


async def test_a_seat_with_an_endpoint_needs_no_key():
    assert await check_seat(SeatSettings(model="openai/local", api_base="http://127.0.0.1:1/v1")) is None


async def test_a_model_without_a_known_provider_is_told():
    assert "unknown provider" in (await check_seat(SeatSettings(model="my-model")) or "")


async def test_a_scripted_seat_is_checked_by_reading_its_script(script: Path):
    assert await check_seat(SeatSettings(model=f"scripted:{script}")) is None
    assert "No such file" in (await check_seat(SeatSettings(model="scripted:/nowhere.yaml")) or "")
    await preload([SeatSettings(model=f"scripted:{script}")])


def test_the_test_server_also_answers_in_one_piece_and_to_blocking_callers(script: Path):
    with in_thread(lambda _: Reply(message=Message(role="assistant", content="whole"))) as api:
        request = urllib.request.Request(f"{api.url}/chat/completions", data=b'{"model": "m", "messages": []}')
        with urllib.request.urlopen(request, timeout=10) as response:
            assert b'"content": "whole"' in response.read()

import asyncio
import json
import socket
import subprocess
import sys
import time

import pytest

from mission_tui.domain.ports import (
    ContextOverflow,
    Delta,
    Message,
    ModelMisconfigured,
    ModelRequest,
    ModelUnavailable,
    QuotaExhausted,
    Reply,
    ToolCall,
    ToolSpec,
    Usage,
)
from mission_tui.domain.seats import SeatSettings
from mission_tui.llm.litellm_model import LitellmModel, Watchdog
from tests.support import openai_server as server
from tests.support.anthropic_server import EVENTS, AnthropicServer
from tests.support.openai_server import Fault, OpenAIServer

ARGUMENTS = json.dumps({"command": "printf 'two  spaces' && rm -rf /tmp/nothing", "timeout_s": 5})
REPLY = Reply(
    message=Message(
        role="assistant",
        content="I run the tests first, then I read what they say.",
        tool_calls=(ToolCall(id="c1", name="run_command", arguments=ARGUMENTS),),
    ),
    usage=Usage(input_tokens=1000, cached_tokens=400, output_tokens=50),
)
TOOL = ToolSpec(
    name="run_command",
    description="Runs.",
    parameters={"type": "object", "properties": {"command": {"type": "string"}}},
)
REQUEST = ModelRequest(
    messages=(Message(role="system", content="You work."), Message(role="user", content="Go.")), tools=(TOOL,)
)
QUICK = Watchdog(first_token_s=0.5, idle_s=0.3, total_s=20)


def local(url: str, model: str = "openai/local", **settings: object) -> SeatSettings:
    return SeatSettings.model_validate({"model": model, "api_base": url, **settings})


async def ask(
    api: OpenAIServer, request: ModelRequest = REQUEST, watchdog: Watchdog | None = None, **settings: object
) -> Reply:
    return await LitellmModel(local(api.url, **settings), watchdog).complete(request, lambda _: None)


@pytest.fixture
async def api():
    async with OpenAIServer(lambda _: REPLY) as running:
        yield running


async def test_a_streamed_answer_comes_whole_with_its_tool_call_and_usage(api: OpenAIServer):
    deltas: list[Delta] = []

    reply = await LitellmModel(local(api.url)).complete(REQUEST, deltas.append)

    assert reply.message == REPLY.message
    assert reply.usage.input_tokens == 1000
    assert reply.usage.cached_tokens == 400
    assert reply.usage.output_tokens == 50
    assert "".join(d.text for d in deltas if d.kind == "text") == REPLY.message.content
    assert "".join(d.text for d in deltas if d.kind == "tool") == f"run_command {ARGUMENTS}"
    assert len(deltas) > 4


async def test_the_request_carries_messages_and_tools_and_no_retries_of_its_own(api: OpenAIServer):
    turn = (REPLY.message, Message(role="tool", content="ok", tool_call_id="c1"))

    await ask(api, ModelRequest(messages=REQUEST.messages + turn, tools=REQUEST.tools), options={"temperature": 0.5})

    body = api.requests[0].body
    assert [m["role"] for m in body["messages"]] == ["system", "user", "assistant", "tool"]
    assert body["messages"][2]["tool_calls"][0]["function"] == {"name": "run_command", "arguments": ARGUMENTS}
    assert body["messages"][3]["tool_call_id"] == "c1"
    assert body["tools"][0]["function"]["parameters"] == TOOL.parameters
    assert body["stream_options"] == {"include_usage": True}
    assert body["temperature"] == 0.5
    assert api.requests[0].headers["authorization"] == "Bearer no-key"
    assert len(api.requests) == 1


async def test_the_price_of_an_unmapped_model_is_unknown_and_never_a_known_zero(api: OpenAIServer):
    assert (await ask(api)).usage.usd_known is False


async def test_a_mapped_model_is_priced_with_its_cached_tokens(api: OpenAIServer):
    usage = (await ask(api, model="openai/gpt-4o")).usage

    assert usage.usd_known
    assert usage.usd == pytest.approx(600 * 2.5e-6 + 400 * 1.25e-6 + 50 * 10e-6)


async def test_a_price_of_the_seat_counts_and_an_explicit_zero_is_known(api: OpenAIServer):
    priced = {"input_cost_per_token": 1e-6, "output_cost_per_token": 2e-6}
    free = dict.fromkeys(priced, 0)

    cost = (await ask(api, model="openai/priced", options=priced)).usage
    nothing = (await ask(api, model="openai/free", options=free)).usage

    assert cost.usd_known
    assert cost.usd > 0
    assert (nothing.usd, nothing.usd_known) == (0.0, True)
    assert "input_cost_per_token" not in api.requests[0].body


@pytest.mark.parametrize("chunks", range(8))
async def test_a_stream_that_ends_early_is_never_an_answer(api: OpenAIServer, chunks: int):
    api.faults.append(server.ends_after(chunks))

    with pytest.raises(ModelUnavailable, match=r"^model openai/local: the (answer was cut|endpoint answered without)"):
        await ask(api)


@pytest.mark.parametrize(
    "fault",
    [
        server.resets_after(0),
        server.resets_after(4),
        server.error_event_after(3),
        server.RATE_LIMITED,
        server.SERVER_ERROR,
        server.OVERLOADED,
        server.HTML_PAGE,
        server.EMPTY_BODY,
    ],
)
async def test_a_passing_failure_is_unavailable_and_asked_only_once(api: OpenAIServer, fault: Fault):
    api.faults.append(fault)

    with pytest.raises(ModelUnavailable) as raised:
        await ask(api)

    assert raised.value.retry_at is None
    assert "\n" not in str(raised.value)
    assert len(api.requests) == 1


async def test_retry_after_is_told_as_a_time(api: OpenAIServer):
    api.faults.append(server.rate_limited("7"))

    with pytest.raises(ModelUnavailable) as raised:
        await ask(api)

    assert raised.value.retry_at == pytest.approx(time.time() + 7, abs=2)


@pytest.mark.parametrize(
    ("fault", "advice"),
    [
        (server.BAD_KEY, "api_key_env"),
        (server.UNKNOWN_MODEL, "check the model's name"),
        (server.BAD_REQUEST, "Invalid schema for function"),
    ],
)
async def test_what_only_a_human_can_mend_is_misconfigured_and_says_what(api: OpenAIServer, fault: Fault, advice: str):
    api.faults.append(fault)

    with pytest.raises(ModelMisconfigured) as raised:
        await ask(api)

    assert str(raised.value).startswith("model openai/local: ")
    assert advice in str(raised.value)
    assert "Exception" not in str(raised.value)


@pytest.mark.parametrize("fault", [server.PAYMENT_REQUIRED, server.OUT_OF_CREDIT, server.FORBIDDEN_QUOTA])
async def test_a_used_up_account_is_no_passing_failure(api: OpenAIServer, fault: Fault):
    api.faults.append(fault)

    with pytest.raises(QuotaExhausted, match="the account needs credit") as raised:
        await ask(api)

    assert raised.value.retry_at is None


async def test_a_used_up_quota_names_its_reset(api: OpenAIServer):
    headers = {"x-ratelimit-remaining-requests": "0", "x-ratelimit-reset-requests": "1h30m"}
    api.faults.append(Fault(429, headers, server.OUT_OF_CREDIT.body))
    with pytest.raises(QuotaExhausted) as raised:
        await ask(api)
    assert raised.value.retry_at == pytest.approx(time.time() + 5400, abs=5)


@pytest.mark.parametrize(
    ("status", "said"),
    [
        (400, "This model's maximum context length is 8192 tokens"),
        (400, "Please reduce the length of the messages or completion."),
        (400, "This model's maximum prompt length is 131072 but the request contains 200000 tokens."),
        (400, "Range of input length should be [1, 129024]"),
        (400, "Invalid request: Your request exceeded model token limit: 131072"),
        (413, "Request exceeds the maximum size"),
        (429, "Request too large for gpt-x on tokens per min (TPM): Limit 30000, Requested 40000."),
    ],
)
async def test_a_conversation_that_is_too_long_is_an_overflow(api: OpenAIServer, status: int, said: str):
    api.faults.append(Fault(status, {}, json.dumps({"error": {"message": said, "type": "x", "code": None}})))
    with pytest.raises(ContextOverflow):
        await ask(api)


async def test_a_refused_connection_is_unavailable_and_names_the_endpoint():
    with socket.socket() as listener:
        listener.bind(("127.0.0.1", 0))
        url = f"http://127.0.0.1:{listener.getsockname()[1]}/v1"

        with pytest.raises(ModelUnavailable, match=rf"is {url} up\?"):
            await LitellmModel(local(url)).complete(REQUEST, lambda _: None)


async def test_a_wrong_path_is_misconfigured_and_points_at_the_endpoint(api: OpenAIServer):
    with pytest.raises(ModelMisconfigured, match=r"it usually ends in /v1"):
        await LitellmModel(local(api.url.removesuffix("/v1") + "/nowhere/more")).complete(REQUEST, lambda _: None)


@pytest.mark.parametrize("fault", [server.stalls_after(3), server.keeps_alive_after(3), server.empty_deltas_after(3)])
async def test_silence_ends_a_stream_whatever_holds_it_open(api: OpenAIServer, fault: Fault):
    api.faults.append(fault)

    with pytest.raises(ModelUnavailable, match=r"nothing for 0\.3 s"):
        await ask(api, watchdog=QUICK)


async def test_a_first_token_that_never_comes_ends_the_call(api: OpenAIServer):
    api.faults.append(server.keeps_alive_after(0))

    with pytest.raises(ModelUnavailable, match=r"no first token after 0\.5 s"):
        await ask(api, watchdog=QUICK)


async def test_a_slow_drip_of_tokens_ends_at_the_total_limit():
    async def slowly(_: ModelRequest) -> Reply:
        return REPLY

    async with OpenAIServer(slowly) as api:
        api.faults.append(server.drips())
        with pytest.raises(ModelUnavailable, match=r"no whole answer after 0\.8 s"):
            await ask(api, watchdog=Watchdog(first_token_s=0.5, idle_s=0.5, total_s=0.8))


async def test_cancelling_abandons_the_call_and_its_connection(api: OpenAIServer):
    api.faults.append(server.keeps_alive_after(3))
    started = asyncio.Event()
    model = LitellmModel(local(api.url))
    call = asyncio.create_task(model.complete(REQUEST, lambda _: started.set()))
    await started.wait()

    call.cancel()

    with pytest.raises(asyncio.CancelledError):
        await call
    await asyncio.wait_for(api.idle.wait(), 5)
    assert (await ask(api)).message == REPLY.message


async def test_reasoning_is_shown_and_goes_back_to_the_same_model_only():
    thinking = Reply(message=REPLY.message.model_copy(update={"thinking": "The tests come first, I think."}))
    async with OpenAIServer(lambda _: thinking) as api:
        reply = await ask(api)
        again = ModelRequest(messages=(*REQUEST.messages, reply.message))
        await ask(api, again)
        await ask(api, again, model="openai/other")
        await ask(api, again, options={"send_reasoning": False})

    assert reply.message.thinking == "The tests come first, I think."
    assert api.requests[1].body["messages"][2]["reasoning_content"] == reply.message.thinking
    assert "reasoning_content" not in api.requests[2].body["messages"][2]
    assert "send_reasoning" not in api.requests[3].body


async def test_calls_without_ids_or_with_one_index_stay_apart(api: OpenAIServer):
    calls = (ToolCall(id="a", name="one", arguments='{"x": 1}'), ToolCall(id="b", name="two", arguments="{}"))
    both = Reply(message=Message(role="assistant", tool_calls=calls))
    async with OpenAIServer(lambda _: both, indexed=False) as careless:
        assert (await ask(careless)).message.tool_calls == calls
    nameless = tuple(call.model_copy(update={"id": ""}) for call in calls)
    async with OpenAIServer(lambda _: Reply(message=Message(role="assistant", tool_calls=nameless))) as careless:
        ids = [call.id for call in (await ask(careless)).message.tool_calls]
    assert all(ids)
    assert len(set(ids)) == 2


async def test_arguments_that_are_not_json_pass_as_they_came():
    broken = ToolCall(id="c", name="run_command", arguments='{"command": "ls"')
    async with OpenAIServer(lambda _: Reply(message=Message(role="assistant", tool_calls=(broken,)))) as api:
        assert (await ask(api)).message.tool_calls == (broken,)


async def test_a_burst_of_chunks_leaves_the_event_loop_to_others():
    long = Reply(message=Message(role="assistant", content="word " * 4000), usage=REPLY.usage)
    gaps: list[float] = []

    async def tick() -> None:
        last = time.perf_counter()
        while True:
            await asyncio.sleep(0)
            now = time.perf_counter()
            gaps.append(now - last)
            last = now

    async with OpenAIServer(lambda _: long, burst=True) as api:
        await ask(api)
        ticking = asyncio.create_task(tick())
        await ask(api)
        ticking.cancel()

    assert max(gaps) < sum(gaps) / 3


async def test_anthropic_gets_cache_markers_and_its_signed_thinking_back_unchanged(monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setenv("LOCAL_KEY", "sk-local")
    async with AnthropicServer() as api:
        seat = local(api.url, model="anthropic/claude-sonnet-4-5", api_key_env="LOCAL_KEY")
        reply = await LitellmModel(seat).complete(REQUEST, lambda _: None)
        result = Message(role="tool", content="print(1)", tool_call_id="toolu_1")
        again = ModelRequest(messages=(*REQUEST.messages, reply.message, result), tools=REQUEST.tools)
        await LitellmModel(seat).complete(again, lambda _: None)

    assert reply.message.thinking == "First look."
    assert reply.message.tool_calls == (ToolCall(id="toolu_1", name="read_file", arguments='{"path": "a.py"}'),)
    assert (reply.usage.input_tokens, reply.usage.cached_tokens, reply.usage.output_tokens) == (100, 70, 42)
    assert reply.usage.usd_known
    body = api.requests[1].body
    assert body["system"][-1]["cache_control"] == {"type": "ephemeral"}
    assert "cache_control" in json.dumps(body["messages"][-1])
    assert "cache_control" in json.dumps(body["messages"][0])
    assert "cache_control" not in json.dumps(body["messages"][1])
    signed = {"type": "thinking", "thinking": "First look.", "signature": "c2lnbmVk"}
    assert body["messages"][1]["content"][0] == signed
    assert api.requests[0].headers["x-api-key"] == "sk-local"


@pytest.mark.parametrize("events", range(len(EVENTS) - 2))
async def test_an_anthropic_stream_that_ends_early_is_never_an_answer(events: int, monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setenv("LOCAL_KEY", "sk-local")
    async with AnthropicServer(events) as api:
        seat = local(api.url, model="anthropic/claude-sonnet-4-5", api_key_env="LOCAL_KEY")
        with pytest.raises(ModelUnavailable):
            await LitellmModel(seat).complete(REQUEST, lambda _: None)


async def test_a_key_never_shows_in_an_error(api: OpenAIServer, monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setenv("LOCAL_KEY", "sk-very-secret")
    api.faults.append(Fault(status=401, body='{"error": {"message": "Bad key sk-very-secret"}}'))

    with pytest.raises(ModelMisconfigured) as raised:
        await ask(api, api_key_env="LOCAL_KEY")

    assert "sk-very-secret" not in str(raised.value)
    assert "LOCAL_KEY" in str(raised.value)


async def test_a_missing_key_variable_is_named_before_any_call(api: OpenAIServer):
    with pytest.raises(ModelMisconfigured, match="set NOT_THERE_KEY"):
        await ask(api, api_key_env="NOT_THERE_KEY")
    assert not api.requests


async def test_an_unknown_provider_is_misconfigured(api: OpenAIServer):
    with pytest.raises(ModelMisconfigured, match="LLM Provider NOT provided"):
        await ask(api, model="nonsense-model")


@pytest.mark.parametrize("option", ["messages", "stream", "num_retries", "api_base"])
async def test_options_that_the_program_sets_itself_are_refused(api: OpenAIServer, option: str):
    with pytest.raises(ModelMisconfigured, match=option):
        await ask(api, options={option: 1})


@pytest.mark.parametrize("base", [None, "https://models.example/v1", "http://127.0.0.1.example/v1"])
async def test_tests_cannot_reach_an_endpoint_beyond_this_machine(base: str | None):
    seat = SeatSettings(model="openai/gpt-4o", api_base=base)
    with pytest.raises(ModelMisconfigured, match="MISSION_TUI_OFFLINE"):
        await LitellmModel(seat).complete(REQUEST, lambda _: None)


def test_importing_the_package_loads_no_litellm_and_loading_it_prints_nothing():
    code = (
        "import asyncio, sys\n"
        "import mission_tui.llm.seats as seats, mission_tui.llm.litellm_loader as loader\n"
        "assert not {'litellm', 'openai', 'httpx'} & set(sys.modules)\n"
        "asyncio.run(loader.preload())\n"
        "assert 'litellm' in sys.modules and 'mcp' in sys.modules\n"
        "loader.load().get_llm_provider('openai/nobody')\n"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=False)
    assert (done.returncode, done.stdout, done.stderr) == (0, "", "")

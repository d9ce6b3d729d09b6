import asyncio
from collections.abc import Callable

import pytest

from mission_tui.domain.ports import (
    ContextOverflow,
    Delta,
    Message,
    ModelError,
    ModelMisconfigured,
    ModelRequest,
    ModelUnavailable,
    Reply,
)
from mission_tui.domain.seats import SeatSettings
from mission_tui.llm.retry import Retries, Retrying, RetryNotice, RetryPolicy, Waiting
from mission_tui.llm.seats import make_model
from tests.support import openai_server as server
from tests.support.openai_server import OpenAIServer

REQUEST = ModelRequest(messages=(Message(role="user", content="Go."),))
REPLY = Reply(message=Message(role="assistant", content="Done."))


class Failing:
    """Raises its errors one after the other, then answers."""

    name = "failing"

    def __init__(self, *errors: ModelError) -> None:
        self._errors = list(errors)
        self.calls = 0

    async def complete(self, request: ModelRequest, on_delta: Callable[[Delta], None]) -> Reply:
        self.calls += 1
        if self._errors:
            raise self._errors.pop(0)
        return REPLY


class Clock:
    """Time that passes only by waiting."""

    def __init__(self) -> None:
        self.time = 1000.0
        self.slept: list[float] = []

    async def sleep(self, seconds: float) -> None:
        self.slept.append(seconds)
        self.time += seconds

    def waiting(self, jitter: float = 1.0) -> Waiting:
        return Waiting(sleep=self.sleep, now=lambda: self.time, jitter=lambda: jitter)


def unavailable(count: int) -> list[ModelError]:
    return [ModelUnavailable("down") for _ in range(count)]


async def ask(model: Retrying) -> Reply:
    return await model.complete(REQUEST, lambda _: None)


async def test_waits_double_up_to_the_longest_and_every_retry_is_told():
    clock = Clock()
    notices: list[RetryNotice] = []
    policy = RetryPolicy(attempts=6, first_delay_s=1, longest_delay_s=5)

    reply = await ask(Retrying(Failing(*unavailable(5)), policy, Retries(notices.append), clock.waiting()))

    assert reply == REPLY
    assert clock.slept == [1, 2, 4, 5, 5]
    assert [notice.attempt for notice in notices] == [2, 3, 4, 5, 6]
    assert str(notices[2]) == "retry 4 in 4 s because down"


async def test_jitter_takes_up_to_half_of_a_wait():
    clock = Clock()
    await ask(Retrying(Failing(*unavailable(2)), waiting=clock.waiting(jitter=0)))
    assert clock.slept == [0.5, 1.0]


async def test_attempts_are_bounded_and_the_last_error_says_how_many():
    clock = Clock()
    failing = Failing(*unavailable(9))

    with pytest.raises(ModelUnavailable, match=r"^down \(after 3 calls\)$"):
        await ask(Retrying(failing, RetryPolicy(attempts=3), waiting=clock.waiting()))

    assert failing.calls == 3
    assert len(clock.slept) == 2


async def test_a_wait_that_the_provider_asks_for_is_kept():
    clock = Clock()
    await ask(Retrying(Failing(ModelUnavailable("slow down", retry_at=1030.0)), waiting=clock.waiting()))
    assert 30 <= clock.slept[0] <= 31


async def test_a_wait_beyond_the_policy_ends_at_once_and_names_the_time():
    clock = Clock()
    failing = Failing(ModelUnavailable("quota", retry_at=9000.0))

    with pytest.raises(ModelUnavailable, match=r"after 1 call\)") as raised:
        await ask(Retrying(failing, RetryPolicy(total_s=600), waiting=clock.waiting()))

    assert raised.value.retry_at == 9000.0
    assert clock.slept == []


@pytest.mark.parametrize("error", [ModelMisconfigured("no key"), ContextOverflow("too long")])
async def test_what_waiting_cannot_mend_is_not_retried(error: ModelError):
    failing = Failing(error)
    with pytest.raises(type(error)):
        await ask(Retrying(failing))
    assert failing.calls == 1


async def test_cancelling_ends_a_wait():
    waits = asyncio.Event()
    model = Retrying(Failing(*unavailable(1)), RetryPolicy(first_delay_s=300), Retries(lambda _: waits.set()))
    call = asyncio.create_task(ask(model))
    await waits.wait()

    call.cancel()

    with pytest.raises(asyncio.CancelledError):
        await call


async def test_a_seat_recovers_from_faults_over_http_and_one_call_is_one_request():
    notices: list[RetryNotice] = []
    policy = RetryPolicy(first_delay_s=0.01)
    async with OpenAIServer(lambda _: REPLY) as api:
        api.faults.extend([server.OVERLOADED, server.rate_limited("0"), server.ends_after(2), server.resets_after(1)])
        model = make_model(
            SeatSettings(model="openai/local", api_base=api.url), policy=policy, retries=Retries(notices.append)
        )
        reply = await model.complete(REQUEST, lambda _: None)

    assert reply.message.content == "Done."
    assert len(api.requests) == 5
    assert len(notices) == 4

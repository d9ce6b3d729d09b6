from datetime import UTC, datetime

import pytest

from mission_tui.llm.retry_headers import retry_at, told_wait

NOW = 1_790_000_000.0


@pytest.mark.parametrize(
    ("headers", "wait"),
    [
        ({}, None),
        ({"retry-after": "7"}, 7),
        ({"retry-after-ms": "250", "retry-after": "7"}, 0.25),
        ({"retry-after": "soon"}, None),
        ({"retry-after": "-5"}, None),
        ({"retry-after": "99999999999999999999"}, None),
        ({"retry-after": "Fri, 31 Dec 9999 23:59:59 GMT"}, None),
        ({"x-ratelimit-remaining": "0", "x-ratelimit-reset": "9" * 400}, None),
        ({"x-ratelimit-remaining-requests": "0", "x-ratelimit-reset-requests": "6m0s"}, 360),
        ({"x-ratelimit-remaining-tokens": "0", "x-ratelimit-reset-tokens": "120ms"}, 0.12),
        ({"x-ratelimit-remaining-tokens": "10", "x-ratelimit-reset-tokens": "6m0s"}, None),
        ({"x-ratelimit-remaining": "0", "x-ratelimit-reset": f"{(NOW + 90) * 1000:.0f}"}, 90),
        ({"x-ratelimit-remaining": "0", "x-ratelimit-reset": f"{NOW + 90:.0f}"}, 90),
        ({"ratelimit-remaining": "0", "ratelimit-reset": "30"}, 30),
        (
            {
                "anthropic-ratelimit-tokens-remaining": "0",
                "anthropic-ratelimit-tokens-reset": datetime.fromtimestamp(NOW + 60, UTC).isoformat(),
                "anthropic-ratelimit-requests-remaining": "3",
                "anthropic-ratelimit-requests-reset": datetime.fromtimestamp(NOW + 600, UTC).isoformat(),
            },
            60,
        ),
    ],
)
def test_providers_name_the_next_call_in_many_ways(headers: dict[str, str], wait: float | None):
    found = retry_at(headers, NOW)
    assert found == (None if wait is None else pytest.approx(NOW + wait))


@pytest.mark.parametrize(
    ("words", "wait"),
    [
        ("Please retry in 34.074824224s.", 34.074824224),
        ('{"@type": "type.googleapis.com/google.rpc.RetryInfo", "retryDelay": "34s"}', 34),
        ("Limit 10000, Used 9000. Please try again in 6m0s.", 360),
        ("Please try again in 20ms.", 0.02),
        ("Please try again in 7h12m30.5s. Need more?", 25_950.5),
        ("try again in a few minutes", None),
        ("please try again in 99999999999999999999s", None),
        ("decrease input length and try again", None),
    ],
)
def test_some_name_it_in_words_only(words: str, wait: float | None):
    assert told_wait(words) == (None if wait is None else pytest.approx(wait))

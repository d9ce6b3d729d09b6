"""What holds for every test: no provider is reached, by key, endpoint or proxy; programs can be interrupted."""

import os
import re
import signal

import pytest

os.environ["MISSION_TUI_OFFLINE"] = "1"
os.environ["NO_PROXY"] = os.environ["no_proxy"] = "127.0.0.1,localhost,::1"
for name in list(os.environ):
    if re.search(r"_(API_KEY|AUTH_TOKEN|API_BASE|BASE_URL)$", name):
        del os.environ[name]

# A job in the background of a script is born deaf to SIGINT, and so would be every program that the tests start.
signal.signal(signal.SIGINT, signal.default_int_handler)


def pytest_configure(config: pytest.Config) -> None:
    # litellm uses what pydantic has deprecated; only our own code answers for its warnings.
    config.addinivalue_line("filterwarnings", "ignore::DeprecationWarning:litellm")
    # A call that is given up while litellm prepares it in a thread leaves litellm's own coroutine unused.
    config.addinivalue_line("filterwarnings", "ignore:coroutine 'OpenAIChatCompletion:RuntimeWarning")

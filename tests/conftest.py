"""What holds for every test: no real provider can be reached, by key, by endpoint or through a proxy."""

import os
import re

import pytest

os.environ["MISSION_TUI_OFFLINE"] = "1"
os.environ["NO_PROXY"] = os.environ["no_proxy"] = "127.0.0.1,localhost,::1"
for name in list(os.environ):
    if re.search(r"_(API_KEY|AUTH_TOKEN|API_BASE|BASE_URL)$", name):
        del os.environ[name]


def pytest_configure(config: pytest.Config) -> None:
    # litellm uses what pydantic has deprecated; only our own code answers for its warnings.
    config.addinivalue_line("filterwarnings", "ignore::DeprecationWarning:litellm")

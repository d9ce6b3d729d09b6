from mission_tui.domain.contract import Assertion
from mission_tui.domain.plan import Services
from mission_tui.engine.briefing import assertion_text, services_text

CHECKS = [
    {"goto": "/"},
    {"click": {"role": "link", "name": "Open"}},
    {"fill": {"target": {"label": "Name"}, "value": "teal"}},
    {"emulate": {"viewport": [320, 600]}},
]


def test_a_check_reads_as_it_was_written_also_after_it_was_stored():
    proof = {"by": "browser", "procedure": "Open it.", "evidence": ["screenshot"], "checks": CHECKS}
    written = Assertion.model_validate({"id": "VAL-A-001", "title": "a", "statement": "a", "proof": proof})
    stored = Assertion.model_validate_json(written.model_dump_json())
    assert assertion_text(stored) == assertion_text(written)
    assert 'check: {"click": {"role": "link", "name": "Open"}}' in assertion_text(stored)


def test_what_an_expected_json_has_as_null_stays():
    steps = [{"request": "GET /", "expect_json": {"/next": None}}]
    proof = {"by": "http", "procedure": "Ask.", "evidence": ["response"], "checks": steps}
    written = Assertion.model_validate({"id": "VAL-A-001", "title": "a", "statement": "a", "proof": proof})
    assert '"expect_json": {"/next": null}' in assertion_text(written)


def test_when_an_app_counts_as_started_is_told_in_words():
    def told(ready: object) -> str:
        return services_text(Services.model_validate({"app": {"start": "run", "ready": ready}}))

    assert told({"http": "/health"}) == "- app: run (ready: once /health answers)"
    assert told({"log": "listening"}) == "- app: run (ready: once its log matches 'listening')"
    assert told(None) == "- app: run (ready: once it listens on $PORT)"

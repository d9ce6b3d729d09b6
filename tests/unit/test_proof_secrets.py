from pathlib import Path

import pytest
from pydantic import ValidationError

from mission_tui.domain.plan import Services
from mission_tui.proof.prove import Stage, prove_all
from mission_tui.proof.secrets import SecretMissing, Secrets
from tests.support.proofs import assertion, nothing, stage_in

GIVEN = {"APP_PASSWORD": "a.b*c horse", "OTHER": "unused words"}


def test_values_stand_in_for_names_and_are_literal_in_patterns():
    secrets = Secrets.of(("APP_PASSWORD",), GIVEN)
    step = {
        "fill": {"target": {"label": "P"}, "value": "${APP_PASSWORD}"},
        "expect_text": {"target": "${APP_PASSWORD}", "matches": "^${APP_PASSWORD}$"},
        "expect_header": {"x": "${APP_PASSWORD}"},
        "body": ["$${APP_PASSWORD}", "${OTHER}", 5],
        "spawn": "login ${APP_PASSWORD}",
    }
    assert secrets.filled(step) == {
        "fill": {"target": {"label": "P"}, "value": "a.b*c horse"},
        "expect_text": {"target": "a.b*c horse", "matches": r"^a\.b\*c\ horse$"},
        "expect_header": {"x": r"a\.b\*c\ horse"},
        "body": ["${APP_PASSWORD}", "${OTHER}", 5],
        "spawn": "login ${APP_PASSWORD}",
    }
    assert "horse" not in repr(secrets)


@pytest.mark.parametrize(
    ("environ", "said"),
    [({}, "APP_PASSWORD of the services manifest is not set"), ({"APP_PASSWORD": "short"}, "fewer than 8 characters")],
)
async def test_a_secret_that_cannot_be_used_blocks_every_proof(tmp_path: Path, environ: dict[str, str], said: str):
    secrets = Secrets.of(("APP_PASSWORD",), environ)
    with pytest.raises(SecretMissing, match=said):
        secrets.check()
    async with stage_in(tmp_path) as stage:
        stage = Stage(stage.box, stage.app, stage.browser, stage.run_dir, secrets)
        checks = [assertion("http", {"request": "GET /", "expect_status": 200}), assertion("command", {"run": "true"})]
        results = await prove_all(checks, stage, nothing)
    assert [(r.status, r.cause) for r in results] == [("blocked", "setup")] * 2
    assert said in results[0].reason


@pytest.mark.parametrize("name", ["PATH", "PORT", "LD_PRELOAD", "PYTHONPATH", "lower", "A-B", ""])
def test_a_name_that_means_something_to_programs_is_refused(name: str):
    with pytest.raises(ValidationError):
        Services(secrets=(name,))

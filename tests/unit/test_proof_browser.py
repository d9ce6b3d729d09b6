import json
from pathlib import Path

from mission_tui.proof.prove import prove_all
from tests.support.proofs import APP, assertion, proved, proved_one, stage_in, texts

ADD = {"role": "button", "name": "Add"}
NAME = {"label": "Name"}


async def test_a_page_is_used_as_a_person_would_and_pictured(tmp_path: Path):
    result = await proved_one(
        tmp_path,
        "browser",
        {"goto": "/", "expect_url": "/$", "expect_text": "^Colours$", "expect_visible": ADD},
        {"fill": {"target": NAME, "value": "teal"}, "expect_text": {"target": NAME, "matches": "^teal$"}},
        {"click": ADD, "expect_count": {"target": "li", "count": 1}, "expect_text": "^teal$"},
        {"press": {"target": NAME, "key": "Enter"}, "expect_count": {"target": {"role": "listitem"}, "count": 2}},
        {"select": {"target": {"label": "Shade"}, "value": "Dark"}},
        {"expect_text": {"target": {"label": "Shade"}, "matches": "^d$"}},
        {"expect_hidden": {"test_id": "secret"}, "expect_console_clean": True, "expect_no_failed_requests": True},
        {"screenshot": "two-items"},
        {"reload": True, "expect_count": {"target": "li", "count": 0}},
    )
    assert (result.status, result.reason) == ("passed", "all 9 steps hold")
    pictures = [e for e in result.evidence if e.kind == "screenshot"]
    assert [p.name for p in pictures] == ["two-items.png", "final.png"]
    assert all(p.path.read_bytes().startswith(b"\x89PNG") for p in pictures)
    assert {"console", "network"} <= {e.kind for e in result.evidence}


async def test_emulation_changes_scheme_and_size(tmp_path: Path):
    background = {"target": "body", "property": "background-color"}
    result = await proved_one(
        tmp_path,
        "browser",
        {"goto": "/", "expect_style": background | {"matches": r"^rgb\(255, 255, 255\)$"}},
        {"emulate": {"color_scheme": "dark"}, "expect_style": background | {"matches": r"^rgb\(17, 24, 39\)$"}},
        {"expect_visible": {"text": "Menu"}},
        {"emulate": {"viewport": [400, 600]}, "expect_hidden": {"text": "Menu"}},
    )
    assert result.status == "passed", result.reason


async def test_what_a_page_does_otherwise_is_an_expectation_with_expected_and_seen(tmp_path: Path):
    wrong = {
        "expected text that matches 'Sounds', seen 'Menu Colours": {"expect_text": "Sounds"},
        "expected role 'button' name 'Gone' to be visible; the page http": {
            "expect_visible": {"role": "button", "name": "Gone"}
        },
        "expected text 'Colours' to be hidden, but it is visible": {"expect_hidden": {"text": "Colours"}},
        "expected 5 of 'button', seen 3": {"expect_count": {"target": "button", "count": 5}},
        "expected a URL that matches '/end$', seen http": {"expect_url": "/end$"},
        "expected color to match 'red', seen 'rgb(0, 0, 0)'": {
            "expect_style": {"target": "h1", "property": "color", "matches": "red"}
        },
        "expected 'h1' to match 'Sounds', seen 'Colours'": {"expect_text": {"target": "h1", "matches": "Sounds"}},
    }
    given = [
        assertion("browser", {"goto": "/", "within_s": 0.1} | step, number=n) for n, step in enumerate(wrong.values())
    ]
    results = await proved(tmp_path, *given)
    for words, result in zip(wrong, results, strict=True):
        assert (result.status, result.cause) == ("failed", "expectation"), result.reason
        assert result.reason.startswith(f"step 1: {words}"), result.reason
        assert "screenshot" in {e.kind for e in result.evidence}


async def test_a_target_that_is_not_there_to_act_on_says_nothing_about_the_product(tmp_path: Path):
    cases = (
        ({"click": {"role": "button", "name": "Gone"}}, "locator", "nothing on the page matches role 'button'"),
        ({"fill": {"target": {"label": "Age"}, "value": "1"}}, "locator", "nothing on the page matches label 'Age'"),
        ({"click": "::::"}, "setup", "cannot be looked for"),
        ({"expect_visible": "[[bad"}, "setup", "expect_visible: "),
        ({"click": "button"}, "locator", "3 elements match, name one"),
        ({"fill": {"target": "h1", "value": "x"}}, "locator", "not an <input>"),
        ({"click": {"role": "button", "name": "Send"}}, "timeout", "element is not enabled"),
    )
    given = [
        assertion("browser", {"goto": "/"}, {"within_s": 1.5} | step, number=n) for n, (step, _, _) in enumerate(cases)
    ]
    results = await proved(tmp_path, *given)
    for (_, cause, words), result in zip(cases, results, strict=True):
        assert result.cause == cause, result.reason
        assert result.status == ("blocked" if cause in ("timeout", "setup") else "inconclusive")
        assert words in result.reason, result.reason


async def test_a_name_that_fits_exactly_is_preferred_and_a_hidden_double_is_passed_over(tmp_path: Path):
    result = await proved_one(
        tmp_path,
        "browser",
        {"goto": "/", "expect_count": {"target": ADD, "count": 1}},
        {"expect_count": {"target": {"role": "button", "name": "many"}, "count": 1}},
        {"goto": "/twice"},
        {"click": {"text": "Save"}, "expect_visible": {"text": "Saved"}},
    )
    assert result.status == "passed", result.reason


async def test_a_covered_button_is_named_with_what_covers_it(tmp_path: Path):
    result = await proved_one(
        tmp_path, "browser", {"goto": "/covered"}, {"click": {"role": "button", "name": "Buy"}, "within_s": 2}
    )
    assert (result.status, result.cause) == ("blocked", "timeout")
    assert "intercepts pointer events" in result.reason


async def test_errors_in_the_console_are_found_even_when_they_come_late(tmp_path: Path):
    clean = {"expect_console_clean": True, "within_s": 0.3}
    given = [
        assertion("browser", {"goto": f"/{p}"} | clean, number=n) for n, p in enumerate(("console-error", "page-error"))
    ]
    results = await proved(tmp_path, *given)
    assert [r.cause for r in results] == ["expectation", "expectation"]
    assert "the wheels came off" in results[0].reason
    assert "undefined_thing is not defined" in results[1].reason
    assert "the wheels came off" in texts(results[0])["console.json"]


async def test_requests_that_fail_after_a_click_are_found(tmp_path: Path):
    result = await proved_one(
        tmp_path,
        "browser",
        {"goto": "/failing-fetch", "expect_no_failed_requests": True},
        {"click": {"role": "button"}, "expect_no_failed_requests": True, "within_s": 2},
    )
    assert result.cause == "expectation"
    assert result.reason.startswith("step 2: expected no failed requests, seen GET http://localhost:")
    assert result.reason.endswith("/missing 404")
    requests = json.loads(texts(result)["network.json"])
    assert {"GET"} == {r["method"] for r in requests}


async def test_a_missing_favicon_and_requests_that_the_page_gave_up_are_noise(tmp_path: Path):
    result = await proved_one(
        tmp_path,
        "browser",
        {"goto": "/endless-picture"},
        {"goto": "/icon", "expect_console_clean": True, "expect_no_failed_requests": True},
    )
    assert result.status == "passed", result.reason


async def test_dialogs_are_dismissed_and_recorded(tmp_path: Path):
    result = await proved_one(
        tmp_path, "browser", {"goto": "/dialog"}, {"click": {"role": "button"}, "expect_text": "^no$"}
    )
    assert result.status == "passed", result.reason
    assert "confirm: Sure?" in texts(result)["console.json"]


async def test_a_page_that_opens_in_a_new_tab_is_the_one_looked_at(tmp_path: Path):
    result = await proved_one(tmp_path, "browser", {"goto": "/tab"}, {"click": {"text": "More"}, "expect_text": "Icon"})
    assert result.status == "passed", result.reason


async def test_pages_that_never_rest_are_taken_as_they_are(tmp_path: Path):
    steps = ({"goto": "/restless", "expect_text": "Restless"}, {"goto": "/endless-picture", "expect_text": "Patient"})
    result = await proved_one(tmp_path, "browser", *steps, {"screenshot": "picture"})
    assert result.status == "passed", result.reason


async def test_a_redirect_loop_is_the_apps_fault_and_named(tmp_path: Path):
    result = await proved_one(tmp_path, "browser", {"goto": "/loop"})
    assert (result.status, result.cause) == ("blocked", "app")
    assert "ERR_TOO_MANY_REDIRECTS" in result.reason


async def test_an_app_that_dies_under_the_browser_blocks_the_proof(tmp_path: Path):
    result = await proved_one(tmp_path, "browser", {"goto": "/"}, {"goto": "/die"})
    assert (result.status, result.cause) == ("blocked", "app")
    assert result.reason.endswith("the floor gave way")


async def test_a_script_that_never_ends_does_not_hold_up_the_proofs_after_it(tmp_path: Path):
    stuck = assertion("browser", {"goto": "/hang"}, {"click": {"text": "Spin"}, "expect_text": "Spun"}, number=1)
    fine = assertion("browser", {"goto": "/", "expect_text": "Colours"}, number=2)
    results = await proved(tmp_path, stuck, fine)
    assert [r.cause for r in results] == ["timeout", None]
    assert "does not respond" in results[0].reason


async def test_assertions_share_a_browser_but_no_cookies(tmp_path: Path):
    app = APP.model_copy(update={"isolation": "milestone"})
    given = [
        assertion("browser", {"goto": "/whoami", "expect_text": "nobody"}, {"goto": "/login"}, number=n) for n in (1, 2)
    ]
    results = await proved(tmp_path, *given, app=app)
    assert [r.status for r in results] == ["passed", "passed"]


async def test_a_trace_is_kept_when_the_proof_declares_one(tmp_path: Path):
    (result,) = await proved(tmp_path, assertion("browser", {"goto": "/"}, evidence=("trace", "screenshot")))
    assert result.status == "passed"
    (trace,) = [e for e in result.evidence if e.kind == "trace"]
    assert trace.media_type == "application/zip"
    assert trace.path.read_bytes().startswith(b"PK")


async def test_a_browser_that_cannot_be_started_is_a_missing_tool(tmp_path: Path):
    async with stage_in(tmp_path) as stage:
        without = type(stage)(box=stage.box, app=stage.app, browser=Path("/bin/false"), run_dir=stage.run_dir)
        (result,) = await prove_all([assertion("browser", {"goto": "/"})], without, lambda: stage.box.close())
    assert (result.status, result.cause) == ("blocked", "missing_tool")
    assert "the browser does not start" in result.reason

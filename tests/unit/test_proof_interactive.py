from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path

import pytest

from mission_tui.domain.checks import Locator
from mission_tui.proof.app import AppFailure, AppUnderTest
from mission_tui.proof.interactive import Interactive, ProofError
from tests.support.box_specs import eventually
from tests.support.proofs import APP, stage_in


@asynccontextmanager
async def hands_on(root: Path) -> AsyncIterator[tuple[Interactive, str]]:
    async with stage_in(root) as stage:
        url = await AppUnderTest(APP, stage.box).start()
        hands = await Interactive.open(stage.box, stage.run_dir, stage.browser)
        yield hands, url
        await hands.close()


def handle_of(snapshot: str, words: str) -> str:
    (line,) = [line for line in snapshot.splitlines() if words in line]
    return line.split("[ref=")[1].split("]")[0]


async def test_pages_are_read_as_snapshots_and_used_by_their_handles(tmp_path: Path):
    async with hands_on(tmp_path) as (hands, url):
        page = (await hands.browser_open(f"{url}/")).text
        assert page.startswith(f"{url}/ — Colours")
        await hands.browser_fill(handle_of(page, 'textbox "Name"'), "teal")
        assert "listitem" not in page
        await hands.browser_click(handle_of(page, 'button "Add" '))
        await hands.browser_click(Locator(role="heading"))

        async def added() -> bool:
            return "listitem" in (await hands.browser_snapshot()).text

        await eventually(added)
        page = (await hands.browser_fill(Locator(label="Shade"), "Dark")).text
        assert 'option "Dark" [selected]' in page
        await hands.browser_fill(handle_of(page, "combobox"), "Light")
        await hands.browser_fill("#name", "red")
        await hands.browser_press("Enter")
        shot = await hands.browser_screenshot("after")
        assert [(e.kind, e.name, e.media_type) for e in shot.evidence] == [("screenshot", "after.png", "image/png")]
        assert shot.evidence[0].path.read_bytes().startswith(b"\x89PNG")


async def test_what_cannot_be_done_is_told_in_words(tmp_path: Path):
    async with hands_on(tmp_path) as (hands, url):
        await hands.browser_open(f"{url}/")
        with pytest.raises(ProofError, match="matches 'e999'; handles are good until the page changes"):
            await hands.browser_click("e999")
        with pytest.raises(ProofError, match=r"click '\*': \d+ elements match, name one"):
            await hands.browser_click("*")
        with pytest.raises(ProofError, match="Unknown key"):
            await hands.browser_press("Hyper")
        with pytest.raises(ProofError, match=r"does not load: .*ERR_TOO_MANY_REDIRECTS"):
            await hands.browser_open(f"{url}/loop")
        with pytest.raises(ProofError, match=r"does not load: .*ERR_CONNECTION_REFUSED"):
            await hands.browser_open("http://localhost:45999/")
        with pytest.raises(ProofError, match=r"GET http://localhost:45999/: .*refused"):
            await hands.http_request("GET", "http://localhost:45999/", {}, None)
        with pytest.raises(ProofError, match="no program runs in the terminal"):
            await hands.terminal_type("x")
        assert "Colours" in (await hands.browser_open(f"{url}/")).text


async def test_a_tester_goes_back_and_narrows_the_window(tmp_path: Path):
    async with hands_on(tmp_path) as (hands, url):
        await hands.browser_open(f"{url}/", (320, 600))
        await hands.browser_open(f"{url}/dialog")
        assert (await hands.browser_press("Alt+ArrowLeft")).text.startswith(f"{url}/ — Colours")
        picture = (await hands.browser_screenshot("narrow")).evidence[0].path.read_bytes()
        assert int.from_bytes(picture[16:20], "big") == 320


async def test_console_failed_requests_and_dialogs_are_shown(tmp_path: Path):
    async with hands_on(tmp_path) as (hands, url):
        await hands.browser_open(f"{url}/")
        assert (await hands.browser_console()).text == "the console is empty"
        await hands.browser_open(f"{url}/console-error")
        page = (await hands.browser_open(f"{url}/dialog")).text
        assert "confirm: Sure?" in (await hands.browser_click(handle_of(page, "button"))).text
        page = (await hands.browser_open(f"{url}/failing-fetch")).text
        await hands.browser_click(handle_of(page, "button"))
        seen = await hands.browser_console()
        assert "error: the wheels came off" in seen.text
        assert f"failed request: GET {url}/missing 404" in seen.text
        assert [e.kind for e in seen.evidence] == ["console", "network"]


async def test_requests_keep_their_cookies_and_show_headers_and_body(tmp_path: Path):
    async with hands_on(tmp_path) as (hands, url):
        assert "set-cookie: user=ada" in (await hands.http_request("GET", f"{url}/login", {}, None)).text
        seen = await hands.http_request("POST", f"{url}/echo", {"X-A": "b"}, {"a": 1})
        assert seen.text.startswith("201 Created\n")
        assert seen.text.endswith('\n\n{"a":1}')
        assert [e.kind for e in seen.evidence] == ["response"]
        assert (await hands.http_request("GET", f"{url}/whoami", {}, None)).text.endswith("user=ada")


async def test_a_terminal_is_opened_typed_into_and_read(tmp_path: Path):
    async with hands_on(tmp_path) as (hands, _):
        assert "size 50x10" in (await hands.terminal_open("python3 tui.py", (50, 10))).text
        assert "last: 'hi'" in (await hands.terminal_type("hi")).text
        assert r"last: '\x1b[B'" in (await hands.terminal_press("Down")).text
        ended = await hands.terminal_press("q")
        assert ended.text.endswith("(the program ended with exit code 3)")
        assert [e.kind for e in ended.evidence] == ["screen", "output", "exit_code"]
        assert (await hands.terminal_screen()).text == ended.text


async def test_a_box_that_has_died_is_told_in_words(tmp_path: Path):
    async with stage_in(tmp_path) as stage:
        hands = await Interactive.open(stage.box, stage.run_dir, stage.browser)
        await stage.box.close()
        with pytest.raises(ProofError, match="the box is closed"):
            await hands.terminal_open("cat", (80, 24))


async def test_an_app_is_started_once_and_again_when_it_has_died(tmp_path: Path):
    async with stage_in(tmp_path) as stage:
        app = AppUnderTest(APP, stage.box)
        first = await app.start()
        assert await app.start() == first
        await stage.box.stop_service(app.name)
        assert await app.start() != first
        await app.stop()
        assert not await app.running()


async def test_an_app_that_does_not_start_tells_the_end_of_its_log(tmp_path: Path):
    async with stage_in(tmp_path) as stage:
        app = AppUnderTest(APP.model_copy(update={"start": "python3 web.py broken"}), stage.box)
        with pytest.raises(
            AppFailure, match=r"exit code 1 at its start: no such database \(at 5 tries\)\nstarting as \d+\nno such"
        ):
            await app.start()

from pathlib import Path

from tests.support.proofs import assertion, proved, proved_one, texts

TUI = "python3 tui.py"


async def test_a_full_screen_program_is_typed_into_and_read_as_it_looks(tmp_path: Path):
    result = await proved_one(
        tmp_path,
        "terminal",
        {"spawn": TUI, "size": [60, 12], "expect_screen": r"^Keys — size 60x12\nlast: none$"},
        {"type": "x", "expect_screen": "^last: 'x'$"},
        {"press": "Up", "expect_screen": r"^last: '\\x1b\[A'$"},
        {"press": "Ctrl+C", "expect_screen": r"^last: '\\x03'$"},
        {"press": "F1", "expect_screen": r"^last: '\\x1bOP'$"},
        {"resize": [100, 30], "expect_screen": "size 100x30"},
        {"press": "q", "expect_exit": 3, "expect_screen": "^bye"},
        app=None,
    )
    assert (result.status, result.reason) == ("passed", "all 7 steps hold")
    assert texts(result)["exit_code.txt"] == "3\n"
    assert "bye" in texts(result)["screen.txt"]
    assert "\x1b[2J" in texts(result)["output.txt"]


async def test_a_program_that_asks_where_the_cursor_is_gets_an_answer(tmp_path: Path):
    result = await proved_one(
        tmp_path,
        "terminal",
        {"spawn": TUI, "expect_screen": "last: none"},
        {"press": "?", "expect_screen": r"^last: '\\x1b\[3;1R'$"},
    )
    assert result.status == "passed", result.reason


async def test_what_the_screen_shows_otherwise_is_an_expectation(tmp_path: Path):
    result = await proved_one(
        tmp_path, "terminal", {"spawn": TUI, "expect_screen": "last"}, {"expect_screen": "dragons", "within_s": 0.2}
    )
    assert (result.status, result.cause) == ("failed", "expectation")
    assert result.reason.startswith("step 2: expected a screen that matches 'dragons', seen 'Keys — size 80x24")
    assert "last: none" in texts(result)["screen.txt"]


async def test_once_a_program_has_ended_nobody_waits_for_its_screen(tmp_path: Path):
    result = await proved_one(tmp_path, "terminal", {"spawn": "echo short", "expect_screen": "long", "within_s": 60})
    assert (result.status, result.cause) == ("failed", "expectation")
    assert result.duration_s < 30


async def test_exit_codes_are_told_apart(tmp_path: Path):
    cases = (
        ({"spawn": "exit 4", "expect_exit": 5}, "expectation", "expected exit code 5, seen 4"),
        ({"spawn": "cat", "expect_exit": 0, "within_s": 0.2}, "expectation", "but the program still runs"),
        ({"spawn": "kill -9 $$", "expect_exit": 137}, None, "all 1 steps hold"),
        ({"spawn": "no-such-program", "expect_screen": "hello"}, "missing_tool", "no-such-program: command not found"),
        ({"spawn": "no-such-program", "expect_exit": 127}, None, "all 1 steps hold"),
        ({"press": "Enter"}, "other", "no program runs in the terminal"),
    )
    results = await proved(tmp_path, *(assertion("terminal", step, number=n) for n, (step, _, _) in enumerate(cases)))
    for (_, cause, words), result in zip(cases, results, strict=True):
        assert result.cause == cause, result.reason
        assert words in result.reason


async def test_a_key_that_does_not_exist_is_named(tmp_path: Path):
    result = await proved_one(tmp_path, "terminal", {"spawn": "cat"}, {"press": "Hyper"})
    assert (result.status, result.cause) == ("inconclusive", "other")
    assert result.reason.startswith("step 2: there is no key 'Hyper'; known: Enter")


async def test_a_program_that_never_stops_writing_can_still_be_read(tmp_path: Path):
    result = await proved_one(tmp_path, "terminal", {"spawn": "yes ahoy", "expect_screen": "^ahoy$"})
    assert result.status == "passed", result.reason


LIVES = "cat /proc/[0-9]*/cmdline 2>/dev/null | grep --text --quiet '[9]8765'"


async def test_what_a_program_left_running_in_its_terminal_ends_with_the_proof(tmp_path: Path):
    stays = "trap '' HUP; sleep 98765 & echo started; wait"
    results = await proved(
        tmp_path,
        assertion("terminal", {"spawn": stays, "expect_screen": "started"}, number=1),
        assertion("command", {"run": LIVES, "expect_exit": 1}, number=2),
    )
    assert [r.reason for r in results] == ["all 1 steps hold"] * 2

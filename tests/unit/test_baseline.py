import json

import pytest

from mission_tui.domain.verdict import CaseResult, CheckOutcome, compare_check, with_second_run
from mission_tui.proof.runners import read_output, read_rspec

GO = "\n".join(
    json.dumps({"Action": action, "Package": package, **({"Test": test} if test else {})})
    for action, package, test in (
        ("run", "x/a", "TestOld"), ("output", "x/a", "TestOld"),
        ("fail", "x/a", "TestOld"), ("pass", "x/a", "TestOk/sub"),
        ("skip", "x/a", "TestSkip"), ("fail", "x/a", None), ("fail", "x/broken", None), ("pass", "x/b", None),
    )
)  # fmt: skip
PHPUNIT = r"""PHPUnit 9.6.7 by Sebastian Bergmann and contributors.

.FES.FF                                                             7 / 7 (100%)

There was 1 error:

1) ATest::testError
RuntimeException: x

--

There were 2 failures:

1) App\ATest::testData with data set #1 (2)
Failed asserting that 2 is identical to 1.

2) App\ATest::testData with data set "named" (3)
Failed asserting that 3 is identical to 1.

--

There was 1 skipped test:

1) App\ATest::testLater
no

ERRORS!
Tests: 7, Assertions: 5, Errors: 1, Failures: 2, Skipped: 1.
"""
GO_TEXT = """=== RUN   TestOld
    a_test.go:5: no
--- FAIL: TestOld (0.00s)
=== RUN   TestOk
--- PASS: TestOk (0.00s)
FAIL
FAIL\tx/a\t0.002s
FAIL\tx/broken [build failed]
ok  \tx/b\t(cached)
FAIL
"""
CARGO = """     Running unittests src/lib.rs (target/debug/deps/c-d4fd4905425e6bfe)

running 4 tests
test ok ... ok
test p - should panic ... ok
test bad ... FAILED
test slow ... ignored
test result: FAILED. 2 passed; 1 failed; 1 ignored; 0 measured; 0 filtered out; finished in 0.05s

   Doc-tests c

running 1 test
test src/lib.rs - f (line 1) ... ok
"""
JEST_JSON = "> web@1.0.0 test\n" + json.dumps(
    {
        "testResults": [
            {
                "name": "/tmp/x/src/a.test.js",
                "status": "failed",
                "assertionResults": [
                    {"fullName": "sum adds", "status": "passed"},
                    {"fullName": "sum carries", "status": "failed"},
                    {"fullName": "sum later", "status": "todo"},
                ],
            },
            {"name": "/tmp/x/src/broken.test.js", "status": "failed", "assertionResults": []},
        ]
    }
)
JEST_TEXT = """PASS src/a.test.js (5.1 s)
FAIL src/b.test.js
  ● Console

    console.log
  ● sum \u203a carries

    expect(received).toBe(expected)

Test Suites: 1 failed, 1 passed, 2 total
"""
VITEST = """\x1b[32m ✓\x1b[39m src/a.test.ts (3 tests) 5ms
 \u276f src/b.test.ts (2 tests | 1 failed) 10ms
   x sum > carries 4ms
 FAIL  src/b.test.ts > sum > carries
AssertionError: expected 1 to be 2
 Test Files  1 failed | 1 passed (2)
"""
PYTEST = """tests/test_a.py .F                     [100%]
=========================== short test summary info ============================
PASSED tests/test_a.py::test_ok
FAILED tests/test_a.py::test_old[a b] - assert 1 == 2
ERROR tests/test_b.py - ImportError
"""
TAP = """TAP version 13
# Subtest: a
ok 1 - a
# Subtest: g
    # Subtest: b
    not ok 1 - b
      ---
      ...
    1..1
not ok 2 - g
# Subtest: s
ok 3 - s # SKIP
1..3
"""


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        (GO, {"x/a::TestOld": "failed", "x/a::TestOk/sub": "passed", "x/a::TestSkip": "skipped", "x/broken": "failed"}),
        (GO_TEXT, {"x/a::TestOld": "failed", "x/a::TestOk": "passed", "x/broken": "failed"}),
        (
            CARGO,
            {
                "c src/lib.rs::ok": "passed",
                "c src/lib.rs::p - should panic": "passed",
                "c src/lib.rs::bad": "failed",
                "c src/lib.rs::slow": "skipped",
                "doc c::src/lib.rs - f (line 1)": "passed",
            },
        ),
        (
            JEST_JSON,
            {
                "src/a.test.js::sum adds": "passed",
                "src/a.test.js::sum carries": "failed",
                "src/a.test.js::sum later": "skipped",
                "src/broken.test.js": "failed",
            },
        ),
        (
            JEST_TEXT,
            {"src/a.test.js": "passed", "src/b.test.js": "failed", "src/b.test.js::sum \u203a carries": "failed"},
        ),
        (VITEST, {"src/a.test.ts": "passed", "src/b.test.ts": "failed", "src/b.test.ts::sum > carries": "failed"}),
        (
            PYTEST,
            {
                "tests/test_a.py::test_ok": "passed",
                "tests/test_a.py::test_old[a b]": "failed",
                "tests/test_b.py": "failed",
            },
        ),
        (
            PHPUNIT,
            {
                "PHPUnit came to its end": "passed",
                "ATest::testError": "failed",
                'App\\ATest::testData with data set "named"': "failed",
                "App\\ATest::testData with data set #1": "failed",
            },
        ),
        ("PHPUnit 11.0.1 by S.\n\nOK (3 tests, 4 assertions)\n", {"PHPUnit came to its end": "passed"}),
        (
            "Run options: -v\n\nShop::ATest#test_good = 0.00 s = .\nShop::ATest#test_bad = 0.01 s = F\n",
            {"Shop::ATest#test_good": "passed", "Shop::ATest#test_bad": "failed"},
        ),
        (TAP, {"a": "passed", "g > b": "failed", "g": "failed", "s": "skipped"}),
    ],
    ids=[
        "go test -json",
        "go test -v",
        "cargo",
        "jest json",
        "jest",
        "vitest",
        "pytest",
        "phpunit",
        "phpunit ok",
        "minitest",
        "tap",
    ],
)
def test_what_a_runner_prints_is_read_test_by_test(text: str, expected: dict[str, str]):
    assert {c.name: c.outcome for c in read_output(text) or ()} == expected


@pytest.mark.parametrize("text", ["", "all good\n", '{"testResults": 3}', '{"Action": "pass"}\n', "{" * 50_000,
                                  "PHPUnit 9.6.7 by S.\n\n..PHP Fatal error:  no\n"])  # fmt: skip
def test_other_output_names_no_tests(text: str):
    assert read_output(text) is None


def test_rspec_examples_are_read_from_its_json():
    report = {"examples": [{"file_path": "./spec/a_spec.rb", "full_description": "A adds", "status": "failed"}]}
    assert read_rspec(json.dumps(report)) == (CaseResult(name="./spec/a_spec.rb::A adds", outcome="failed"),)
    assert read_rspec("{") is None


def outcome(exit_code: int, cases: dict[str, str] | None, **fields: object) -> CheckOutcome:
    listed = None if cases is None else [{"name": n, "outcome": o} for n, o in cases.items()]
    return CheckOutcome.model_validate(
        {"name": "tests", "command": "t", "exit_code": exit_code, "duration_s": 1, "cases": listed, **fields}
    )


OLD = {"a": "passed", "old": "failed", "odd": "passed"}


def test_what_does_otherwise_when_it_is_run_again_is_flaky():
    both = with_second_run(outcome(1, OLD), outcome(1, OLD | {"odd": "failed"}))
    assert (both.flaky, both.again_s) == (("odd",), 1)
    assert with_second_run(outcome(1, None), outcome(0, None)).flaky == ("tests",)
    assert with_second_run(outcome(1, OLD), outcome(1, OLD)).flaky == ()


def test_old_and_flaky_failures_are_shown_and_do_not_block_and_new_ones_do():
    base = outcome(1, OLD, flaky=("odd",))
    same = compare_check(base, outcome(1, OLD | {"odd": "failed"}))
    assert (same.ok, same.old_failures, same.flaky) == (True, ("old",), ("odd",))
    worse = compare_check(base, outcome(1, OLD | {"a": "failed"}))
    assert (worse.ok, worse.new_failures) == (False, ("a",))
    assert not compare_check(base, outcome(1, {"a": "passed"})).ok
    steady = compare_check(outcome(0, {"odd": "passed"}, flaky=("odd",)), outcome(1, {"odd": "failed"}))
    assert (steady.ok, steady.flaky) == (True, ("odd",))


@pytest.mark.parametrize("after", [OLD, {"a": "passed"}, {"old": "skipped"}])
def test_an_old_failure_that_was_promised_blocks_until_its_test_passes(after: dict[str, str]):
    promised = frozenset({"old"})
    kept = compare_check(outcome(1, OLD), outcome(0, OLD | {"old": "passed"}), promised)
    assert (kept.ok, kept.fixed) == (True, ("old",))
    broken = compare_check(outcome(1, OLD), outcome(0 if "failed" not in after.values() else 1, after), promised)
    assert (broken.ok, broken.unkept) == (False, ("old",))
    assert "still fails what was promised to be fixed: old" in broken.blocking()


def test_a_whole_check_can_be_promised():
    promised = frozenset({"tests"})
    assert not compare_check(outcome(2, None), outcome(2, None), promised).ok
    assert compare_check(outcome(2, None), outcome(0, None), promised).ok


def test_a_test_of_a_file_that_now_passes_has_not_vanished():
    before = outcome(1, {"a.js": "failed", "a.js::adds": "failed"})
    after = compare_check(before, outcome(0, {"a.js": "passed"}), frozenset({"a.js::adds"}))
    assert (after.ok, after.vanished) == (True, ())

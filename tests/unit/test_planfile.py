import json
import re
from pathlib import Path

import pytest
import yaml

from mission_tui.content.document import DocumentError, parse_document
from mission_tui.content.planfile import PlanFileError, load_plan, locate, places

GOOD = """\
title: Dark mode and CSV export
contract:
  - id: VAL-EXPORT-001
    title: Exporting gives a CSV of every row
    statement: GET /export.csv answers 200 with a header line and one line per entry.
    proof:
      by: http
      procedure: Start the app, add two entries, request /export.csv.
      evidence: [response]
      checks:
        - {request: "GET /export.csv", expect_status: 200, expect_header: {content-length: 12}}
  - id: VAL-THEME-001
    title: The theme lasts
    statement: The chosen theme is there after a reload.
    proof:
      by: browser
      procedure: Choose dark, reload.
      evidence: [screenshot]
      checks:
        - {goto: /}
        - {expect_visible: {role: button, name: Dark}}
        - {press: {target: {label: Search}, key: Enter}, expect_text: "done"}
milestones: [{id: M1, title: Export}]
features:
  - {id: F1, title: CSV export, milestone: M1, skill: backend-worker, fulfills: [VAL-EXPORT-001], spec: "…"}
  - {id: F2, title: Theme, milestone: M1, after: [F1], fulfills: [VAL-THEME-001], spec: "…"}
services:
  setup: ["python -m pip install -e ."]
  checks: {lint: "ruff check .", tests: "pytest -q"}
  app: {start: "python -m app --port $PORT", ready: {http: "/health"}, stop_timeout_s: 5}
"""
ASSERTION = """\
title: t
contract:
  - id: VAL-A-001
    title: a
    statement: s
    proof:
      by: {by}
      procedure: p
      evidence: [{evidence}]
      checks:
        - {step}
"""


def written(folder: Path, text: str, name: str = "plan.yaml") -> Path:
    path = folder / name
    path.write_text(text, encoding="utf-8")
    return path


def problems(folder: Path, text: str, name: str = "plan.yaml") -> list[str]:
    path = written(folder, text, name)
    with pytest.raises(PlanFileError) as caught:
        load_plan(path)
    assert all(line.startswith(str(path)) and "\n" not in line for line in caught.value.problems)
    return [line.removeprefix(f"{folder}/") for line in caught.value.problems]


def with_step(by: str, evidence: str, step: str) -> str:
    return ASSERTION.replace("{by}", by).replace("{evidence}", evidence).replace("{step}", step)


def test_a_plan_file_becomes_a_draft(tmp_path: Path):
    draft = load_plan(written(tmp_path, GOOD))
    assert draft.title == "Dark mode and CSV export"
    assert [a.id for a in draft.contract] == ["VAL-EXPORT-001", "VAL-THEME-001"]
    assert draft.features[1].after == ("F1",)
    assert draft.services.app is not None
    assert draft.services.app.start == "python -m app --port $PORT"


def test_the_same_plan_as_json_gives_the_same_draft(tmp_path: Path):
    text = json.dumps(yaml.safe_load(GOOD), indent="\t")
    assert load_plan(written(tmp_path, text, "plan.json")) == load_plan(written(tmp_path, GOOD))


def test_words_that_older_yaml_takes_for_booleans_numbers_or_dates_stay_text(tmp_path: Path):
    text = GOOD.replace("title: The theme lasts", "title: 2024-01-31").replace('"done"', "12:30")
    draft = load_plan(written(tmp_path, text.replace("name: Dark", "name: on")))
    assert draft.contract[1].title == "2024-01-31"
    assert '"name":"on"' in draft.contract[1].model_dump_json()
    assert '"expect_text":"12:30"' in draft.contract[1].model_dump_json()


def test_a_file_that_is_not_there_or_no_file_is_one_plain_line(tmp_path: Path):
    with pytest.raises(PlanFileError) as caught:
        load_plan(tmp_path / "nope.yaml")
    assert caught.value.problems == [f"{tmp_path}/nope.yaml: No such file or directory"]
    with pytest.raises(PlanFileError, match="Is a directory"):
        load_plan(tmp_path)


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("", "plan.yaml: the file is empty"),
        ("# only a comment\n", "plan.yaml: the file is empty"),
        ("- a\n- b\n", "plan.yaml:1: a plan is a mapping with title, contract, milestones and features"),
        ("title: t\n  x: [\n", "plan.yaml:2: not valid YAML: mapping values are not allowed in this context"),
        ("title: t\ntitle: u\n", "plan.yaml:2: `title` is given twice, first on line 1"),
        ("title: t\n? [a]\n: b\n", "plan.yaml:2: a key must be text, not a list or a mapping"),
        ("title: &a [*a]\n", "plan.yaml:1: an alias refers to the part it stands in"),
        ("title: t\n---\ntitle: u\n", "plan.yaml:2: not valid YAML: expected a single document"),
    ],
)
def test_what_is_no_document_says_so_with_its_line(tmp_path: Path, text: str, expected: str):
    assert any(line.startswith(expected) for line in problems(tmp_path, text))


def test_a_tag_that_asks_for_code_is_refused(tmp_path: Path):
    (line,) = problems(tmp_path, "title: !!python/object/apply:os.system [id]\n")
    assert line.startswith("plan.yaml:1: not valid YAML: could not determine a constructor")


def test_bytes_that_are_no_text_are_refused(tmp_path: Path):
    (tmp_path / "plan.yaml").write_bytes(b"title: \xff\n")
    with pytest.raises(PlanFileError, match="not UTF-8 text: byte 7 is 0xff"):
        load_plan(tmp_path / "plan.yaml")


@pytest.mark.parametrize("name", ["plan.yaml", "plan.json"])
def test_brackets_without_end_do_not_end_the_process(tmp_path: Path, name: str):
    (line,) = problems(tmp_path, "[" * 100_000, name)
    assert line.endswith("nested too deeply")


def test_aliases_that_multiply_are_refused_before_they_are_written_out(tmp_path: Path):
    lines = ["a0: &a0 [x]"] + [f"a{i}: &a{i} [{', '.join([f'*a{i - 1}'] * 10)}]" for i in range(1, 9)]
    (line,) = problems(tmp_path, "\n".join(lines))
    assert "stands for more than 1,000,000 values" in line


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ('{"title": "a",\n\t"title": "b"}', "plan.json:2: `title` is given twice, first on line 1"),
        ('{"title": "a",\n\t"contract": [,]}', "plan.json:2: not valid JSON: Expecting value"),
        ('{"title": NaN}', "plan.json: not valid JSON: NaN is no JSON number"),
        (
            '{"title": "a",\n\t"contract": [\n\t{"id": 1}]}',
            "plan.json:3: contract[0].id: must be text: put it in quotes",
        ),
    ],
)
def test_json_problems_have_lines_too(tmp_path: Path, text: str, expected: str):
    assert expected in problems(tmp_path, text, "plan.json")


@pytest.mark.parametrize(
    ("old", "new", "expected"),
    [
        (
            "title: Dark mode and CSV export",
            "titel: x",
            "plan.yaml:1: titel: is not a known key: did you mean `title`?",
        ),
        ("title: Dark mode and CSV export", "titel: x", "plan.yaml:1: title: is missing"),
        ("id: VAL-EXPORT-001\n", "id: VAL-export-1\n", "plan.yaml:3: contract[0].id: must look like VAL-AREA-001"),
        ("title: The theme lasts", "title: 12", "plan.yaml:13: contract[1].title: must be text: put it in quotes"),
        (
            "by: http",
            "by: https",
            "plan.yaml:7: contract[0].proof.by: must be one of 'command', 'http', 'browser', 'terminal', 'review'",
        ),
        (
            "      by: http\n",
            "",
            "plan.yaml:6: contract[0].proof.by: is missing: one of command, http, browser, terminal, review",
        ),
        (
            "evidence: [response]",
            "evidence: response",
            "plan.yaml:9: contract[0].proof.evidence: must be a list: write it as [ … ]",
        ),
        (
            "evidence: [response]",
            "evidence: [responze]",
            "plan.yaml:9: contract[0].proof.evidence[0]: must be one of "
            "'screenshot', 'console', 'network', 'response', 'output', 'exit_code', 'screen', 'diff' or 'trace'",
        ),
        (
            "expect_status: 200",
            "expect_status: ok",
            "plan.yaml:11: contract[0].proof.checks[0].expect_status: must be a whole number",
        ),
        ('"GET /export', '"export', "plan.yaml:11: contract[0].proof.checks[0].request: must look like GET /path"),
        (
            "id: F1,",
            "id: 'F 1',",
            "plan.yaml:25: features[0].id: must be 1 to 64 letters, digits, dots, dashes or "
            "underscores, the first a letter or digit",
        ),
        (', spec: "…"}', "}", "plan.yaml:25: features[0].spec: is missing"),
        (
            "fulfills: [VAL-EXPORT",
            "fulfils: [VAL-EXPORT",
            "plan.yaml:25: features[0].fulfils: is not a known key: did you mean `fulfills`?",
        ),
        (
            'ready: {http: "/health"}',
            "ready: {http: a, log: b}",
            "plan.yaml:30: services.app.ready: give exactly one of `http` and `log`",
        ),
        ("stop_timeout_s: 5", "stop_timeout_s: 0", "plan.yaml:30: services.app.stop_timeout_s: must be greater than 0"),
        ('checks: {lint: "ruff', 'env: {lint: "ruff', "plan.yaml:29: services.env: is a key that does not belong here"),
    ],
)
def test_each_problem_is_told_in_plain_words_at_its_line(tmp_path: Path, old: str, new: str, expected: str):
    assert old in GOOD
    assert expected in problems(tmp_path, GOOD.replace(old, new, 1))


@pytest.mark.parametrize(
    ("step", "expected"),
    [
        (
            "{click: {role: button, label: x}}",
            "click: a target is exactly one of {role, name}, {label}, {text}, {test_id}",
        ),
        ("{click: [1]}", "click: must be text, or must be a mapping of keys to values"),
        ("{click: {rol: button}}", "click.rol: is not a known key: did you mean `role`?"),
        ("{press: {target: a}}", "press.key: is missing"),
        (
            "{expect_text: '('}",
            "expect_text: not a regular expression: missing ), unterminated subpattern at position 0",
        ),
        (
            "{expect_text: {target: a, matches: '('}}",
            "expect_text.matches: not a regular expression: missing ), unterminated subpattern at position 0",
        ),
        ("{goto: /, click: a}", "checks[0]: at most one action in a step, found goto, click"),
        ("{expect_console_clean: maybe}", "expect_console_clean: must be true"),
        ("{within_s: 3}", "checks[0]: a step needs an action or an expectation"),
        ("just text", "checks[0]: must be a mapping of keys to values"),
    ],
)
def test_problems_of_steps_name_the_branch_that_was_meant(tmp_path: Path, step: str, expected: str):
    found = problems(tmp_path, with_step("browser", "screenshot", step))
    assert len(found) == len([line for line in found if line.startswith("plan.yaml:11: contract[0].proof.checks[0]")])
    assert [line for line in found if line.endswith(expected)]


def test_a_review_proof_takes_no_checks(tmp_path: Path):
    assert problems(tmp_path, with_step("review", "diff", "{run: x}")) == [
        "plan.yaml:10: contract[0].proof.checks: must be empty here"
    ]


def test_no_problem_speaks_the_validator_s_language(tmp_path: Path):
    text = GOOD
    for old, new in (("by: http", "by: {}"), ("[response]", "3"), ("title: Export}", "titel: []}"), ("[F1]", "{a: b}")):
        text = text.replace(old, new, 1)
    found = problems(tmp_path, text)
    assert len(found) >= 4
    for line in found:
        assert not re.search(r"pydantic|Input should|type=|https?://|function-|\btuple\b", line)


def test_problems_come_in_the_order_of_the_file(tmp_path: Path):
    text = (
        GOOD.replace("by: http", "by: x").replace("stop_timeout_s: 5", "stop_timeout_s: x").replace("id: F1", "id: ''")
    )
    lines = [int(line.split(":")[1]) for line in problems(tmp_path, text)]
    assert lines == sorted(lines)


def test_ids_are_located_at_their_mapping(tmp_path: Path):
    path = written(tmp_path, GOOD)
    assert locate(path, "VAL-EXPORT-001") == 3
    assert locate(path, "VAL-THEME-001", "contract") == 12
    assert locate(path, "M1") == 23
    assert locate(path, "F2") == 26
    assert locate(path, "F9") is None
    assert locate(path, "F2", "proof") == 26


def test_of_two_with_the_same_id_the_later_is_located(tmp_path: Path):
    path = written(tmp_path, GOOD.replace("id: VAL-THEME-001", "id: VAL-EXPORT-001"))
    assert locate(path, "VAL-EXPORT-001") == 12


def test_parts_are_located_by_their_way_and_missing_parts_by_what_is_around_them(tmp_path: Path):
    found = places(written(tmp_path, GOOD))
    assert found.line_of(("contract", 0, "proof", "evidence")) == 9
    assert found.line_of(("contract", 0, "proof", "nope", 3)) == 6
    assert found.line_of(()) == 1


def test_a_thousand_assertions_are_read_and_located_in_seconds(tmp_path: Path):
    block = GOOD[GOOD.index("  - id: VAL-EXPORT") : GOOD.index("  - id: VAL-THEME")]
    many = "".join(block.replace("EXPORT-001", f"EXPORT-{i:04}") for i in range(1000))
    path = written(tmp_path, f"title: t\ncontract:\n{many}")
    assert len(load_plan(path).contract) == 1000
    assert places(path).line_of_id("VAL-EXPORT-0999") == 3 + 999 * 9


def test_text_without_a_document_has_no_data():
    document = parse_document("")
    assert document.data is None
    assert document.line_of(("x",)) is None
    with pytest.raises(DocumentError):
        parse_document("{", as_json=True)

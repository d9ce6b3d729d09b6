import asyncio
import json
import time
from pathlib import Path

import pytest

from mission_tui.domain.ports import Delta, Message, ModelRequest, ToolCall, ToolSpec
from mission_tui.llm.script import ScriptError, load_script
from mission_tui.llm.scripted import ScriptedModel, ScriptExhausted

WORKER = Message(role="system", content="You are a worker.\nYou work.")
FIRST = Message(role="user", content="Feature F2: export.\nUse id A-77.")


def model(tmp_path: Path, text: str, pacing: float = 0.0) -> ScriptedModel:
    path = tmp_path / "script.yaml"
    path.write_text(text)
    return ScriptedModel(path, pacing)


async def ask(scripted: ScriptedModel, *messages: Message) -> Message:
    return (await scripted.complete(ModelRequest(messages=messages), lambda _: None)).message


def result(text: str, call: str = "call_0_0") -> Message:
    return Message(role="tool", content=text, tool_call_id=call)


def arguments(message: Message) -> object:
    return json.loads(message.tool_calls[0].arguments)


TWO_TURNS = """
conversations:
  - name: reviewer
    match: {system: reviewer}
    turns: [{text: I review.}]
  - name: worker F2
    match: {system: "^You are a worker", user: 'F2\\b'}
    turns:
      - text: I look first.
        calls: [{read_file: {path: app.py}}, {list_files: }]
      - calls: [{submit_handoff: {summary: done, completed: [a, b]}}]
"""


async def test_a_conversation_is_found_by_its_first_messages_and_goes_on_by_its_replies(tmp_path: Path):
    scripted = model(tmp_path, TWO_TURNS)

    first = await ask(scripted, WORKER, FIRST)
    second = await ask(scripted, WORKER, FIRST, first, result("text"), result("a\nb", "call_0_1"))

    assert first.content == "I look first."
    assert first.tool_calls == (
        ToolCall(id="call_0_0", name="read_file", arguments='{"path": "app.py"}'),
        ToolCall(id="call_0_1", name="list_files", arguments="{}"),
    )
    assert second.tool_calls[0].id == "call_1_0"
    assert arguments(second) == {"summary": "done", "completed": ["a", "b"]}


async def test_a_fresh_model_answers_a_resumed_conversation_as_the_first_would_have(tmp_path: Path):
    first = await ask(model(tmp_path, TWO_TURNS), WORKER, FIRST)
    history = (WORKER, FIRST, first, result("x"))
    scripted = model(tmp_path, TWO_TURNS)
    assert await ask(scripted, *history) == await ask(scripted, *history)
    assert await ask(scripted, *history) == await ask(model(tmp_path, TWO_TURNS), *history)


async def test_a_conversation_without_a_script_says_what_was_asked(tmp_path: Path):
    with pytest.raises(ScriptExhausted, match=r"no conversation .*You are nobody.*Feature F2"):
        await ask(model(tmp_path, TWO_TURNS), Message(role="system", content="You are nobody"), FIRST)


async def test_a_conversation_that_runs_out_says_where_and_on_what(tmp_path: Path):
    said = Message(role="assistant", content="I review.")
    with pytest.raises(ScriptExhausted, match=r"'reviewer'.* no reply 2 .*newest message says 'go on'"):
        await ask(
            model(tmp_path, TWO_TURNS),
            Message(role="system", content="reviewer"),
            FIRST,
            said,
            Message(role="user", content="go on"),
        )


GUARDED = """
conversations:
  - name: guarded
    turns:
      - calls: [{run_command: {command: pytest}}]
      - - when: {result: "exit code [1-9]"}
          text: red
        - when: {not_result: "exit code"}
          text: odd
        - text: green
      - when: {user: hurry}
        text: hurrying
      - when: {seen: "exit code 1"}
        text: it was red once
      - text: end
"""


@pytest.mark.parametrize(
    ("output", "reply"), [("exit code 1", "red"), ("exit code 0", "green"), ("no such tool", "odd")]
)
async def test_the_first_alternative_that_holds_is_taken(tmp_path: Path, output: str, reply: str):
    scripted = model(tmp_path, GUARDED)
    first = await ask(scripted, FIRST)
    assert (await ask(scripted, FIRST, first, result(output))).content == reply


async def test_turns_whose_guard_does_not_hold_are_skipped_in_every_later_request_too(tmp_path: Path):
    scripted = model(tmp_path, GUARDED)
    history = [FIRST]
    replies: list[str] = []
    for answer in (result("exit code 1"), Message(role="user", content="go on"), Message(role="user", content="more")):
        history += [await ask(scripted, *history), answer]
        replies.append(history[-2].content)
    history.append(await ask(scripted, *history))
    assert [*replies, history[-1].content] == ["", "red", "it was red once", "end"]


async def test_guards_look_only_at_what_came_since_the_last_reply(tmp_path: Path):
    scripted = model(tmp_path, GUARDED)
    hurry = Message(role="user", content="hurry up")
    first = await ask(scripted, FIRST)
    second = await ask(scripted, FIRST, first, hurry, result("exit code 0"))
    third = await ask(scripted, FIRST, first, hurry, result("exit code 0"), second, Message(role="user", content="?"))
    assert third.content == "end"


FILLED = r"""
conversations:
  - name: filled
    turns:
      - - when: {seen: evidence}
          calls:
            - record_verdict:
                assertion: "${user:A-\\d+}"
                evidence: "${all:evidence ([0-9a-f]{4})}"
                reason: "newest ${result:evidence ([0-9a-f]{4})}, all ${all:evidence (\\w+)}, literal ${x} $PORT {}"
                count: 3
        - calls: [{broken: '{"a": '}]
"""


async def test_placeholders_take_values_from_the_conversation(tmp_path: Path):
    message = await ask(
        model(tmp_path, FILLED), FIRST, result("evidence 00aa and evidence 00bb"), result("evidence 00cc evidence 00aa")
    )
    assert arguments(message) == {
        "assertion": "A-77",
        "evidence": ["00aa", "00bb", "00cc"],
        "reason": "newest 00cc, all 00aa, 00bb, 00cc, literal ${x} $PORT {}",
        "count": 3,
    }


async def test_a_placeholder_that_finds_nothing_is_an_error_that_names_it(tmp_path: Path):
    script = "conversations: [{name: c, turns: [{text: 'see ${result:id (.)}'}]}]"
    with pytest.raises(ScriptExhausted, match=r"'c' of the script finds no 'id \(\.\)' in any result message"):
        await ask(model(tmp_path, script), FIRST, result("nothing"))


async def test_arguments_that_are_a_string_are_sent_as_they_are(tmp_path: Path):
    assert (await ask(model(tmp_path, FILLED), FIRST)).tool_calls[0].arguments == '{"a": '


async def test_a_file_beside_the_script_is_its_text(tmp_path: Path):
    (tmp_path / "app.js").write_text("const a = `${b}`\n")
    script = "conversations: [{name: c, turns: [{calls: [{write_file: {path: a, content: '${file:app.js}'}}]}]}]"
    assert arguments(await ask(model(tmp_path, script), FIRST)) == {"path": "a", "content": "const a = `${b}`\n"}


async def test_usage_is_estimated_and_what_was_sent_before_counts_as_cached(tmp_path: Path):
    scripted = model(tmp_path, TWO_TURNS)
    tools = (ToolSpec(name="read_file", description="d" * 400, parameters={}),)
    first = await scripted.complete(ModelRequest(messages=(WORKER, FIRST), tools=tools), lambda _: None)
    second = await scripted.complete(
        ModelRequest(messages=(WORKER, FIRST, first.message, result("x" * 400)), tools=tools), lambda _: None
    )
    assert first.usage.cached_tokens == 0
    assert second.usage.cached_tokens == first.usage.input_tokens
    assert second.usage.input_tokens >= first.usage.input_tokens + 100
    assert first.usage.output_tokens > 0
    assert (second.usage.usd, second.usage.usd_known) == (0.0, True)


async def test_a_paced_reply_streams_over_its_time_and_says_the_same(tmp_path: Path):
    deltas: list[Delta] = []
    scripted = model(tmp_path, TWO_TURNS, pacing=0.2)
    start = time.perf_counter()
    await scripted.complete(ModelRequest(messages=(WORKER, FIRST)), deltas.append)
    assert time.perf_counter() - start >= 0.15
    assert len(deltas) > 10
    assert "".join(d.text for d in deltas if d.kind == "text") == "I look first."
    assert "".join(d.text for d in deltas if d.kind == "tool") == 'read_file {"path": "app.py"}list_files {}'


async def test_a_paced_reply_can_be_cancelled(tmp_path: Path):
    heard = asyncio.Event()
    scripted = model(tmp_path, TWO_TURNS, pacing=600)
    call = asyncio.create_task(scripted.complete(ModelRequest(messages=(WORKER, FIRST)), lambda _: heard.set()))
    await heard.wait()
    call.cancel()
    with pytest.raises(asyncio.CancelledError):
        await call


def test_a_bad_script_is_told_with_one_line_per_problem(tmp_path: Path):
    path = tmp_path / "bad.yaml"
    path.write_text(
        """
conversations:
  - name: a
    match: {system: "("}
    turns:
      - calls: [run_command]
      - {txt: hello}
      - text: "${result:[}"
      - calls: [{write_file: {content: "${file:missing.txt}"}}]
"""
    )
    with pytest.raises(ScriptError) as raised:
        load_script(path)
    problems = raised.value.problems
    assert len(problems) == 5
    assert all("\n" not in problem for problem in problems)
    assert "missing.txt" in problems[0]
    assert any(p.startswith("conversations[0].match.system: not a regular expression") for p in problems)
    assert any("a call is written {tool_name: {argument: value}}" in p for p in problems)
    assert any("txt" in p for p in problems)
    assert "(and 4 more)" in str(raised.value)


@pytest.mark.parametrize("text", ["a: [", "[]", "conversations: []", "just words", ""])
def test_what_is_no_script_at_all_is_one_clear_error(tmp_path: Path, text: str):
    path = tmp_path / "bad.yaml"
    path.write_text(text)
    with pytest.raises(ScriptError, match=r"bad\.yaml: ") as raised:
        load_script(path)
    assert "\n" not in str(raised.value)


def test_a_script_that_is_not_there_is_named(tmp_path: Path):
    with pytest.raises(ScriptError, match=r"none\.yaml: No such file"):
        load_script(tmp_path / "none.yaml")

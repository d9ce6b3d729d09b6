import json

import pytest
from hypothesis import given
from hypothesis import strategies as st

from mission_tui.store.redact import Redactor


def test_known_values_are_replaced_by_their_names():
    redactor = Redactor({"OPENAI_API_KEY": "sk-abcdefgh", "DB-PASS": "hunter2hunter2"})
    assert redactor.text("sk-abcdefgh and hunter2hunter2") == "[redacted OPENAI_API_KEY] and [redacted DB-PASS]"
    assert redactor(b"x sk-abcdefgh y") == b"x [redacted OPENAI_API_KEY] y"


def test_values_without_names_are_called_secret():
    assert Redactor(["sk-abcdefgh"]).text("a sk-abcdefgh b") == "a [redacted secret] b"


def test_a_longer_secret_wins_over_one_that_it_begins_with():
    redactor = Redactor({"SHORT": "12345678", "LONG": "12345678-90"})
    assert redactor.text("12345678-90 12345678-") == "[redacted LONG] [redacted SHORT]-"


@pytest.mark.parametrize("value", ["", "short", "       1", "  1234567 "])
def test_short_values_are_left_alone(value):
    assert Redactor({"X": value}).text(f"a {value} b") == f"a {value} b"


def test_white_space_around_a_value_is_none_of_it():
    assert Redactor({"X": "  12345678\n"}).text("<12345678>") == "<[redacted X]>"


def test_values_are_found_in_urls():
    assert Redactor({"P": "p@ss/w:rd1"}).text("https://me:p%40ss%2Fw%3Ard1@host") == "https://me:[redacted P]@host"


def test_keys_and_numbers_of_json_are_left_alone():
    text = json.dumps({"arguments": ["arguments", {"n": 12345678}]})
    assert json.loads(Redactor({"A": "arguments", "N": "12345678"}).json_text(text)) == {
        "arguments": ["[redacted A]", {"n": 12345678}]
    }


def test_a_name_cannot_break_what_it_stands_in():
    text = Redactor({'a"] \n': "12345678"}).json_text('{"x": "12345678"}')
    assert json.loads(text) == {"x": "[redacted a____]"}


def test_secrets_that_are_still_there_are_named():
    redactor = Redactor({"A": "12345678", "B": "abcdefgh"})
    assert redactor.found_in(b"\0 12345678 12345678") == {"A"}
    assert redactor.found_in(redactor(b"12345678 abcdefgh")) == frozenset()
    assert Redactor().found_in(b"12345678") == frozenset()


printable = st.text(st.characters(exclude_categories=("Cs",)), min_size=8, max_size=30).filter(
    lambda s: len(s.strip()) >= 8 and "redacted" not in s
)


@given(printable, st.text('abc XYZ 019 "', max_size=20))
def test_no_secret_survives_in_json_however_deep_it_is_quoted(secret, around):
    secret = secret.strip()
    redactor = Redactor({"S": secret})
    inner = json.dumps({"cmd": around + secret + around})
    value = {"text": around + secret, "arguments": inner, "ascii": json.dumps(inner, ensure_ascii=False)}
    cleaned = redactor.json_text(json.dumps(value, ensure_ascii=False))
    shown = json.loads(cleaned)
    assert secret not in shown["text"].replace("[redacted S]", "\0")
    assert secret not in json.loads(shown["arguments"])["cmd"].replace("[redacted S]", "\0")

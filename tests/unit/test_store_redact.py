import base64
import html
import io
import json
import zipfile
from urllib.parse import quote, quote_plus

import pytest
from hypothesis import given
from hypothesis import strategies as st

from mission_tui.store.redact import Redactor

ODD = "s3cr3t&<pass>'wörd"


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


@pytest.mark.parametrize(
    "shown",
    [
        base64.b64encode(b"ada:" + ODD.encode()).decode(),
        base64.urlsafe_b64encode(b"x" + ODD.encode() + b"y").decode(),
        html.escape(ODD),
        quote_plus(ODD),
    ],
)
def test_a_secret_is_found_in_what_browsers_and_servers_make_of_it(shown: str):
    assert "[redacted P]" in Redactor({"P": ODD}).text(f"a {shown} z")
    assert "[redacted" not in Redactor({"P": "something else"}).text(shown)


def test_what_an_archive_holds_is_redacted_and_an_archive_without_secrets_stays_as_it_is():
    written = io.BytesIO()
    with zipfile.ZipFile(written, "w", zipfile.ZIP_DEFLATED) as archive:
        archive.writestr("a/trace.network", f"password={quote(ODD)}")
        archive.writestr("b.bin", b"\0\1")
    redacted = Redactor({"P": ODD})(written.getvalue())
    with zipfile.ZipFile(io.BytesIO(redacted)) as archive:
        assert archive.read("a/trace.network") == b"password=[redacted P]"
        assert archive.read("b.bin") == b"\0\1"
    assert Redactor({"P": "something else"})(written.getvalue()) == written.getvalue()
    broken = b"PK\x03\x04" + ODD.encode()
    assert Redactor({"P": ODD})(broken) == b"PK\x03\x04[redacted P]"


def test_a_secret_that_is_learned_later_is_known_from_then_on():
    redactor = Redactor({"A": "first secret"})
    assert redactor.text("second secret") == "second secret"
    redactor.learn({"B": "second secret"})
    assert redactor.text("first secret, second secret") == "[redacted A], [redacted B]"

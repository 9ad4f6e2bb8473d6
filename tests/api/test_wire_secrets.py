"""Tests for airflow_provider_smspartner.api.wire: no text of an error holds a phone number or the API key."""

from __future__ import annotations

import json
import pickle
import re
from typing import Any
from urllib.parse import quote, quote_plus

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from airflow_provider_smspartner import api
from airflow_provider_smspartner.api import Call
from airflow_provider_smspartner.api.problems import may_hold, strike
from airflow_provider_smspartner.api.wire import Answer, parse_json
from airflow_provider_smspartner.exceptions import APIError, OutcomeUnknownError

KEY = "aB+3/k9=Zz"
NUMBER = "+33600000012"
SEND = api.send([NUMBER], "Bonjour")
SEND_XML = api.send([NUMBER], "Bonjour", response_format="xml")
CALLS = [SEND, api.me(), api.message_cancel(5120), api.bulk_status("5120")]

unhurried = settings(deadline=None)

NUMBERS = [
    NUMBER,
    NUMBER[1:],
    "0600000012",
    "06 00 00 00 12",
    "06.00.00.00.12",
    "06-00-00-00-12",
    "+33 (0)6 00 00 00 12",
    "0033600000012",
    "06\u200b00\u00a000\u202f00\u200b12",
]
KEYS = [
    KEY,
    quote(KEY, safe=""),
    quote(KEY),
    quote_plus(KEY).lower(),
    quote(KEY, safe="="),
    quote(KEY, safe="+"),
    KEY.upper(),
]
WORDS = ["non", "refusé :", "(", ")", "/", "children[", "].data", "\n", "apiKey=", "&tag=x", "…"]
said = st.lists(st.sampled_from(NUMBERS + KEYS + WORDS), max_size=8).map("".join)
item = st.fixed_dictionaries(
    {},
    optional={
        "elementId": said | said.map("children[{}].data".format),
        "message": said | st.just(33600000012),
        "code": said | st.just(33600000012),
        "phoneNumber": st.sampled_from(NUMBERS),
        "other": said,
    },
)
refusals = st.fixed_dictionaries(
    {"success": st.just(False)},
    optional={
        "code": st.sampled_from([9, 33600000012, NUMBER, KEY]),
        "message": said,
        "error": said | item | st.lists(item | said),
        "errors": st.lists(item | said) | st.dictionaries(said, said),
    },
)


@unhurried
@given(refusals, st.sampled_from(CALLS))
def test_no_text_of_an_error_holds_a_number_or_the_key(refusal: dict[str, Any], call: Call[Any]) -> None:
    with pytest.raises(APIError) as caught:
        call.read(Answer(status=400, body=json.dumps(refusal).encode(), secret=KEY))

    hold_no_secret(caught.value)
    again = pickle.loads(pickle.dumps(caught.value))
    hold_no_secret(again)
    assert (type(again), str(again)) == (type(caught.value), str(caught.value))
    assert [problem.number for problem in again.problems] == [None] * len(caught.value.problems)


@unhurried
@given(said, said)
def test_no_text_of_an_xml_error_holds_a_number_or_the_key(element: str, message: str) -> None:
    rows = f"<entry><entry><![CDATA[{element}]]></entry><entry><![CDATA[{message}]]></entry></entry>"
    body = f"<result><entry>false</entry><entry>9</entry><entry>{rows}</entry></result>".encode()

    with pytest.raises(APIError) as caught:
        SEND_XML.read(Answer(status=400, body=body, secret=KEY))

    hold_no_secret(caught.value)


@pytest.mark.parametrize("element", ["children[0600000012].data", "children[aB3k9Zz].data", NUMBER])
def test_the_name_of_a_field_holds_neither(element: str) -> None:
    refusal = {"success": False, "code": 9, "errors": [{"elementId": element, "message": "no"}]}

    with pytest.raises(APIError) as caught:
        SEND.read(Answer(status=400, body=json.dumps(refusal).encode(), secret="aB3k9Zz"))

    hold_no_secret(caught.value)
    assert "aB3k9Zz" not in repr(caught.value)


@pytest.mark.parametrize("body", [KEY.encode(), NUMBER.encode(), b'{"success": true, "key": "aB+3/k9=Zz"}'])
def test_an_unknown_outcome_says_nothing_of_the_body(body: bytes) -> None:
    with pytest.raises(OutcomeUnknownError) as caught:
        SEND.read(Answer(status=200, body=body, secret=KEY))

    assert KEY not in str(caught.value)
    assert NUMBER not in str(caught.value)
    assert f"({len(body)} bytes)" in str(caught.value)


def test_an_answer_hides_its_body_and_the_key() -> None:
    shown = repr(Answer(status=200, body=NUMBER.encode(), secret=KEY))

    assert NUMBER not in shown
    assert KEY not in shown


def hold_no_secret(error: APIError) -> None:
    parts = [part for problem in error.problems for part in (str(problem), repr(problem), problem.message)]
    for text in (str(error), repr(error), *parts):
        assert "600000012" not in re.sub(r"\D", "", text)
        for form in KEYS:
            assert form.lower() not in text.lower()


SECRETS = st.sampled_from([KEY, "plain-key", "kéy", "Kelvin", 'a"b\\c', "50%", "\u212aey", "a/b"])
ENCODINGS = st.just("utf-8") | st.sampled_from(["utf-16", "utf-16-le", "utf-32-be", "utf-8-sig"])


@given(st.data(), SECRETS, ENCODINGS, st.booleans(), st.booleans())
def test_a_key_that_a_quick_look_does_not_find_is_in_no_text(
    data: st.DataObject, secret: str, encoding: str, ascii_only: bool, slashed: bool
) -> None:
    forms = [secret, secret.upper(), secret.lower(), quote(secret, safe=""), secret.replace("s", "\u017f")]
    words = st.just(secret) | st.lists(st.sampled_from([*forms, "said ", NUMBER, "é"]), max_size=3).map(
        "".join
    )
    fields = {"success": True, "rows": [{"text": data.draw(words)}]}
    text = json.dumps(fields, ensure_ascii=ascii_only)
    body = (text.replace("/", "\\/") if slashed else text).encode(encoding)

    read = parse_json(body)

    assert not isinstance(read, dict) or may_hold(body, secret) or strike(read, secret) == read


@pytest.mark.parametrize(
    ("secret", "written"),
    [
        ("plain-key", '"PLAIN-key"'),
        ("plain-key", '"\\u0070lain-key"'),
        ("a/b", '"a%2fb"'),
        ("a/b", '"a\\/b"'),
        ('a"b', '"a\\"b"'),
        ("50%", '"50%25"'),
        ("kéy", '"K\\u00e9Y"'),
        ("key", '"\u212aey"'),
    ],
)
def test_a_quick_look_sees_a_key_in_every_spelling(secret: str, written: str) -> None:
    body = f'{{"success": true, "message": {written}}}'.encode()
    read = parse_json(body)

    assert isinstance(read, dict)
    assert strike(read, secret) != read
    assert may_hold(body, secret)


def test_a_quick_look_tells_that_an_everyday_answer_holds_no_key() -> None:
    body = json.dumps({"success": True, "rows": [{"phoneNumber": NUMBER, "cost": 0.045}] * 500}).encode()

    assert not may_hold(body, KEY)

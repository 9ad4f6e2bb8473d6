"""Tests for airflow_provider_smspartner.api.wire: any bytes give a value or one of our errors."""

from __future__ import annotations

import json
import pickle
import tracemalloc
from datetime import UTC, datetime
from typing import Any
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from airflow_provider_smspartner import api
from airflow_provider_smspartner.api import Call
from airflow_provider_smspartner.api.entries import LARGEST_XML
from airflow_provider_smspartner.api.wire import Answer
from airflow_provider_smspartner.exceptions import APIError, OutcomeUnknownError
from tests.thorough import examples

NUMBER = "+33600000012"
SEND = api.send([NUMBER], "Bonjour")
SEND_XML = api.send([NUMBER], "Bonjour", response_format="xml")

ACCEPTED = {"success": True, "code": 200, "message_id": 5120}

unhurried = settings(deadline=None)


def read(call: Call[Any], body: bytes, status: int = 200) -> Any:
    return call.read(Answer(status=status, body=body))


def xml(text: str, encoding: str = "UTF-8") -> bytes:
    return f"<?xml version='1.0' encoding='{encoding}'?>{text}".encode()


YES_XML = "<result><entry>true</entry><entry>200</entry><entry>5120</entry></result>"
DEEP = 50_000


@pytest.mark.parametrize("status", [200, 400])
@pytest.mark.parametrize(
    "body",
    [
        b"[" * DEEP,
        b'{"success":' * DEEP,
        b'{"success": false, "error": ' + b"[" * DEEP + b"]" * DEEP + b"}",
        b'{"success": true, "message_id": ' + b"9" * 5_000 + b"}",
        b'{"success": true, "message_id": 5120, "cost": 1e99999999999999999999}',
        b'{"success": true, "message_id": 5120, "cost": Infinity}',
        b'{"success": true, "message_id": 5120, "cost": NaN}',
        b'{"success": true, "message_id": "\xe9"}',
        xml("<result>" + "<entry>" * DEEP),
        xml("<result>" + "<entry>" * DEEP + "</entry>" * DEEP + "</result>"),
        xml('<!DOCTYPE r [<!ENTITY a "true">]>' + YES_XML.replace("true", "&a;")),
        xml('<!DOCTYPE r [<!ENTITY a "aa"><!ENTITY b "&a;&a;&a;">]>' + YES_XML.replace("5120", "&b;")),
        xml('<!DOCTYPE r [<!ENTITY a SYSTEM "file:///etc/hostname">]>' + YES_XML.replace("5120", "&a;")),
        xml('<!DOCTYPE r [<!ENTITY % a SYSTEM "http://127.0.0.1/"> %a;]>' + YES_XML),
        xml(YES_XML).replace(b"5120", b"\xe9"),
        xml(YES_XML).decode().encode("utf-16"),
        xml(YES_XML.replace("result", "html")),
        xml("<result>true</result>"),
        xml("<result/>"),
    ],
)
def test_hostile_bodies_are_unknown(body: bytes, status: int) -> None:
    for call in (SEND, SEND_XML):
        with pytest.raises(OutcomeUnknownError):
            read(call, body, status)


@pytest.mark.parametrize("encoding", ["UTF-8", "ISO-8859-1", "utf-16", "unicode_escape", "zip", "nonsense"])
def test_xml_is_utf_8_whatever_it_says(encoding: str) -> None:
    assert read(SEND_XML, xml(YES_XML, encoding)).message_id == "5120"


@pytest.mark.parametrize("encoding", ["utf-8", "utf-8-sig", "utf-16", "utf-32-be"])
def test_json_in_the_encodings_of_its_standard(encoding: str) -> None:
    assert read(SEND, json.dumps(ACCEPTED).encode(encoding)).message_id == "5120"


def test_a_report_list_in_xml_may_be_empty_but_not_missing() -> None:
    status = api.bulk_status("5120", response_format="xml")
    head = "<result><entry>true</entry><entry>200</entry><entry>5120</entry>"

    assert read(status, xml(f"{head}<entry/></result>")).reports == ()
    for rest in ("", "<entry>soon</entry>"):
        with pytest.raises(OutcomeUnknownError):
            read(status, xml(f"{head}{rest}</result>"))


CALLS = [
    SEND,
    SEND_XML,
    api.bulk_send([(NUMBER, "Bonjour")]),
    api.send_survey([NUMBER], "BB1"),
    api.send_survey([NUMBER], "BB1", response_format="xml"),
    api.bulk_status("5120"),
    api.bulk_status("5120", response_format="xml"),
    api.bulk_status_by_tag("batch7"),
    api.me(),
    api.stop_list(),
    api.message_cancel("5120"),
]
VALID: list[dict[str, Any]] = [
    {
        **ACCEPTED,
        "nb_sms": 1,
        "cost": 0.045,
        "currency": "EUR",
        "scheduledDeliveryDate": "2030-01-31 17:45:00",
        "nbSMS": 1,
        "SMSResponse_List": [
            {"success": True, "code": 200, "nbSms": 1, "cost": 0.045, "phoneNumber": NUMBER}
        ],
        "currentPage": 1,
        "total": 1,
        "StatutResponse_List": [
            {"phoneNumber": NUMBER, "status": "Delivered", "stopSMS": False, "date": "1896111962"}
        ],
        "user": {"username": "ada@example.org"},
        "credits": {"creditSms": 1, "creditSmsECO": 2, "toSend": 3, "balance": "5.400", "currency": "EUR"},
        "nbData": 1,
        "data": [{"id": 7, "phoneNumber": NUMBER, "createdAt": "2030-01-02 03:04:05"}],
    },
    {
        "success": False,
        "code": 9,
        "message": "no",
        "errors": [{"elementId": "children[tag].data", "message": "no", "code": "9", "phoneNumber": NUMBER}],
        "error": {"message": "no"},
    },
]
leaves = (
    st.none()
    | st.booleans()
    | st.integers()
    | st.sampled_from([10**17, 10**400, -1, 253402300799, 1896111962000])
    | st.floats()
    | st.text(max_size=20)
    | st.sampled_from(["0", "true", "0001-01-01 00:00:00", "9999-12-31", "1e999", " 7 ", "٧", "-0.0"])
)
json_values = st.recursive(
    leaves,
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=8), inner, max_size=3),
)
entries = st.recursive(st.text("truefals0129. é\n", max_size=12), lambda inner: st.lists(inner, max_size=6))


def as_xml(entry: Any, name: str = "entry") -> str:
    inside = "".join(map(as_xml, entry)) if isinstance(entry, list) else entry
    return f"<{name}>{inside}</{name}>"


bodies = (
    st.binary(max_size=200)
    | st.text(max_size=200).map(str.encode)
    | json_values.map(json.dumps).map(str.encode)
    | st.dictionaries(st.sampled_from([*VALID[0], *VALID[1]]), json_values).map(json.dumps).map(str.encode)
    | entries.map(lambda entry: as_xml(entry, "result").encode())
    | st.lists(entries).map(lambda rest: as_xml(["true", "200", "5120", *rest], "result").encode())
    | st.lists(entries).map(lambda rest: as_xml(["false", *rest], "result").encode())
)


def places(value: Any, path: tuple[Any, ...] = ()) -> list[tuple[Any, ...]]:
    """Every place in a JSON value, as the keys that lead there."""
    inside = value.items() if isinstance(value, dict) else enumerate(value) if isinstance(value, list) else ()
    return [path, *(place for key, one in inside for place in places(one, (*path, key)))]


def replaced(value: Any, place: tuple[Any, ...], new: object) -> Any:
    if not place:
        return new
    changed = value.copy()
    changed[place[0]] = replaced(value[place[0]], place[1:], new)
    return changed


def check_read(call: Call[Any], answer: Answer) -> object:
    """Return a value that can be handed on, or one of our errors; anything else fails the test."""
    try:
        value = call.read(answer)
    except (APIError, OutcomeUnknownError) as error:
        return error
    assert answer.status < 300
    assert value is not None
    assert pickle.loads(pickle.dumps(value)) == value
    for moment in moments(value):
        assert moment.astimezone(UTC) == moment.astimezone(ZoneInfo("Pacific/Kiritimati"))
    return value


def moments(value: Any) -> list[datetime]:
    rows = getattr(value, "reports", ()) or getattr(value, "entries", ())
    found = [getattr(row, "reported_at", None) or getattr(row, "created_at", None) for row in rows]
    return [moment for moment in (*found, getattr(value, "scheduled_for", None)) if moment]


@settings(unhurried, max_examples=examples(100))
@given(st.sampled_from(CALLS), st.integers(100, 599) | st.just(200), bodies)
def test_any_bytes_give_a_value_or_one_of_our_errors(call: Call[Any], status: int, body: bytes) -> None:
    check_read(call, Answer(status=status, body=body))


@pytest.mark.parametrize("call", CALLS)
@pytest.mark.parametrize(
    "nasty", [None, True, -1, 10**400, 5.5, 1e300, "", "é", [], [[]], ["x", None, 1], {}]
)
def test_every_field_may_be_of_the_wrong_kind(call: Call[Any], nasty: object) -> None:
    for valid in VALID:
        for place in places(valid):
            body = json.dumps(replaced(valid, place, nasty)).encode()
            check_read(call, Answer(status=200, body=body))


@settings(unhurried, max_examples=examples(100))
@given(st.sampled_from(CALLS), st.sampled_from([200, 400, 429]), st.sampled_from(VALID), st.data())
def test_any_field_may_hold_anything(
    call: Call[Any], status: int, valid: object, data: st.DataObject
) -> None:
    place = data.draw(st.sampled_from(places(valid)))
    answer = replaced(valid, place, data.draw(json_values))

    outcome = check_read(call, Answer(status=status, body=json.dumps(answer).encode()))

    if not isinstance(outcome, Exception):
        assert answer["success"] is True


# ---- memory ----------------------------------------------------------------------------------------

LARGE = 64 * 1024
STATUS = api.bulk_status("5120")
STATUS_XML = api.bulk_status("5120", response_format="xml")
STATUS_HEAD = b'{"success": true, "message_id": 5120, "StatutResponse_List": ['


def filled(piece: bytes, start: bytes = b"", end: bytes = b"", *, size: int = LARGE) -> bytes:
    """A body of a size, nearly, made of one piece over and over."""
    return start + piece * ((size - len(start) - len(end)) // len(piece)) + end


@pytest.mark.parametrize(
    ("call", "body"),
    [
        (SEND, filled(b"[],", b"[", b"[]]")),
        (SEND, filled(b"{},", b"[", b"{}]")),
        (SEND, filled(b"[")),
        (SEND, filled(b"9", b'{"success": true, "message_id": 5120, "cost": ', b".5}")),
        (SEND, filled(b"a", b'{"success": false, "code": 9, "message": "', b'"}')),
        (SEND, filled(b"{},", b'{"success": false, "code": 9, "errors": [', b"{}]}")),
        (STATUS, filled(b"{},", STATUS_HEAD, b"{}]}")),
        (STATUS, filled(b'{"phoneNumber": "1"},', STATUS_HEAD, b"{}]}")),
        (STATUS_XML, filled(b"<a/>", b"<result>", b"</result>")),
        (STATUS_XML, filled(b"<a>")),
        (STATUS_XML, filled(b"<!---->", b"<!DOCTYPE result [")),
        (STATUS_XML, filled(b"<a>", size=2 * LARGEST_XML)),
    ],
)
def test_what_a_body_takes_is_in_proportion_to_its_size(call: Call[Any], body: bytes) -> None:
    tracemalloc.start()
    try:
        check_read(call, Answer(status=200, body=body))
        peak = tracemalloc.get_traced_memory()[1]
    finally:
        tracemalloc.stop()

    in_xml = call.response_format == "xml"
    assert peak < (100 * min(len(body), LARGEST_XML) if in_xml else 40 * len(body))

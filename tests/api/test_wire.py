"""Tests for airflow_provider_smspartner.api.wire: which answers are a yes, a no or neither, and why not."""

from __future__ import annotations

import json
from datetime import datetime
from decimal import Decimal
from typing import Any

import pytest

from airflow_provider_smspartner import api
from airflow_provider_smspartner.api import Call, values
from airflow_provider_smspartner.api.wire import Answer
from airflow_provider_smspartner.exceptions import (
    APIError,
    InsufficientCreditError,
    InvalidRequestError,
    OutcomeUnknownError,
    RateLimitError,
    StopListError,
)

NUMBER = "+33600000012"
SEND = api.send([NUMBER], "Bonjour")
SEND_XML = api.send([NUMBER], "Bonjour", response_format="xml")
ME = api.me()
ACCEPTED = {"success": True, "code": 200, "message_id": 5120}
REFUSED = {"success": False, "code": 9, "message": "no"}
NO_IDS: list[object] = [None, "", " ", 0, "0", "00", False, True, -1, "-1", 5.5, [], {}, "null"]


def read(call: Call[Any], body: object, status: int = 200, **more: Any) -> Any:
    raw = body if isinstance(body, bytes) else json.dumps(body).encode()
    return call.read(Answer(status=status, body=raw, **more))


# ---- yes, no, unknown ----------------------------------------------------------------------------


@pytest.mark.parametrize("status", [200, 201, 202])
def test_a_yes_with_its_id_is_a_success(status: int) -> None:
    assert read(SEND, ACCEPTED, status).message_id == "5120"


@pytest.mark.parametrize("status", [100, 102, 301, 302, 307, 400, 401, 404, 429, 500, 502, 503, 504, 599])
def test_a_yes_under_a_status_that_says_no_is_unknown(status: int) -> None:
    with pytest.raises(OutcomeUnknownError, match=f"HTTP {status} "):
        read(SEND, ACCEPTED, status)


@pytest.mark.parametrize("status", [100, 199, 300, 302, 308, 500, 503])
@pytest.mark.parametrize("call", [SEND, ME], ids=["send", "me"])
def test_a_no_from_somebody_else_than_the_api_is_unknown(call: Call[Any], status: int) -> None:
    with pytest.raises(OutcomeUnknownError):
        read(call, REFUSED, status)


@pytest.mark.parametrize("success", ["true", "yes", 1, 1.0, None, [True], {}, "false", 0])
@pytest.mark.parametrize("call", [SEND, ME], ids=["send", "me"])
def test_only_true_is_a_yes_and_only_false_a_no(call: Call[Any], success: object) -> None:
    answer = {**ACCEPTED, "success": success, "credits": {}}

    with pytest.raises(OutcomeUnknownError, match="neither a clear yes nor a clear no"):
        read(call, answer)


@pytest.mark.parametrize("message_id", NO_IDS)
def test_a_yes_without_an_id_is_unknown(message_id: object) -> None:
    with pytest.raises(OutcomeUnknownError, match="lacks what it must bring"):
        read(SEND, {**ACCEPTED, "message_id": message_id})


@pytest.mark.parametrize("name", ["message_id", "messageId", "msgId"])
@pytest.mark.parametrize("message_id", [5120, "5120", 5120.0, "HLR000042", "a sentence", [5120]])
def test_a_no_that_names_a_message_is_unknown_on_a_send(name: str, message_id: object) -> None:
    answer = {**REFUSED, name: message_id}

    with pytest.raises(OutcomeUnknownError):
        read(SEND, answer)
    with pytest.raises(OutcomeUnknownError):
        read(SEND, answer, 429)
    with pytest.raises(APIError):
        read(ME, answer)


@pytest.mark.parametrize("message_id", [None, "", 0, "0", " 0 ", False, 0.0, []])
def test_a_no_whose_id_is_empty_is_a_no(message_id: object) -> None:
    with pytest.raises(InvalidRequestError):
        read(SEND, {**REFUSED, "message_id": message_id})


def test_a_no_in_xml_with_an_id_where_its_sentence_belongs_is_unknown() -> None:
    with pytest.raises(OutcomeUnknownError):
        read(SEND_XML, b"<result><entry>false</entry><entry>9</entry><entry>5120</entry></result>")


@pytest.mark.parametrize(
    "refusal",
    [
        {"success": False, "code": 500, "message": "not queued"},
        {"success": False, "code": "500"},
        {"success": False, "code": 200, "message": "queued?"},
        {"success": False, "code": 55, "errors": [{"message": "not queued", "code": "500"}]},
    ],
)
def test_a_no_that_promises_nothing_is_unknown(refusal: object) -> None:
    with pytest.raises(OutcomeUnknownError):
        read(SEND, refusal)


@pytest.mark.parametrize("status", [200, 400, 401, 403, 404])
@pytest.mark.parametrize(
    "body",
    [
        b"",
        b" ",
        b"null",
        b"true",
        b"[]",
        b'[{"success": true, "message_id": 5120}]',
        b'{"success": true, "message_id": 5',
        b"<html>Bad gateway</html>",
        b'{"success": true}{"success": true}',
        b"\xff\xfe\xfd",
        b"\x1f\x8b\x08\x00",
        b'{"success": NaN}',
    ],
)
def test_garbage_is_unknown(body: bytes, status: int) -> None:
    for call in (SEND, SEND_XML, ME):
        with pytest.raises(OutcomeUnknownError):
            read(call, body, status)


@pytest.mark.parametrize("body", [b"", b"<html>slow down</html>", b'{"success": false, "code": 9}', b"{}"])
@pytest.mark.parametrize("call", [SEND, SEND_XML, ME], ids=["send", "xml", "me"])
@pytest.mark.parametrize("retry_after", [None, 0.0, 12.5])
def test_too_many_requests(call: Call[Any], body: bytes, retry_after: float | None) -> None:
    with pytest.raises(RateLimitError) as caught:
        read(call, body, 429, retry_after=retry_after)

    assert (caught.value.path, caught.value.retry_after) == (call.path, retry_after)


# ---- why not -------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("reasons", "problems"),
    [
        ({"message": "no"}, [(None, "no", None)]),
        ({"errors": "no"}, [(None, "no", None)]),
        ({"error": ["no", "never"]}, [(None, "no", None), (None, "never", None)]),
        ({"error": {"message": "no"}}, [(None, "no", None)]),
        ({"errors": {"message": "no", "code": 9}}, [(None, "no", 9)]),
        ({"errors": [{"elementId": "children[tag].data", "message": "no"}]}, [("tag", "no", None)]),
        ({"error": [{"elementId": "tag", "message": "no", "code": "9"}]}, [("tag", "no", 9)]),
        ({"errors": [{"message": "no", "code": "E9"}]}, [(None, "no", None)]),
        ({"errors": ["no"], "error": ["never"]}, [(None, "no", None), (None, "never", None)]),
        ({"errors": ["no"], "message": "more"}, [(None, "no", None)]),
        ({"errors": [], "error": None, "message": "no"}, [(None, "no", None)]),
        ({"errors": [{"code": 9}]}, [(None, "no text", 9)]),
        ({"message": None}, []),
        ({}, []),
    ],
)
def test_reasons_come_in_many_shapes(reasons: dict[str, object], problems: list[object]) -> None:
    with pytest.raises(InvalidRequestError) as caught:
        read(SEND, {"success": False, "code": "9", **reasons})

    assert caught.value.code == 9
    assert [(one.element, one.message, one.code) for one in caught.value.problems] == problems


@pytest.mark.parametrize(
    ("envelope", "items", "error"),
    [
        (55, ["14", 14], StopListError),
        (55, [11], InsufficientCreditError),
        (55, ["14", "9"], InvalidRequestError),
        (55, [14, None], InvalidRequestError),
        (55, [7777], InvalidRequestError),
        (11, [], InsufficientCreditError),
        (7777, [14], StopListError),
        (7777, [7777], APIError),
        (None, [14], StopListError),
        (None, [], APIError),
    ],
)
def test_items_that_agree_name_the_error(envelope: int | None, items: list[Any], error: type) -> None:
    errors = [{"phoneNumber": NUMBER, "message": "no", "code": code} for code in items]

    with pytest.raises(APIError) as caught:
        read(SEND, {"success": False, "code": envelope, "errors": errors})

    assert type(caught.value) is error
    assert caught.value.code == envelope
    assert [problem.number for problem in caught.value.problems] == [NUMBER] * len(items)


def test_what_the_platform_says_is_one_short_printable_line() -> None:
    said = "a\r\n\tb\x00\x1b[31m \ud800 " + "long " * 10_000

    with pytest.raises(APIError) as caught:
        read(SEND, {"success": False, "code": 9, "errors": [said] * 100})

    text = str(caught.value)
    assert text.isprintable()
    assert len(text) < 10_000
    assert "a b [31m long" in text


# ---- single values -------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("given_value", "read_as"),
    [(5120, "5120"), ("5120", "5120"), (" 5120 ", "5120"), ("007", "007")]
    + [(nothing, None) for nothing in (None, 0, "0", "", True, 5.0, -5, "null", "a b", "9" * 21, 10**18)]
    + [(no_digits, None) for no_digits in ("HLR000042", "5120\n5121", "+33612345678", "5e3", "٥١٢٠")],
)
def test_an_id_is_text(given_value: object, read_as: str | None) -> None:
    assert values.text_id(given_value) == read_as


@pytest.mark.parametrize(
    ("text", "read_as"),
    [
        ("0.045", "0.045"),
        ('"5.400"', "5.400"),
        ("0", "0"),
        ("12", "12"),
        ("-3", "-3"),
        ("-3.5", "-3.5"),
        ("4.5E-2", "0.045"),
        ("0.1234567890123456", "0.1234567890123456"),
        ("1e40", None),
        ("1e-40", None),
        ("-1000000000000000000", None),
        ('"1e4"', None),
        ('"5,40"', None),
        ('"free"', None),
        ("true", None),
        ("null", None),
        ("[]", None),
    ],
)
def test_a_cost_is_exact(text: str, read_as: str | None) -> None:
    answer = b'{"success": true, "message_id": 5120, "cost": ' + text.encode() + b"}"

    cost = read(SEND, answer).cost

    assert cost == (None if read_as is None else Decimal(read_as))
    assert not isinstance(cost, float)


@pytest.mark.parametrize("no", [False, 0, "0", "", "false", "no", None, [], {}, 2, "stop"])
@pytest.mark.parametrize("yes", [True, 1, "1", "true", "True", " 1 "])
def test_a_flag(yes: object, no: object) -> None:
    assert values.flag(yes)
    assert not values.flag(no)


@pytest.mark.parametrize(
    ("given_value", "iso"),
    [
        (1534615206, "2018-08-18T20:00:06+02:00"),
        ("1534615206", "2018-08-18T20:00:06+02:00"),
        ("2018-08-18 20:00:06", "2018-08-18T20:00:06+02:00"),
        ("2030-01-31 17:45:00", "2030-01-31T17:45:00+01:00"),
        ("2030-01-31T10:00:00.000+0000", "2030-01-31T11:00:00+01:00"),
        *((nothing, None) for nothing in (None, "", "0", 0, False, "soon", "31/01/2030", 1896111962000, -1)),
        ("0001-01-01 00:00:00", None),
        ("9999-12-31 23:59:59", None),
    ],
)
def test_a_date_in_any_of_its_forms(given_value: object, iso: str | None) -> None:
    read_as = values.moment(given_value)

    assert read_as == (None if iso is None else datetime.fromisoformat(iso))
    assert read_as is None or read_as.tzinfo is not None

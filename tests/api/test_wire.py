"""Tests for airflow_provider_smspartner.api.wire: which answers are a yes, a no or neither, and why not."""

from __future__ import annotations

from typing import Any

import pytest

from airflow_provider_smspartner import api
from airflow_provider_smspartner.api import Call
from airflow_provider_smspartner.exceptions import (
    APIError,
    InsufficientCreditError,
    InvalidRequestError,
    OutcomeUnknownError,
    Problem,
    RateLimitError,
    StopListError,
)
from airflow_provider_smspartner.simulator.wire import encode_xml
from tests.api.received import ACCEPTED, ME, NUMBER, SEND, SEND_XML, read

REFUSED = {"success": False, "code": 9, "message": "no"}
NO_IDS: list[object] = [None, "", " ", 0, "0", "00", False, True, -1, "-1", 5.5, [], {}, "null"]


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


# ---- XML ---------------------------------------------------------------------------------------------

ITEMS: list[dict[str, object]] = [
    {"errors": [{"elementId": "children[sender].data", "message": "too long"}]},
    {"error": [{"elementId": "phoneNumbers", "message": "not valid"}]},
    {"errors": [{"phoneNumber": NUMBER, "code": "14", "message": "on the STOP list"}]},
    {
        "errors": [
            {"phoneNumber": NUMBER, "code": "9", "message": "no"},
            {"phoneNumber": "060000", "message": "no"},
        ]
    },
    {"errors": [{"success": False, "code": 9, "message": f"not a mobile ({NUMBER})"}]},
    {"message": "nobody", "errors": [{"success": False, "code": 9, "message": f"not a mobile ({NUMBER})"}]},
    {"message": f"no price for ({NUMBER}, +32470123456)"},
    {"error": {"message": "NOCREDITS"}, "credits": {"creditSms": 0, "solde": 0}},
]


@pytest.mark.parametrize("reasons", ITEMS)
def test_an_xml_refusal_is_read_as_its_json_twin(reasons: dict[str, object]) -> None:
    refusal = {"success": False, "code": 55, **reasons}
    with pytest.raises(APIError) as json_twin:
        read(SEND, refusal)
    with pytest.raises(APIError) as xml_twin:
        read(SEND_XML, encode_xml(refusal))

    assert type(xml_twin.value) is type(json_twin.value)
    assert [vars_of(problem) for problem in xml_twin.value.problems] == [
        vars_of(problem) for problem in json_twin.value.problems
    ]


def vars_of(problem: Problem) -> dict[str, object]:
    return {name: getattr(problem, name) for name in ("message", "element", "code", "number", "numbers")}


# ---- status of one person ----------------------------------------------------------------------------


def test_the_report_of_one_person_must_be_theirs() -> None:
    call = api.message_status("5120", NUMBER)
    fields = {
        "success": True,
        "messageId": "5120",
        "statut": "Delivered",
        "stopSms": "1",
        "date": "1896111962",
    }

    status = read(call, {**fields, "number": "0600000012", "cost": 0.045, "currency": "EUR"})

    assert (status.message_id, status.report.status, status.report.stop) == ("5120", "delivered", True)
    assert NUMBER not in repr(status)
    for wrong in ({"number": "0600000013"}, {"messageId": "5121"}):
        with pytest.raises(OutcomeUnknownError):
            read(call, {**fields, **wrong})


def test_reports_of_many_are_those_that_were_asked_for() -> None:
    call = api.multi_status([(NUMBER, 5120), ("+33600000013", "5121")])
    row = {"success": True, "phoneNumber": NUMBER, "messageId": 5120, "status": "Delivered", "stopSms": "0"}
    rows = [
        row,
        row | {"messageId": 7},
        row | {"phoneNumber": "+33600000099"},
        {"success": False, "code": 4, "phoneNumber": "+33600000013", "messageId": 5121, "status": "unknown"},
    ]

    [status] = read(call, {"success": True, "StatutResponse_List": rows})

    assert (status.message_id, status.report.number) == ("5120", NUMBER)
    assert call.fields == {
        "SMSStatut_List": [
            {"phoneNumber": NUMBER, "messageId": 5120},
            {"phoneNumber": "+33600000013", "messageId": 5121},
        ]
    }


@pytest.mark.parametrize("code", [3, 15])
def test_who_is_listed_already_is_refused_as_such(code: int) -> None:
    with pytest.raises(StopListError):
        read(api.stop_add(NUMBER), {"success": False, "code": code, "message": "already"})
    assert read(api.stop_add(NUMBER), {"success": True, "stopId": 8}) == "8"

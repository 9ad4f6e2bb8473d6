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
    Problem,
    RateLimitError,
    StopListError,
)
from airflow_provider_smspartner.simulator.wire import encode_xml

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


# ---- echoes are data -------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("said", "numbers"),
    [
        ("no price for (+33600000001, +32470123456)", ("+33600000001", "+32470123456")),
        ("no price for (33600000001;0470123456)", ("33600000001", "0470123456")),
        (
            "not mobile: 0600000001, 06 00 00 00 02 et 0600000003.",
            ("0600000001", "06 00 00 00 02", "0600000003"),
        ),
        ("not valid (922264)", ("922264",)),
        ("(+33600000001 +33600000002)", ("+33600000001", "+33600000002")),
        ("(0600000001 0600000002)", ("0600000001", "0600000002")),
        ("160 characters at most", ()),
    ],
)
@pytest.mark.parametrize("shape", ["message", "errors", "item"])
def test_every_number_in_a_sentence_is_read(shape: str, said: str, numbers: tuple[str, ...]) -> None:
    reason: object = [{"success": False, "code": 9, "message": said}] if shape == "item" else said
    with pytest.raises(APIError) as caught:
        read(SEND, {"success": False, "code": 13, "errors" if shape == "item" else shape: reason})

    [problem] = caught.value.problems
    assert problem.numbers == numbers
    assert not any(number in str(caught.value) + repr(problem) for number in numbers)


def test_five_hundred_numbers_may_be_named() -> None:
    everybody = [f"+336{number:08}" for number in range(500)]
    with pytest.raises(APIError) as sentence:
        read(SEND, {"success": False, "code": 13, "message": f"no price ({', '.join(everybody)})"})
    with pytest.raises(APIError) as items:
        read(SEND, {"success": False, "code": 55, "errors": [{"phoneNumber": one} for one in everybody]})

    assert list(sentence.value.problems[0].numbers) == everybody
    assert [problem.number for problem in items.value.problems] == everybody
    assert str(items.value).endswith("; and 480 more")


@pytest.mark.parametrize("said", ["(12.50)", "(1234.56)", "(12345.6789)", "(2030)", "(160)"])
def test_an_amount_in_parentheses_is_no_number_of_anybody(said: str) -> None:
    with pytest.raises(InsufficientCreditError) as caught:
        read(SEND, {"success": False, "code": 11, "message": f"credit {said}"})

    assert caught.value.problems[0].number is None


@pytest.mark.parametrize(
    ("currency", "read_as"),
    [("EUR", "EUR"), ("eur", "EUR"), (" MAD ", "MAD")]
    + [
        (no_currency, None)
        for no_currency in ("EUROEUROE", "E\nR", "€", "EU1", "", None, 978, ["EUR"], "+33600000012")
    ],
)
def test_a_currency_is_three_letters(currency: object, read_as: str | None) -> None:
    assert read(SEND, {**ACCEPTED, "currency": currency}).currency == read_as
    assert read(ME, {"success": True, "credits": {"balance": 1, "currency": currency}}).currency == read_as


@pytest.mark.parametrize("parts", [2**31, 10**17, -1, 1.5, "many", True])
def test_a_count_that_no_column_takes_is_none(parts: object) -> None:
    assert read(SEND, {**ACCEPTED, "nb_sms": parts}).segments is None


@pytest.mark.parametrize("cost", [10**9, "1000000000", 10**17, -(10**9)])
def test_a_cost_that_nobody_pays_is_none(cost: object) -> None:
    assert read(SEND, {**ACCEPTED, "cost": cost}).cost is None


def test_names_are_struck_of_keys_numbers_and_control_characters() -> None:
    user = {"username": "ops\n\x1b[31m key-of-ours +33600000012"}
    account = read(ME, {"success": True, "user": user, "credits": {"balance": 1}}, secret="key-of-ours")

    assert account.name == "ops [31m *** +33 6 •• •• •• 12"


@pytest.mark.parametrize("credits", [{}, {"currency": "EUR"}, {"balance": "much"}, {"toSend": 3}])
def test_an_account_without_a_figure_is_no_answer(credits: dict[str, object]) -> None:
    with pytest.raises(OutcomeUnknownError):
        read(ME, {"success": True, "code": 200, "credits": credits})


DEGRADED = {"success": True, "code": 200, "message": "Request queued for processing"}


@pytest.mark.parametrize(
    "call",
    [
        SEND,
        SEND_XML,
        api.send_survey([NUMBER], "BB1"),
        api.bulk_send([(NUMBER, "Bonjour")]),
        ME,
        api.stop_list(),
        api.bulk_status("5120"),
        api.bulk_status_by_tag("spring"),
        api.message_status("5120", NUMBER),
        api.multi_status([(NUMBER, "5120")]),
        api.stop_add(NUMBER),
    ],
    ids=lambda call: call.path,
)
def test_a_yes_without_what_the_call_must_bring_is_none(call: Call[Any]) -> None:
    with pytest.raises(OutcomeUnknownError):
        read(call, DEGRADED)


@pytest.mark.parametrize(
    "call", [api.message_cancel("5120"), api.stop_delete("7")], ids=lambda call: call.path
)
def test_a_yes_that_brings_nothing_by_nature_says_what_confirms_it(call: Call[Any]) -> None:
    assert read(call, DEGRADED) is True
    assert call.confirming in (4, 5)
    assert not call.repeatable


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

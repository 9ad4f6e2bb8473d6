"""Tests for airflow_provider_smspartner.api.evidence: which yes is the answer to the request."""

from __future__ import annotations

import json
from typing import Any

import pytest

from airflow_provider_smspartner import api
from airflow_provider_smspartner.api import Call
from airflow_provider_smspartner.api.answers import Sent
from airflow_provider_smspartner.api.evidence import left_out_of
from airflow_provider_smspartner.api.wire import Answer
from airflow_provider_smspartner.exceptions import OutcomeUnknownError

ANN, BOB, EVE = "+33600000001", "+32470123456", "+33600000003"
STRANGER = "+33600000009"
PEOPLE = [ANN, BOB, EVE]
SEND, SANDBOX = api.send(PEOPLE, "Bonjour"), api.send(PEOPLE, "Bonjour", api.SendOptions(sandbox=True))
FRENCH = api.send([ANN, EVE, STRANGER], "Bonjour")
SURVEY = api.send_survey(PEOPLE, "BB1")
BULK = api.bulk_send([(number, "Bonjour") for number in PEOPLE])


def read(call: Call[Sent], **fields: Any) -> Sent:
    body = json.dumps({"success": True, "code": 200, "message_id": 5120, **fields}).encode()
    return call.read(Answer(status=200, body=body))


def rows(*numbers: object, **more: Any) -> list[dict[str, object]]:
    return [{"success": True, "code": 200, "phoneNumber": number, **more} for number in numbers]


def item(number: str, **more: Any) -> dict[str, object]:
    return {"phoneNumber": number, "code": "9", "message": "no", **more}


@pytest.mark.parametrize(
    ("call", "fields"),
    [
        (SEND, {}),
        (SEND, {"nb_sms": 3}),
        (SEND, {"nb_sms": 30}),
        (SEND, {"nb_sms": "3"}),
        (SEND, {"nb_sms": 4}),  # a text may have other segments in another country
        (FRENCH, {"nb_sms": 6}),
        (SURVEY, {"nb_sms": 3}),
        (SANDBOX, {"nb_sms": 0}),
        (BULK, {}),
        (BULK, {"nbSMS": 3, "SMSResponse_List": rows(*PEOPLE)}),
        (BULK, {"nbSMS": 3, "SMSResponse_List": rows(EVE, ANN, BOB, ANN, EVE[1:])}),
        (BULK, {"SMSResponse_List": rows("0600000001", "0470123456", 33600000003)}),
        (SEND, {"errors": [], "error": None}),
        (SEND, {"errors": [{"elementId": "children[sender].data", "message": "replaced"}]}),
    ],
)
def test_an_answer_that_covers_everybody_leaves_nobody_out(call: Call[Sent], fields: dict[str, Any]) -> None:
    assert left_out_of(read(call, **fields), PEOPLE) == set()


@pytest.mark.parametrize(
    ("call", "fields"),
    [
        (SEND, {"nb_sms": 2, "errors": [item(BOB)]}),
        (SEND, {"nb_sms": 2, "error": [item(BOB[1:])]}),
        (SEND, {"nb_sms": 2, "errors": item("0470 12 34 56")}),
        (SEND, {"nb_sms": 2, "errors": [{"success": False, "code": 9, "message": f"not valid ({BOB})"}]}),
        (SEND, {"nb_sms": 2, "errors": f"no price for ({BOB[1:]}, 0600000077)"}),
        (BULK, {"nbSMS": 2, "SMSResponse_List": [*rows(ANN, EVE), *rows(BOB, success=False)]}),
        (BULK, {"nbSMS": 2, "SMSResponse_List": [*rows(ANN, EVE), *rows(BOB[1:], success=False)]}),
        (BULK, {"nbSMS": 2, "SMSResponse_List": [*rows(ANN, EVE), *rows("0470123456", success="false")]}),
        (BULK, {"nbSMS": 2, "SMSResponse_List": rows(ANN, EVE), "errors": [item(BOB)]}),
        (SEND, {"nb_sms": 3, "errors": [item(BOB)]}),
    ],
)
def test_an_answer_may_name_whom_it_leaves_out(call: Call[Sent], fields: dict[str, Any]) -> None:
    assert left_out_of(read(call, **fields), PEOPLE) == {BOB}


@pytest.mark.parametrize(
    ("call", "fields", "why"),
    [
        (SEND, {"nb_sms": 2}, "it bills 2 segments for 3 people"),
        (SEND, {"nb_sms": 0}, "it bills 0 segments for 3 people"),
        (SURVEY, {"nb_sms": 1}, "it bills 1 segments for 3 people"),
        (SEND, {"nb_sms": 1, "errors": [item(BOB)]}, "it bills 1 segments for 2 people"),
        (FRENCH, {"nb_sms": 4}, "it bills 4 segments of one text for 3 people"),
        (FRENCH, {"nb_sms": 5, "errors": [item(EVE)]}, "it bills 5 segments of one text for 2 people"),
        (SEND, {"errors": [item(STRANGER)]}, "it leaves people out without naming one of ours"),
        (SEND, {"error": {"message": "NOCREDITS"}}, "it leaves people out without naming one of ours"),
        (
            SEND,
            {"errors": [{"elementId": "children[phoneNumbers].data", "message": "one is bad"}]},
            "it leaves people out without naming one of ours",
        ),
        (BULK, {"nbSMS": 2}, "it bills 2 segments for 3 people"),
        (BULK, {"SMSResponse_List": rows(ANN, EVE)}, "its rows name 2 of 3 people"),
        (BULK, {"SMSResponse_List": rows(ANN, EVE, ANN)}, "its rows name 2 of 3 people"),
        (BULK, {"SMSResponse_List": rows(ANN, BOB, STRANGER)}, "1 of its rows name nobody"),
        (BULK, {"SMSResponse_List": rows(*PEOPLE, STRANGER)}, "1 of its rows name nobody"),
        (BULK, {"SMSResponse_List": rows(ANN, BOB, "+336XXXXXX03")}, "1 of its rows name nobody"),
        (BULK, {"SMSResponse_List": rows(ANN, BOB, None)}, "1 of its rows name nobody"),
    ],
)
def test_an_answer_that_does_not_cover_the_request_is_unknown(
    call: Call[Sent], fields: dict[str, Any], why: str
) -> None:
    with pytest.raises(
        OutcomeUnknownError, match=f"a success that does not cover the request, as {why}"
    ) as said:
        read(call, **fields)

    assert not any(number[3:] in str(said.value) for number in [*PEOPLE, STRANGER])

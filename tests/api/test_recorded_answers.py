"""Tests for airflow_provider_smspartner.api: what the codes of an answer mean on each endpoint.

S0 to S4 are the vendor's pages, named in ``answers/README.md``; each ends with a list of codes.
"""

from __future__ import annotations

import json
from typing import Any

import pytest

from airflow_provider_smspartner import api
from airflow_provider_smspartner.api import Call
from airflow_provider_smspartner.api.wire import Answer
from airflow_provider_smspartner.exceptions import (
    APIError,
    AuthenticationError,
    InsufficientCreditError,
    InvalidRequestError,
    NotFoundError,
    OutcomeUnknownError,
    OutsideSendingHoursError,
    StopListError,
)

SEND, SURVEY = api.send(["+33600000001"], "Bonjour"), api.send_survey(["+33600000001"], "BB1")
SENDS = (SEND, SURVEY, api.bulk_send([("+33600000001", "Bonjour")]))
READS = (api.me(), api.bulk_status("300"), api.bulk_status_by_tag("batch7"), api.stop_list())
CANCEL = api.message_cancel("5120")

SEED_CODES: dict[str, tuple[Call[Any], dict[int, type[Exception]]]] = {
    seed: (
        call,
        {
            1: AuthenticationError,
            2: InvalidRequestError,
            9: InvalidRequestError,
            10: AuthenticationError,
            11: InsufficientCreditError,
        },
    )
    for seed, call in {"S0": SURVEY, "S1": SEND, "S2": SEND, "S3": SEND}.items()
}
SEED_CODES["S4"] = (
    api.bulk_status("300"),
    {1: AuthenticationError, 3: InvalidRequestError, 4: NotFoundError, 10: AuthenticationError},
)


def refuse(call: Call[Any], code: int) -> Exception:
    body = json.dumps({"success": False, "code": code, "message": "no"}).encode()
    with pytest.raises((APIError, OutcomeUnknownError)) as caught:
        call.read(Answer(status=200, body=body))
    return caught.value


@pytest.mark.parametrize(
    ("call", "code", "error"),
    [
        pytest.param(call, code, error, id=f"{seed}-{code}")
        for seed, (call, codes) in SEED_CODES.items()
        for code, error in codes.items()
    ],
)
def test_every_code_of_the_seeds_is_understood(call: Call[Any], code: int, error: type[Exception]) -> None:
    refusal = refuse(call, code)

    assert type(refusal) is error
    assert isinstance(refusal, APIError)
    assert (refusal.path, refusal.code) == (call.path, code)


SENDING_CODES: dict[type[Exception], list[int]] = {
    AuthenticationError: [1, 10, 20, 30, 40, 96],
    InsufficientCreditError: [11, 13],
    OutsideSendingHoursError: [22, 23],
    NotFoundError: [4],
    StopListError: [14, 15],
    InvalidRequestError: [2, 3, 9, *range(42, 53), 55, 90, 992],
    OutcomeUnknownError: [200, 500],
    APIError: [0, 5, 6, 7, 12, 19, 41, 53, 9999],
}
READING_CODES: dict[type[Exception], list[int]] = {
    AuthenticationError: [1, 10, 20, 30, 40, 96],
    InvalidRequestError: [2, 3, 9, 50],
    NotFoundError: [4],
    OutcomeUnknownError: [200, 500],
    APIError: [5, 6, 7, 11, 14, 22, 9999],
}


@pytest.mark.parametrize(
    ("calls", "code", "error"),
    [(SENDS, code, error) for error, codes in SENDING_CODES.items() for code in codes]
    + [((*READS, CANCEL), code, error) for error, codes in READING_CODES.items() for code in codes],
)
def test_a_code_means_what_it_means_on_its_endpoint(
    calls: tuple[Call[Any], ...], code: int, error: type[Exception]
) -> None:
    for call in calls:
        assert type(refuse(call, code)) is error


@pytest.mark.parametrize("code", [5, 6, 7, 11])
def test_a_refused_cancellation_keeps_its_code(code: int) -> None:
    refusal = refuse(CANCEL, code)

    assert type(refusal) is APIError
    assert refusal.code == code


@pytest.mark.parametrize("success", [{"code": 200}, {"code": 2}, {}])
def test_a_success_needs_no_code(success: dict[str, Any]) -> None:
    body = json.dumps({"success": True, "message_id": 5120, **success}).encode()

    assert [call.read(Answer(status=200, body=body)).message_id for call in SENDS] == ["5120"] * 3
    assert CANCEL.read(Answer(status=200, body=body)) is True


@pytest.mark.parametrize("call", READS)
def test_a_success_without_what_was_asked_for_is_unknown(call: Call[Any]) -> None:
    with pytest.raises(OutcomeUnknownError):
        call.read(Answer(status=200, body=b'{"success": true, "code": 200}'))


@pytest.mark.parametrize(
    ("named", "ours"), [("5120", True), (5120, True), (None, True), ("5121", False), (5121, False)]
)
def test_a_status_of_another_message_says_nothing_of_ours(named: object, ours: bool) -> None:
    body = json.dumps({"success": True, "message_id": named, "StatutResponse_List": []}).encode()
    call = api.bulk_status("5120")

    if ours:
        assert call.read(Answer(status=200, body=body)).reports == ()
    else:
        with pytest.raises(OutcomeUnknownError):
            call.read(Answer(status=200, body=body))


@pytest.mark.parametrize(("name", "old_name"), [("creditSmsECO", "creditSmsLowCost"), ("balance", "solde")])
def test_a_new_name_wins_over_an_old_one(name: str, old_name: str) -> None:
    def account(**credit: str) -> Any:
        body = json.dumps({"success": True, "credits": credit}).encode()
        read = api.me().read(Answer(status=200, body=body))
        return read.balance if name == "balance" else read.low_cost_credit

    assert account(**{name: "7"}) == account(**{old_name: "7"}) == account(**{name: "7", old_name: "8"}) == 7

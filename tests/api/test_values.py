"""Single values of an answer: ids, money, flags and dates in any form, and echoes, which are data."""

from __future__ import annotations

from datetime import datetime
from decimal import Decimal
from typing import Any

import pytest

from airflow_provider_smspartner import api
from airflow_provider_smspartner.api import Call, values
from airflow_provider_smspartner.exceptions import (
    APIError,
    InsufficientCreditError,
    OutcomeUnknownError,
)
from airflow_provider_smspartner.rules.refusals import is_about_numbers, named_in
from tests.api.received import ACCEPTED, ME, NUMBER, SEND, SEND_XML, read

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


ANN, BOB, ELENA = "+33600000001", "+33600000002", "+32470123456"


@pytest.mark.parametrize(
    ("said", "numbers"),
    [
        ("33600000001 (0.045 EUR), 33600000002 (0.045 EUR)", {ANN, BOB}),
        ("No price for:\n1. 33600000001\n2. 33600000002", {ANN, BOB}),
        ("1) 33600000001, 2) 0600000002", {ANN, BOB}),
        ("Error 13 - 33600000001", {ANN}),
        ("Price 0.45 33600000001", {ANN}),
        ("33600000001-33600000002", {ANN, BOB}),
        ("33600000001.33600000002.", {ANN, BOB}),
        ("06 00 00 00 01 06 00 00 00 02", {ANN, BOB}),
        ("+33 6 00 00 00 01 - 33 6 00 00 00 02", {ANN, BOB}),
        ("+33600000001/+32470123456: 0.045", {ANN, ELENA}),
        ("at most 160 characters, 0.45 EUR, 13 of 500, 2030-01-31 10:00:00", set()),
    ],
)
def test_numbers_are_told_from_what_stands_beside_them(said: str, numbers: set[str]) -> None:
    with pytest.raises(APIError) as caught:
        read(SEND, {"success": False, "code": 13, "message": said})

    assert named_in(caught.value.problems, {ANN, BOB, ELENA}) == numbers
    assert is_about_numbers(caught.value, {ANN, BOB, ELENA}) == bool(numbers)


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

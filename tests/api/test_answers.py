"""Tests for airflow_provider_smspartner.api.answers: a recorded answer becomes the right value or error."""

from __future__ import annotations

from typing import Any

import pytest

from airflow_provider_smspartner.api import Call
from airflow_provider_smspartner.api.wire import Answer
from airflow_provider_smspartner.exceptions import (
    APIError,
    OutcomeUnknownError,
)
from tests.api.recorded import BULK_SEND, EXPECTED, FOLDER, ME, NUMBERS, SEEDS, SEND, SURVEY_XML, Refused, row


def test_a_row_does_not_show_its_number() -> None:
    assert NUMBERS[0] not in repr(row(0, 1, "0.045"))


def title(name: str, call: Call[Any]) -> str:
    return "-".join([*(seed for seed, names in SEEDS.items() if name in names), name, call.path])


def test_no_recorded_answer_is_forgotten() -> None:
    assert {path.name for path in FOLDER.iterdir()} == {*EXPECTED, "README.md"}
    assert set().union(*SEEDS.values()) <= set(EXPECTED)


@pytest.mark.parametrize(
    ("name", "call", "expected"),
    [
        pytest.param(name, call, expected, id=title(name, call))
        for name, (calls, expected) in EXPECTED.items()
        for call in calls
    ],
)
def test_a_recorded_answer(name: str, call: Call[Any], expected: object) -> None:
    answer = Answer(status=int(name.split(".")[1]), body=(FOLDER / name).read_bytes())

    match expected:
        case Refused():
            with pytest.raises(APIError) as caught:
                call.read(answer)
            assert as_refused(caught.value) == expected
            assert caught.value.path == call.path
        case type():
            with pytest.raises(OutcomeUnknownError):
                call.read(answer)
        case _:
            assert call.read(answer) == expected


def as_refused(error: APIError) -> Refused:
    problems = error.problems
    return Refused(
        error=type(error),
        code=error.code or 0,
        elements=tuple(problem.element for problem in problems),
        codes=tuple(problem.code for problem in problems),
        numbers=tuple(problem.number for problem in problems),
    )


@pytest.mark.parametrize(
    ("name", "call", "said"),
    [
        ("wrong_key.200.json", ME, "Cette clé d'API est inconnue"),
        ("no_credit.200.json", SEND, "NOCREDITS"),
        ("send_refused_french.400.json", SEND, "sender: Un émetteur a 11 caractères au plus"),
        ("survey_refused.400.xml", SURVEY_XML, "message: A text is needed"),
        ("send_refused.400.json", SEND, "The moment (01/02/2020 at :) lies in the past"),
        ("item_code.200.json", SEND, "Ce numéro refuse nos SMS; Numéro inconnu"),
    ],
)
def test_the_error_repeats_what_the_platform_said(name: str, call: Call[Any], said: str) -> None:
    with pytest.raises(APIError) as caught:
        call.read(Answer(status=200, body=(FOLDER / name).read_bytes()))

    assert said in str(caught.value)


def test_costs_are_exact() -> None:
    bulk = BULK_SEND.read(Answer(status=200, body=(FOLDER / "bulk_send.200.json").read_bytes()))

    assert str(bulk.cost) == "0.135"
    assert [str(row.cost) for row in bulk.rows] == ["0.045", "0.09"]


@pytest.mark.parametrize(
    "name",
    [
        "bulk_send.200.json",
        "bulk_status.200.json",
        "bulk_status_by_tag.200.json",
        "stop_list.200.json",
        "item_code.200.json",
    ],
)
def test_values_hide_the_numbers_of_people(name: str) -> None:
    body = (FOLDER / name).read_bytes()
    calls, _ = EXPECTED[name]

    for call in calls:
        assert "60000" in f"{call.fields}{body!r}"
        assert "60000" not in f"{call!r}{outcome(call, body)!r}"


def outcome(call: Call[Any], body: bytes) -> object:
    try:
        return call.read(Answer(status=200, body=body))
    except APIError as error:
        return error

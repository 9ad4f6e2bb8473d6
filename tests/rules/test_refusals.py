"""A refused batch: is it about numbers, who leaves, and how many requests the others cost."""

from __future__ import annotations

import math
from collections import deque
from collections.abc import Callable

import pytest
from hypothesis import given
from hypothesis import strategies as st

from airflow_provider_smspartner.exceptions import (
    APIError,
    AuthenticationError,
    InsufficientCreditError,
    InvalidRequestError,
    Problem,
    RateLimitError,
    StopListError,
)
from airflow_provider_smspartner.rules.people import Person
from airflow_provider_smspartner.rules.refusals import divide, is_about_numbers

ANN, BOB, EVE = (Person(f"+3360000000{digit}") for digit in (1, 2, 3))
BAD_NUMBERS = Problem(message="not valid", element="phoneNumbers")
BAD_SENDER = Problem(message="too long", element="sender")


@pytest.mark.parametrize(
    ("refusal", "about_numbers"),
    [
        (InvalidRequestError("/send", 9, [BAD_NUMBERS]), True),
        (InvalidRequestError("/bulk-send", 9, [Problem(message="no", element="phoneNumber")]), True),
        (InvalidRequestError("/send", 9, [BAD_NUMBERS, BAD_SENDER]), False),
        (InvalidRequestError("/send", 9, [BAD_SENDER]), False),
        (InvalidRequestError("/send", 9), False),
        (InvalidRequestError("/send", 55), True),
        (StopListError("/send", 14), True),
        (StopListError("/send", 15), True),
        (StopListError("/send", 14, [Problem(message="is on the STOP list")]), True),
        (InvalidRequestError("/send", 9, [Problem(message="no", code=14)]), True),
        (InvalidRequestError("/send", 9, [Problem(message="no", number=ANN.number)]), True),
        (AuthenticationError("/send", 10), False),
        (AuthenticationError("/send", 10, [Problem(message="the key is wrong")]), False),
        (RateLimitError("/send", 14), False),
    ],
)
def test_a_batch_is_split_only_when_nothing_but_numbers_was_refused(
    refusal: APIError, about_numbers: bool
) -> None:
    assert is_about_numbers(refusal) is about_numbers


@pytest.mark.parametrize("spelling", [BOB.number, "0600000002", "06 00 00 00 02", "33600000002"])
def test_the_named_number_leaves_and_the_others_go_again_together(spelling: str) -> None:
    refusal = InvalidRequestError("/send", 55, [Problem(message="no", number=spelling)])

    assert divide([ANN, BOB, EVE], refusal) == ((BOB,), [(ANN, EVE)])


@pytest.mark.parametrize("named", [None, "+33600000099", "nonsense"])
def test_halves_tell_when_no_number_of_ours_is_named(named: str | None) -> None:
    refusal = InvalidRequestError("/send", 55, [Problem(message="no", number=named)])

    assert divide([ANN, BOB, EVE], refusal) == ((), [(ANN,), (BOB, EVE)])
    assert divide([ANN], refusal) == ((ANN,), [])


def quoted(*numbers: str, code: int | None = None) -> Problem:
    return Problem(message="no", code=code, numbers=numbers)


@pytest.mark.parametrize(
    ("refusal", "about_numbers"),
    [
        (InsufficientCreditError("/send", 13, [quoted(ANN.number, BOB.number)]), True),
        (InsufficientCreditError("/send", 13, [quoted()]), False),
        (InsufficientCreditError("/send", 13, [quoted("+33600000099")]), False),
        (InsufficientCreditError("/send", 11, [quoted("2030", "1234.56")]), False),
        (InvalidRequestError("/send", 9, [quoted("33600000002")]), True),
        (InvalidRequestError("/send", 55, [Problem(message="no", code=9)]), True),
        (InvalidRequestError("/send", 55, [Problem(message="no", code=10)]), False),
    ],
)
def test_a_refusal_that_names_some_of_ours_is_about_them_whatever_its_code(
    refusal: APIError, about_numbers: bool
) -> None:
    assert is_about_numbers(refusal, [ANN.number, BOB.number]) is about_numbers


@pytest.mark.parametrize("spell", [str, lambda number: number[1:], lambda number: "0" + number[3:]])
def test_all_that_a_sentence_names_leave_at_once(spell: Callable[[str], str]) -> None:
    refusal = InsufficientCreditError("/send", 13, [quoted(spell(ANN.number), spell(EVE.number))])

    assert divide([ANN, BOB, EVE], refusal) == ((ANN, EVE), [(BOB,)])


def test_a_foreign_number_leaves_in_its_national_form_too() -> None:
    belgian = Person("+32470123456")

    assert divide([ANN, belgian], StopListError("/send", 14, [quoted("0470123456")])) == (
        (belgian,),
        [(ANN,)],
    )


@given(st.integers(1, 500), st.data())
def test_nobody_is_lost_and_a_bad_number_costs_at_most_two_requests_a_halving(
    size: int, data: st.DataObject
) -> None:
    everybody = [Person(f"+336{number:08}") for number in range(size)]
    bad = data.draw(st.sets(st.sampled_from(everybody), max_size=5))
    refusal = StopListError("/send", 14)
    waiting, accepted, rejected, requests = deque([tuple(everybody)]), set[Person](), set[Person](), 0

    while waiting:
        batch = waiting.popleft()
        requests += 1
        if bad.isdisjoint(batch):
            accepted.update(batch)
            continue
        out, groups = divide(batch, refusal)
        rejected.update(out)
        waiting.extend(groups)

    assert (accepted, rejected) == (set(everybody) - bad, bad)
    assert requests <= 1 + 2 * len(bad) * math.ceil(math.log2(max(size, 2)))

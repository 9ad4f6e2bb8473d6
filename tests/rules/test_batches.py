"""Tests for airflow_provider_smspartner.rules.batches."""

from __future__ import annotations

from itertools import chain, count, islice

import pytest
from hypothesis import given
from hypothesis import strategies as st

from airflow_provider_smspartner.exceptions import InvalidMessage
from airflow_provider_smspartner.rules.batches import BATCH_LIMIT, check_batch, split_people
from airflow_provider_smspartner.rules.people import Person, people_of


def numbers(amount: int) -> list[str]:
    return [f"+336{index:08}" for index in range(amount)]


@pytest.mark.parametrize("amount", [1, 2, 500])
def test_a_batch_of_distinct_numbers_passes(amount: int) -> None:
    check_batch(numbers(amount))


@pytest.mark.parametrize(
    ("batch", "fault"),
    [
        ([], "no numbers"),
        (numbers(501), "501 numbers .*; SMS Partner takes at most 500 in one request"),
        (["+33612345678", "+33612345679", "+33612345678"], r"\+33 6 •• •• •• 78 is there 2 times"),
    ],
)
def test_a_refusal_names_the_fault(batch: list[str], fault: str) -> None:
    with pytest.raises(InvalidMessage, match=f"^recipients: .*{fault}"):
        check_batch(batch)


people = st.lists(st.builds(Person, st.sampled_from(numbers(40)), st.sampled_from("abc")), unique=True)


@given(people)
def test_everybody_is_in_one_batch_and_no_number_twice_in_any(everybody: list[Person]) -> None:
    batches = list(split_people(everybody))
    assert sorted(chain.from_iterable(batches)) == sorted(everybody)
    assert all(len({person.number for person in batch}) == len(batch) > 0 for batch in batches)


@given(st.integers(0, 3 * BATCH_LIMIT + 1))
def test_batches_are_full_but_for_the_last_and_keep_the_order(amount: int) -> None:
    everybody = list(people_of(numbers(amount)))
    batches = list(split_people(everybody))
    assert list(chain.from_iterable(batches)) == everybody
    assert all(len(batch) == BATCH_LIMIT for batch in batches[:-1])


def test_nobody_is_read_further_than_the_batch_that_is_asked_for() -> None:
    source = count()
    batches = split_people(people_of(str(number) for number in source))
    assert [len(batch) for batch in islice(batches, 2)] == [BATCH_LIMIT, BATCH_LIMIT]
    assert next(source) == 2 * BATCH_LIMIT

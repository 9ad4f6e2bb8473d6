"""Tests for airflow_provider_smspartner.rules.batches."""

from __future__ import annotations

from itertools import chain, count, islice

import pytest
from hypothesis import given
from hypothesis import strategies as st

from airflow_provider_smspartner.exceptions import InvalidMessage
from airflow_provider_smspartner.rules.batches import BATCH_LIMIT, check_batch, split


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


@given(st.lists(st.integers(), max_size=60), st.integers(1, 20))
def test_split_keeps_everyone_in_order_and_fills_all_but_the_last(items: list[int], size: int) -> None:
    batches = list(split(items, size=size))
    assert list(chain.from_iterable(batches)) == items
    assert all(len(batch) == size for batch in batches[:-1])
    assert all(1 <= len(batch) <= size for batch in batches)


def test_split_reads_no_further_than_the_batch_it_gives() -> None:
    source = count()
    assert [len(batch) for batch in islice(split(source), 2)] == [BATCH_LIMIT, BATCH_LIMIT]
    assert next(source) == 2 * BATCH_LIMIT


@pytest.mark.parametrize("size", [-1, 0, 501])
def test_a_size_that_the_platform_refuses_is_refused_before_anything_is_read(size: int) -> None:
    with pytest.raises(InvalidMessage, match=f"^size: a batch of {size} "):
        split([], size=size)

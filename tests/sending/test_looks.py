"""Looks ahead: several at a time, their answers in order, and no more of them than are asked for."""

from __future__ import annotations

from collections.abc import Callable
from threading import Barrier, Lock
from typing import Any

import pytest

from airflow_provider_smspartner.api import Call
from airflow_provider_smspartner.exceptions import LookFailed
from airflow_provider_smspartner.hooks.paging import Listing
from airflow_provider_smspartner.journal import Batch
from airflow_provider_smspartner.sending.evidence import Look
from airflow_provider_smspartner.sending.looks import LookAhead
from tests.sending.conftest import EVERYBODY, assert_everyone_once, campaign

PATIENCE = 30.0
"""Seconds that a look waits for those beside it; nothing waits so long unless looks go one by one."""


def batches(count: int) -> list[Batch]:
    return [Batch(ordinal=ordinal, tag=f"tag-{ordinal}") for ordinal in range(count)]


def found(batch: Batch) -> Listing:
    return Listing(numbers=frozenset({f"+3360000{batch.ordinal:04d}"}))


def answering(seen: list[int], answer: Callable[[Batch], Listing | None]) -> Look:
    """Return a look that notes the ordinals it was asked for."""
    lock = Lock()

    def look(batch: Batch) -> Listing | None:
        with lock:
            seen.append(batch.ordinal)
        return answer(batch)

    return look


def test_as_many_looks_as_may_be_are_under_way_at_once() -> None:
    together = Barrier(4, timeout=PATIENCE)

    def look(batch: Batch) -> Listing | None:
        together.wait()
        return found(batch)

    with LookAhead(look, 4) as looks:
        assert list(looks.results(batches(8))) == [found(batch) for batch in batches(8)]


def test_each_batch_is_looked_for_once() -> None:
    seen: list[int] = []
    with LookAhead(answering(seen, found), 3) as looks:
        looks.begin(batches(5))
        assert [looks.result(batch) for batch in batches(5)] == [found(batch) for batch in batches(5)]
    assert sorted(seen) == list(range(5))


def test_a_look_that_fails_fails_in_its_turn_and_ends_those_behind_it() -> None:
    seen: list[int] = []

    def answer(batch: Batch) -> Listing | None:
        if batch.ordinal == 2:
            raise LookFailed("Tag tag-2 could not be looked up.")
        return None

    with LookAhead(answering(seen, answer), 2) as looks:
        results = looks.results(batches(100))
        assert [next(results), next(results)] == [None, None]
        with pytest.raises(LookFailed, match="tag-2"):
            next(results)
    assert len(seen) <= 5


def test_a_send_looks_for_its_first_tags_side_by_side() -> None:
    sent = campaign(concurrency=4)
    carry, together, first = sent.line.carry, Barrier(4, timeout=PATIENCE), iter(range(4))

    def carry_together(call: Call[Any]) -> Any:
        if call.method == "GET" and next(first, None) is not None:
            together.wait()
        return carry(call)

    sent.line.carry = carry_together  # type: ignore[method-assign]

    assert_everyone_once(sent, sent.attempt(EVERYBODY))

"""When lost answers stop a send: three in a row until looks resolve something, and not round and round."""

from __future__ import annotations

from collections.abc import Callable
from typing import TypeAlias

import pytest

from airflow_provider_smspartner.sending.breaker import CircuitBreaker

Steps: TypeAlias = list[Callable[[CircuitBreaker], None]]

LOSE, ANSWER = [CircuitBreaker.lose], [CircuitBreaker.answer]
CLOSE, ACCEPT = [CircuitBreaker.close], [CircuitBreaker.accept]
ROUND = 3 * LOSE + CLOSE


def after(steps: Steps) -> CircuitBreaker:
    """A breaker that has seen all of this."""
    breaker = CircuitBreaker()
    for step in steps:
        step(breaker)
    return breaker


@pytest.mark.parametrize(
    ("steps", "is_open"),
    [
        ([], False),
        (2 * LOSE, False),
        (3 * LOSE, True),
        (4 * LOSE, True),
        (2 * LOSE + ANSWER + 2 * LOSE, False),
        (3 * LOSE + ANSWER, False),
        (3 * LOSE + ACCEPT, True),
        (ROUND, False),
        (ROUND + 2 * LOSE, False),
        (ROUND + 3 * LOSE, True),
    ],
)
def test_three_lost_answers_in_a_row_open_it(steps: Steps, is_open: bool) -> None:
    assert after(steps).is_open is is_open


@pytest.mark.parametrize(
    ("steps", "is_hopeless"),
    [
        (9 * LOSE, False),
        (3 * ROUND, False),
        (4 * ROUND, True),
        (4 * ROUND + ANSWER, True),
        (4 * ROUND + ACCEPT, False),
        (3 * ROUND + ACCEPT + 3 * ROUND, False),
        (3 * ROUND + ACCEPT + 4 * ROUND, True),
    ],
)
def test_only_a_batch_that_was_taken_on_lets_it_close_more_than_three_times(
    steps: Steps, is_hopeless: bool
) -> None:
    assert after(steps).is_hopeless is is_hopeless

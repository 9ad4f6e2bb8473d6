"""How long a send leaves a platform alone that says no for haste, and when it gives up."""

from __future__ import annotations

import pytest

from airflow_provider_smspartner.exceptions import RateLimitError
from airflow_provider_smspartner.sending.throttle import Throttle
from faults.world import Clock


def haste(wish: float | None = None) -> RateLimitError:
    return RateLimitError("/send", 429, (), wish)


def test_pauses_double_up_to_a_minute_and_end_after_three() -> None:
    clock, pauses = Clock(), list[float]()
    throttle = Throttle(clock.now)

    while throttle.slow_down(haste()):
        pauses.append(throttle.left)
        clock.pause(throttle.left)

    assert pauses == pytest.approx([1, 2, 4, 8, 16, 32, 60, 60])


@pytest.mark.parametrize(("wish", "is_waited_for"), [(60.0, True), (61.0, False)])
def test_the_platforms_own_wish_is_kept_up_to_a_minute(wish: float, is_waited_for: bool) -> None:
    throttle = Throttle(Clock().now)

    assert throttle.slow_down(haste(wish)) is is_waited_for
    assert throttle.left == pytest.approx(60)


def test_a_yes_begins_anew() -> None:
    clock = Clock()
    throttle = Throttle(clock.now)
    throttle.slow_down(haste())
    clock.pause(1)
    throttle.slow_down(haste())
    clock.pause(2)
    throttle.clear()

    throttle.slow_down(haste())

    assert throttle.left == pytest.approx(1)

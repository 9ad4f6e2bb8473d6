"""Many triggers in one event loop, in a process of its own, against a platform in another one."""

from __future__ import annotations

import pytest

from benchmarks.triggerer import TARGET, measure

pytestmark = pytest.mark.airflow


@pytest.mark.parametrize(
    ("triggers", "messages", "rows", "abroad", "most"),
    [
        pytest.param(1, 2_000, 5, False, 4, id="2,000 messages"),
        pytest.param(200, 2, 100, False, 8, id="200 triggers"),
        pytest.param(2, 6, 500, True, 8, id="numbers that take long to read"),
    ],
)
def test_the_loop_is_never_held_up_and_the_requests_are_few(
    triggers: int, messages: int, rows: int, abroad: bool, most: int
) -> None:
    found = measure(triggers=triggers, messages=messages, rows=rows, abroad=abroad)

    assert found["requests"] == triggers * messages
    assert found["most"] == most
    assert found["computed"] < TARGET

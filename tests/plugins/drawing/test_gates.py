"""What a page says about a canary's gate: asked and found, over the people over whom it is judged."""

from __future__ import annotations

from typing import Any

import pytest

from airflow_provider_smspartner.plugins.drawing.gates import gate_lines
from airflow_provider_smspartner.tracking.verdict import NO_GATES, Gates
from tests.plugins.facts import follow

CANARY = Gates(settled=0.8, min_delivery_rate=0.9, max_stop_rate=0.1)
Told = list[tuple[str, str, str, bool | None]]


def lines(gates: Gates, *, final: bool = True, **counts: Any) -> Told:
    told = follow(gates=gates, final=final, **counts).delivery
    assert told
    return [(line.what, line.asked, line.found, line.holds) for line in gate_lines(told)]


@pytest.mark.parametrize("gates", [NO_GATES, CANARY])
def test_without_a_gate_or_anybody_there_is_nothing_to_tell(gates: Gates) -> None:
    counted = ("recipients", "delivered", "not_delivered", "waiting", "stop")
    nobody: dict[str, Any] = dict.fromkeys(counted, 0)

    assert lines(gates, **nobody if gates is CANARY else {}) == []


def test_rates_are_over_the_final_reports_when_it_is_settled() -> None:
    told = lines(CANARY, recipients=50, delivered=32, not_delivered=8, waiting=10, stop=2)

    assert told == [
        ("Reports that are final", "80 % before it is judged", "80 %", None),
        ("Delivered", "at least 90 %", "80 % (32 of 40 people)", False),
        ("STOP", "at most 10 %", "5 % (2 of 40 people)", True),
    ]


def test_rates_are_over_everybody_at_a_deadline_that_came_first() -> None:
    told = lines(CANARY, recipients=50, delivered=30, not_delivered=0, waiting=20, stop=6)

    assert told == [
        ("Reports that are final", "80 % before it is judged", "60 %", None),
        ("Delivered", "at least 90 %", "60 % (30 of 50 people)", False),
        ("STOP", "at most 10 %", "12 % (6 of 50 people)", False),
    ]


def test_nothing_is_missed_while_reports_may_come() -> None:
    told = lines(
        Gates(min_delivery_rate=0.9), final=False, recipients=50, delivered=1, not_delivered=1, waiting=48
    )

    assert told == [("Delivered", "at least 90 %", "50 % (1 of 2 people)", None)]

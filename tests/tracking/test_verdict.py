"""Tests for airflow_provider_smspartner.tracking.verdict: over whom a rate is, and which gate it misses."""

from __future__ import annotations

from typing import Any

import pytest

from airflow_provider_smspartner.tracking.verdict import Gates, Verdict, judge


def counts(delivered: int, not_delivered: int, waiting: int, stop: int = 0) -> dict[str, Any]:
    recipients = delivered + not_delivered + waiting
    return {
        "recipients": recipients,
        "delivered": delivered,
        "not_delivered": not_delivered,
        "waiting": waiting,
        "stop": stop,
    }


@pytest.mark.parametrize(
    ("result", "gates", "people", "is_settled", "missed"),
    [
        (counts(0, 0, 0), Gates(min_delivery_rate=1, max_stop_rate=0), 0, False, None),
        (counts(90, 10, 0), Gates(), 100, False, None),
        (counts(90, 10, 0), Gates(min_delivery_rate=0.9), 100, False, None),
        (counts(89, 11, 0), Gates(min_delivery_rate=0.9), 100, False, "89 of 100 people got the text"),
        (counts(0, 0, 100), Gates(min_delivery_rate=0.1), 100, False, "0 of 100 people got the text"),
        (counts(45, 5, 50), Gates(min_delivery_rate=0.9), 100, False, "45 of 100 people got the text"),
        (counts(45, 5, 50), Gates(min_delivery_rate=0.9, settled=0.5), 50, True, None),
        (counts(44, 6, 50), Gates(min_delivery_rate=0.9, settled=0.5), 50, True, "44 of 50 people"),
        (counts(44, 5, 51), Gates(min_delivery_rate=0.4, settled=0.5), 100, False, None),
        (counts(100, 0, 0, stop=2), Gates(max_stop_rate=0.02), 100, False, None),
        (counts(100, 0, 0, stop=3), Gates(max_stop_rate=0.02), 100, False, "3 of 100 people answered STOP"),
        (counts(50, 0, 50, stop=2), Gates(max_stop_rate=0.03, settled=0.5), 50, True, "2 of 50 people"),
    ],
)
def test_a_delivery_is_judged(
    result: dict[str, Any], gates: Gates, people: int, is_settled: bool, missed: str | None
) -> None:
    verdict = judge(result, gates)

    assert (verdict.people, verdict.is_settled) == (people, is_settled)
    assert (verdict.missed or "").startswith(missed or "")
    assert (verdict.missed is None) == (missed is None)


def test_a_missed_gate_names_its_argument_and_both_rates() -> None:
    verdict = judge(counts(1, 2, 0, stop=1), Gates(min_delivery_rate=0.5))

    assert verdict == Verdict(
        people=3,
        is_settled=False,
        missed="1 of 3 people got the text, a rate of 0.333; min_delivery_rate is 0.5",
    )

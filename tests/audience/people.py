"""People of the tests, and rows that become an audience."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from airflow_provider_smspartner.audience import Audience, Columns, Rows, Rules, gather

ANN, BOB = "+33600000001", "+33600000002"
BY_NAME, BY_ORDER = Columns("phone_number"), Columns("phone_number", "order_id")


def clean(numbers: Sequence[object], others: Any = None, **rules: Any) -> Audience:
    """Clean all rows at once."""
    return gather([Rows(numbers, others)], Rules(**rules))


def numbers_of(found: Audience) -> list[str]:
    return [person.number for person in found.people]

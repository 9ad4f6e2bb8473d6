"""People of the tests, and rows that become an audience."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from airflow_provider_smspartner.audience import Audience, Columns, Rows, Rules, gather
from airflow_provider_smspartner.exceptions import InvalidMessage
from airflow_provider_smspartner.rules import merge
from airflow_provider_smspartner.rules.writing import Written

ANN, BOB = "+33600000001", "+33600000002"
BY_NAME, BY_ORDER = Columns("phone_number"), Columns("phone_number", "order_id")


def clean(numbers: Sequence[object], others: Any = None, **rules: Any) -> Audience:
    """Clean all rows at once."""
    return gather([Rows(numbers, others)], Rules(**rules))


def numbers_of(found: Audience) -> list[str]:
    return [person.number for person in found.people]


def letters(rows: Sequence[Sequence[object]]) -> list[Written | InvalidMessage]:
    """Write each row's first value, which must not be empty, and count a segment for each letter."""
    texts = merge.parse("{name}").render_all([row[:1] for row in rows])
    return [(text, len(text)) if isinstance(text, str) else text for text in texts]


def side_by_side(rows: Sequence[Sequence[object]]) -> list[Written]:
    return [(" ".join(map(str, row)), 1) for row in rows]

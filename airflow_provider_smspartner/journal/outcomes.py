"""What became of people's texts, written into the ledger so that nobody's status ever goes back.

Reports come from two sides, asked for and posted, late, repeated and out of order. The rule of
``rules.delivery`` is therefore part of each statement: two processes may write about a person at once, and
the database looks at the row again when the other one has committed.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import TYPE_CHECKING, Any, Final

from sqlalchemy import and_, bindparam, false, func, or_, update

from airflow_provider_smspartner.journal.table import SENDS
from airflow_provider_smspartner.rules.delivery import FINAL, DeliveryStatus

if TYPE_CHECKING:
    from sqlalchemy import ColumnElement
    from sqlalchemy.engine import Connection

REPORTED_AT: Final = SENDS.c.reported_at
TOLD: Final = ("status", "reported_at", "stop")
FINAL_WORDS: Final = sorted(status.value for status in FINAL)


def write_outcomes(
    connection: Connection, whose: Sequence[ColumnElement[bool]], outcomes: Iterable[dict[str, Any]]
) -> None:
    """Write what is newer than what is known.

    :param whose: names the row of an outcome, with the parameters that each outcome brings for it.
    :param outcomes: ``status`` (None: only a STOP), ``reported_at`` (UTC, without an offset, or None) and
        ``stop``; a STOP is never taken back.
    """
    alike: dict[tuple[str, bool], list[dict[str, Any]]] = {}
    stops = []
    for outcome in outcomes:
        row = {name: value for name, value in outcome.items() if name not in TOLD}
        if (status := outcome["status"]) is not None:
            said = outcome["reported_at"]
            alike.setdefault((status, said is not None), []).append(row | {"new_reported_at": said})
        if outcome["stop"]:
            stops.append(row)
    for (status, is_dated), rows in alike.items():
        values = {"status": status, "reported_at": bindparam("new_reported_at", type_=REPORTED_AT.type)}
        newer = update(SENDS).where(*whose, is_older(status, is_dated=is_dated))
        connection.execute(newer.values(**values, stop=func.coalesce(SENDS.c.stop, False)), rows)
    if stops:
        unmarked = or_(SENDS.c.stop.is_(None), SENDS.c.stop.is_(False))
        connection.execute(update(SENDS).where(*whose, unmarked).values(stop=True), stops)


def is_older(status: str, *, is_dated: bool) -> ColumnElement[bool]:
    """Return the condition that a row is to get a status: final beats open, later beats earlier.

    A report without a date is earlier than any with one. When nothing else tells, delivered beats the rest,
    and of two open ones the one that came last holds.
    """
    new = bindparam("new_reported_at", type_=REPORTED_AT.type)
    same_wins = status not in FINAL or status == DeliveryStatus.DELIVERED
    # One by one, because a list of values cannot be part of a statement for many rows
    is_open = or_(SENDS.c.status.is_(None), and_(*(SENDS.c.status != word for word in FINAL_WORDS)))
    if is_dated:
        not_later = or_(REPORTED_AT.is_(None), new >= REPORTED_AT if same_wins else new > REPORTED_AT)
    else:
        not_later = REPORTED_AT.is_(None) if same_wins else false()
    if status in FINAL:
        return or_(is_open, not_later)
    return or_(SENDS.c.status.is_(None), and_(is_open, not_later))

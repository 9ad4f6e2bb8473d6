"""What became of people's texts, written into the ledger so that nobody's status ever goes back.

Reports come from two sides, asked for and posted, late, repeated and out of order. The rule of
``rules.delivery`` is therefore part of each statement: two processes may write about a person at once, and
the database looks at the row again when the other one has committed.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from datetime import datetime
from typing import TYPE_CHECKING, Any, Final

from sqlalchemy import and_, bindparam, func, or_, update

from airflow_provider_smspartner.journal.table import SENDS
from airflow_provider_smspartner.rules.delivery import FINAL, DeliveryStatus

if TYPE_CHECKING:
    from sqlalchemy import ColumnElement
    from sqlalchemy.engine import Connection

UNDATED: Final = datetime(1970, 1, 1)
"""What a report without a date counts as."""
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
    by_status: dict[str | None, list[dict[str, Any]]] = {}
    stops = []
    for outcome in outcomes:
        row = {
            name: value for name, value in outcome.items() if name not in ("status", "reported_at", "stop")
        }
        said = outcome["reported_at"]
        by_status.setdefault(outcome["status"], []).append(
            row | {"new_reported_at": said, "new_moment": said or UNDATED}
        )
        if outcome["stop"]:
            stops.append(row)
    for status, rows in by_status.items():
        if status is not None:
            values = {"status": status, "reported_at": bindparam("new_reported_at")}
            newer = update(SENDS).where(*whose, is_older(status))
            connection.execute(newer.values(**values, stop=func.coalesce(SENDS.c.stop, False)), rows)
    if stops:
        unmarked = or_(SENDS.c.stop.is_(None), SENDS.c.stop.is_(False))
        connection.execute(update(SENDS).where(*whose, unmarked).values(stop=True), stops)


def is_older(status: str) -> ColumnElement[bool]:
    """Return the condition that a row is to get a status: final beats open, later beats earlier.

    When nothing else tells, delivered beats the rest, and of two open ones the one that came last holds.
    """
    known = func.coalesce(SENDS.c.reported_at, UNDATED)
    new = bindparam("new_moment", type_=SENDS.c.reported_at.type)
    is_open = SENDS.c.status.not_in(FINAL_WORDS)
    if status not in FINAL:
        return or_(SENDS.c.status.is_(None), and_(is_open, known <= new))
    earlier = known <= new if status == DeliveryStatus.DELIVERED else known < new
    return or_(SENDS.c.status.is_(None), is_open, earlier)

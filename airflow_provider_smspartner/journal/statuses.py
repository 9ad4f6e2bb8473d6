"""What became of people's texts, written into the ledger so that nobody's status ever goes back.

Reports come from two sides, asked for and posted, late, repeated and out of order. The rule of
``rules.delivery`` is therefore part of each statement: two processes may write about a person at once, and
the database looks at the row again when the other one has committed.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from datetime import datetime
from functools import lru_cache, partial
from operator import itemgetter
from typing import TYPE_CHECKING, Any, Final

from sqlalchemy import and_, case, false, or_, update

from airflow_provider_smspartner.journal.schema import BOTH, PAYS_REST, PAYS_THE_REST, PEOPLE, STOPPED
from airflow_provider_smspartner.journal.sets import Values, for_each
from airflow_provider_smspartner.journal.told import Told
from airflow_provider_smspartner.rules.delivery import FINAL, DeliveryStatus

if TYPE_CHECKING:
    from sqlalchemy import ColumnElement, Update
    from sqlalchemy.engine import Connection

Names = tuple[str, ...]
"""Columns that name a row, of which there is more than one."""
Named = tuple[Any, ...]
"""Their values."""

REPORTED_AT: Final = PEOPLE.c.reported_at
NEWS: Final = ("status", "reported_at", "stop")
FINAL_WORDS: Final = sorted(status.value for status in FINAL)


def write_statuses(connection: Connection, news: Iterable[Values]) -> None:
    """Write what is newer than what is known.

    :param news: ``status`` (None: only a STOP), ``reported_at`` (UTC, without an offset, or None) and
        ``stop``, which is never taken back; and beside them the columns that name the row, the same ones for
        all.
    """
    # Those of one status and with a date, or without one, share a statement: its rule is the same
    alike: dict[tuple[str, bool, Names], dict[Named, datetime | None]] = {}
    stops: dict[Names, set[Named]] = {}
    for report in news:
        names, named_by = naming(tuple(report))
        named, status, moment = named_by(report), report["status"], report["reported_at"]
        if status is not None:
            rows = alike.setdefault((status, moment is not None, names), {})
            # Of two about one person, the later: which of them a statement would take is not known
            if moment is None or (before := rows.get(named)) is None or moment >= before:
                rows[named] = moment
        if report["stop"]:
            stops.setdefault(names, set()).add(named)
    for (status, is_dated, names), rows in alike.items():
        told = Told(names, sorted(rows))
        if is_dated:
            told = Told((*names, "reported_at"), [(*named, rows[named]) for named in told.rows])
        for_each(connection, told, partial(newer, status=status, is_dated=is_dated))
    for names, people in stops.items():
        for_each(connection, Told(names, sorted(people)), stopped)


@lru_cache(maxsize=16)
def naming(columns: Names) -> tuple[Names, Callable[[Values], Named]]:
    """Return which columns of a report name the row, and what returns their values."""
    names = tuple(name for name in columns if name not in NEWS)
    return names, itemgetter(*names)


def whose(of: Mapping[str, Any]) -> list[ColumnElement[bool]]:
    """Return the row that a report is about, as conditions.

    By the person, and not by the batch: PostgreSQL, before it has counted its rows, might look through all of
    a batch for each of its people.
    """
    named = [PEOPLE.c[name] == of[name] for name in of if name not in (*NEWS, "batch")]
    return [*named, PEOPLE.c.batch.is_not_distinct_from(of["batch"])] if "batch" in of else named


def newer(of: Mapping[str, Any], *, status: str, is_dated: bool) -> Update:
    """Write a status where it is newer than what is known."""
    moment = of["reported_at"] if is_dated else None
    return (
        update(PEOPLE).where(*whose(of), is_older(status, moment)).values(status=status, reported_at=moment)
    )


def stopped(of: Mapping[str, Any]) -> Update:
    """Write that somebody wants no more."""
    unmarked = or_(PEOPLE.c.marks.is_(None), PEOPLE.c.marks == PAYS_REST)
    return update(PEOPLE).where(*whose(of), unmarked).values(marks=case((PAYS_THE_REST, BOTH), else_=STOPPED))


def is_older(status: str, new: Any) -> ColumnElement[bool]:
    """Return the condition that a row is to get a status: final beats open, later beats earlier.

    A report without a date is earlier than any with one. When nothing else tells, delivered beats the rest,
    and of two open ones the one that came last holds.
    """
    same_wins = status not in FINAL or status == DeliveryStatus.DELIVERED
    # One by one, because a list of values cannot be part of a statement for many rows
    is_open = or_(PEOPLE.c.status.is_(None), and_(*(PEOPLE.c.status != word for word in FINAL_WORDS)))
    if new is not None:
        not_later = or_(REPORTED_AT.is_(None), new >= REPORTED_AT if same_wins else new > REPORTED_AT)
    else:
        not_later = REPORTED_AT.is_(None) if same_wins else false()
    if status in FINAL:
        return or_(is_open, not_later)
    return or_(PEOPLE.c.status.is_(None), and_(is_open, not_later))

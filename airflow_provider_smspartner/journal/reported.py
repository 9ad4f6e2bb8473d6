"""What the ledger knows of messages because their reports were posted: nobody needs to ask for those."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import UTC
from functools import partial
from typing import TYPE_CHECKING, Any

from sqlalchemy import and_, case, func, or_, select

from airflow_provider_smspartner.journal.refreshing import AT_ONCE, IS_OPEN, NAME, sent
from airflow_provider_smspartner.journal.schema import BATCHES, HAS_STOPPED, OF_CAMPAIGN, PEOPLE
from airflow_provider_smspartner.journal.table import Ledger
from airflow_provider_smspartner.rules import delivery

if TYPE_CHECKING:
    from sqlalchemy import ColumnElement
    from sqlalchemy.engine import Connection, Row

Reports = tuple[delivery.Report, ...]


def read_reported(ledger: Ledger, connection_id: str, counts: Mapping[str, int | None]) -> dict[str, Reports]:
    """Return the reports of those messages of which the ledger has a final one for everybody.

    :param counts: how many people each message, by id or by tag, was sent to. One of which that is not known
        cannot be told to be whole, and is left out.
    :raises SMSPartnerError: the database stayed away, or has no such table.
    """
    names = [name for name, people in counts.items() if people]
    reports: dict[str, Reports] = {}
    for start in range(0, len(names), AT_ONCE):
        some = {name: counts[name] for name in names[start : start + AT_ONCE]}
        reports |= ledger.transact(partial(_read, connection_id=connection_id, counts=some))
    return reports


def _read(
    connection: Connection, *, connection_id: str, counts: Mapping[str, int | None]
) -> dict[str, Reports]:
    """Count first: of a message that still has open people, nobody's row is read."""
    people, still_open = func.count().label("people"), func.sum(case((IS_OPEN, 1), else_=0)).label("open")
    wanted = select(NAME.label("name"), people, still_open).select_from(OF_CAMPAIGN)
    counted = connection.execute(wanted.where(*sent(connection_id), named(list(counts))).group_by(NAME))
    whole = [row.name for row in counted if not row.open and row.people == counts[row.name]]
    if not whole:
        return {}
    own = (PEOPLE.c.number, PEOPLE.c.status, HAS_STOPPED.label("stop"), PEOPLE.c.reported_at)
    of_people = select(NAME.label("name"), *own).select_from(OF_CAMPAIGN)
    rows = connection.execute(of_people.where(*sent(connection_id), named(whole)))
    reports: dict[str, list[delivery.Report]] = {}
    for row in rows:
        reports.setdefault(row.name, []).append(report(row))
    # A person with two events in a message has two rows and one report: the platform knows which
    return {name: tuple(them) for name, them in reports.items() if are_different(them)}


def named(names: Sequence[str]) -> ColumnElement[bool]:
    """Return the rows of messages, by their ids or, where they have none, by their tags."""
    ids, tags = [name for name in names if name.isdigit()], [name for name in names if not name.isdigit()]
    return or_(BATCHES.c.message_id.in_(ids), and_(BATCHES.c.message_id.is_(None), BATCHES.c.tag.in_(tags)))


def report(row: Row[*tuple[Any, ...]]) -> delivery.Report:
    """Return a person's row as the platform's report of them."""
    return delivery.Report(
        number=row.number,
        status=delivery.status(row.status),
        stop=bool(row.stop),
        reported_at=row.reported_at.replace(tzinfo=UTC) if row.reported_at else None,
    )


def are_different(reports: Sequence[delivery.Report]) -> bool:
    """Tell whether each report is one of another person."""
    return len({each.number for each in reports}) == len(reports)

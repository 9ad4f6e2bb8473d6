"""Reads the batches of a send out of a ledger: totals of each, in one query, and no number."""

from __future__ import annotations

from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, datetime
from decimal import Decimal
from functools import cache
from typing import Any

from airflow.providers.common.compat.sdk import AirflowException
from sqlalchemy import exc, func, select

from airflow_provider_smspartner.exceptions import SMSPartnerError
from airflow_provider_smspartner.journal.opening import engine_of
from airflow_provider_smspartner.journal.table import SENDS
from airflow_provider_smspartner.plugins.facts import UNREADABLE, BatchFact
from airflow_provider_smspartner.rules.sending_states import REJECTED, BatchState

PATIENCE = 5.0
"""Seconds that a page waits for a ledger."""
MOST_AT_ONCE = 2
"""How many threads a database that hangs may hold."""
STATES = {state.value for state in BatchState}


def read_ledger(conn_id: str, task: str) -> tuple[list[BatchFact], str | None]:
    """Return the batches of a task by ordinal, or none and why the ledger cannot be read in time.

    Airflow's own pages share the API server's threads: a database that hangs must not hold them all.
    """
    reading = readers(conn_id).submit(ask_ledger, conn_id, task)
    try:
        return reading.result(PATIENCE)
    except TimeoutError:
        reading.cancel()
        return [], f"connection {conn_id!r} has not answered for {PATIENCE:g} seconds"


@cache
def readers(conn_id: str) -> ThreadPoolExecutor:
    """Return the threads that wait for a ledger; one that hangs keeps no other one waiting."""
    return ThreadPoolExecutor(MOST_AT_ONCE, "smspartner-ledger")


def ask_ledger(conn_id: str, task: str) -> tuple[list[BatchFact], str | None]:
    """Ask the ledger for the batches of a task."""
    columns = SENDS.c
    query = (
        select(
            columns.ordinal,
            columns.tag,
            columns.state,
            func.count().label("people"),
            func.min(columns.claimed_at).label("claimed_at"),
            func.max(columns.accepted_at).label("accepted_at"),
            func.min(columns.message_id).label("message_id"),
            func.sum(columns.segments).label("segments"),
            func.sum(columns.cost).label("cost"),
            func.min(columns.currency).label("currency"),
        )
        .where(columns.task == task)
        .group_by(columns.ordinal, columns.tag, columns.state)
        .order_by(columns.ordinal)
    )
    try:
        engine = engine_of(conn_id)
        try:
            with engine.connect() as connection:
                rows = connection.execute(query).all()
        finally:
            engine.dispose()
    except SMSPartnerError as error:
        return [], str(error)
    except (exc.SQLAlchemyError, AirflowException) as error:
        # the words of a driver may name a host or a user
        return [], f"connection {conn_id!r} cannot be read ({type(error).__name__})"
    return batches_of(rows), None


def batches_of(rows: Sequence[Any]) -> list[BatchFact]:
    """Return a batch for each ordinal and state; who was refused for good counts with the first of them."""
    found: list[BatchFact] = []
    refused = {row.ordinal: int(row.people) for row in rows if row.state == REJECTED}
    for row in rows:
        if row.state != REJECTED:
            found.append(batch_of(row, rejected=refused.pop(row.ordinal, 0)))
    found += [
        BatchFact(ordinal=ordinal, state=BatchState.ABSENT.value, people=0, rejected=people)
        for ordinal, people in refused.items()
    ]
    return sorted(found, key=lambda batch: batch.ordinal)


def batch_of(row: Any, *, rejected: int) -> BatchFact:
    """Build a batch out of the totals of its rows."""
    return BatchFact(
        ordinal=row.ordinal,
        state=row.state if row.state in STATES else UNREADABLE,
        people=int(row.people),
        tag=row.tag,
        claimed_at=in_utc(row.claimed_at),
        changed_at=in_utc(row.accepted_at),
        message_id=row.message_id,
        segments=int(row.segments or 0),
        cost=Decimal(row.cost or 0),
        currency=row.currency,
        rejected=rejected,
    )


def in_utc(moment: datetime | None) -> datetime | None:
    """Read a time of the table: UTC, without an offset."""
    return moment.replace(tzinfo=UTC) if moment else None

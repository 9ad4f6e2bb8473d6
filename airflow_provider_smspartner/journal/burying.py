"""Tombstones: what stays of people who must not be named, so that nobody texts them the same again."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

from sqlalchemy import delete, select, update

from airflow_provider_smspartner.journal.schema import PEOPLE
from airflow_provider_smspartner.journal.sets import Values, find_numbers, for_each, is_person
from airflow_provider_smspartner.journal.table import tombstone

if TYPE_CHECKING:
    from sqlalchemy.engine import Connection, Row


def bury(connection: Connection, rows: Sequence[Row[Any]], secret: str) -> None:
    """Put a tombstone in the place of each number, and of its event.

    The campaigns must say so already (``erased``), or a claim would not look for it. Who has a tombstone in a
    campaign from an earlier time keeps that one.
    """
    stones = [key_of(row) | {"stone": tombstone((row.number, row.event), secret)} for row in rows]
    columns = select(PEOPLE.c.number, PEOPLE.c.campaign)
    known = set(map(tuple, find_numbers(connection, columns, sorted({row["stone"] for row in stones}))))
    twice = [row for row in stones if (row["stone"], row["campaign"]) in known]
    for_each(
        connection,
        [row for row in stones if (row["stone"], row["campaign"]) not in known],
        lambda of: update(PEOPLE).where(*is_person(of)).values(number=of["stone"], event=""),
    )
    drop(connection, twice)


def drop(connection: Connection, people: Sequence[Values]) -> None:
    """Delete rows of people, who are named by the columns of the primary key."""
    keys = [{name: row[name] for name in ("number", "event", "campaign")} for row in people]
    for_each(connection, keys, lambda of: delete(PEOPLE).where(*is_person(of)))


def key_of(row: Row[Any]) -> dict[str, Any]:
    """Return what names a row."""
    return {"number": row.number, "event": row.event, "campaign": row.campaign}

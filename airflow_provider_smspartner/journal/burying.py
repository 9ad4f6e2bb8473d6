"""Tombstones: what stays of people who must not be named, so that nobody texts them the same again."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, Any, Final

from sqlalchemy import delete, select, update

from airflow_provider_smspartner.journal.rows import recount
from airflow_provider_smspartner.journal.schema import PEOPLE
from airflow_provider_smspartner.journal.sets import find_numbers, for_each, is_person
from airflow_provider_smspartner.journal.table import tombstone
from airflow_provider_smspartner.journal.told import Told

if TYPE_CHECKING:
    from sqlalchemy.engine import Connection, Row

KEY: Final = ("number", "event", "campaign")


def bury(connection: Connection, rows: Sequence[Row[Any]], secret: str) -> None:
    """Put a tombstone in place of each number, and of its event.

    The campaigns must say so already (``erased``), or a claim would not look for it. Who has a tombstone in a
    campaign from an earlier time keeps that one.
    """
    stones = [(row, tombstone((row.number, row.event), secret)) for row in rows]
    columns = select(PEOPLE.c.number, PEOPLE.c.campaign)
    known = set(map(tuple, find_numbers(connection, columns, sorted({stone for _, stone in stones}))))
    new = [(*key_of(row), stone) for row, stone in stones if (stone, row.campaign) not in known]
    for_each(
        connection,
        Told((*KEY, "stone"), new),
        lambda of: update(PEOPLE).where(*is_person(of)).values(number=of["stone"], event=""),
    )
    drop(connection, [row for row, stone in stones if (stone, row.campaign) in known])


def drop(connection: Connection, rows: Sequence[Row[Any]]) -> None:
    """Delete rows of people, and count anew who is left in their batches."""
    whose = Told(KEY, [key_of(row) for row in rows])
    for_each(connection, whose, lambda of: delete(PEOPLE).where(*is_person(of)))
    if rows:
        recount(connection, {row.batch for row in rows})


def key_of(row: Row[Any]) -> tuple[str, str, int]:
    """Return what names a row."""
    return row.number, row.event, row.campaign

"""Whether a table keeps different texts apart: many a collation does not, and would mix up people."""

from __future__ import annotations

import uuid
from datetime import datetime
from typing import TYPE_CHECKING, Any, Final

from sqlalchemy import delete, exc, func, insert, select

from airflow_provider_smspartner.exceptions import InvalidMessage, SMSPartnerError
from airflow_provider_smspartner.journal.columns import Exact, Moment
from airflow_provider_smspartner.journal.table import first_line

if TYPE_CHECKING:
    from sqlalchemy import Column, Table
    from sqlalchemy.engine import Engine

EXACT_BY_NATURE: Final = ("postgresql", "sqlite")
TWINS: Final = ("aé😀", "Aé😀", "ae😀", "aé😁", "aé😀 ")
"""Texts that are not the same, although many collations say so."""


def check_exact(engine: Engine, table: Table) -> None:
    """Refuse a table whose key takes different texts for one, by writing such texts and taking them back.

    PostgreSQL and SQLite compare exactly unless a table says otherwise, and ours does not.

    :raises InvalidMessage: it takes them for one, cannot hold them, or knows no transactions.
    """
    texts = [column.name for column in table.primary_key.columns if isinstance(column.type, Exact)]
    if engine.dialect.name in EXACT_BY_NATURE or not texts:
        return
    token = uuid.uuid4().hex[:8]
    rows = [row_like(table, token) | {name: token + twin} for name in texts for twin in TWINS]
    try:
        with engine.connect() as connection, connection.begin() as trial:
            connection.execute(insert(table), rows)
            trial.rollback()
        with engine.begin() as connection:
            ours = table.c[texts[0]].like(f"{token}%")
            if left := connection.scalar(select(func.count()).select_from(table).where(ours)):
                connection.execute(delete(table).where(ours))
    except (exc.IntegrityError, exc.DataError, UnicodeEncodeError):
        raise InvalidMessage(
            f"ledger_conn_id: the table {table.name} does not keep texts apart that differ in case, "
            "accents, trailing blanks or emoji, and would mix up campaigns and events. Rename it, so that a "
            "new one is created, and let the connection use UTF-8 (in MySQL: charset utf8mb4)"
        ) from None
    except exc.SQLAlchemyError as error:
        raise SMSPartnerError(f"The ledger could not be opened: {first_line(error)}") from None
    if left:
        raise InvalidMessage(
            f"ledger_conn_id: the table {table.name} knows no transactions (in MySQL, another engine than "
            "InnoDB); rename it, so that a new one is created"
        )


def row_like(table: Table, token: str) -> dict[str, Any]:
    """Return a row that the table would take."""
    return {column.name: filler(column, token) for column in table.columns if not column.nullable}


def filler(column: Column[Any], token: str) -> Any:
    """Return a value of a column's type."""
    if isinstance(column.type, Exact):
        return token
    if column.unique:
        return uuid.uuid4().int >> 65  # one that no other row has
    return datetime(2000, 1, 1) if isinstance(column.type, Moment) else 0  # as the table's

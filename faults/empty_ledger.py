"""A SQLite database with a ledger of nobody, made once: many a campaign takes less time than to make one."""

from __future__ import annotations

from contextlib import closing
from functools import cache

from sqlalchemy import create_engine, delete
from sqlalchemy.pool import StaticPool

from airflow_provider_smspartner.journal.opening import prepare
from airflow_provider_smspartner.journal.schema import IDENTITY


@cache
def empty_ledger() -> bytes:
    """Return the bytes of a database that is a ledger, and has no name yet."""
    engine = create_engine("sqlite://", poolclass=StaticPool)
    prepare(engine)
    with engine.begin() as connection:
        connection.execute(delete(IDENTITY))
    with closing(engine.raw_connection()) as raw:
        empty: bytes = raw.driver_connection.serialize()  # type: ignore[union-attr]
    engine.dispose()
    return empty

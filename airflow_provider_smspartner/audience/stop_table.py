"""The table of a warehouse that holds the STOP list: made when absent, added to, never taken from."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Final

from sqlalchemy import (
    Column,
    DateTime,
    MetaData,
    String,
    Table,
    bindparam,
    exc,
    insert,
    inspect,
    select,
    update,
)

from airflow_provider_smspartner.audience.warehouse import engine_of
from airflow_provider_smspartner.exceptions import InvalidMessage
from airflow_provider_smspartner.rules.masking import mask_error, mask_numbers

if TYPE_CHECKING:
    from airflow.providers.common.sql.hooks.sql import DbApiHook
    from sqlalchemy.engine import Connection, Engine

AT_ONCE: Final = 500
"""People of one transaction; some databases bind no more than 2,100 values."""
MOST_RACES: Final = 10

Stops = Mapping[str, datetime | None]
"""Since when a person, as E.164, wants no texts; None where nobody says."""


class StopTable:
    """The table behind a connection, under a name that may begin with its schema."""

    def __init__(self, engine: Engine, name: str) -> None:
        schema, _, bare = name.rpartition(".")
        self._engine = engine
        self._name = name
        self._table = Table(
            bare,
            MetaData(),
            Column("phone_number", String(16), primary_key=True),
            Column("stopped_at", DateTime),
            Column("source", String(16), nullable=False),
            schema=schema or None,
        )

    def prepare(self) -> None:
        """Make the table where there is none.

        :raises InvalidMessage: there is one of that name with other columns; it is left as it is.
        """
        with masked():
            if not inspect(self._engine).has_table(self._table.name, schema=self._table.schema):
                self._create()
            found = inspect(self._engine).get_columns(self._table.name, schema=self._table.schema)
        columns = {str(column["name"]).casefold() for column in found}
        if columns != set(self._table.columns.keys()):
            named = mask_numbers(", ".join(sorted(columns)))
            raise InvalidMessage(
                f"table: {self._name} has the columns {named}, and was left as it is; give the name of a "
                f"table with {', '.join(self._table.columns.keys())}, or of none: it is made then"
            )

    def _create(self) -> None:
        try:
            self._table.create(self._engine)
        except exc.DBAPIError:  # another run may have been faster
            if not inspect(self._engine).has_table(self._table.name, schema=self._table.schema):
                raise

    def write(self, stops: Stops, *, source: str) -> int:
        """Add people, or the moment of those whose moment was another; return how many are new."""
        new, numbers = 0, sorted(stops)
        for start in range(0, len(numbers), AT_ONCE):
            with masked():
                some = numbers[start : start + AT_ONCE]
                new += self._write({number: stops[number] for number in some}, source)
        return new

    def _write(self, stops: Stops, source: str) -> int:
        for race in range(MOST_RACES):
            try:
                with self._engine.begin() as connection:
                    return self._upsert(connection, stops, source)
            except exc.IntegrityError:  # another run has added one of them in between
                if race == MOST_RACES - 1:
                    raise
        return 0

    def _upsert(self, connection: Connection, stops: Stops, source: str) -> int:
        table = self._table
        rows = connection.execute(select(table).where(table.c.phone_number.in_(list(stops))))
        known = {row.phone_number: row.stopped_at for row in rows}
        wanted = {number: as_stored(since) for number, since in stops.items()}
        fresh = [
            {"phone_number": number, "stopped_at": since, "source": source}
            for number, since in wanted.items()
            if number not in known
        ]
        moved = [
            {"of_number": number, "stopped_at": since}
            for number, since in wanted.items()
            if number in known and since is not None and since != known[number]
        ]
        if fresh:
            connection.execute(insert(table), fresh)
        if moved:
            connection.execute(update(table).where(table.c.phone_number == bindparam("of_number")), moved)
        return len(fresh)


@contextmanager
def open_stop_table(hook: DbApiHook, name: str, *, conn_id: str) -> Iterator[StopTable]:
    """Give the table behind a SQL hook, checked, and made where there was none.

    :raises InvalidMessage: the hook has no SQLAlchemy engine, or the table has other columns.
    """
    if (engine := engine_of(hook)) is None:
        raise InvalidMessage(
            f"warehouse_conn_id: connection {conn_id!r} has no SQLAlchemy engine, and the table cannot be "
            "written; give one whose provider does, such as PostgreSQL, MySQL or SQLite"
        )
    try:
        table = StopTable(engine, name)
        table.prepare()
        yield table
    finally:
        engine.dispose()


def as_stored(moment: datetime | None) -> datetime | None:
    """Return a moment as the table has it: UTC without an offset, in whole seconds, as the platform's are."""
    return None if moment is None else moment.astimezone(UTC).replace(tzinfo=None, microsecond=0)


@contextmanager
def masked() -> Iterator[None]:
    """Mask the numbers that an error of the database quotes."""
    try:
        yield
    except exc.SQLAlchemyError as error:
        mask_error(error)
        raise

"""The ledger's table in a SQL database: its columns, how it is opened, and transactions that have patience.

Nothing that leaves here as an error or a log line holds a phone number; a database's own words may, and so
they are not repeated.
"""

from __future__ import annotations

import hmac
import threading
import time
from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import UTC, datetime
from decimal import Decimal
from typing import TYPE_CHECKING, Any, Final, TypeVar

from sqlalchemy import (
    Boolean,
    Column,
    DateTime,
    Index,
    Integer,
    MetaData,
    Numeric,
    String,
    Table,
    exc,
    inspect,
)
from sqlalchemy.types import TypeDecorator

from airflow_provider_smspartner.exceptions import InvalidMessage, SMSPartnerError
from airflow_provider_smspartner.rules.people import Person

if TYPE_CHECKING:
    from airflow.providers.common.sql.hooks.sql import DbApiHook
    from sqlalchemy.engine import Connection, Dialect, Engine
    from sqlalchemy.types import TypeEngine

T = TypeVar("T")
Key = tuple[str, str]
"""Who a person is: number and event."""

PATIENCE = 300.0
"""Seconds that a transaction waits for a database that is away."""
MOST_CONFLICTS = 100
LONGEST_NAME: Final = 200
"""Characters of a campaign's name, and of an event: the key must fit into what databases index."""
ERASED: Final = "erased-"
"""What the number of an erased person begins with."""
PRIMARY_KEY: Final = ("connection", "sandbox", "campaign", "number", "event")


class Money(TypeDecorator[Decimal]):
    """An exact amount; SQLite has no such type, but adds numbers that are stored as text."""

    impl = Numeric(14, 6)
    cache_ok = True

    def load_dialect_impl(self, dialect: Dialect) -> TypeEngine[Any]:
        """Choose the column's type."""
        return dialect.type_descriptor(String(20) if dialect.name == "sqlite" else Numeric(14, 6))

    def process_bind_param(self, value: Decimal | None, dialect: Dialect) -> Any:
        """Write an amount."""
        return str(value) if value is not None and dialect.name == "sqlite" else value

    def process_result_value(self, value: Any, dialect: Dialect) -> Decimal | None:
        """Read an amount."""
        return None if value is None else Decimal(str(value))


SENDS: Final = Table(
    "smspartner_sends",
    MetaData(),
    Column("connection", String(100), primary_key=True),
    Column("sandbox", Boolean, primary_key=True),
    Column("campaign", String(LONGEST_NAME), primary_key=True),
    Column("number", String(64), primary_key=True),
    Column("event", String(LONGEST_NAME), primary_key=True),
    Column("task", String(32), nullable=False),
    Column("ordinal", Integer, nullable=False),
    Column("tag", String(20), nullable=False),
    Column("owner", String(64), nullable=False),
    Column("state", String(16), nullable=False),
    Column("invisible", Boolean, nullable=False),
    Column("claimed_at", DateTime, nullable=False),
    Column("lease_until", DateTime, nullable=False),
    Column("message_id", String(64)),
    Column("segments", Integer),
    Column("cost", Money),
    Column("currency", String(8)),
    Column("accepted_at", DateTime),
    Column("scheduled_for", DateTime),
    Column("status", String(16)),
    Column("stop", Boolean),
    Column("reported_at", DateTime),
    Index("smspartner_sends_task", "task", "ordinal"),
    Index("smspartner_sends_tag", "tag"),
    Index("smspartner_sends_message", "message_id"),
)
"""One row for each person of a campaign; ``docs/ledger.md`` says what each column means."""


class Conflict(Exception):
    """Another transaction has changed a row in between: start anew."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Ledger:
    """A database that has the table."""

    engine: Engine
    pause: Callable[[float], object] = time.sleep
    patience: float = PATIENCE
    one_at_a_time: threading.Lock = field(default_factory=threading.Lock)
    """This process's transactions follow each other, so that they cannot block each other."""

    def transact(self, work: Callable[[Connection], T]) -> T:
        """Do ``work`` in one transaction; it is done anew when another one interferes, so it must bear that.

        :raises SMSPartnerError: the database stayed away for longer than ``patience``, or refused.
        """
        waited, delay, conflicts = 0.0, 1.0, 0
        while True:
            try:
                with self.one_at_a_time, self.engine.begin() as connection:
                    return work(connection)
            except (Conflict, exc.IntegrityError):
                conflicts += 1
                if conflicts == MOST_CONFLICTS:
                    raise SMSPartnerError(
                        "The ledger: other tasks change the same rows all the time"
                    ) from None
                continue
            except (exc.OperationalError, exc.InterfaceError, exc.TimeoutError) as error:
                if waited >= self.patience:
                    raise SMSPartnerError(
                        f"The ledger has been away for {waited:.0f} seconds: {first_line(error)}"
                    ) from None
            except exc.SQLAlchemyError as error:
                raise SMSPartnerError(f"The ledger refused a statement ({type(error).__name__})") from None
            self.pause(delay)
            waited, delay = waited + delay, min(delay * 2, 15.0)


def open_ledger(conn_id: str) -> Ledger:
    """Open the ledger behind an Airflow connection, and create its table when there is none.

    :raises InvalidMessage: the connection is none of a SQL database, or the table has other columns.
    :raises SMSPartnerError: the database cannot be reached.
    """
    engine = engine_of(conn_id)
    prepare(engine)
    return Ledger(engine=engine)


def engine_of(conn_id: str) -> Engine:
    """Return the engine behind an Airflow connection, without a look at the database.

    :raises InvalidMessage: the connection is none of a SQL database.
    """
    try:
        # Without hide_parameters, SQLAlchemy writes the numbers of a failed statement into its errors
        kwargs = {"hide_parameters": True, "pool_pre_ping": True}
        return sql_hook(conn_id).get_sqlalchemy_engine(engine_kwargs=kwargs)
    except (NotImplementedError, ImportError, exc.ArgumentError) as error:
        raise InvalidMessage(
            f"ledger_conn_id: connection {conn_id!r} brings no SQLAlchemy engine ({type(error).__name__}); "
            "give one whose provider does, such as PostgreSQL, MySQL or SQLite"
        ) from None


def sql_hook(conn_id: str) -> DbApiHook:
    """Return the SQL hook of a connection.

    :raises InvalidMessage: it has none.
    """
    from airflow.providers.common.compat.sdk import AirflowException, AirflowNotFoundException
    from airflow.providers.common.sql.hooks.sql import DbApiHook
    from airflow.sdk import BaseHook

    try:
        hook = BaseHook.get_hook(conn_id)
    except AirflowNotFoundException:
        raise InvalidMessage(
            f"ledger_conn_id: connection {conn_id!r} is not defined; create it, or name another one"
        ) from None
    except AirflowException:  # "Unknown hook type"
        hook = None
    if not isinstance(hook, DbApiHook):
        raise InvalidMessage(
            f"ledger_conn_id: connection {conn_id!r} is not one of a SQL database; give one whose hook is a "
            "DbApiHook, such as PostgreSQL, MySQL or SQLite"
        )
    return hook


def prepare(engine: Engine, table: Table = SENDS) -> None:
    """Create a table of the ledger when it is not there; another process may do so at the same moment.

    :raises InvalidMessage: a table of that name has other columns, or another primary key.
    :raises SMSPartnerError: the database cannot be reached, or does not let us.
    """
    try:
        if not inspect(engine).has_table(table.name):
            create(engine, table)
        inspector = inspect(engine)
        columns = {column["name"] for column in inspector.get_columns(table.name)}
        key = set(inspector.get_pk_constraint(table.name)["constrained_columns"])
    except exc.SQLAlchemyError as error:
        raise SMSPartnerError(f"The ledger could not be opened: {first_line(error)}") from None
    if (missing := set(table.columns.keys()) - columns) and is_older(table, columns):
        raise InvalidMessage(
            f"ledger_conn_id: its table {table.name} was made before it had {', '.join(sorted(missing))}: "
            "add that as a nullable column, see docs/ledger.md; keep the table, it knows who was texted"
        )
    if columns != set(table.columns.keys()):
        odd = ", ".join(sorted(columns ^ set(table.columns.keys())))
        raise InvalidMessage(
            f"ledger_conn_id: its table {table.name} has other columns than a ledger ({odd}) and was left "
            "untouched; rename it, or give another database or schema"
        )
    wanted = table.primary_key.columns.keys()
    if key != set(wanted):
        raise InvalidMessage(
            f"ledger_conn_id: its table {table.name} keeps nobody from being texted twice, because its "
            f"primary key is not ({', '.join(wanted)}); rename it, so that a new one is created"
        )


def is_older(table: Table, columns: set[str]) -> bool:
    """Tell whether a table has what it had from the beginning, and nothing else."""
    known = set(table.columns.keys())
    return columns <= known and all(table.columns[name].nullable for name in known - columns)


def create(engine: Engine, table: Table) -> None:
    """Create the table, unless another process was faster."""
    try:
        table.create(engine)
    except exc.DBAPIError:
        if not inspect(engine).has_table(table.name):
            raise


def first_line(error: Exception) -> str:
    """Return the database's complaint without the statement and the details that follow it."""
    return str(getattr(error, "orig", None) or error).partition("\n")[0]


def moment(seconds: float) -> datetime:
    """Write a time since the epoch as the table does: UTC, without an offset."""
    return datetime.fromtimestamp(seconds, UTC).replace(tzinfo=None)


def who(person: Person) -> Key:
    """Return who a person is, without what their text is filled with."""
    return (person.number, person.event)


def tombstone(person: Key, secret: str) -> str:
    """Return what stands in place of an erased number: the same for the same person while the key is."""
    key = hmac.digest(secret.encode(), b"smspartner ledger: erased people", "sha256")
    return ERASED + hmac.digest(key, "|".join(person).encode(), "sha256").hex()[:32]

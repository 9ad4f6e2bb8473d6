"""How a ledger is opened: behind which connection it is, whether its tables are a ledger's, and which one."""

from __future__ import annotations

import uuid
from collections.abc import Mapping
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any, Final

from sqlalchemy import delete, exc, insert, inspect, select

from airflow_provider_smspartner.exceptions import InvalidMessage, SMSPartnerError
from airflow_provider_smspartner.journal.exactness import check_exact
from airflow_provider_smspartner.journal.schema import (
    BATCHES,
    CAMPAIGNS,
    IDENTITY,
    PEOPLE,
    SENDS,
    TASKS,
    create_view,
)
from airflow_provider_smspartner.journal.table import Ledger, closed_on_error, first_line

if TYPE_CHECKING:
    from airflow.providers.common.sql.hooks.sql import DbApiHook
    from sqlalchemy import Table
    from sqlalchemy.engine import Connection, Engine

BEFORE_MARKS: Final = {"stop", "pays_rest"}
"""Columns of people in place of ``marks``, in a version before."""


def open_ledger(conn_id: str) -> Ledger:
    """Open the ledger behind an Airflow connection, and create its tables where there are none.

    Whoever opens it closes it: a process that lives for weeks would use up the database's connections.

    :raises InvalidMessage: the connection is none of a SQL database, or the table has other columns.
    :raises SMSPartnerError: the database cannot be reached.
    """
    with closed_on_error(engine_of(conn_id)) as engine:
        return Ledger(engine=engine, identity=prepare(engine))


def engine_of(conn_id: str, *, connect_args: Mapping[str, Any] | None = None) -> Engine:
    """Return the engine behind an Airflow connection, without a look at the database.

    :param connect_args: what the driver is told besides, when it connects.
    :raises InvalidMessage: the connection is none of a SQL database.
    """
    try:
        # Without hide_parameters, SQLAlchemy writes the numbers of a failed statement into its errors
        kwargs: dict[str, Any] = {"hide_parameters": True, "pool_pre_ping": True}
        if connect_args:
            kwargs["connect_args"] = dict(connect_args)
        return sql_hook(conn_id).get_sqlalchemy_engine(engine_kwargs=kwargs)
    except (NotImplementedError, ImportError, exc.ArgumentError) as error:
        raise InvalidMessage(
            f"ledger_conn_id: connection {conn_id!r} has no SQLAlchemy engine ({type(error).__name__}); "
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


def prepare(engine: Engine) -> str:
    """Create the ledger's tables where they are not there, and return which ledger it is.

    Another process may do so at the same moment.

    :raises InvalidMessage: a table of such a name has other columns or another primary key, or takes
        different texts for equal.
    :raises SMSPartnerError: the database cannot be reached, or does not let us.
    """
    check_name(engine)
    for table in (CAMPAIGNS, BATCHES, TASKS, IDENTITY):
        prepare_table(engine, table)
    is_new = prepare_table(engine, PEOPLE)
    prepare_view(engine)
    return identify(engine, anew=is_new)


def check_name(engine: Engine) -> None:
    """Refuse a database in which the name of the view is that of a table.

    :raises InvalidMessage: an older version has kept people there, or somebody else has a table of that name.
    """
    try:
        inspector = inspect(engine)
        if not inspector.has_table(SENDS.name) or SENDS.name in inspector.get_view_names():
            return
        columns = {column["name"] for column in inspector.get_columns(SENDS.name)}
    except exc.SQLAlchemyError as error:
        raise SMSPartnerError(f"The ledger could not be opened: {first_line(error)}") from None
    if set(SENDS.columns.keys()) - columns:
        odd = ", ".join(sorted(columns ^ set(SENDS.columns.keys())))
        raise InvalidMessage(
            f"ledger_conn_id: its table {SENDS.name} has other columns than a ledger ({odd}) and was left "
            "untouched; rename it, or give another database or schema"
        )
    raise of_older_version(SENDS, remedy="rename the table")


def of_older_version(table: Table, *, remedy: str) -> InvalidMessage:
    """Return the error about a table that this version does not read, although it knows who was texted."""
    return InvalidMessage(
        f"ledger_conn_id: its table {table.name} is the ledger of an older version and was left untouched. "
        "It knows who was texted, and this version does not read it: let the older one finish what is under "
        f"way, then {remedy}, and a new ledger is created; see docs/ledger.md"
    )


def prepare_view(engine: Engine) -> None:
    """Create the view where it is not there, and check it.

    :raises InvalidMessage: a view of that name has other columns.
    :raises SMSPartnerError: the database cannot be reached, or does not let us.
    """
    try:
        if SENDS.name not in inspect(engine).get_view_names():
            make_view(engine)
        columns = {column["name"] for column in inspect(engine).get_columns(SENDS.name)}
    except exc.SQLAlchemyError as error:
        raise SMSPartnerError(f"The ledger could not be opened: {first_line(error)}") from None
    if columns != set(SENDS.columns.keys()):
        odd = ", ".join(sorted(columns ^ set(SENDS.columns.keys())))
        raise InvalidMessage(
            f"ledger_conn_id: its view {SENDS.name} has other columns than a ledger's ({odd}); drop the "
            "view, which holds no data itself, and it is created again"
        )


def make_view(engine: Engine) -> None:
    """Create the view, unless another process is faster."""
    try:
        with engine.begin() as connection:
            create_view(connection)
    except exc.DBAPIError:
        if SENDS.name not in inspect(engine).get_view_names():
            raise


def prepare_table(engine: Engine, table: Table) -> bool:
    """Create a table where it is not there, and check it; True when it was created.

    :raises InvalidMessage: a table of that name has other columns, or another primary key, or takes different
        texts for equal.
    :raises SMSPartnerError: the database cannot be reached, or does not let us.
    """
    try:
        is_new = not inspect(engine).has_table(table.name) and create(engine, table)
        inspector = inspect(engine)
        columns = {column["name"] for column in inspector.get_columns(table.name)}
        key = set(inspector.get_pk_constraint(table.name)["constrained_columns"])
    except exc.SQLAlchemyError as error:
        raise SMSPartnerError(f"The ledger could not be opened: {first_line(error)}") from None
    check_columns(table, columns)
    check_key(table, key)
    check_exact(engine, table)
    return is_new


def check_columns(table: Table, columns: set[str]) -> None:
    """Refuse a table that is none of a ledger, or that lacks a column."""
    if (missing := set(table.columns.keys()) - columns) and is_older(table, columns):
        raise InvalidMessage(
            f"ledger_conn_id: its table {table.name} was made before it had {', '.join(sorted(missing))}: "
            "add that as a nullable column, see docs/ledger.md; keep the table, it knows who was texted"
        )
    if table is PEOPLE and columns - set(table.columns.keys()) == BEFORE_MARKS:
        # A view reads the table that it was made for, whatever that is called by now
        raise of_older_version(table, remedy=f"rename the table, drop the view {SENDS.name}")
    if columns != set(table.columns.keys()):
        odd = ", ".join(sorted(columns ^ set(table.columns.keys())))
        raise InvalidMessage(
            f"ledger_conn_id: its table {table.name} has other columns than a ledger ({odd}) and was left "
            "untouched; rename it, or give another database or schema"
        )


def check_key(table: Table, key: set[str]) -> None:
    """Refuse a table that would let a person in twice."""
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


def create(engine: Engine, table: Table) -> bool:
    """Create the table; False when another process was faster."""
    try:
        table.create(engine)
    except exc.DBAPIError:
        if not inspect(engine).has_table(table.name):
            raise
        return False
    return True


# ---- which ledger it is --------------------------------------------------------------------------------


def identify(engine: Engine, *, anew: bool) -> str:
    """Return the ledger's own name; it gets another one when its table of people had to be made anew."""
    named = {"one": 1, "id": str(uuid.uuid4()), "created_at": datetime.now(UTC).replace(tzinfo=None)}

    def name(connection: Connection) -> str:
        if anew:
            connection.execute(delete(IDENTITY))
        if (known := connection.scalar(select(IDENTITY.c.id))) is not None:
            return str(known)
        connection.execute(insert(IDENTITY), named)  # of two processes, the primary key refuses the later
        return str(named["id"])

    return Ledger(engine=engine).transact(name)

"""Recipients out of SQL: the only place that reads a warehouse."""

from __future__ import annotations

import logging
import re
from collections.abc import Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from functools import partial
from typing import TYPE_CHECKING, Any, Final

from airflow_provider_smspartner.audience.cleaning import Audience, gather
from airflow_provider_smspartner.audience.rows import ROWS_AT_ONCE, Columns, Rows, Rules, same_name
from airflow_provider_smspartner.exceptions import InvalidMessage
from airflow_provider_smspartner.rules.masking import mask_error, mask_numbers

if TYPE_CHECKING:
    from airflow.providers.common.sql.hooks.sql import DbApiHook
    from sqlalchemy.engine import Connection, Engine

log = logging.getLogger(__name__)

MISFITS: Final = (TypeError, ValueError, AttributeError, KeyError)
"""What hooks raise of whose connection SQLAlchemy makes nothing, such as JDBC's without a scheme."""
_undecoded = re.compile("Could not decode to UTF-8(?: column '[^']*')?|.* codec can't decode .*").match
"""Finds what drivers say of a text that is none in the connection's encoding."""


def read_sql(
    hook: DbApiHook,
    sql: str,
    parameters: Iterable[Any] | Mapping[str, Any] | None,
    columns: Columns,
    rules: Rules,
) -> Audience:
    """Run a query and clean its rows while they come, without logging its parameters.

    Rows are streamed through SQLAlchemy where the hook has an engine that connects, and read in parts from
    the hook's own cursor elsewhere. The query must be one that returns rows. Numbers that an error of the
    database quotes are masked.

    :raises InvalidMessage: the query lacks a column that is asked for, or has several of that name, or the
        hook cannot work with its connection at all.
    """
    try:
        with connected(hook) as connection:
            if connection is not None:
                return stream(connection, sql, parameters, columns, rules)
        return from_cursor(hook, sql, parameters, columns, rules)
    except InvalidMessage:
        raise
    except Exception as error:
        # Of the driver alone: SQLAlchemy's own text quotes the statement
        if undecoded := _undecoded(str(getattr(error, "orig", error))):
            raise InvalidMessage(
                f"sql: a row of the query holds bytes that are no text ({mask_numbers(undecoded[0])}); mend "
                "it, or leave it out of the query"
            ) from None
        mask_error(error)
        raise


def from_cursor(
    hook: DbApiHook,
    sql: str,
    parameters: Iterable[Any] | Mapping[str, Any] | None,
    columns: Columns,
    rules: Rules,
) -> Audience:
    """Clean the rows that the hook's own cursor brings."""
    found: list[Audience] = []
    refused: list[Exception] = []

    def consume(cursor: Any) -> list[Any]:
        names = [str(column[0]) for column in cursor.description or ()]
        parts = iter(partial(cursor.fetchmany, ROWS_AT_ONCE), [])
        try:
            found.append(gather(picked(names, parts, columns), rules))
        except Exception as error:
            refused.append(error)
            raise  # what the statement has written is undone
        return []  # some hooks refuse a handler that returns no rows

    hook.log_sql = False  # it would log the parameters, which may name people
    try:
        hook.run(sql, parameters=parameters, handler=consume)
    except Exception as error:
        if refused:  # a driver that has rows left may have put an error of its own in the place
            raise refused[0] from None
        if found or not isinstance(error, (ImportError, NotImplementedError, *MISFITS)):
            raise
        raise InvalidMessage(
            f"warehouse_conn_id: {type(hook).__name__} cannot work with this connection or these parameters "
            f"({type(error).__name__}: {mask_numbers(str(error))[:300]})"
        ) from None
    return found[0]


@contextmanager
def connected(hook: DbApiHook) -> Iterator[Connection | None]:
    """Connect through SQLAlchemy; None where that cannot be, and the hook's own connection may do."""
    from sqlalchemy.exc import SQLAlchemyError

    engine = engine_of(hook)
    if engine is None:
        yield None
        return
    try:
        try:
            # Without parameters a % of the query is no placeholder, as in LIKE 'A%'
            connection = engine.connect().execution_options(stream_results=True, no_parameters=True)
        except (SQLAlchemyError, ImportError, *MISFITS) as error:
            # An extra of the connection that is the hook's alone, or a dialect of another database. From one
            # that is away the hook's own connection will hear the same.
            told_cursor(hook, error)
            yield None
            return
        with connection:
            yield connection
    finally:
        engine.dispose()  # the warehouse must not hold a connection for us while we send


def stream(
    connection: Connection,
    sql: str,
    parameters: Iterable[Any] | Mapping[str, Any] | None,
    columns: Columns,
    rules: Rules,
) -> Audience:
    """Clean rows while a server-side cursor brings them."""
    given = parameters if isinstance(parameters, Mapping | None) else tuple(parameters)
    connection.begin()  # else SQLAlchemy 1.4, which Airflow 3.1 has, commits a statement that writes
    result = connection.exec_driver_sql(sql, given)
    names = list(result.keys()) if result.returns_rows else []
    try:
        return gather(picked(names, result.partitions(ROWS_AT_ONCE), columns), rules)
    except InvalidMessage:
        connection.invalidate()  # a roll-back with rows left would put the driver's error in its place
        raise


def engine_of(hook: DbApiHook) -> Engine | None:
    """Return the hook's SQLAlchemy engine, None for a hook that has none."""
    from airflow.providers.common.compat.sdk import AirflowException
    from sqlalchemy.exc import SQLAlchemyError

    try:
        # An error of the database would print the parameters, which may name people
        engine: Engine = hook.get_sqlalchemy_engine(engine_kwargs={"hide_parameters": True})
    except (AirflowException, SQLAlchemyError, ImportError, NotImplementedError, *MISFITS) as error:
        told_cursor(hook, error)
        return None
    return engine


def told_cursor(hook: DbApiHook, error: Exception) -> None:
    """Say which way is taken; only the error's kind, as its text may hold the URL with the password."""
    reason = type(error).__name__
    log.info("%s has no engine (%s): its rows are read from its cursor", type(hook).__name__, reason)


def picked(names: Sequence[str], parts: Iterable[Sequence[Any]], columns: Columns) -> Iterator[Rows]:
    """Pick the columns that are needed out of each part of a result."""
    alone = len(names) == 1 and not columns.wanted
    phone_at = 0 if alone else column_index(names, columns.phone, "phone_column")
    places = [column_index(names, *wanted) for wanted in columns.wanted]
    for part in parts:
        if not part:  # some drivers end with an empty list, some with an empty tuple
            return
        if isinstance(part[0], Mapping):
            part = [[row[name] for name in names] for row in part]
        if not places:
            yield Rows([row[phone_at] for row in part], None)
            continue
        values = list(zip(*part, strict=True))  # by column: of a row of SQLAlchemy, each value takes its time
        yield Rows(values[phone_at], list(zip(*(values[place] for place in places), strict=True)))


def column_index(names: Sequence[str], column: str, argument: str) -> int:
    """Return where a row keeps a column."""
    name = same_name(names, column, f"{argument}: the query")
    if name is None:
        known = mask_numbers(", ".join(names)) or "none"
        raise InvalidMessage(f"{argument}: the query has no column {column!r}; it has {known}")
    return names.index(name)

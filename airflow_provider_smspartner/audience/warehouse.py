"""Recipients out of SQL: the only place that reads a warehouse."""

from __future__ import annotations

import logging
from collections.abc import Iterable, Iterator, Mapping, Sequence
from functools import partial
from typing import TYPE_CHECKING, Any

from airflow_provider_smspartner.audience.cleaning import Audience, gather
from airflow_provider_smspartner.audience.rows import ROWS_AT_ONCE, Columns, Rows, Rules
from airflow_provider_smspartner.exceptions import InvalidMessage
from airflow_provider_smspartner.rules import phone

if TYPE_CHECKING:
    from airflow.providers.common.sql.hooks.sql import DbApiHook
    from sqlalchemy import Engine

log = logging.getLogger(__name__)


def read_sql(
    hook: DbApiHook,
    sql: str,
    parameters: Iterable[Any] | Mapping[str, Any] | None,
    columns: Columns,
    rules: Rules,
) -> Audience:
    """Run a query and clean its rows while they come, without logging its parameters.

    Rows are streamed through SQLAlchemy where the hook has an engine, and read in parts from the hook's own
    cursor where it has none. The query must be one that returns rows.

    :raises InvalidMessage: the query lacks a column that is asked for.
    """
    engine = engine_of(hook)
    if engine is not None:
        try:
            return stream(engine, sql, parameters, columns, rules)
        finally:
            engine.dispose()  # the warehouse must not hold a connection for us while we send
    found: list[Audience] = []

    def consume(cursor: Any) -> list[Any]:
        names = [str(column[0]) for column in cursor.description or ()]
        parts = iter(partial(cursor.fetchmany, ROWS_AT_ONCE), [])
        found.append(gather(picked(names, parts, columns), rules))
        return []  # some hooks refuse a handler that returns no rows

    hook.log_sql = False  # it would log the parameters, which may name people
    hook.run(sql, parameters=parameters, handler=consume)
    return found[0]


def stream(
    engine: Engine,
    sql: str,
    parameters: Iterable[Any] | Mapping[str, Any] | None,
    columns: Columns,
    rules: Rules,
) -> Audience:
    """Clean rows while a server-side cursor brings them."""
    given = parameters if isinstance(parameters, Mapping | None) else tuple(parameters)
    # Without parameters a % of the query is no placeholder, as in LIKE 'A%'
    with engine.connect().execution_options(stream_results=True, no_parameters=True) as connection:
        connection.begin()  # else SQLAlchemy 1.4, which Airflow 3.1 has, commits a statement that writes
        result = connection.exec_driver_sql(sql, given)
        names = list(result.keys()) if result.returns_rows else []
        return gather(picked(names, result.partitions(ROWS_AT_ONCE), columns), rules)


def engine_of(hook: DbApiHook) -> Engine | None:
    """Return the hook's SQLAlchemy engine, None for a hook that has none."""
    from airflow.providers.common.compat.sdk import AirflowException
    from sqlalchemy.exc import ArgumentError

    try:
        # An error of the database would print the parameters, which may name people
        engine: Engine = hook.get_sqlalchemy_engine(engine_kwargs={"hide_parameters": True})
    except (AirflowException, ArgumentError, ImportError, NotImplementedError) as error:
        # Only the error's kind: its text may hold the URL with the password
        reason = type(error).__name__
        log.info("%s has no engine (%s): its rows are read from its cursor", type(hook).__name__, reason)
        return None
    return engine


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
        others = [[row[place] for place in places] for row in part] if places else None
        yield Rows([row[phone_at] for row in part], others)


def column_index(names: Sequence[str], column: str, argument: str) -> int:
    """Return where a row keeps a column; warehouses differ in the case they give column names."""
    folded = [name.casefold() for name in names]
    if column.casefold() not in folded:
        known = phone.mask_numbers(", ".join(names)) or "none"
        raise InvalidMessage(f"{argument}: the query has no column {column!r}; it has {known}")
    return folded.index(column.casefold())

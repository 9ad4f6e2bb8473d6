"""Thousands of people handed to a database as one value, which it reads as a table.

Each database has a form of its own for that; one that is not here is told plainly, see ``sets``.
"""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import TYPE_CHECKING, Any, Final, NamedTuple

from sqlalchemy import BigInteger, text

from airflow_provider_smspartner.journal.columns import Exact, Moment
from airflow_provider_smspartner.journal.schema import PEOPLE

if TYPE_CHECKING:
    from sqlalchemy import Subquery
    from sqlalchemy.types import TypeEngine

TYPES: Final[Mapping[str, TypeEngine[Any]]] = {
    "number": PEOPLE.c.number.type,
    "event": PEOPLE.c.event.type,
    "stone": PEOPLE.c.number.type,
    "campaign": BigInteger(),
    "batch": BigInteger(),
    "seen": BigInteger(),
    "reported_at": Moment(),
}
"""What is said of people, by its name."""


class Told(NamedTuple):
    """What is said of some people."""

    names: Sequence[str]
    """Of the values of a row, in their order."""
    rows: Sequence[tuple[Any, ...]]
    """One for each person."""

    def __repr__(self) -> str:
        return f"Told({len(self.rows)})"  # tracebacks and logs print what they hold

    def typed(self) -> dict[str, TypeEngine[Any]]:
        """Return the types of the values by name."""
        return {name: TYPES[name] for name in self.names}


def unnested(told: Told) -> Subquery:
    """Hand people to PostgreSQL: an array for each column, as a text, which drivers are quicker with."""
    arrays = ", ".join(f"CAST(CAST(:of_{name} AS TEXT) AS {array_of(TYPES[name])})" for name in told.names)
    query = text(f"SELECT * FROM unnest({arrays}) AS told({', '.join(told.names)})")  # noqa: S608  # our own names
    columns = zip(told.names, zip(*told.rows, strict=True), strict=True)
    values = {f"of_{name}": array(column) for name, column in columns}
    return query.bindparams(**values).columns(**told.typed()).subquery("told")


def array_of(kind: TypeEngine[Any]) -> str:
    """Name the type of an array of such values."""
    if isinstance(kind, Exact):
        return "VARCHAR[]"
    return "TIMESTAMP[]" if isinstance(kind, Moment) else "BIGINT[]"


def array(values: Sequence[Any]) -> str:
    """Write an array as PostgreSQL reads it."""
    if not isinstance(values[0], str):
        return "{" + ",".join(map(str, values)) + "}"
    joined = '","'.join(values)
    if "\\" in joined or joined.count('"') > 2 * (len(values) - 1):  # as no number and few events do
        joined = '","'.join(value.replace("\\", "\\\\").replace('"', '\\"') for value in values)
    return '{"' + joined + '"}'


def in_json_table(told: Told) -> Subquery:
    """Hand people to MySQL and MariaDB: a document, which they read as a table."""
    kinds = (f"{name} {in_mysql(kind)}" for name, kind in told.typed().items())
    columns = ", ".join(f"{kind} PATH '$[{at}]'" for at, kind in enumerate(kinds))
    query = text(f"SELECT * FROM JSON_TABLE(:rows, '$[*]' COLUMNS({columns})) AS told")  # noqa: S608  # our own
    return query.bindparams(rows=document(told)).columns(**told.typed()).subquery("given")


def in_mysql(kind: TypeEngine[Any]) -> str:
    """Name the type of a column."""
    if isinstance(kind, Exact):
        return f"VARCHAR({kind.length}) CHARACTER SET utf8mb4"
    return "DATETIME(6)" if isinstance(kind, Moment) else "BIGINT"


def in_json_each(told: Told) -> Subquery:
    """Hand people to SQLite: a document, which it reads as a table."""
    columns = ", ".join(f"json_extract(value, '$[{at}]') AS {name}" for at, name in enumerate(told.names))
    query = text(f"SELECT {columns} FROM json_each(:rows)")  # noqa: S608  # our own names
    return query.bindparams(rows=document(told)).columns(**told.typed()).subquery("told")


def document(told: Told) -> str:
    """Write people as JSON."""
    return json.dumps(told.rows, default=written, ensure_ascii=False)


def written(value: datetime) -> str:
    """Write a moment as databases read it."""
    return value.isoformat(" ", "microseconds")

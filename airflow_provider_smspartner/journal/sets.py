"""Statements about thousands of people at once, in the form that a database does quickly.

Each statement is written once. PostgreSQL, MySQL and MariaDB get the people as one value, which they read as
a table; SQLite is in this process, so that a call for each row costs little; what any other database
understands is a list of values and a statement for each row.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Collection, Mapping, Sequence
from datetime import datetime
from typing import TYPE_CHECKING, Any, Final, NamedTuple

from sqlalchemy import BigInteger, bindparam, insert, select, text, true
from sqlalchemy.dialects import postgresql, sqlite

from airflow_provider_smspartner.journal.columns import Exact, Moment
from airflow_provider_smspartner.journal.schema import BATCHES, PEOPLE

if TYPE_CHECKING:
    from sqlalchemy import ColumnElement, Delete, Insert, Select, Subquery, Update
    from sqlalchemy.engine import Connection, Row
    from sqlalchemy.types import TypeEngine

AT_ONCE: Final = 4_000
"""People of one statement: eight batches."""
PLAINLY: Final = 500
"""People of one statement that lists them: some databases bind no more than 2,100 values."""
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

Values = Mapping[str, Any]
"""What is said of one person."""
Written = Callable[[Mapping[str, Any]], "Update | Delete"]
"""Writes a statement about the people of a table, or of parameters, whose columns it is given."""


# ---- people as a table ---------------------------------------------------------------------------------


def unnested(rows: Sequence[Values]) -> Subquery:
    """Hand people to PostgreSQL: an array for each column, as a text, which drivers are quicker with."""
    names = list(rows[0])
    arrays = ", ".join(f"CAST(CAST(:of_{name} AS TEXT) AS {array_of(TYPES[name])})" for name in names)
    query = text(f"SELECT * FROM unnest({arrays}) AS told({', '.join(names)})")  # noqa: S608  # our own names
    values = {f"of_{name}": array([row[name] for row in rows]) for name in names}
    return query.bindparams(**values).columns(**{name: TYPES[name] for name in names}).subquery("told")


def array_of(kind: TypeEngine[Any]) -> str:
    """Name the type of an array of such values."""
    if isinstance(kind, Exact):
        return "VARCHAR[]"
    return "TIMESTAMP[]" if isinstance(kind, Moment) else "BIGINT[]"


def array(values: Sequence[Any]) -> str:
    """Write an array as PostgreSQL reads it."""
    if isinstance(values[0], str):
        return "{" + ",".join(map(quoted, values)) + "}"
    return "{" + ",".join(str(value) for value in values) + "}"


def quoted(value: str) -> str:
    """Write a text as an element of an array."""
    return '"' + value.replace("\\", "\\\\").replace('"', '\\"') + '"'


def in_json_table(rows: Sequence[Values]) -> Subquery:
    """Hand people to MySQL and MariaDB: a document, which they read as a table."""
    names = list(rows[0])
    columns = ", ".join(f"{name} {in_mysql(TYPES[name])} PATH '$[{at}]'" for at, name in enumerate(names))
    query = text(f"SELECT * FROM JSON_TABLE(:rows, '$[*]' COLUMNS({columns})) AS told")  # noqa: S608  # our own
    typed = query.bindparams(rows=document(rows)).columns(**{name: TYPES[name] for name in names})
    return typed.subquery("given")


def in_mysql(kind: TypeEngine[Any]) -> str:
    """Name the type of a column."""
    if isinstance(kind, Exact):
        return f"VARCHAR({kind.length}) CHARACTER SET utf8mb4"
    return "DATETIME(6)" if isinstance(kind, Moment) else "BIGINT"


def in_json_each(rows: Sequence[Values]) -> Subquery:
    """Hand people to SQLite: a document, which it reads as a table."""
    names = list(rows[0])
    columns = ", ".join(f"json_extract(value, '$[{at}]') AS {name}" for at, name in enumerate(names))
    query = text(f"SELECT {columns} FROM json_each(:rows)")  # noqa: S608  # our own names
    typed = query.bindparams(rows=document(rows)).columns(**{name: TYPES[name] for name in names})
    return typed.subquery("told")


def document(rows: Sequence[Values]) -> str:
    """Write people as JSON."""
    return json.dumps([list(row.values()) for row in rows], default=written, ensure_ascii=False)


def written(value: datetime) -> str:
    """Write a moment as databases read it."""
    return value.isoformat(" ", "microseconds")


def table_of(connection: Connection, rows: Sequence[Values]) -> Subquery | None:
    """Return people as a table of a database; None where it has no such form."""
    form = FORMS.get(connection.dialect.name)
    return form.table(rows) if form else None


# ---- statements ----------------------------------------------------------------------------------------


def find(connection: Connection, query: Select[Any], people: Sequence[tuple[str, str]]) -> list[Row[Any]]:
    """Return what a query of ``PEOPLE`` finds under these numbers and events; plainly, it may find more."""
    return _find(connection, query, [{"number": number, "event": event} for number, event in people])


def find_numbers(connection: Connection, query: Select[Any], numbers: Sequence[str]) -> list[Row[Any]]:
    """Return what a query of ``PEOPLE`` finds under these numbers, whatever the event."""
    return _find(connection, query, [{"number": number} for number in numbers])


def find_ids(connection: Connection, query: Select[Any], ids: Collection[int]) -> list[Row[Any]]:
    """Return what a query of ``BATCHES`` finds under these numbers."""
    matches: list[Row[Any]] = []
    known = sorted(ids)
    for start in range(0, len(known), PLAINLY):
        some = BATCHES.c.id.in_(known[start : start + PLAINLY])
        matches += connection.execute(query.where(some)).all()
    return matches


def _find(connection: Connection, query: Select[Any], rows: Sequence[Values]) -> list[Row[Any]]:
    matches: list[Row[Any]] = []
    for some in parts(rows, AT_ONCE if connection.dialect.name in FORMS else PLAINLY):
        people = table_of(connection, some)
        if people is not None:
            under = [PEOPLE.c[name] == people.c[name] for name in some[0]]
        else:
            under = [PEOPLE.c[name].in_({row[name] for row in some}) for name in some[0]]
        looks = query.where(*under)
        if people is not None and connection.dialect.name == "postgresql":
            looks = one_by_one(looks, people)
        matches += connection.execute(looks).all()
    return matches


def one_by_one(query: Select[Any], people: Subquery) -> Select[Any]:
    """Have PostgreSQL look into the index for each of the people.

    It counts the rows of a growing table too seldom, takes those of a new campaign for a few, and would go
    through all of them for each person. A query with an offset is not joined in another order.
    """
    each = query.correlate(people).offset(0).lateral("each")
    return select(*each.c).select_from(people.join(each, true()))


def for_each(connection: Connection, rows: Sequence[Values], write: Written) -> None:
    """Do a statement for each row."""
    if not rows:
        return
    form, names = FORMS.get(connection.dialect.name), rows[0].keys()
    # One statement spares a round trip for each row; within this process there is none to spare
    if form and not form.in_process:
        for some in parts(rows, AT_ONCE):
            people = form.table(some).c
            connection.execute(write({name: people[name] for name in names}))
        return
    of = {name: bindparam(f"of_{name}", type_=TYPES[name]) for name in names}
    connection.execute(write(of), [{f"of_{name}": row[name] for name in names} for row in rows])


def insert_missing(connection: Connection, rows: Sequence[Values]) -> int:
    """Insert the people who have no row in a campaign, and return how many that were.

    In one order everywhere, so that two tasks with the same audience do not wait for each other.
    """
    rows = sorted(rows, key=lambda row: (row["number"], row["event"]))
    form = FORMS.get(connection.dialect.name)
    put = form.insert if form else insert_plainly
    return sum(put(connection, some) for some in parts(rows, AT_ONCE))


def insert_unnested(connection: Connection, rows: Sequence[Values]) -> int:
    """Insert in one statement."""
    people = unnested(rows)
    into = postgresql.insert(PEOPLE).from_select(list(rows[0]), select(*people.c), include_defaults=False)
    return counted(connection, into.on_conflict_do_nothing())


def insert_ignoring(connection: Connection, rows: Sequence[Values]) -> int:
    """Insert as MySQL's drivers do: they make one statement of many rows."""
    # Not ON DUPLICATE KEY, which writes: a row that is there stays as it is
    return counted(connection, insert(PEOPLE).prefix_with("IGNORE"), rows)


def insert_in_process(connection: Connection, rows: Sequence[Values]) -> int:
    """Insert row by row."""
    return counted(connection, sqlite.insert(PEOPLE).on_conflict_do_nothing(), rows)


def counted(connection: Connection, statement: Insert, rows: Sequence[Values] = ()) -> int:
    """Insert, and return how many rows that were, which SQLAlchemy keeps for inserts only when told to."""
    counting = statement.execution_options(preserve_rowcount=True)
    done = connection.execute(counting, list(rows)) if rows else connection.execute(counting)
    return done.rowcount


def insert_plainly(connection: Connection, rows: Sequence[Values]) -> int:
    """Insert whom a look does not find; who comes in between has the database refuse the transaction."""
    query = select(PEOPLE.c.number, PEOPLE.c.event).where(PEOPLE.c.campaign == rows[0]["campaign"])
    known = set(map(tuple, find(connection, query, [(row["number"], row["event"]) for row in rows])))
    missing = [row for row in rows if (row["number"], row["event"]) not in known]
    if missing:
        connection.execute(insert(PEOPLE), missing)
    return len(missing)


class Form(NamedTuple):
    """How a database is told of many people."""

    table: Callable[[Sequence[Values]], Subquery]
    insert: Callable[[Connection, Sequence[Values]], int]
    in_process: bool = False
    """Whether a statement for each row is as quick."""


FORMS: Final[dict[str, Form]] = {
    "postgresql": Form(unnested, insert_unnested),
    "mysql": Form(in_json_table, insert_ignoring),
    "mariadb": Form(in_json_table, insert_ignoring),
    "sqlite": Form(in_json_each, insert_in_process, in_process=True),
}
"""By the name of the dialect; a database that is not here is told plainly."""


def parts(rows: Sequence[Values], size: int) -> list[Sequence[Values]]:
    """Cut people into parts of a size."""
    return [rows[start : start + size] for start in range(0, len(rows), size)]


def is_person(of: Mapping[str, Any]) -> tuple[ColumnElement[bool], ...]:
    """Return the row of a person in a campaign, as conditions on what ``Written`` is given."""
    return tuple(PEOPLE.c[name] == of[name] for name in ("number", "event", "campaign"))

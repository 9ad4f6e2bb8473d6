"""Statements about thousands of people at once, in the form that a database does quickly.

Each statement is written once. PostgreSQL, MySQL, MariaDB and SQLite get the people as one value, which they
read as a table; what any other database understands is a list of values and a statement for each row. SQLite,
which is in this process, gets a statement for each row where there are few.
"""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterator, Mapping, Sequence
from typing import TYPE_CHECKING, Any, Final, NamedTuple, TypeVar

from sqlalchemy import bindparam, func, insert, literal, select, true
from sqlalchemy.dialects import postgresql, sqlite

from airflow_provider_smspartner.journal.schema import BATCHES, PEOPLE
from airflow_provider_smspartner.journal.table import Key
from airflow_provider_smspartner.journal.told import TYPES, Told, in_json_each, in_json_table, unnested

if TYPE_CHECKING:
    from sqlalchemy import ColumnElement, Delete, Insert, Select, Subquery, Update
    from sqlalchemy.engine import Connection, Row

AT_ONCE: Final = 4_000
"""People of one statement: eight batches."""
PLAINLY: Final = 500
"""People of one statement that lists them: some databases bind no more than 2,100 values."""

T = TypeVar("T")
Values = Mapping[str, Any]
"""What is said of one person."""
Written = Callable[[Mapping[str, Any]], "Update | Delete"]
"""Writes a statement about the people of a table, or of parameters, whose columns it is given."""


# ---- reading -------------------------------------------------------------------------------------------


def find(connection: Connection, query: Select[Any], people: Sequence[Key]) -> list[Row[Any]]:
    """Return what a query of ``PEOPLE`` finds under these numbers and events; plainly, it may find more."""
    looks = looks_for(connection, query, Told(("number", "event"), people))
    return [row for look in looks for row in connection.execute(look)]


def find_numbers(connection: Connection, query: Select[Any], numbers: Sequence[str]) -> list[Row[Any]]:
    """Return what a query of ``PEOPLE`` finds under these numbers, whatever the event."""
    looks = looks_for(connection, query, Told(("number",), [(number,) for number in numbers]))
    return [row for look in looks for row in connection.execute(look)]


def find_members(connection: Connection, query: Select[Any], batches: Collection[int]) -> list[Row[Any]]:
    """Return what a query of ``PEOPLE`` finds in these batches."""
    looks = looks_for(connection, query, Told(("batch",), [(batch,) for batch in batches]))
    return [row for look in looks for row in connection.execute(look)]


def tally(connection: Connection, query: Select[Any], people: Sequence[Key]) -> list[Row[Any]] | None:
    """Return what a query of ``PEOPLE`` finds under these numbers and events, alike rows as one with how many
    they are; None where it may find more than these.
    """
    if connection.dialect.name not in FORMS:
        return None
    found: list[Row[Any]] = []
    for look in looks_for(connection, query, Told(("number", "event"), people)):
        rows = look.subquery("found")
        found += connection.execute(select(*rows.c, func.count()).group_by(*rows.c))
    return found


def find_ids(connection: Connection, query: Select[Any], ids: Collection[int]) -> list[Row[Any]]:
    """Return what a query of ``BATCHES`` finds under these numbers."""
    matches: list[Row[Any]] = []
    for some in parts(sorted(ids), PLAINLY):
        matches += connection.execute(query.where(BATCHES.c.id.in_(some))).all()
    return matches


def looks_for(connection: Connection, query: Select[Any], told: Told) -> Iterator[Select[Any]]:
    """Yield a query of ``PEOPLE`` about these people, some thousands of them at a time."""
    form = FORMS.get(connection.dialect.name)
    for some in parts(told.rows, AT_ONCE if form else PLAINLY):
        if form is None:
            columns = zip(told.names, zip(*some, strict=True), strict=True)
            yield query.where(*(PEOPLE.c[name].in_(sorted(set(values))) for name, values in columns))
            continue
        # In the order of the primary key, which is thereby read from one end to the other
        table = form.table(Told(told.names, sorted(some)))
        look = query.where(*(PEOPLE.c[name] == table.c[name] for name in told.names))
        yield one_by_one(look, table) if connection.dialect.name == "postgresql" else look


def one_by_one(query: Select[Any], people: Subquery) -> Select[Any]:
    """Have PostgreSQL look into the index for each of the people.

    It counts the rows of a growing table too seldom, takes those of a new campaign for a few, and would go
    through all of them for each person. A query with an offset is not joined in another order.
    """
    each = query.correlate(people).offset(0).lateral("each")
    return select(*each.c).select_from(people.join(each, true()))


# ---- writing -------------------------------------------------------------------------------------------


def for_each(connection: Connection, told: Told, write: Written) -> None:
    """Do a statement for each of some people."""
    if not told.rows:
        return
    form = FORMS.get(connection.dialect.name)
    # One statement spares a round trip for each row; within this process there is none to spare
    if form and not form.in_process:
        for some in parts(told.rows, AT_ONCE):
            people = form.table(Told(told.names, some)).c
            connection.execute(write({name: people[name] for name in told.names}))
        return
    of = {name: bindparam(f"of_{name}", type_=TYPES[name]) for name in told.names}
    names = [f"of_{name}" for name in told.names]
    connection.execute(write(of), [dict(zip(names, row, strict=True)) for row in told.rows])


def insert_missing(connection: Connection, campaign: int, batch_of: Mapping[Key, int]) -> int:
    """Insert the people who have no row in a campaign, each into a batch, and return how many that were.

    In one order everywhere, so that two tasks with the same audience do not wait for each other.
    """
    rows = sorted((number, event, batch) for (number, event), batch in batch_of.items())
    form = FORMS.get(connection.dialect.name)
    put = form.insert if form else insert_plainly
    told = (Told(("number", "event", "batch"), some) for some in parts(rows, AT_ONCE))
    return sum(put(connection, campaign, some) for some in told)


def insert_unnested(connection: Connection, campaign: int, told: Told) -> int:
    """Insert in one statement."""
    rows = select(*unnested(told).c, literal(campaign, TYPES["campaign"]))
    into = postgresql.insert(PEOPLE).from_select([*told.names, "campaign"], rows, include_defaults=False)
    return counted(connection, into.on_conflict_do_nothing())


def insert_ignoring(connection: Connection, campaign: int, told: Told) -> int:
    """Insert as MySQL's drivers do: they make one statement of many rows."""
    # Not ON DUPLICATE KEY, which writes: a row that is there stays as it is
    return counted(connection, insert(PEOPLE).prefix_with("IGNORE"), each_of(told, campaign))


def insert_in_process(connection: Connection, campaign: int, told: Told) -> int:
    """Insert in one statement: after each one another thread has its turn, and those that send are many."""
    # SQLite reads ON CONFLICT after a bare join as the condition of that join
    rows = select(*in_json_each(told).c, literal(campaign, TYPES["campaign"])).where(true())
    into = sqlite.insert(PEOPLE).from_select([*told.names, "campaign"], rows, include_defaults=False)
    return counted(connection, into.on_conflict_do_nothing())


def each_of(told: Told, campaign: int) -> list[dict[str, Any]]:
    """Return people of a campaign as the parameters of a statement for each."""
    return [dict(zip(told.names, row, strict=True), campaign=campaign) for row in told.rows]


def counted(connection: Connection, statement: Insert, rows: Sequence[Values] = ()) -> int:
    """Insert, and return how many rows that were, which SQLAlchemy keeps for inserts only when told to."""
    counting = statement.execution_options(preserve_rowcount=True)
    done = connection.execute(counting, list(rows)) if rows else connection.execute(counting)
    return done.rowcount


def wrote_all(connection: Connection, statement: Update, rows: Sequence[Values]) -> bool:
    """Do a statement with each of some values, in one round trip, and tell whether each has written its row.

    With a driver that does not count them nothing is done, and so the answer is no.
    """
    if not connection.dialect.supports_sane_multi_rowcount:
        return False
    kept = statement.execution_options(preserve_rowcount=True)
    return connection.execute(kept, list(rows)).rowcount == len(rows)


def insert_plainly(connection: Connection, campaign: int, told: Told) -> int:
    """Insert whom a look does not find; who comes in between has the database refuse the transaction."""
    query = select(PEOPLE.c.number, PEOPLE.c.event).where(PEOPLE.c.campaign == campaign)
    known = set(map(tuple, find(connection, query, [(number, event) for number, event, _ in told.rows])))
    missing = [row for row in told.rows if row[:2] not in known]
    if missing:
        connection.execute(insert(PEOPLE), each_of(Told(told.names, missing), campaign))
    return len(missing)


class Form(NamedTuple):
    """How a database is told of many people."""

    table: Callable[[Told], Subquery]
    insert: Callable[[Connection, int, Told], int]
    in_process: bool = False
    """Whether a statement for each row is as quick."""
    joins: str | None = None
    """What writes the texts of many rows as one, however long that is."""


FORMS: Final[dict[str, Form]] = {
    "postgresql": Form(unnested, insert_unnested, joins="string_agg"),
    "mysql": Form(in_json_table, insert_ignoring),
    "mariadb": Form(in_json_table, insert_ignoring),
    "sqlite": Form(in_json_each, insert_in_process, in_process=True, joins="group_concat"),
}
"""By the name of the dialect; a database that is not here is told plainly."""


def parts(rows: Sequence[T], size: int) -> Iterator[Sequence[T]]:
    """Cut people into parts of a size."""
    return (rows[start : start + size] for start in range(0, len(rows), size))


def is_person(of: Mapping[str, Any]) -> tuple[ColumnElement[bool], ...]:
    """Return the row of a person in a campaign, as conditions on what ``Written`` is given."""
    return tuple(PEOPLE.c[name] == of[name] for name in ("number", "event", "campaign"))

"""Recipients out of SQL or out of a list, cleaned: the only place that reads a warehouse."""

from __future__ import annotations

import ast
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, NamedTuple

from airflow_provider_smspartner.exceptions import InvalidMessage, InvalidPhoneNumber
from airflow_provider_smspartner.rules import phone
from airflow_provider_smspartner.rules.people import Person

if TYPE_CHECKING:
    from airflow.providers.common.sql.hooks.sql import DbApiHook

ROWS_AT_ONCE = 5_000
MOST_EXPLAINED = 20


@dataclass(slots=True, kw_only=True)
class Audience:
    """Who is to be texted, and what was found on the way."""

    numbers: list[str] = field(default_factory=list, repr=False)
    """E.164 numbers in the order in which they came; distinct, or distinct for each event."""
    events: list[str] = field(default_factory=list, repr=False)
    """The event of each number, when there are events."""
    rows: int = 0
    invalid: int = 0
    """Rows whose number is not one of a mobile phone."""
    duplicates: int = 0
    """Rows whose number had come before, in whatever spelling."""
    explained: list[str] = field(default_factory=list)
    """Why the first invalid rows are so, with the numbers masked."""

    @property
    def people(self) -> Iterator[Person]:
        """Everybody who is to be texted."""
        return map(Person, self.numbers, self.events) if self.events else map(Person, self.numbers)


class Columns(NamedTuple):
    """Where a row keeps what is needed of it."""

    phone: str
    event: str | None = None


class Entry(NamedTuple):
    """A number as it was typed, and what the text is about."""

    number: object
    event: object


def gather(values: Iterable[object], *, region: str) -> Audience:
    """Clean what people typed into distinct E.164 numbers.

    :param region: two-letter country of numbers that are written nationally.
    """
    audience, seen = Audience(), set[str | tuple[str, str]]()
    for value in values:
        audience.rows += 1
        event = None
        try:
            if isinstance(value, Entry):
                event, value = event_of(value), value.number
            number = phone.normalize(value, region)  # type: ignore[arg-type]  # it refuses what is no number
        except InvalidPhoneNumber as error:
            audience.invalid += 1
            if len(audience.explained) < MOST_EXPLAINED:
                audience.explained.append(f"row {audience.rows}: {error}")
            continue
        once = number if event is None else (number, event)
        if once in seen:
            audience.duplicates += 1
            continue
        seen.add(once)
        audience.numbers.append(number)
        if event is not None:
            audience.events.append(event)
    return audience


def event_of(entry: Entry) -> str:
    """Return the event of a row as text."""
    if entry.event is None or str(entry.event).strip() == "":
        raise InvalidPhoneNumber("the event column is empty")
    return str(entry.event)


def check_quality(audience: Audience, *, on_invalid: str, max_invalid_rate: float) -> None:
    """Refuse an audience that shows a mistake in the query rather than a few bad numbers.

    :raises InvalidMessage: ``on_invalid`` is "fail" and a number is invalid, or no number is valid, or more
        than ``max_invalid_rate`` (0 to 1) of the rows are invalid.
    """
    if not audience.invalid:
        return
    example = audience.explained[0] if audience.explained else ""
    found = f"{audience.invalid} of {audience.rows} rows hold no mobile number ({example})"
    if not audience.numbers:
        raise InvalidMessage(f"recipients: {found}; is phone_column the right column?")
    if on_invalid == "fail":
        raise InvalidMessage(f'recipients: {found}, and on_invalid="fail"; nothing was sent')
    if audience.invalid / audience.rows > max_invalid_rate:
        raise InvalidMessage(
            f"recipients: {found}, which is more than max_invalid_rate={max_invalid_rate}; "
            "is phone_column the right column? Nothing was sent"
        )


def from_given(recipients: object, columns: Columns) -> Iterator[object]:
    """Yield the numbers of what a DAG gave: one number, numbers, or rows that are mappings.

    :raises InvalidMessage: ``recipients`` is none of these, or a row lacks a column.
    """
    if isinstance(recipients, str):
        recipients = literal(recipients)
    if isinstance(recipients, str | int) and not isinstance(recipients, bool):
        recipients = [recipients]
    if isinstance(recipients, Mapping) or not isinstance(recipients, Iterable):
        raise InvalidMessage(
            f"recipients: {type(recipients).__name__} is neither a number nor a list of numbers or rows"
        )
    for index, row in enumerate(recipients, start=1):
        number = number_of(row, columns.phone, index)
        if columns.event is None:
            yield number
        else:
            yield Entry(number, column_of(row, "event_column", columns.event, index))


def literal(text: str) -> object:
    """Read a list back that a Jinja template turned into text; other text is a number."""
    if not text.lstrip().startswith(("[", "(")):
        return text
    try:
        read = ast.literal_eval(text.strip())
    except (ValueError, TypeError, SyntaxError, MemoryError, RecursionError):
        return text
    return read if isinstance(read, list | tuple) else text


def number_of(row: object, phone_column: str, index: int) -> object:
    """Return the number of one row of a list."""
    if isinstance(row, Mapping):
        return column_of(row, "phone_column", phone_column, index)
    if isinstance(row, list | tuple):
        if len(row) == 1:
            return row[0]
        raise InvalidMessage(
            f"recipients: row {index} is a {type(row).__name__} of {len(row)} values, and nothing names the "
            "one that is the number; give mappings, or numbers alone"
        )
    return row


def column_of(row: object, argument: str, column: str, index: int) -> object:
    """Return one column of a row of a list."""
    if not isinstance(row, Mapping):
        raise InvalidMessage(
            f"recipients: row {index} is no mapping, so it has no column {column!r} ({argument})"
        )
    if column not in row:
        columns = ", ".join(sorted(map(str, row))) or "none"
        raise InvalidMessage(
            f"recipients: row {index} has no column {column!r} ({argument}); it has {columns}"
        )
    return row[column]


def read_sql(
    hook: DbApiHook,
    sql: str,
    parameters: Iterable[Any] | Mapping[str, Any] | None,
    columns: Columns,
    *,
    region: str,
) -> Audience:
    """Run a query and clean its numbers while they come, without logging its parameters.

    :raises InvalidMessage: the query lacks a column that is asked for.
    """
    found: list[Audience] = []

    def consume(cursor: Any) -> None:
        names = [str(column[0]) for column in cursor.description or ()]
        alone = len(names) == 1 and columns.event is None
        phone_at = 0 if alone else column_index(names, columns.phone, "phone_column")
        values: Iterable[object] = (row[phone_at] for row in rows(cursor))
        if columns.event is not None:
            event_at = column_index(names, columns.event, "event_column")
            values = (Entry(row[phone_at], row[event_at]) for row in rows(cursor))
        found.append(gather(values, region=region))

    hook.log_sql = False  # it would log the parameters, which may name people
    hook.run(sql, parameters=parameters, handler=consume)
    return found[0] if found else Audience()


def rows(cursor: Any) -> Iterator[Sequence[Any]]:
    """Yield the rows of an open cursor, some thousand at a time."""
    while batch := cursor.fetchmany(ROWS_AT_ONCE):
        yield from batch


def column_index(columns: Sequence[str], column: str, argument: str) -> int:
    """Return where a row keeps a column; warehouses differ in the case they give column names."""
    folded = [name.casefold() for name in columns]
    if column.casefold() not in folded:
        names = ", ".join(columns) or "none"
        raise InvalidMessage(f"{argument}: the query has no column {column!r}; it has {names}")
    return folded.index(column.casefold())

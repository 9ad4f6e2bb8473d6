"""Recipients out of SQL or out of a list, streamed and cleaned: the only place that reads a warehouse.

Memory grows by a few bytes for each number and not by the row: what a personal text needs of a row lies in an
unlinked temporary file. The warehouse's cursor is closed before anything is sent.
"""

from __future__ import annotations

import json
import logging
import tempfile
import weakref
from array import array
from collections.abc import Callable, Collection, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from decimal import Decimal
from functools import partial
from hashlib import blake2b
from itertools import islice
from math import isnan
from typing import IO, TYPE_CHECKING, Any, NamedTuple

from airflow_provider_smspartner.exceptions import InvalidMessage
from airflow_provider_smspartner.rules import phone
from airflow_provider_smspartner.rules.literals import read_literal
from airflow_provider_smspartner.rules.people import Person

if TYPE_CHECKING:
    from airflow.providers.common.sql.hooks.sql import DbApiHook
    from sqlalchemy import Engine

log = logging.getLogger(__name__)

ROWS_AT_ONCE = 5_000
SPOOL_AT_ONCE = 1_000_000
"""Bytes."""
MOST_EXPLAINED = 20
LONGEST_EVENT = 200
PILES = 256
FRANCE = 33_000_000_000


class Columns(NamedTuple):
    """Where a row keeps what is needed of it."""

    phone: str
    event: str | None = None
    merge: tuple[str, ...] = ()
    """What a personal text is filled with."""

    @property
    def wanted(self) -> list[tuple[str, str]]:
        """The columns besides the number, each with the argument that asks for it."""
        event = [(self.event, "event_column")] if self.event is not None else []
        return event + [(name, "message") for name in self.merge]


class Rows(NamedTuple):
    """Some rows: their numbers as they were typed, and what else is needed of each."""

    numbers: Sequence[object]
    others: Sequence[Sequence[object]] | None
    """The event first, when there are events, then the values to merge; None when nothing else is needed."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Rules:
    """Who belongs to the audience."""

    region: str = "FR"
    """Country of numbers that are written nationally."""
    countries: Collection[str] | None = None
    """Two-letter countries that may be texted; None for all."""
    left_out: Collection[int] = frozenset()
    """Numbers, as E.164 digits, of people who want no texts."""
    events: bool = False
    """Whether the first of the other columns is the event."""
    measure: Callable[[Sequence[object]], int] | None = field(default=None, repr=False)
    """Returns the segments of a row's own text; raises InvalidMessage when there can be none."""


class Audience:
    """Who is to be texted, and what was found on the way."""

    def __init__(self, rules: Rules) -> None:
        self.rules = rules
        self.rows = 0
        self.invalid = 0
        """Rows without the number of a mobile phone, or without a text."""
        self.duplicates = 0
        """Rows whose number (and event) had come before, in whatever spelling."""
        self.excluded = 0
        """Rows of people in other countries or on the STOP list."""
        self.explained: list[str] = []
        """Why the first invalid rows are so, with the numbers masked."""
        self._numbers = array("Q")
        self._sizes = array("B")
        self._keys: array[int] | None = None
        self._spool: IO[bytes] | None = None
        self._repeated = bytearray()

    def __len__(self) -> int:
        return len(self._numbers) - self.duplicates

    @property
    def segments(self) -> int:
        """Segments of all personal texts; 0 when there are none."""
        return sum(self._unrepeated(self._sizes) if self._repeated and self._sizes else self._sizes)

    @property
    def people(self) -> Iterator[Person]:
        """Everybody who is to be texted, in the order of the rows. May be asked for again and again."""
        kept = self._unrepeated(self._numbers)
        if self._spool is None:
            return map(Person, map("+{}".format, kept))
        return map(self._person, kept, map(json.loads, self._unrepeated(self._lines(self._spool))))

    def _lines(self, spool: IO[bytes]) -> Iterator[bytes]:
        at = 0
        while True:
            spool.seek(at)  # somebody else may have read meanwhile
            if not (lines := spool.readlines(SPOOL_AT_ONCE)):
                return
            at = spool.tell()
            yield from lines

    def _unrepeated(self, items: Iterable[Any]) -> Iterable[Any]:
        if not self._repeated:
            return items
        return (item for item, repeated in zip(items, self._repeated, strict=True) if not repeated)

    def _person(self, number: int, others: list[Any]) -> Person:
        event = others.pop(0) if self.rules.events else ""
        return Person(f"+{number}", event, tuple(others))

    def take(self, rows: Rows) -> None:
        """Clean some rows."""
        first, self.rows = self.rows, self.rows + len(rows.numbers)
        french = phone.french_mobiles(rows.numbers) if self.rules.region == "FR" else [""] * len(rows.numbers)
        if rows.others is None and all(french) and not self.rules.left_out and self._may_go("FR"):
            self._numbers.extend([FRANCE + int(number) for number in french])
            return
        for index, (typed, national) in enumerate(zip(rows.numbers, french, strict=True)):
            others = rows.others[index] if rows.others is not None else None
            try:
                self._take_one(typed, national, others)
            except InvalidMessage as error:
                self.invalid += 1
                if len(self.explained) < MOST_EXPLAINED:
                    self.explained.append(f"row {first + index + 1}: {error}")

    def _take_one(self, typed: Any, national: str, others: Sequence[object] | None) -> None:
        number = FRANCE + int(national) if national else int(phone.normalize(typed, self.rules.region)[1:])
        if number in self.rules.left_out or not self._may_go("FR" if national else None, number):
            self.excluded += 1
            return
        if others is not None:
            values = self._readable(others)
            if self.rules.measure is not None:
                self._sizes.append(self.rules.measure(values[1:] if self.rules.events else values))
            self._write(number, values)
        self._numbers.append(number)

    def _may_go(self, country: str | None, number: int = 0) -> bool:
        countries = self.rules.countries
        return countries is None or (country or phone.country(f"+{number}")) in countries

    def _readable(self, others: Sequence[object]) -> list[str | None]:
        values = [readable(value) for value in others]
        if self.rules.events:
            check_event(values[0] or "")
        return values

    def _write(self, number: int, values: list[str | None]) -> None:
        if self._spool is None:
            self._spool = tempfile.TemporaryFile()  # noqa: SIM115  # lives as long as we do
            weakref.finalize(self, self._spool.close)
        self._spool.write(json.dumps(values).encode() + b"\n")
        if self.rules.events:
            self._keys = array("Q") if self._keys is None else self._keys
            digest = blake2b(f"{number}|{values[0]}".encode(), digest_size=8).digest()
            self._keys.append(int.from_bytes(digest))

    def close(self) -> None:
        """Find the rows that repeat an earlier one; call it when the last row was taken."""
        keys = self._numbers if self._keys is None else self._keys
        self._repeated = repeated(keys)
        self.duplicates = sum(self._repeated)


def check_event(event: str) -> None:
    """Refuse an event that names nothing, or more than a ledger can keep."""
    if not event.strip():
        raise InvalidMessage("its event column is empty")
    if len(event) > LONGEST_EVENT:
        raise InvalidMessage(f"its event has {len(event)} characters, and the ledger keeps {LONGEST_EVENT}")


def readable(value: object) -> str | None:
    """Return a value of a row as text; None when there is none: NULL, or the NaN of a data frame."""
    if value is None or (isinstance(value, float | Decimal) and isnan(value)):
        return None
    if isinstance(value, bytes | bytearray | memoryview):
        raise InvalidMessage("a column that is needed of it holds bytes; cast it to text in the query")
    return str(value)


def repeated(keys: array[int]) -> bytearray:
    """Flag the keys that have come before; empty when none has.

    Equal keys land on the same pile, so that only a pile at a time is a set: of a million numbers at once it
    would cost 100 MB.
    """
    piles = [array("I") for _ in range(PILES)]
    for index, key in enumerate(keys):
        piles[key % PILES].append(index)
    flags = bytearray(len(keys))
    for pile in piles:
        seen: set[int] = set()
        for index in pile:
            flags[index] = keys[index] in seen
            seen.add(keys[index])
    return flags if any(flags) else bytearray()


def gather(parts: Iterable[Rows], rules: Rules) -> Audience:
    """Clean what people typed into distinct E.164 numbers."""
    audience = Audience(rules)
    for part in parts:
        audience.take(part)
    audience.close()
    return audience


def check_quality(audience: Audience, *, on_invalid: str, max_invalid_rate: float) -> None:
    """Refuse an audience that shows a mistake in the query rather than a few bad numbers.

    :raises InvalidMessage: ``on_invalid`` is "fail" and a number is invalid, or no number is valid, or more
        than ``max_invalid_rate`` (0 to 1) of the rows are invalid.
    """
    if not audience.invalid:
        return
    example = audience.explained[0] if audience.explained else ""
    found = f"{audience.invalid} of {audience.rows} rows cannot be texted ({example})"
    if not len(audience) and not audience.excluded:
        raise InvalidMessage(f"recipients: {found}; is phone_column the right column?")
    if on_invalid == "fail":
        raise InvalidMessage(f'recipients: {found}, and on_invalid="fail"; nothing was sent')
    if audience.invalid / audience.rows > max_invalid_rate:
        raise InvalidMessage(
            f"recipients: {found}, which is more than max_invalid_rate={max_invalid_rate}; "
            "is phone_column the right column? Nothing was sent"
        )


# ---- lists -----------------------------------------------------------------------------------------


def from_given(recipients: object, columns: Columns) -> Iterator[Rows]:
    """Yield what a DAG gave: one number, numbers, or rows that are mappings.

    :raises InvalidMessage: ``recipients`` is none of these, or a row lacks a column.
    """
    if isinstance(recipients, str):
        recipients = read_literal(recipients)
    if isinstance(recipients, str | int) and not isinstance(recipients, bool):
        recipients = [recipients]
    if isinstance(recipients, Mapping | bytes | bytearray) or not isinstance(recipients, Iterable):
        raise InvalidMessage(
            f"recipients: {type(recipients).__name__} is neither a number nor a list of numbers or rows"
        )
    source = enumerate(recipients, start=1)
    while part := list(islice(source, ROWS_AT_ONCE)):
        numbers = [number_of(row, columns.phone, index) for index, row in part]
        wanted = columns.wanted
        others = (
            [[column_of(row, *name, index) for name in wanted] for index, row in part] if wanted else None
        )
        yield Rows(numbers, others)


def number_of(row: object, phone_column: str, index: int) -> object:
    """Return the number of one row of a list."""
    if isinstance(row, Mapping):
        return column_of(row, phone_column, "phone_column", index)
    if isinstance(row, list | tuple):
        if len(row) == 1:
            return row[0]
        raise InvalidMessage(
            f"recipients: row {index} is a {type(row).__name__} of {len(row)} values, and nothing names the "
            "one that is the number; give mappings, or numbers alone"
        )
    return row


def column_of(row: object, column: str, argument: str, index: int) -> object:
    """Return one column of a row of a list."""
    if not isinstance(row, Mapping):
        raise InvalidMessage(
            f"recipients: row {index} is no mapping, so it has no column {column!r} ({argument})"
        )
    if column not in row:
        columns = phone.mask_numbers(", ".join(sorted(map(str, row)))) or "none"
        raise InvalidMessage(
            f"recipients: row {index} has no column {column!r} ({argument}); it has {columns}"
        )
    return row[column]


# ---- SQL -------------------------------------------------------------------------------------------


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

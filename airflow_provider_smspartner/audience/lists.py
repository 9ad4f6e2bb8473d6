"""Recipients out of a list that a DAG gives."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from itertools import islice

from airflow_provider_smspartner.audience.rows import ROWS_AT_ONCE, Columns, Rows, same_name
from airflow_provider_smspartner.exceptions import InvalidMessage
from airflow_provider_smspartner.rules import phone, typed
from airflow_provider_smspartner.rules.literals import read_numbers
from airflow_provider_smspartner.rules.values import as_number


def from_given(recipients: object, columns: Columns) -> Iterator[Rows]:
    """Yield what a DAG gave: one number, numbers, rows that are mappings, one such row, or lists of these.

    One text may hold several numbers, with commas, semicolons or newlines between them.

    :raises InvalidMessage: ``recipients`` is none of these, or a row lacks a column.
    """
    if isinstance(recipients, str):
        literal = read_numbers(recipients)
        recipients = typed.several(recipients) or [recipients] if literal is recipients else literal
    if isinstance(recipients, Mapping) or isinstance(as_number(recipients), int):
        recipients = [recipients]
    if isinstance(recipients, bytes | bytearray) or not isinstance(recipients, Iterable):
        raise InvalidMessage(
            f"recipients: {type(recipients).__name__} is neither a number nor a list of numbers or rows"
        )
    source = enumerate(flattened(recipients), start=1)
    while part := list(islice(source, ROWS_AT_ONCE)):
        numbers = [number_of(row, columns.phone, index) for index, row in part]
        wanted = columns.wanted
        others = (
            [[column_of(row, *name, index) for name in wanted] for index, row in part] if wanted else None
        )
        yield Rows(numbers, others)


def flattened(items: Iterable[object]) -> Iterator[object]:
    """Yield the items of a list, and those of each list in it: what several mapped tasks have returned.

    :raises InvalidMessage: a list in it is one row of a table, whose first value may be anybody's number.
    """
    for index, item in enumerate(items, start=1):
        if isinstance(item, list):
            if is_row(item):
                raise InvalidMessage(
                    f"recipients: item {index} is a list of text and numbers, which looks like a row, and "
                    "nothing says which value is the phone number; give mappings, or numbers alone"
                )
            yield from item
        else:
            yield item


def is_row(values: list[object]) -> bool:
    """Tell a row as a cursor brings it, an id and a number say, from a list of numbers, which are alike."""
    has_text = any(isinstance(value, str) for value in values)
    return has_text and any(not isinstance(value, str) and as_number(value) is not None for value in values)


def number_of(row: object, phone_column: str, index: int) -> object:
    """Return the number of one row of a list."""
    if isinstance(row, Mapping):
        return column_of(row, phone_column, "phone_column", index)
    if isinstance(row, list | tuple):
        if len(row) == 1:
            return row[0]
        raise InvalidMessage(
            f"recipients: row {index} is a {type(row).__name__} of {len(row)} values, and nothing says "
            "which one is the number; give mappings, or numbers alone"
        )
    return row


def column_of(row: object, column: str, argument: str, index: int) -> object:
    """Return one column of a row of a list."""
    if not isinstance(row, Mapping):
        raise InvalidMessage(
            f"recipients: row {index} is not a mapping, so it has no column {column!r} ({argument})"
        )
    if column in row:
        return row[column]
    names = {str(name): name for name in row}
    name = same_name(names, column, f"{argument}: row {index} of recipients")
    if name is None:
        shown = phone.mask_numbers(", ".join(sorted(names))) or "none"
        raise InvalidMessage(f"recipients: row {index} has no column {column!r} ({argument}); it has {shown}")
    return row[names[name]]

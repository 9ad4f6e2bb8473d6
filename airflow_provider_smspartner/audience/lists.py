"""Recipients out of a list that a DAG gives."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from itertools import islice

from airflow_provider_smspartner.audience.rows import ROWS_AT_ONCE, Columns, Rows
from airflow_provider_smspartner.exceptions import InvalidMessage
from airflow_provider_smspartner.rules import phone
from airflow_provider_smspartner.rules.literals import read_literal


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

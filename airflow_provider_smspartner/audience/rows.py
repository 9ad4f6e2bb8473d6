"""Rows of a list or of a warehouse: what is needed of them, and who of them belongs to the audience."""

from __future__ import annotations

from collections.abc import Callable, Collection, Sequence
from dataclasses import dataclass, field
from typing import NamedTuple

from airflow_provider_smspartner.exceptions import InvalidMessage
from airflow_provider_smspartner.rules.masking import mask_numbers
from airflow_provider_smspartner.rules.share import Share
from airflow_provider_smspartner.rules.writing import Written

ROWS_AT_ONCE = 5_000


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


def same_name(names: Collection[str], column: str, where: str) -> str | None:
    """Return the name that a column has there: the very name, else the one in another case; None for none.

    Warehouses differ in the case that they give to names.

    :raises InvalidMessage: several columns have that name, and which of them is meant cannot be told; the
        sentence begins with ``where``.
    """
    found = [name for name in names if name == column]
    found = found or [name for name in names if name.casefold() == column.casefold()]
    if len(found) > 1:
        named = mask_numbers(", ".join(found))
        raise InvalidMessage(
            f"{where} has {len(found)} columns that {column!r} may mean ({named}); select one"
        )
    return found[0] if found else None


class Rows(NamedTuple):
    """Some rows: their numbers as they were typed, and what else is needed of each."""

    numbers: Sequence[object]
    others: Sequence[Sequence[object]] | None
    """The event first, when there are events, then the values to merge; None when nothing else is needed."""

    def __repr__(self) -> str:
        return f"Rows({len(self.numbers)})"


@dataclass(frozen=True, slots=True, kw_only=True)
class Rules:
    """Who belongs to the audience."""

    region: str = "FR"
    """Country of numbers that are written nationally."""
    countries: Collection[str] | None = None
    """Two-letter countries that may be texted; None for all."""
    left_out: Collection[int] = frozenset()
    """Numbers, as E.164 digits, of people who want no texts."""
    share: Share | None = None
    """The part of the audience that is texted; None for everybody."""
    events: bool = False
    """Whether the first of the other columns is the event."""
    write: Callable[[Sequence[Sequence[object]]], Sequence[Written | InvalidMessage]] | None = field(
        default=None, repr=False
    )
    """Returns the own text of each of many rows, or why there is none; None when all get the same."""

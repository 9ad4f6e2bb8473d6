"""Rows of a list or of a warehouse: what is needed of them, and who of them belongs to the audience."""

from __future__ import annotations

from collections.abc import Callable, Collection, Sequence
from dataclasses import dataclass, field
from typing import NamedTuple

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

"""A batch as it is remembered, and what is known of one that the platform has: values, which never change."""

from __future__ import annotations

from dataclasses import dataclass, field, replace
from decimal import Decimal
from typing import Any

from airflow_provider_smspartner.rules.people import HASH_SIZE, Person
from airflow_provider_smspartner.rules.sending_states import CANCELLABLE, BatchState, Event, after

LAST_CANCEL = 300.0
"""Seconds before its time from which the platform takes a send back no more."""
CLOCK_MARGIN = 60.0
"""Seconds by which the clocks of two workers may differ."""
LOOKS_APART = 5.0
"""Seconds between two looks that are to tell the same."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Receipt:
    """What is known of an accepted batch."""

    people: int
    """How many people it reached."""
    message_id: str | None = None
    """None for a batch that was found by its tag: the platform's list names no ids."""
    segments: int = 0
    cost: Decimal = Decimal(0)
    currency: str | None = None
    scheduled_for: float | None = None
    """When the platform was asked to send it, in seconds since the epoch; None: at once, or not known."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Batch:
    """Some people under one ordinal, at one moment of their way through the states of the table.

    A change makes another value, so what one thread has handed to another stays as it was handed over: the
    recorder writes the state that was to be recorded, whatever has happened to the batch since.
    """

    ordinal: int
    tag: str
    people: tuple[Person, ...] = field(default=(), repr=False)
    """Who they are; empty for a batch of an earlier try, whose people are known as hashes only."""
    hashes: bytes = field(default=b"", repr=False)
    """Keyed hashes of the people, eight bytes each."""
    state: BatchState = BatchState.CLAIMED
    claimed_at: float = 0.0
    """Seconds since the epoch. A request starts within five seconds of it, or the batch is claimed anew."""
    unseen_until: float | None = None
    """Until when the platform may list nobody under its tag, because the texts wait there; infinity when
    nobody knows, None when they leave at once."""
    comparable: bool = True
    """Whether its hashes were made with today's secret; if not, only its tag can tell who is in it."""
    inherited: bool = False
    """Whether an earlier try has claimed it, by the clock of its worker."""
    receipt: Receipt | None = None
    rejected: bytes = field(default=b"", repr=False)
    """Hashes of the people whom the platform refused for good."""
    forgiven: bytes = field(default=b"", repr=False)
    """Hashes of people whom it refused, too, but not for good: they are asked for again."""

    @property
    def size(self) -> int:
        """How many people it holds."""
        return len(self.people) or len(self.hashes) // HASH_SIZE

    @property
    def rejections(self) -> int:
        """How many of its people were refused for good."""
        return len(self.rejected) // HASH_SIZE

    def is_cancellable(self, now: float) -> bool:
        """Tell whether the platform has it, under an id, and would take it back at this moment."""
        if self.state not in CANCELLABLE or self.receipt is None or not self.receipt.message_id:
            return False
        return (self.receipt.scheduled_for or 0.0) - now > LAST_CANCEL

    def after(self, event: Event, **changes: Any) -> Batch:
        """Return this batch as an event leaves it; the one way into another state.

        :param changes: what the event brings beside the state, as fields.
        :raises ImpossibleTransition: the table has no such step.
        """
        return replace(self, state=after(self.state, event), **changes)

"""What a send is to do, and what it comes to: values that the parts of sending share."""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from decimal import Decimal

from airflow_provider_smspartner.api import Call
from airflow_provider_smspartner.api.answers import Sent
from airflow_provider_smspartner.journal import Batch, Receipt
from airflow_provider_smspartner.journal.world import World
from airflow_provider_smspartner.rules.people import Person, Pseudonymizer, each

FRESH = 5.0
"""Seconds between a claim and its request, at most; an older claim is written anew."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Plan:
    """How one audience is to be sent to."""

    make_call: Callable[[Sequence[Person], str], Call[Sent]]
    """Builds the request of some people under a tag."""
    tag_of: Callable[[int], str]
    """Returns the tag of an ordinal."""
    pseudonymizer: Pseudonymizer
    concurrency: int
    on_unknown: str = "verify"
    verify_timeout: float = 300.0
    """Seconds that an unknown batch is looked for before it can count as absent."""
    longest_request: float = 65.0
    """Seconds after which a request is over, whatever became of it."""
    later_try: bool = False
    """Whether a try of this task instance has gone before."""
    invisible: bool = False
    """Whether nothing says when such a send can be seen by its tag, as in the sandbox."""
    send_at: float | None = None
    """When the platform is asked to send it, in seconds since the epoch; past, or None: at once."""
    release: Callable[[float], float] = float
    """Returns when the platform sends what is to leave at a moment: that moment, or the end of the night."""
    cancel_on_kill: bool = False
    """Whether what is scheduled is cancelled when the task is stopped."""
    redirect_to: str | None = field(default=None, repr=False)
    max_rejected_rate: float = 1.0
    """Above this share of refused people the send stops, from the second batch on."""
    world: World = field(default_factory=World)
    """What this try remembers its batches under, as far as it is known without asking."""
    account: Callable[[bool], str | None] = field(default=lambda needed: None)
    """Returns whom the platform says the key belongs to; asks it only if that is needed, or was done."""

    def scheduled_for(self, now: float) -> float | None:
        """Return when a batch that is accepted now leaves; None when it leaves at once."""
        return self.send_at if self.send_at is not None and self.send_at > now else None

    def unseen_until(self, now: float) -> float | None:
        """Return until when the platform may list nobody of a batch that is claimed now: it may wait there.

        Infinity when nobody knows, None when it leaves at once.
        """
        if self.invisible:
            return math.inf
        leaves = self.release(max(self.send_at or now, now))
        return leaves if leaves > now else None

    def is_of(self, batch: Batch) -> Callable[[str], bool]:
        """Return what tells whether a number belongs to a batch."""
        if self.redirect_to:
            return self.redirect_to.__eq__
        if batch.people:
            return {person.number for person in batch.people}.__contains__
        # Of an earlier try nobody knows the numbers: what is listed is hashed, and compared
        known = set(each(batch.hashes))
        return lambda number: self.pseudonymizer.hash(Person(number)) in known


@dataclass(slots=True, kw_only=True)
class Summary:
    """What the platform accepted, over all tries."""

    counts: dict[str, int] = field(default_factory=dict)
    """People of each message id, or of each tag where there is no id."""
    message_ids: list[str] = field(default_factory=list)
    tags: list[str] = field(default_factory=list)
    """Batches that were found by their tag."""
    segments: int = 0
    cost: Decimal = Decimal(0)
    currency: str = "EUR"
    rejected: int = 0
    """People whom the platform refused for good."""
    excluded_by: dict[str, int] = field(default_factory=dict)
    """People whom the ledger left out, by reason."""
    unknown: int = 0
    """People of batches that the platform has, whom its list did not show; they are not texted again."""

    @property
    def excluded(self) -> int:
        """People whom the ledger left out."""
        return sum(self.excluded_by.values())

    @property
    def recipients(self) -> int:
        """People whom the platform accepted."""
        return sum(self.counts.values())

    def add(self, batch: Batch) -> None:
        """Count an accepted batch. Call it in the order of the ordinals."""
        receipt = batch.receipt or Receipt(people=batch.size)
        name = receipt.message_id or batch.tag
        (self.message_ids if receipt.message_id else self.tags).append(name)
        self.counts[name] = self.counts.get(name, 0) + receipt.people
        self.segments += receipt.segments
        self.cost += receipt.cost
        self.currency = receipt.currency or self.currency

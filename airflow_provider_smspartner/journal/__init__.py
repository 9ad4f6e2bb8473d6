"""Where batches are remembered: what every kind of log can do."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from decimal import Decimal
from types import MappingProxyType
from typing import Protocol

from airflow_provider_smspartner.exceptions import SMSPartnerError
from airflow_provider_smspartner.journal.world import World
from airflow_provider_smspartner.rules.people import HASH_SIZE, Person
from airflow_provider_smspartner.rules.sending_states import BatchState

LAST_CANCEL = 300.0
"""Seconds before its time from which the platform takes a send back no more."""
CLOCK_MARGIN = 60.0
"""Seconds by which the clocks of two workers may differ."""


class StaleProcess(SMSPartnerError):
    """Another process has taken over this task: this one must stop at once."""


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


@dataclass(slots=True, kw_only=True)
class Batch:
    """Some people under one ordinal, on their way through the states of ``rules.sending_states``."""

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
        if self.state is not BatchState.ACCEPTED or self.receipt is None or not self.receipt.message_id:
            return False
        return (self.receipt.scheduled_for or 0.0) - now > LAST_CANCEL


@dataclass(slots=True, kw_only=True)
class Memory:
    """What a log holds about this task."""

    batches: list[Batch] = field(default_factory=list)
    """By ordinal, without gaps."""
    same_account: bool = False
    """Whether the key of the connection is known to be that of all earlier tries, or one of its account."""
    cancelling: bool = False
    """Whether an earlier try meant to cancel; batches of which nobody knows whether it did are CANCELLING."""
    world: World | None = None
    """What it was made under; None when nothing was written about it."""
    in_ledger: bool = False
    """Whether people of this task were claimed in a ledger."""
    lost: bool = False
    """Whether it held more than it does: what is missing has to be found by tags."""

    @property
    def comparable(self) -> bool:
        """Whether all hashes were made with today's secret; if not, only the tags can tell."""
        return all(batch.comparable for batch in self.batches)


class SendLog(Protocol):
    """Remembers batches before they leave.

    Called from one thread for claims, one for answers and one for cancellations; a write that fails raises,
    and nothing is sent.
    """

    durable: bool
    """Whether it outlives this process."""
    confirms_always: bool
    """Whether a claim must be confirmed before each request, because others may take it over."""

    @property
    def ledger(self) -> str | None:
        """Which ledger it uses, by the ledger's own identity; None when it uses none."""

    def begin(self) -> None:
        """Note, on a first try, that there is a log: an empty one then means that nothing was sent."""

    def load(self) -> Memory | None:
        """Return what earlier tries left, None when nobody has begun this log or it was lost since."""

    def open(self, memory: Memory) -> None:
        """Begin the log with what was found out otherwise, by tags."""

    def note(self, world: World) -> None:
        """Remember what this log is used under, before the first claim of a try."""

    def unsent(self, people: Iterable[Person]) -> Iterator[Person]:
        """Leave out the people whom other runs or tasks have texted, or are about to."""

    def freed(self) -> Sequence[Person] | None:
        """Return whom others were about to text and did not; None when nobody is waited for any more."""

    @property
    def excluded(self) -> int:
        """How many people have been left out."""

    @property
    def excluded_by(self) -> Mapping[str, int]:
        """How many of them for each reason, as a result names them."""

    def left_out(self, people: Iterable[Person]) -> Mapping[str, int]:
        """Count by reason whom others have texted, or who asked to be forgotten, without claiming anybody."""

    def claim(self, batches: Sequence[Batch]) -> list[Batch]:
        """Remember batches that are about to leave, and return them as granted: people may be missing."""

    def confirm(self, batch: Batch) -> None:
        """Make sure that the claim still holds, right before the request; also renews its time."""

    def keep(self) -> None:
        """Keep the claims of this process while it waits; called often."""

    def record(self, batch: Batch) -> None:
        """Remember the state that a batch has reached. Has minutes of patience."""

    def forgive(self, batch: Batch) -> None:
        """Remember that those whom the platform refused of a batch (``forgiven``) are asked for again."""

    def intend(self, batches: Sequence[Batch], now: float) -> list[Batch]:
        """Remember, in one write, that whatever can be cancelled at this moment is to be, and return those
        of the given batches that this process may cancel: a process that was replaced may cancel none.

        :raises StaleProcess: another process has taken over this task.
        """

    def record_cancel(self, batch: Batch) -> None:
        """Remember what the platform has answered for a batch that was to be cancelled."""

    def forget_intent(self) -> None:
        """Nothing is to be cancelled any more: the platform has answered for every batch."""


class NoLog:
    """Remembers nothing: what is left are the tags on the platform."""

    durable = False
    confirms_always = False
    ledger = None
    excluded = 0
    excluded_by: Mapping[str, int] = MappingProxyType({})

    def begin(self) -> None:
        """Nothing to note."""

    def load(self) -> Memory | None:
        """Return that nothing is known."""
        return None

    def open(self, memory: Memory) -> None:
        """Forget it."""

    def note(self, world: World) -> None:
        """Forget it."""

    def unsent(self, people: Iterable[Person]) -> Iterator[Person]:
        """Leave nobody out."""
        return iter(people)

    def left_out(self, people: Iterable[Person]) -> Mapping[str, int]:
        """Count nobody."""
        return {}

    def freed(self) -> None:
        """Nobody is waited for."""

    def claim(self, batches: Sequence[Batch]) -> list[Batch]:
        """Grant everything."""
        return list(batches)

    def confirm(self, batch: Batch) -> None:
        """Nothing to make sure of."""

    def keep(self) -> None:
        """Nothing to keep."""

    def record(self, batch: Batch) -> None:
        """Forget it."""

    def forgive(self, batch: Batch) -> None:
        """Nothing to forgive: nothing was remembered."""

    def intend(self, batches: Sequence[Batch], now: float) -> list[Batch]:
        """Let nothing be cancelled: no later try would know of it."""
        return []

    def record_cancel(self, batch: Batch) -> None:
        """Forget it."""

    def forget_intent(self) -> None:
        """Nothing to forget."""

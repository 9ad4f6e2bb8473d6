"""What every kind of journal can do, and the one that remembers nothing."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from types import MappingProxyType
from typing import Protocol

from airflow_provider_smspartner.exceptions import SMSPartnerError
from airflow_provider_smspartner.journal.batch import Batch
from airflow_provider_smspartner.journal.memory import Memory
from airflow_provider_smspartner.journal.world import World
from airflow_provider_smspartner.rules.people import Person


class StaleProcess(SMSPartnerError):
    """Another process has taken over this task: this one must stop at once."""


class Journal(Protocol):
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
        """Note, on a first try, that there is a journal: an empty one then means that nothing was sent."""

    def load(self) -> Memory | None:
        """Return what earlier tries left, None when nobody has begun this journal or it was lost since."""

    def open(self, memory: Memory) -> None:
        """Begin the journal with what was found out otherwise, by tags."""

    def note(self, world: World) -> None:
        """Remember what this journal is used under, before the first claim of a try."""

    def unsent(self, people: Iterable[Person]) -> Iterator[Person]:
        """Leave out the people whom other runs or tasks have texted, or are about to."""

    def freed(self) -> Sequence[Person] | None:
        """Return whom others were about to text and did not; None when nobody is waited for any more."""

    @property
    def excluded_by(self) -> Mapping[str, int]:
        """How many people have been left out for each reason, as a result names them."""

    def left_out(self, people: Iterable[Person]) -> Mapping[str, int]:
        """Count by reason whom others have texted, or who asked to be forgotten, without claiming anybody."""

    def claim(self, batches: Sequence[Batch]) -> list[Batch]:
        """Remember batches that are about to leave, and return them as granted: people may be missing."""

    def confirm(self, *batches: Batch) -> None:
        """Make sure that claims still hold, right before the requests; also renews their time.

        :raises StaleProcess: one of them does not; none of these requests may leave.
        """

    def keep(self) -> None:
        """Keep the claims of this process while it waits; called often."""

    def record(self, *batches: Batch) -> None:
        """Remember the states that batches have reached, in their order. Has minutes of patience."""

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

    def close(self) -> None:
        """Give connections back when the run is over."""


class NoJournal:
    """Remembers nothing: what is left are the tags on the platform."""

    durable = False
    confirms_always = False
    ledger = None
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

    def confirm(self, *batches: Batch) -> None:
        """Nothing to make sure of."""

    def keep(self) -> None:
        """Nothing to keep."""

    def record(self, *batches: Batch) -> None:
        """Forget them."""

    def forgive(self, batch: Batch) -> None:
        """Nothing to forgive: nothing was remembered."""

    def intend(self, batches: Sequence[Batch], now: float) -> list[Batch]:
        """Let nothing be cancelled: no later try would know of it."""
        return []

    def record_cancel(self, batch: Batch) -> None:
        """Forget it."""

    def forget_intent(self) -> None:
        """Nothing to forget."""

    def close(self) -> None:
        """Nothing to give back."""

"""The brake on refusals: where the platform refuses most people, something else is wrong than numbers."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

from airflow_provider_smspartner.exceptions import APIError, NeedsPerson
from airflow_provider_smspartner.journal import Batch
from airflow_provider_smspartner.rules import batches
from airflow_provider_smspartner.rules.people import Person

FEWEST = 20
"""People of whom something must be known before their share says anything."""


class RefusalBrake:
    """Watches how many people are refused for good. Used by the main thread alone."""

    def __init__(self, most: float) -> None:
        self._most = most
        self._accepted = self._rejected = self._slices = 0
        self._likely_fine: set[tuple[str, str]] = set()
        """Who was in a refused batch, but not among those whom the refusal named."""
        self._refused: dict[int, Batch] = {}
        """As they stand by now."""
        self._reason = ""
        self.has_tripped = False

    def begin_slice(self) -> None:
        """Note that a further part of the audience is sent; one alone is not judged."""
        self._slices += 1

    def remember(self, batch: Batch) -> None:
        """Take in how a batch stands by now, if the platform has refused somebody of it."""
        if batch.rejected:
            self._refused[batch.ordinal] = batch
        else:  # found on the platform after all
            self._refused.pop(batch.ordinal, None)

    def accept(self, batch: Batch) -> None:
        """Count the people of an accepted batch, before they are forgotten."""
        self._accepted += len(batch.people) - batch.rejections
        self._count_once(batch)

    def refuse(self, batch: Batch, bad: Sequence[Person], reason: APIError | str) -> None:
        """Count people whom the platform refuses, of a batch of which the others may go again."""
        self._rejected += len(bad)
        self._count_once(batch)
        if bad:
            rest = set(map(key_of, batch.people)).difference(map(key_of, bad))
            self._likely_fine |= rest
            self._reason = str(reason)

    def _count_once(self, batch: Batch) -> None:
        """Forget that people were likely fine of whom more is known now, if any were."""
        # They may stand there since a batch before was divided. Usually nobody does, of a million people
        if self._likely_fine:
            self._likely_fine.difference_update(map(key_of, batch.people))

    def judge(self) -> NeedsPerson | None:
        """Return why the send must stop, if it must."""
        known = self._accepted + self._rejected + len(self._likely_fine)
        # A first batch may be a bad start of a good list
        if self._slices < 2 or known < min(FEWEST, 2 * batches.BATCH_LIMIT):
            return None
        if self._rejected <= self._most * known:
            return None
        self.has_tripped = True
        return NeedsPerson(
            f"max_rejected_rate: SMS Partner has refused {self._rejected} of the first {known} people, and "
            f"{self._most:.0%} are allowed. The last reason was: {self._reason.rstrip('.')}. These "
            "refusals are not final: fix what it names, or raise max_rejected_rate, and clear the task; "
            "it tries everybody who was refused again."
        )

    def forgive(self) -> list[Batch]:
        """Return the batches of which somebody was refused, so that nobody of them is for good."""
        return [
            replace(batch, forgiven=batch.forgiven + batch.rejected, rejected=b"")
            for batch in self._refused.values()
        ]


def key_of(person: Person) -> tuple[str, str]:
    """Return who a person is, whatever their text is filled with."""
    return (person.number, person.event)

"""An audience in batches that are about to be claimed, each under an ordinal that no other one ever has."""

from __future__ import annotations

from collections.abc import Callable, Iterator

from airflow_provider_smspartner.journal import Batch
from airflow_provider_smspartner.rules.people import Person
from airflow_provider_smspartner.sending.backlog import Backlog
from airflow_provider_smspartner.sending.plan import Plan


class Claiming:
    """Makes batches of whoever goes next. Used by the main thread alone."""

    def __init__(
        self, plan: Plan, backlog: Backlog, *, now: Callable[[], float], begin_slice: Callable[[], None]
    ) -> None:
        self._plan = plan
        self._backlog = backlog
        self._now = now
        self._begin_slice = begin_slice
        self.ordinal = 0
        """That of the next batch; those below are taken, whatever has become of them."""
        self.is_exhausted = False
        """Whether everybody of the audience has been in a batch once."""

    def next_batches(self, groups: Iterator[tuple[Person, ...]], most: int) -> list[Batch]:
        """Return the next batches, those who go again first.

        :param groups: the audience, cut so that each fits a request; read no further than needed.
        """
        batches: list[Batch] = []
        # One moment for all of them, for the journal writes a group as one value
        claimed_at = self._now()
        unseen_until = self._plan.unseen_until(claimed_at)
        again = self._backlog.again
        while len(batches) < most:
            is_slice = not again
            # Before newcomers: the brake can judge a refusal before the audience is through
            people = again.popleft() if again else next(groups, ())
            if not people:
                self.is_exhausted = True
                break
            if is_slice:
                self._begin_slice()
            batches.append(self._batch(people, claimed_at, unseen_until))
        return batches

    def _batch(self, people: tuple[Person, ...], claimed_at: float, unseen_until: float | None) -> Batch:
        # Never given back, though the claim may fail: a tag must not stand for two groups of people
        ordinal, self.ordinal = self.ordinal, self.ordinal + 1
        return Batch(
            ordinal=ordinal,
            tag=self._plan.tag_of(ordinal),
            people=people,
            hashes=self._plan.pseudonymizer.hashes(people),
            claimed_at=claimed_at,
            unseen_until=unseen_until,
        )

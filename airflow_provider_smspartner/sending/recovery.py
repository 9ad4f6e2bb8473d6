"""What earlier tries of a send did: from the log, or from the platform's own lists when the log is empty."""

from __future__ import annotations

import logging
from collections.abc import Callable
from dataclasses import dataclass

from airflow.providers.common.compat.sdk import AirflowFailException

from airflow_provider_smspartner.exceptions import SMSPartnerError
from airflow_provider_smspartner.hooks.paging import Listing
from airflow_provider_smspartner.journal import Batch, Memory, Receipt
from airflow_provider_smspartner.rules.people import Person
from airflow_provider_smspartner.rules.sending_states import OPEN, BatchState
from airflow_provider_smspartner.sending.plan import Plan

log = logging.getLogger(__name__)

MISSING_IN_A_ROW = 64
"""Tags that must be missing one after the other before the walk over the ordinals ends."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Recall:
    """Finds out what earlier tries did."""

    plan: Plan
    look: Callable[[str], Listing | None]
    now: Callable[[], float]
    pause: Callable[[float], object]

    def walk_tags(self, *, lost_log: bool, started: float) -> Memory:
        """Find what was sent by a try whose log is lost, never was, or was that of a deleted run.

        Usually one look for ordinal 0 is enough. After a try whose log is lost, it waits until that try's
        requests must be over and walks all ordinals: the first batch may be the one that did not arrive.

        :raises SMSPartnerError: a look failed whose answer is needed.
        :raises AirflowFailException: a tag's people cannot be read in full.
        """
        memory, missing = Memory(), 0
        if lost_log:
            self._outwait(started + self.plan.longest_request + self.plan.verify_timeout)
        while missing < MISSING_IN_A_ROW:
            ordinal = len(memory.batches)
            batch = Batch(ordinal=ordinal, tag=self.plan.tag_of(ordinal), state=BatchState.ABSENT)
            found = self._first_look(batch, needed=lost_log or ordinal > 0)
            if found:
                people = len(found.numbers)
                log.warning("Tag %s is on the platform: its %s people are left out", batch.tag, people)
                self._adopt(batch, found)
            memory.batches.append(batch)
            missing = 0 if found else missing + 1
            if not found and ordinal == 0 and not lost_log:
                break
        del memory.batches[len(memory.batches) - missing :]
        return memory

    def _outwait(self, moment: float) -> None:
        left = moment - self.now()
        if left > 0:
            log.info("Waiting %.0f s until the requests of the try before must be over", left)
            self.pause(left)

    def _first_look(self, batch: Batch, *, needed: bool) -> Listing | None:
        """Look for a batch nobody remembers; the endpoint must not become a condition of every send."""
        try:
            return self.look(batch.tag)
        except SMSPartnerError as error:
            if needed:
                raise
            log.warning("Could not look by tag for what an earlier run may have sent: %s", error)
            return None

    def read_back(self, memory: Memory) -> None:
        """Find out anew who is in batches whose hashes were made with another secret: the tags decide.

        :raises SMSPartnerError: a look failed.
        :raises AirflowFailException: the platform does not list the people of a batch in full.
        """
        log.warning("The connection's key has changed: the tags on the platform tell who was sent to")
        for batch in memory.batches:
            if batch.tag != self.plan.tag_of(batch.ordinal):
                raise AirflowFailException(
                    "The connection, its sandbox flag or the tag is another one than on the earlier tries of "
                    "this task. Put the former one back to send to the others, or take another task for them."
                )
            batch.rejected = b""  # nobody can tell who that was: the platform will refuse them again
            if batch.state is BatchState.ACCEPTED or batch.state in OPEN:
                self._read_back(batch)

    def _read_back(self, batch: Batch) -> None:
        plan = self.plan
        found = self.look(batch.tag)
        if not found and batch.state in OPEN - {BatchState.REFUSED}:
            self._outwait(plan.over(batch))
            found = self.look(batch.tag)
        if found:
            self._adopt(batch, found)
        elif batch.state in OPEN and not plan.invisible:
            batch.state, batch.hashes = BatchState.ABSENT, b""
        else:
            raise AirflowFailException(
                f"SMS Partner lists nobody under tag {batch.tag}; with the changed key nobody can tell who "
                "that was. Put the former key back to send to the others."
            )

    def _adopt(self, batch: Batch, found: Listing) -> None:
        """Take the people of a tag for those of the batch."""
        if not found.whole:
            raise AirflowFailException(
                f"SMS Partner does not list the people of tag {batch.tag} in full, so nobody can tell who is "
                "left. Look the tag up in the customer area, and send to the others with another task."
            )
        batch.hashes = self.plan.recogniser.hashes(Person(number) for number in sorted(found.numbers))
        batch.state = BatchState.ACCEPTED
        batch.receipt = batch.receipt or Receipt(people=len(found.numbers))

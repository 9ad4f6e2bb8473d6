"""What a send comes to while it goes on: who was accepted and who was refused for good, told and counted."""

from __future__ import annotations

import logging
from collections.abc import Callable, Mapping, Sequence
from dataclasses import replace
from decimal import Decimal

from airflow_provider_smspartner.api.answers import Sent
from airflow_provider_smspartner.api.evidence import left_out_of
from airflow_provider_smspartner.exceptions import APIError, OutcomeUnknownError
from airflow_provider_smspartner.journal import Batch, Receipt
from airflow_provider_smspartner.rules import phone
from airflow_provider_smspartner.rules.people import Person
from airflow_provider_smspartner.rules.sending_states import BatchState
from airflow_provider_smspartner.sending.plan import Plan, Summary

log = logging.getLogger(__name__)

MOST_EXPLAINED = 20


class Totals:
    """The sums of one send, over all of its tries. Used by the main thread alone."""

    def __init__(self, plan: Plan, count: Callable[..., None]) -> None:
        self.accepted: list[Batch] = []
        self._plan = plan
        self._count = count
        self._rejected = self._explained = 0
        self._message_ids: set[str] = set()
        self._has_nameless = False
        """Whether a batch was found by its tag, so that nobody knows which message stands for it."""

    def recall(self, batch: Batch) -> None:
        """Take in a batch of an earlier try, which that try has told and counted."""
        self._rejected += batch.rejections
        # Those of earlier tries, too: a gateway may repeat an old answer
        if batch.receipt and batch.receipt.message_id:
            self._message_ids.add(batch.receipt.message_id)
        if batch.state is BatchState.ACCEPTED:
            self._keep(batch)

    def check_own(self, sent: Sent, *, is_open: bool) -> None:
        """Refuse the answer to another request: each message has an id of its own.

        :param is_open: whether requests of this send have got no answer, which may come as that to another.
        :raises OutcomeUnknownError: the id stands for an earlier batch, or may stand for one of which this
            send knows no id, and the answer bills nothing that would tell.
        """
        is_known = sent.message_id in self._message_ids
        self._message_ids.add(sent.message_id)
        if is_known:
            raise OutcomeUnknownError(
                f"The answer names message {sent.message_id}, which belongs to an earlier batch: it does "
                "not answer this request."
            )
        is_bare = sent.segments is None and not self._plan.world.sandbox
        if is_bare and (is_open or self._has_nameless):
            raise OutcomeUnknownError(
                f"The answer names message {sent.message_id} and bills nothing, while the answer to an "
                "earlier request is missing: it may be that one."
            )

    def take_note_of(self, error: OutcomeUnknownError) -> None:
        """Keep the id in an answer that cannot be trusted: it stands for no later request."""
        if error.message_id:
            self._message_ids.add(error.message_id)

    def read_answer(self, batch: Batch, sent: Sent, now: float) -> tuple[Batch, list[Person]]:
        """Return a batch with what the platform answered, and the people whom it names as left out."""
        bad = self._left_out(batch, sent)
        answered = replace(batch, rejected=self._plan.pseudonymizer.hashes(bad))
        receipt = Receipt(
            people=self._reached(answered),
            message_id=sent.message_id,
            segments=sent.segments or 0,
            cost=sent.cost or Decimal(0),
            currency=sent.currency,
            scheduled_for=self._plan.scheduled_for(now),
        )
        return replace(answered, receipt=receipt), bad

    def take_back(self, batch: Batch, listed: int) -> Batch:
        """Return a batch that a look has found put right: nobody was refused, whatever the answer said.

        :param listed: how many of its people the list has shown.
        """
        self._rejected -= batch.rejections
        whole = replace(batch, rejected=b"", forgiven=b"", receipt=batch.receipt or Receipt(people=listed))
        if (missing := self._reached(whole) - listed) > 0:
            log.warning("Tag %s: %s of its people are not listed and count as unknown", batch.tag, missing)
        return whole

    def accept(self, batch: Batch) -> None:
        """Count a batch that the platform has taken on."""
        receipt = batch.receipt or Receipt(people=self._reached(batch))
        self._keep(batch)
        log.info(
            "Batch %s, tag %s, message %s: %s people, %s segments, %s %s",
            batch.ordinal,
            batch.tag,
            receipt.message_id,
            receipt.people,
            receipt.segments,
            receipt.cost,
            receipt.currency,
        )
        self._count(
            accepted=receipt.people, segments=receipt.segments, cost_thousandths=round(1000 * receipt.cost)
        )

    def _keep(self, batch: Batch) -> None:
        self.accepted.append(batch)
        self._has_nameless = self._has_nameless or not (batch.receipt and batch.receipt.message_id)

    def reject(self, bad: Sequence[Person], error: APIError | str) -> None:
        """Count people whom the platform refuses for good, and name the first of all masked."""
        if not bad:
            return
        self._rejected += len(bad)
        self._count(rejected=len(bad))
        for person in bad[: max(0, MOST_EXPLAINED - self._explained)]:
            log.warning("Refused for good: %s (%s)", phone.mask(person.number), error)
        self._explained += len(bad)

    def count_unknown(self, batches: Sequence[Batch]) -> None:
        """Count the people of whom the send does not know at its end what became of them."""
        self._count(unknown=sum(batch.size for batch in batches))

    def texted(self, is_back: Callable[[Batch], bool]) -> int:
        """Count the people accepted by the platform, less the batches that a stop has since cancelled."""
        standing = (batch for batch in self.accepted if not is_back(batch))
        return sum(batch.receipt.people for batch in standing if batch.receipt)

    def summary(self, *, excluded_by: Mapping[str, int]) -> Summary:
        """Return the sums as a result."""
        summary = Summary(rejected=self._rejected, excluded_by=dict(excluded_by))
        # Answers come in any order, and a result is the same each time
        for batch in sorted(self.accepted, key=lambda batch: batch.ordinal):
            summary.add(batch)
            # Found by tag: as far as anybody can tell, people whom the list did not show were texted too
            if batch.receipt and not batch.receipt.message_id:
                summary.unknown += max(0, self._reached(batch) - batch.receipt.people)
        return summary

    def forgive(self) -> None:
        """Count nobody as refused: it was not for good."""
        self._rejected = 0

    def _reached(self, batch: Batch) -> int:
        """Return how many phones a batch goes to."""
        return 1 if self._plan.redirect_to else batch.size - batch.rejections

    def _left_out(self, batch: Batch, sent: Sent) -> list[Person]:
        # What the platform says of that one number says nothing of the audience
        if self._plan.redirect_to:
            return []
        left_out = left_out_of(sent, [person.number for person in batch.people])
        return [person for person in batch.people if person.number in left_out]

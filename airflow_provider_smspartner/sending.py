"""Send an audience in batches: the order of the steps, and what is known at the end."""

from __future__ import annotations

import logging
import threading
from collections.abc import Callable, Sequence
from concurrent.futures import FIRST_COMPLETED, Future, ThreadPoolExecutor, wait
from dataclasses import dataclass, field
from decimal import Decimal
from typing import Any

from airflow.sdk.exceptions import AirflowFailException

from airflow_provider_smspartner.answers import Sent
from airflow_provider_smspartner.api import Call
from airflow_provider_smspartner.exceptions import OutcomeUnknownError, SMSPartnerError
from airflow_provider_smspartner.rules.batches import split

log = logging.getLogger(__name__)


@dataclass(slots=True, kw_only=True)
class Outcome:
    """What the platform accepted."""

    counts: dict[str, int] = field(default_factory=dict)
    """People of each message id."""
    segments: int = 0
    cost: Decimal = Decimal(0)
    currency: str = "EUR"

    def add(self, sent: Sent, people: int) -> None:
        """Count one accepted batch."""
        self.counts[sent.message_id] = self.counts.get(sent.message_id, 0) + people
        self.segments += sent.segments or 0
        self.cost += sent.cost or 0
        self.currency = sent.currency or self.currency


class Stopped(SMSPartnerError):
    """Somebody stopped the task."""


@dataclass(slots=True, kw_only=True)
class Sending:
    """One audience on its way.

    ``make_call`` builds the request of a batch from its numbers and ordinal; ``carry`` sends it.
    """

    make_call: Callable[[Sequence[str], int], Call[Sent]]
    carry: Callable[[Call[Any]], Any]
    concurrency: int
    outcome: Outcome = field(default_factory=Outcome)
    stop: threading.Event = field(default_factory=threading.Event)

    def run(self, numbers: Sequence[str]) -> Outcome:
        """Send to everybody, with at most ``concurrency`` requests in flight.

        After the first failure no further batch starts, and those in flight are waited for.

        :raises AirflowFailException: a request's outcome is unknown, or some people were texted and others
            were not; Airflow must not repeat either by itself.
        :raises SMSPartnerError: nobody was texted.
        """
        failures: list[SMSPartnerError] = []
        batches = enumerate(split(numbers))
        flying: dict[Future[Sent], int] = {}
        with ThreadPoolExecutor(self.concurrency, thread_name_prefix="smspartner") as pool:
            while True:
                while len(flying) < self.concurrency and not failures and (following := next(batches, None)):
                    ordinal, people = following
                    flying[pool.submit(self._send, people, ordinal)] = len(people)
                if not flying:
                    break
                done, _ = wait(flying, return_when=FIRST_COMPLETED)
                for future in done:
                    self._settle(future, flying.pop(future), failures)
        if failures:
            self._fail(failures, total=len(numbers))
        return self.outcome

    def _send(self, people: Sequence[str], ordinal: int) -> Sent:
        if self.stop.is_set():
            raise Stopped("the task was stopped")
        sent: Sent = self.carry(self.make_call(people, ordinal))
        return sent

    def _settle(self, future: Future[Sent], people: int, failures: list[SMSPartnerError]) -> None:
        try:
            sent = future.result()
        except SMSPartnerError as error:
            failures.append(error)
            return
        self.outcome.add(sent, people)
        log.info(
            "Message %s: %s people, %s segments, %s %s",
            sent.message_id,
            people,
            sent.segments,
            sent.cost,
            sent.currency,
        )

    def _fail(self, failures: Sequence[SMSPartnerError], *, total: int) -> None:
        worst = next((error for error in failures if isinstance(error, OutcomeUnknownError)), failures[0])
        accepted = sum(self.outcome.counts.values())
        if not accepted and not isinstance(worst, OutcomeUnknownError):
            raise worst
        ids = ", ".join(self.outcome.counts) or "none"
        raise AirflowFailException(
            f"{worst} {accepted} of {total} people were texted (messages {ids}). Running this task again "
            "would text them again, so Airflow does not do that by itself."
        ) from worst

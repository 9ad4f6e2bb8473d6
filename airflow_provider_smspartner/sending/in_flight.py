"""Requests in flight: what the carriers' threads do, and what stops them."""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterator
from concurrent.futures import FIRST_COMPLETED, Future, ThreadPoolExecutor, wait
from dataclasses import dataclass, replace
from typing import Any, Protocol

from airflow_provider_smspartner.api import Call
from airflow_provider_smspartner.api.answers import Sent
from airflow_provider_smspartner.exceptions import (
    APIConnectionError,
    APIError,
    InvalidMessage,
    OutcomeUnknownError,
    RateLimitError,
    SMSPartnerError,
)
from airflow_provider_smspartner.journal import Batch, Journal
from airflow_provider_smspartner.rules.refusals import is_about_numbers
from airflow_provider_smspartner.sending.plan import FRESH, Plan
from airflow_provider_smspartner.sending.recorder import Recorder


class Carrier(Protocol):
    """What carries a call: the hook."""

    def call(self, call: Call[Any], *, before: Callable[[], None] | None = None) -> Any:
        """Carry a call; ``before`` runs right before each attempt."""


class Stopped(SMSPartnerError):
    """The task was stopped before this request left."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Answer:
    """What a request came to."""

    batch: Batch
    """As it left: its claim may have been renewed before."""
    sent: Sent | None = None
    error: SMSPartnerError | None = None

    def result(self) -> Sent:
        """Return what the platform answered.

        :raises SMSPartnerError: it did not answer with a yes.
        """
        if self.error is not None:
            raise self.error
        assert self.sent is not None  # noqa: S101  # it has one of the two
        return self.sent


class InFlight:
    """The batches of one send whose requests are on their way, or about to leave.

    ``_carry`` runs in the carriers' threads, ``release`` also in that of the shutdown, all else in the main
    one. A carrier waits at ``_go``, and hands back a value: its batch as it left, and what came of it.
    """

    def __init__(
        self,
        plan: Plan,
        journal: Journal,
        carrier: Carrier,
        recorder: Recorder,
        *,
        is_stopped: Callable[[], bool],
        now: Callable[[], float],
    ) -> None:
        self._plan = plan
        self._journal = journal
        self._carrier = carrier
        self._recorder = recorder
        self._is_stopped = is_stopped
        self._now = now
        self._flying: dict[Future[Answer], Batch] = {}
        self._go = threading.Event()
        self._go.set()
        self._over = threading.Event()
        self._carriers = ThreadPoolExecutor(plan.concurrency, "smspartner-send")

    def __len__(self) -> int:
        return len(self._flying)

    @property
    def batches(self) -> list[Batch]:
        """Those whose answer has not been taken."""
        return list(self._flying.values())

    @property
    def is_braked(self) -> bool:
        """Whether nothing new leaves for now."""
        return not self._go.is_set()

    def brake(self) -> None:
        """Let nothing new leave until ``release``."""
        self._go.clear()

    def release(self) -> None:
        """Let those that wait go on; if the send is stopped, they end."""
        self._go.set()

    def start(self, batch: Batch) -> None:
        """Have a claimed batch sent as soon as a carrier is free."""
        self._flying[self._carriers.submit(self._carry, batch)] = batch

    def land(self, timeout: float | None) -> Iterator[Future[Answer]]:
        """Wait for answers, and yield those that came in the order in which they left."""
        done, _ = wait(self._flying, timeout=timeout, return_when=FIRST_COMPLETED)
        # ``done`` is a set; the dict keeps the order, so that the same answers always have the same end
        for future in [future for future in self._flying if future in done]:
            del self._flying[future]
            yield future

    def close(self) -> None:
        """Start nothing more; who calls it has waited for those in flight for as long as it could."""
        self._carriers.shutdown(wait=False, cancel_futures=True)

    def _carry(self, batch: Batch) -> Answer:
        """Send one batch; runs in a carrier's thread."""

        def before() -> None:
            nonlocal batch
            # Here and not when the batch was given to the carrier: the hook calls this after every wait of
            # its own, at the last moment before a byte leaves
            self._go.wait()
            sure = not self._journal.confirms_always
            while not self._is_stopped() and not (sure and self._now() - batch.claimed_at <= FRESH):
                batch = self._renewed(batch)
                self._recorder.confirm(batch)
                sure = True
            # Last: a stop that comes while the claim is written still keeps the request from leaving
            if self._is_stopped() or self._over.is_set():
                raise Stopped("The task was stopped before this batch left.")

        try:
            sent: Sent = self._carrier.call(self._plan.make_call(batch.people, batch.tag), before=before)
        except SMSPartnerError as error:
            if self._is_the_end(error, batch):  # nothing more is to leave before the main thread has seen it
                self._over.set()
            return Answer(batch=batch, error=error)
        return Answer(batch=batch, sent=sent)

    def _renewed(self, batch: Batch) -> Batch:
        """Return a batch as it is if its request leaves at this moment."""
        now = self._now()
        return replace(batch, claimed_at=now, unseen_until=self._plan.unseen_until(now))

    def _is_the_end(self, error: SMSPartnerError, batch: Batch) -> bool:
        """Tell whether what one batch met stops the whole send."""
        if isinstance(error, OutcomeUnknownError):
            return self._plan.on_unknown == "fail"
        if isinstance(error, APIError):
            numbers = [person.number for person in batch.people]
            return not (isinstance(error, RateLimitError) or is_about_numbers(error, numbers))
        return isinstance(error, APIConnectionError | InvalidMessage)

"""What an answer, a lost answer and a look by tag make of a batch, and of the send."""

from __future__ import annotations

import logging
from collections.abc import Callable, Iterator, Mapping, Sequence
from functools import partial
from typing import Any

from airflow_provider_smspartner.exceptions import (
    APIConnectionError,
    APIError,
    InvalidMessage,
    NeedsPerson,
    OutcomeUnknownError,
    RateLimitError,
    SMSPartnerError,
)
from airflow_provider_smspartner.journal import Batch, Journal, StaleProcess
from airflow_provider_smspartner.rules.people import Person
from airflow_provider_smspartner.rules.refusals import divide, is_about_numbers, may_be_a_gateways
from airflow_provider_smspartner.rules.sending_states import OPEN, BatchState, Event
from airflow_provider_smspartner.sending.backlog import Backlog
from airflow_provider_smspartner.sending.brake import RefusalBrake
from airflow_provider_smspartner.sending.breaker import CircuitBreaker
from airflow_provider_smspartner.sending.in_flight import Answer, InFlight, Stopped
from airflow_provider_smspartner.sending.plan import Plan, Summary
from airflow_provider_smspartner.sending.reconciliation import Doubt, Reconciliation
from airflow_provider_smspartner.sending.recorder import Recorder
from airflow_provider_smspartner.sending.throttle import Throttle
from airflow_provider_smspartner.sending.totals import Totals

log = logging.getLogger(__name__)


class Settlement:
    """Moves batches on by what happens to them. Used by the main thread alone."""

    def __init__(
        self,
        plan: Plan,
        recorder: Recorder,
        in_flight: InFlight,
        backlog: Backlog,
        reconciliation: Reconciliation,
        *,
        totals: Totals,
        brake: RefusalBrake,
        throttle: Throttle,
        now: Callable[[], float],
        stop: Callable[[], None],
    ) -> None:
        self._plan = plan
        self._recorder = recorder
        self._in_flight = in_flight
        self._backlog = backlog
        self._reconciliation = reconciliation
        self._totals = totals
        self._brake = brake
        self.throttle = throttle
        self._breaker = CircuitBreaker()
        self._now = now
        self._stop = stop
        self.failure: Exception | None = None
        """The first reason why this try cannot get through."""

    def fail(self, error: Exception) -> None:
        """Let nothing more leave; the first reason is the one that is told."""
        self.failure = self.failure or error
        self._stop()

    def take_over(self, batch: Batch) -> None:
        """Take in what an earlier try has left of a batch."""
        self._totals.recall(batch)
        self._brake.remember(batch)
        # Refused for good over all tries, whatever has become of the others
        self._backlog.finish(batch.rejected)
        if batch.state is BatchState.ACCEPTED:
            self._backlog.finish(batch.hashes)
        elif batch.state in OPEN:
            self._backlog.hold(batch)
            self._reconciliation.add(batch, ())

    # ---- answers -----------------------------------------------------------------------------------

    def take_answers(self, timeout: float | None) -> None:
        """Wait for answers, and move their batches on."""
        for future in self._in_flight.land(timeout):
            self._take(future.result())

    def _take(self, answer: Answer) -> None:
        """Move a batch on by the outcome of its request."""
        batch = answer.batch
        try:
            sent = answer.result()
            self._totals.check_own(sent, is_open=bool(self._reconciliation.unanswered))
        except Stopped:  # it is raised before a byte has left, so that nobody has to look the batch up
            self._move(batch, Event.NEVER_LEFT)
        except (APIConnectionError, InvalidMessage) as error:
            self._move(batch, Event.NEVER_LEFT)
            self.fail(error)
        except OutcomeUnknownError as error:
            self._lose(batch, error)
        except APIError as error:
            self._refuse(batch, error)
        except StaleProcess as error:
            # Nothing is recorded: by now the batch is another process's
            self.fail(error)
        else:
            self._breaker.answer()
            self.throttle.clear()
            answered, bad = self._totals.read_answer(batch, sent, self._now())
            self._brake.refuse(batch, bad, "its row was refused")
            self._accept(answered, Event.YES)
            self._totals.reject(bad, "left out of an accepted request")
            self._judge_refusals()

    def _accept(self, batch: Batch, event: Event) -> None:
        # Recorded before it is told: a time-out may come while it is. The audience must not stay in memory
        accepted = self._move(batch, event, people=())
        self._breaker.accept()
        self._brake.accept(batch)
        self._totals.accept(accepted)

    def _move(self, batch: Batch, event: Event, **changes: Any) -> Batch:
        """Have recorded how an event leaves a batch, and return it so."""
        moved = batch.after(event, **changes)
        self._recorder.record(moved)
        self._brake.remember(moved)
        return moved

    # ---- refusals ----------------------------------------------------------------------------------

    def _refuse(self, batch: Batch, error: APIError) -> None:
        """Keep out the people whom a refusal is about; one about anything else stops the send."""
        groups: Sequence[tuple[Person, ...]] = [batch.people]
        bad: Sequence[Person] = ()
        numbers = [person.number for person in batch.people]
        if isinstance(error, RateLimitError):
            if not self.throttle.slow_down(error):
                self.fail(error)
        elif is_about_numbers(error, numbers):
            bad, groups = divide(batch.people, error)
            self._brake.refuse(batch, bad, error)
        else:
            self.fail(error)
        # Of what would wait on the platform unseen, nobody's word but its own proves that it does not
        is_hearsay = self._waits_unseen(batch) and may_be_a_gateways(error, numbers)
        event = Event.NO_ANSWER if is_hearsay else Event.NO
        refused = self._move(batch, event, rejected=self._plan.pseudonymizer.hashes(bad))
        # None of them goes again before a look has confirmed the no: a gateway may have let it through
        self._reconciliation.add(refused, groups)
        self._totals.reject(bad, error)
        self._judge_refusals()

    def _waits_unseen(self, batch: Batch) -> bool:
        return batch.unseen_until is not None and not self._plan.invisible

    def _judge_refusals(self) -> None:
        if error := self._brake.judge():
            self.fail(error)

    def forgive(self, journal: Journal) -> None:
        """After the brake, have everybody asked for again: a platform that refuses most refuses whomever."""
        if not self._brake.has_tripped:
            return
        for batch in self._brake.forgive():
            self._recorder.write(partial(journal.forgive, batch))
        self._totals.forgive()

    # ---- lost answers ------------------------------------------------------------------------------

    def _lose(self, batch: Batch, error: OutcomeUnknownError) -> None:
        """Set a batch aside whose outcome nobody knows, and brake when several follow each other."""
        log.warning("Batch %s, tag %s, %s people: %s", batch.ordinal, batch.tag, batch.size, error)
        self._totals.take_note_of(error)
        unknown = self._move(batch, Event.NO_ANSWER)
        self._reconciliation.add(unknown, [batch.people])
        self._breaker.lose()
        if self._plan.on_unknown == "fail":
            self.fail(NeedsPerson(str(error)))
        elif self._breaker.is_open and self._plan.on_unknown == "resend":
            self.fail(error)  # on a platform that is down it would never end
        elif self._breaker.is_open and not self.failure:  # a failed send waits for those in flight
            self._in_flight.brake()

    def look_up_refused(self) -> None:
        """Look up those that the platform has refused."""
        self._look_up(self._reconciliation.refused)

    def look_up_unanswered(self) -> float | None:
        """Look up those without an answer, and return for how long to wait before the next look.

        None when something was resolved, or no further look can help.
        """
        if self._look_up(self._reconciliation.unanswered):
            self._breaker.close()
            # Something is certain again: whoever waits behind the brake may leave
            self._in_flight.release()
            if self._breaker.is_hopeless:
                self.fail(OutcomeUnknownError("Requests leave, and SMS Partner does not seem to get them."))
        elif self._reconciliation.hopeless:
            self.fail(OutcomeUnknownError("The outcome of some requests stays unknown."))
        elif not self.failure:
            return self._reconciliation.next_delay()
        return None

    def until_second_look(self) -> float | None:
        """Return how long to wait until refused batches can be looked for again; None when it cannot help."""
        if self._reconciliation.hopeless:
            self.fail(
                OutcomeUnknownError("Nobody can tell whether the refused batches were sent all the same.")
            )
            return None
        return self._reconciliation.next_delay()

    def _look_up(self, among: Sequence[Doubt]) -> bool:
        """Look batches up by their tags; True when one of them is resolved."""
        before = len(self._reconciliation)
        try:
            for doubt, event in self._resolved([] if self.failure else among):
                self._apply(doubt, event)
        except SMSPartnerError as error:
            self.fail(error)
        return len(self._reconciliation) < before

    def _resolved(self, among: Sequence[Doubt]) -> Iterator[tuple[Doubt, Event]]:
        return self._reconciliation.resolve(among, self._totals.accepted)

    def _apply(self, doubt: Doubt, event: Event) -> None:
        is_there = event is Event.FOUND
        if is_there:
            self._accept(self._totals.take_back(doubt.batch, doubt.listed), event)
            self._backlog.finish(doubt.batch.hashes)
        else:
            self._move(doubt.batch, event)
            # Halves of a half before those of others: people, not requests, are what the brake judges by
            self._backlog.again.extendleft(reversed(doubt.groups))
        self._backlog.release(doubt.batch, free=not is_there)
        is_unvouched = event is Event.NOT_FOUND and not (doubt.is_refused or self._totals.accepted)
        if is_unvouched and self._backlog.again:
            self._reconciliation.await_control()

    # ---- what it comes to --------------------------------------------------------------------------

    def count_unknown(self) -> None:
        """Count the people of whom the send does not know at its end what became of them."""
        unanswered = [doubt.batch for doubt in self._reconciliation.unanswered]
        self._totals.count_unknown([*self._in_flight.batches, *unanswered])

    def count_texted(self, is_back: Callable[[Batch], bool]) -> int:
        """Count the people accepted by the platform, less the batches that a stop has since cancelled."""
        return self._totals.texted(is_back)

    def summary(self, *, excluded_by: Mapping[str, int]) -> Summary:
        """Return the sums as a result."""
        return self._totals.summary(excluded_by=excluded_by)

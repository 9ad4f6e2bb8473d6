"""Send an audience so that everyone gets it once: the order of the steps.

A batch is claimed in the log before its request leaves, and recorded after its answer. What became of a
request without an answer is looked up by its tag before anybody is sent to again. The main thread, here,
decides; ``concurrency`` threads carry requests, one writes claims and one writes answers.
"""

from __future__ import annotations

import logging
import threading
import time
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence, Sized
from concurrent.futures import Future
from functools import partial
from types import TracebackType
from typing import Self

from airflow_provider_smspartner.api.answers import Sent
from airflow_provider_smspartner.exceptions import (
    APIConnectionError,
    APIError,
    InvalidMessage,
    NeedsPerson,
    OutcomeUnknownError,
    RateLimitError,
    SMSPartnerError,
)
from airflow_provider_smspartner.hooks.pace import LONGEST_WAIT, PATIENCE
from airflow_provider_smspartner.journal import Batch, SendLog, StaleProcess
from airflow_provider_smspartner.rules.batches import split_people
from airflow_provider_smspartner.rules.people import Person
from airflow_provider_smspartner.rules.refusals import divide, is_about_numbers
from airflow_provider_smspartner.rules.sending_states import OPEN, BatchState, Event, after
from airflow_provider_smspartner.sending.backlog import Remaining
from airflow_provider_smspartner.sending.brake import RefusalBrake
from airflow_provider_smspartner.sending.evidence import Evidence
from airflow_provider_smspartner.sending.in_flight import Carrier, Flight, Stopped
from airflow_provider_smspartner.sending.looks import Looks
from airflow_provider_smspartner.sending.plan import Outcome, Plan
from airflow_provider_smspartner.sending.reconciliation import Doubt, Doubts
from airflow_provider_smspartner.sending.recorder import Bookkeeping
from airflow_provider_smspartner.sending.recovery import Recovery
from airflow_provider_smspartner.sending.shutdown import Withdrawal
from airflow_provider_smspartner.sending.totals import Totals

log = logging.getLogger(__name__)

BRAKE = 3
"""Unknown outcomes in a row after which nothing new starts."""
OTHERS = 5.0
"""Seconds between two looks at what another run is about to send."""
LAST_ANSWERS = 4.0
"""Seconds that requests in flight get when the task is stopped; Airflow kills it after five."""


def count_nothing(**amounts: int) -> None:
    """Add nothing to any metric."""


class Sending:
    """One audience on its way."""

    def __init__(
        self,
        plan: Plan,
        send_log: SendLog,
        carrier: Carrier,
        *,
        now: Callable[[], float] = time.time,
        pause: Callable[[float], object] | None = None,
        count: Callable[..., None] = count_nothing,
    ) -> None:
        self.plan = plan
        self.log = send_log
        self.carrier = carrier
        self._halt = threading.Event()
        self._now = now
        self._pause = pause or self._halt.wait
        self._started = now()
        self._failure: Exception | None = None
        self._recalled = self._exhausted = False
        self._next = 0
        self._remaining = Remaining(plan.recogniser.hash)
        self._totals = Totals(plan, count)
        self._brake = RefusalBrake(plan.max_rejected_rate)
        look = Looks(plan, carrier.call).look
        evidence = Evidence(plan, look, now, started=self._started)
        self._doubts = Doubts(plan, look, evidence, now)
        self._unknown_in_a_row = self._fruitless = self._throttled = 0
        self._not_before = self._throttled_since = 0.0
        self._books = Bookkeeping(self._record, most_behind=4 * plan.concurrency)
        self._flight = Flight(plan, send_log, carrier, self._books, is_stopped=self._is_stopped, now=now)
        self._recovery = Recovery(
            plan,
            send_log,
            evidence,
            call=carrier.call,
            look=look,
            write=self._books.write,
            now=now,
            pause=self._rest,
            started=self._started,
        )
        self._withdrawal = Withdrawal(plan, send_log, carrier.call, stop=self.stop, now=now)

    def __enter__(self) -> Self:
        self._withdrawal.listen()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        if self._withdrawal.close(failed=kind is not None) and kind is None:
            raise Stopped("The task was stopped, and what it had scheduled is being cancelled.")

    def _is_stopped(self) -> bool:
        return self._withdrawal.has_begun or self._halt.is_set()

    def stop(self) -> None:
        """Start no further request; those in flight are waited for and recorded."""
        self._halt.set()
        self._flight.release()

    def kill(self) -> None:
        """Stop because the task is stopped, and cancel what is scheduled if the plan says so.

        Made for a signal handler.
        """
        self._withdrawal.begin()

    def has_past(self, audience: int | None = None) -> bool:
        """Tell whether earlier tries have claimed anything.

        :param audience: how many people are to be sent to, if that is known by now.
        """
        self._recall(audience)
        return self._next > 0

    def count_left(self, people: Iterable[Person]) -> int:
        """Count whom this task has not sent to, or may not have, without sending."""
        self._recall(None)
        return sum(not self._remaining.is_done(person) for person in people)

    def left_out(self, people: Iterable[Person]) -> Mapping[str, int]:
        """Count by reason whom the log leaves out, because other runs or tasks have texted them."""
        return self.log.left_out(people)

    def run(self, people: Iterable[Person]) -> Outcome:
        """Send to everybody who has not been sent to.

        :raises NeedsPerson: a person has to decide.
        :raises SMSPartnerError: what is left is for a later try, if its class is one that a try can help.
        """
        try:
            self._recall(len(people) if isinstance(people, Sized) else None)
            self._drive(split_people(self._remaining.newcomers(self.log.unsent(people))))
            self._books.finish()
            if self._brake.has_tripped:
                self._forgive()
        except BaseException:
            # AirflowTaskTimeout comes at any line; what is in flight may still be answered
            self._wind_down()
            raise
        finally:
            self.stop()
            self._flight.close()
            self._books.close()
            open_ = [*self._flight.batches, *(doubt.batch for doubt in self._doubts.unanswered)]
            self._totals.count_unknown(open_)
            self._withdrawal.settle()
        if self._failure:
            raise self._failure
        return self._totals.outcome(excluded_by=self.log.excluded_by)

    def explain(self) -> str:
        """Say how far it came and what is open, for the error of a task that did not get through."""
        return f" {self._totals.texted} people were texted.{self._doubts.explain()}"

    # ---- what earlier tries did --------------------------------------------------------------------

    def _recall(self, audience: int | None) -> None:
        if self._recalled:
            return
        self._recalled = True
        batches = self._recovery.recall(audience)
        self._next = len(batches)
        for batch in batches:
            self._take_over(batch)
        if batches:
            accepted, open_ = len(self._totals.accepted), len(self._doubts)
            log.info("Earlier tries: %s batches accepted, %s to look up by tag", accepted, open_)

    def _take_over(self, batch: Batch) -> None:
        self._totals.recall(batch)
        self._brake.remember(batch)
        self._remaining.finish(batch.rejected)
        if batch.state is BatchState.ACCEPTED:
            self._remaining.finish(batch.hashes)
            self._withdrawal.add(batch)
        elif batch.state in OPEN:
            self._remaining.hold(batch)
            self._doubts.add(batch, ())

    def _rest(self, seconds: float) -> None:
        """Wait; a wait that is cut short must not pass for one that was long enough."""
        self._pause(seconds)
        if self._is_stopped():
            raise Stopped("The task was stopped.")

    # ---- the loop ----------------------------------------------------------------------------------

    def _drive(self, groups: Iterator[tuple[Person, ...]]) -> None:
        if self.plan.on_unknown == "fail" and self._doubts.unanswered:
            self._fail(NeedsPerson("An earlier try left batches without an answer."))
        while not self._failure:
            if self._is_stopped():
                self._fail(Stopped("The task was stopped."))
            self._books.write(self.log.keep)
            self._settle(self._doubts.refused)
            self._fill(groups)
            if self._flight and not self._flight.is_braked:
                self._take_answers(timeout=None)
            elif self._doubts.unanswered:
                self._take_answers(timeout=0)
                self._settle_unanswered()
            elif (left := self._not_before - self._now()) > 0:  # the platform asked for a pause
                self._pause(left)
            elif self._doubts and not self._remaining.again and self._exhausted:
                self._await_second_look()
            elif self._is_through() and not self._wait_for_others():
                break
        while self._flight:
            self._take_answers(timeout=None)

    def _is_through(self) -> bool:
        """Whether nothing of this audience is left to claim or to settle."""
        return self._exhausted and not (self._remaining.again or self._doubts or self._is_stopped())

    def _wait_for_others(self) -> bool:
        """Take in whom another run was about to text and did not; False when nobody is waited for."""
        try:
            freed = self._books.write(self.log.freed)
        except SMSPartnerError as error:
            self._fail(error)
            return False
        if freed:
            self._remaining.send_again(self._remaining.newcomers(freed))
        elif freed is not None:
            self._pause(OTHERS)
        return freed is not None

    def _fill(self, groups: Iterator[tuple[Person, ...]]) -> None:
        """Claim further batches, in one write, while the carriers are busy with those before."""
        # While the platform is busy one batch asks for all: each that is refused uses up an ordinal
        most = 1 if self._throttled else 2 * self.plan.concurrency
        if self._flight.is_braked or 4 * len(self._flight) > 3 * most or self._now() < self._not_before:
            return
        again = self._remaining.again
        if again:  # nobody may be in two open batches, whenever this process dies
            self._books.finish()
        batches: list[Batch] = []
        claimed_at = self._now()
        unseen_until = self.plan.unseen_until(claimed_at)
        while len(self._flight) + len(batches) < most:
            is_slice = not again
            people = again.popleft() if again else next(groups, ())
            if not people:
                self._exhausted = True
                break
            if is_slice:
                self._brake.begin_slice()
            batches.append(self._batch(people))
        if not batches or self._is_stopped():
            return
        for batch in batches:
            batch.claimed_at, batch.unseen_until = claimed_at, unseen_until
        for batch in self._books.write(lambda: self.log.claim(batches)):
            if batch.people:
                self._flight.start(batch)

    def _batch(self, people: tuple[Person, ...]) -> Batch:
        ordinal, self._next = self._next, self._next + 1
        hashes = self.plan.recogniser.hashes(people)
        return Batch(ordinal=ordinal, tag=self.plan.tag_of(ordinal), people=people, hashes=hashes)

    def _take_answers(self, timeout: float | None) -> None:
        for batch, future in self._flight.land(timeout):
            self._take_answer(batch, future)

    def _take_answer(self, batch: Batch, future: Future[Sent]) -> None:
        """Move a batch on by what its request came to."""
        try:
            sent = future.result()
            self._totals.check_own(sent)
        except Stopped:
            self._move(batch, Event.NEVER_LEFT)
        except (APIConnectionError, InvalidMessage) as error:
            self._move(batch, Event.NEVER_LEFT)
            self._fail(error)
        except OutcomeUnknownError as error:
            self._lost(batch, error)
        except APIError as error:
            self._refused(batch, error)
        except StaleProcess as error:
            self._fail(error)
        else:
            self._unknown_in_a_row = self._throttled = 0
            bad = self._totals.read_answer(batch, sent, self._now())
            self._brake.refuse(batch, bad, "its row was refused")
            self._accept(batch, Event.YES)
            self._totals.reject(bad, "left out of an accepted request")
            self._judge_refusals()

    def _accept(self, batch: Batch, event: Event) -> None:
        self._move(batch, event)  # recorded before it is told: a time-out may come while it is
        self._fruitless = 0
        self._brake.accept(batch)
        batch.people = ()  # the audience must not stay in memory
        self._totals.accept(batch)

    def _move(self, batch: Batch, event: Event) -> None:
        """Move a batch, and have that recorded."""
        batch.state = after(batch.state, event)
        self._books.record(batch)

    def _record(self, batch: Batch) -> None:
        self.log.record(batch)
        if batch.state is BatchState.ACCEPTED:  # only now: a late record must not hide a cancellation
            self._withdrawal.add(batch)

    def _fail(self, error: Exception) -> None:
        self._failure = self._failure or error
        self.stop()

    def _wind_down(self) -> None:
        """Give what is in flight its last seconds, and record what comes of it."""
        self.stop()
        until = time.monotonic() + LAST_ANSWERS
        try:
            while self._flight and (left := until - time.monotonic()) > 0:
                self._take_answers(timeout=left)
        finally:  # whatever ends this, too, what has been answered is not forgotten
            self._books.wait(until - time.monotonic())

    # ---- refusals and lost answers -----------------------------------------------------------------

    def _refused(self, batch: Batch, error: APIError) -> None:
        """Keep out the people whom a refusal is about; one about anything else stops the send."""
        groups: Sequence[tuple[Person, ...]] = [batch.people]
        bad: Sequence[Person] = ()
        if isinstance(error, RateLimitError):
            self._throttle(error)
        elif is_about_numbers(error, [person.number for person in batch.people]):
            bad, groups = divide(batch.people, error)
            batch.rejected = self.plan.recogniser.hashes(bad)
            self._brake.refuse(batch, bad, error)
        else:
            self._fail(error)
        self._move(batch, Event.NO)
        self._doubts.add(batch, groups)
        self._totals.reject(bad, error)
        self._judge_refusals()

    def _judge_refusals(self) -> None:
        if error := self._brake.judge():
            self._fail(error)

    def _forgive(self) -> None:
        """Have everybody asked for again whom the platform has refused: it refuses whomever it gets."""
        for batch in self._brake.forgive():
            self._books.write(partial(self.log.forgive, batch))
        self._totals.forgive()

    def _throttle(self, error: RateLimitError) -> None:
        """Leave the platform alone for a while; a worker is not held for longer than that helps.

        A burst of refusals is one. The pace of the hook slows down by itself.
        """
        now, wish = self._now(), error.retry_after or 0.0
        if now >= self._not_before:
            self._throttled_since = self._throttled_since if self._throttled else now
            self._throttled += 1
            wish = max(wish, min(2.0 ** (self._throttled - 1), LONGEST_WAIT))
        if wish > LONGEST_WAIT or now - self._throttled_since > PATIENCE:
            self._fail(error)
        self._not_before = max(self._not_before, now + min(wish, LONGEST_WAIT))

    def _lost(self, batch: Batch, error: OutcomeUnknownError) -> None:
        """Set a batch aside whose outcome nobody knows, and brake when several follow each other."""
        log.warning("Batch %s, tag %s, %s people: %s", batch.ordinal, batch.tag, batch.size, error)
        self._move(batch, Event.NO_ANSWER)
        self._doubts.add(batch, [batch.people])
        self._unknown_in_a_row += 1
        brake = self._unknown_in_a_row >= BRAKE
        if self.plan.on_unknown == "fail":
            self._fail(NeedsPerson(str(error)))
        elif brake and self.plan.on_unknown == "resend":  # on a platform that is down it would never end
            self._fail(error)
        elif brake and not self._failure:  # a failed send waits for those in flight, which must not wait
            self._flight.brake()

    def _settle_unanswered(self) -> None:
        """Look up those without an answer; give up when no further look can help."""
        if self._settle(self._doubts.unanswered):
            self._unknown_in_a_row = 0
            self._fruitless += 1
            self._flight.release()
            if self._fruitless > BRAKE:  # the same people would go round and round
                self._fail(OutcomeUnknownError("Requests leave, and SMS Partner does not seem to get them."))
        elif self._doubts.hopeless:
            self._fail(OutcomeUnknownError("The outcome of some requests stays unknown."))
        elif not self._failure:
            self._pause(self._doubts.next_delay())

    def _await_second_look(self) -> None:
        """Wait until refused batches can be looked for again, before their people go again."""
        if self._doubts.hopeless:
            self._fail(OutcomeUnknownError("Nobody can tell whether what was refused was sent all the same."))
        else:
            self._pause(self._doubts.next_delay())

    def _settle(self, among: Sequence[Doubt]) -> bool:
        """Look batches up by their tags; True when one of them is settled."""
        before = len(self._doubts)
        try:
            for doubt, event in self._doubts.settle([] if self._failure else among, self._totals.accepted):
                self._apply(doubt, event)
        except SMSPartnerError as error:
            self._fail(error)
        return len(self._doubts) < before

    def _apply(self, doubt: Doubt, event: Event) -> None:
        found = event is Event.FOUND
        if found:
            self._totals.take_back(doubt.batch, doubt.listed)
            self._accept(doubt.batch, event)
            self._remaining.finish(doubt.batch.hashes)
        else:
            self._move(doubt.batch, event)
            # Halves of a half before those of others: people, not requests, are what the brake judges by
            self._remaining.again.extendleft(reversed(doubt.groups))
        self._remaining.release(doubt.batch, free=not found)

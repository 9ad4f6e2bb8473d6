"""Send an audience so that everyone gets it once: the order of the steps.

A batch is claimed in the journal before its request leaves, and recorded after its answer. What became of a
request without an answer is looked up by its tag before anybody is texted again. The main thread, here,
decides; ``concurrency`` threads carry requests, one writes claims, one writes answers, and one waits for the
task to be stopped. What goes from one to another is a batch, which never changes, or an event.
"""

from __future__ import annotations

import logging
import threading
import time
from collections.abc import Callable, Iterable, Iterator, Mapping, Sized
from functools import partial
from types import TracebackType
from typing import Self

from airflow_provider_smspartner.exceptions import NeedsPerson, SMSPartnerError
from airflow_provider_smspartner.journal import Batch, Journal
from airflow_provider_smspartner.rules.batches import split_people
from airflow_provider_smspartner.rules.people import Person
from airflow_provider_smspartner.rules.sending_states import BatchState
from airflow_provider_smspartner.sending.backlog import Backlog
from airflow_provider_smspartner.sending.brake import RefusalBrake
from airflow_provider_smspartner.sending.claiming import Claiming
from airflow_provider_smspartner.sending.evidence import Evidence
from airflow_provider_smspartner.sending.in_flight import Carrier, InFlight, Stopped
from airflow_provider_smspartner.sending.looks import Looks
from airflow_provider_smspartner.sending.plan import Plan, Summary
from airflow_provider_smspartner.sending.reconciliation import Reconciliation
from airflow_provider_smspartner.sending.recorder import Recorder
from airflow_provider_smspartner.sending.recovery import Recovery
from airflow_provider_smspartner.sending.settlement import Settlement
from airflow_provider_smspartner.sending.shutdown import Shutdown
from airflow_provider_smspartner.sending.stages import LAST_SECONDS
from airflow_provider_smspartner.sending.throttle import Throttle
from airflow_provider_smspartner.sending.totals import Totals

log = logging.getLogger(__name__)

OTHERS = 5.0
"""Seconds between two looks at what another run is about to send."""


def count_nothing(**amounts: int) -> None:
    """Add nothing to any metric."""


class Sending:
    """One audience on its way.

    Everything here runs in the main thread, but ``kill``, which a signal handler calls and which so may
    interrupt the main thread at any line; ``stop``, which also the thread of the shutdown calls; and
    ``_record``, which runs in the recorder's.
    """

    def __init__(
        self,
        plan: Plan,
        journal: Journal,
        carrier: Carrier,
        *,
        now: Callable[[], float] = time.time,
        pause: Callable[[float], object] | None = None,
        count: Callable[..., None] = count_nothing,
    ) -> None:
        self.plan = plan
        self.journal = journal
        self._halt = threading.Event()
        self._pause = pause or self._halt.wait
        started, look = now(), Looks(plan, carrier.call).look
        evidence, brake = Evidence(plan, look, now, started=started), RefusalBrake(plan.max_rejected_rate)
        self._backlog = Backlog(plan.pseudonymizer.hash)
        self._claiming = Claiming(plan, self._backlog, now=now, begin_slice=brake.begin_slice)
        self._reconciliation = Reconciliation(plan, look, evidence, now)
        self._recorder = Recorder(self._record, journal.confirm, most_behind=4 * plan.concurrency)
        self._in_flight = InFlight(
            plan, journal, carrier, self._recorder, is_stopped=self._is_stopped, now=now
        )
        self._settlement = Settlement(
            plan,
            self._recorder,
            self._in_flight,
            self._backlog,
            self._reconciliation,
            totals=Totals(plan, count),
            brake=brake,
            throttle=Throttle(now),
            now=now,
            stop=self.stop,
        )
        self._recovery: Recovery | None = Recovery(
            plan,
            journal,
            evidence,
            call=carrier.call,
            look=look,
            write=self._recorder.write,
            now=now,
            pause=self._rest,
            started=started,
        )
        """None once it has begun: what earlier tries did is found out once."""
        self._shutdown = Shutdown(plan, journal, carrier.call, stop=self.stop, now=now)

    def __enter__(self) -> Self:
        self._shutdown.listen()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        if self._shutdown.close(failed=kind is not None) and kind is None:
            raise Stopped("The task was stopped, and what it had scheduled is being cancelled.")

    def _is_stopped(self) -> bool:
        # Not the event alone: a signal handler must not set it, for the thread that it has interrupted may
        # hold the event's lock; what it sets first is a plain flag
        return self._shutdown.has_begun or self._halt.is_set()

    def stop(self) -> None:
        """Start no further request; those in flight are waited for and recorded."""
        self._halt.set()
        self._in_flight.release()

    def kill(self) -> None:
        """Stop because the task is stopped, and cancel what is scheduled if the plan says so.

        Made for a signal handler.
        """
        self._shutdown.begin()

    def has_past(self, audience: int | None = None) -> bool:
        """Tell whether earlier tries have claimed anything.

        :param audience: how many people are to be sent to, if that is known by now.
        """
        self._recall(audience)
        return self._claiming.ordinal > 0

    def count_left(self, people: Iterable[Person]) -> int:
        """Count the people whom this task has not texted, or may not have, without sending."""
        self._recall(None)
        return sum(not self._backlog.is_done(person) for person in people)

    def left_out(self, people: Iterable[Person]) -> Mapping[str, int]:
        """Count by reason whom the journal leaves out, because other runs or tasks have texted them."""
        return self.journal.left_out(people)

    def run(self, people: Iterable[Person]) -> Summary:
        """Text everybody who has not been texted.

        :raises NeedsPerson: a person has to decide.
        :raises SMSPartnerError: what is left is for a later try, if its class is one that a try can help.
        """
        try:
            self._recall(len(people) if isinstance(people, Sized) else None)
            self._drive(split_people(self._backlog.newcomers(self.journal.unsent(people))))
            self._recorder.finish()
            # Only when all is recorded: a record that lags behind would refuse anew who is forgiven
            self._settlement.forgive(self.journal)
        except BaseException:
            # AirflowTaskTimeout comes at any line; what is in flight may still be answered
            self._wind_down()
            raise
        finally:
            # Carriers that wait are let go first: each ends by itself, and none is left behind an event.
            # What a stop has begun is waited for last: until then a record may still hand it a batch
            self.stop()
            self._in_flight.close()
            self._recorder.close()
            self._settlement.count_unknown()
            self._shutdown.finish()
        if self._settlement.failure:
            raise self._settlement.failure
        return self._settlement.summary(excluded_by=self.journal.excluded_by)

    def explain(self) -> str:
        """Say how far it came and what is open, for the error of a task that did not get through."""
        texted = self._settlement.count_texted(self._shutdown.has_called_back)
        return f" {texted} people were texted.{self._reconciliation.explain()}"

    # ---- what earlier tries did --------------------------------------------------------------------

    def _recall(self, audience: int | None) -> None:
        if self._recovery is None:
            return
        recovery, self._recovery = self._recovery, None
        batches = recovery.recall(audience)
        self._claiming.ordinal = len(batches)
        for batch in batches:
            self._settlement.take_over(batch)
            if batch.state is BatchState.ACCEPTED:
                self._shutdown.add(batch)
        if batches:
            accepted = sum(batch.state is BatchState.ACCEPTED for batch in batches)
            open_ = len(self._reconciliation)
            log.info("Earlier tries: %s batches accepted, %s to look up by tag", accepted, open_)

    def _rest(self, seconds: float) -> None:
        """Wait; a wait that is cut short must not pass for one that was long enough."""
        self._pause(seconds)
        if self._is_stopped():
            raise Stopped("The task was stopped.")

    # ---- the loop ----------------------------------------------------------------------------------

    def _drive(self, groups: Iterator[tuple[Person, ...]]) -> None:
        settlement = self._settlement
        if self.plan.on_unknown == "fail" and self._reconciliation.unanswered:
            settlement.fail(NeedsPerson("An earlier try left batches without an answer."))
        while not settlement.failure:
            if self._is_stopped():
                settlement.fail(Stopped("The task was stopped."))
            self._recorder.write(self.journal.keep)  # each round: a lease must not lapse while this one waits
            settlement.look_up_refused()
            self._fill(groups)
            if not self._go_on():
                break
        while self._in_flight:
            settlement.take_answers(timeout=None)

    def _go_on(self) -> bool:
        """Take what comes next: answers, looks by tag or a pause. False when nothing is left to do."""
        settlement = self._settlement
        if self._in_flight and not self._in_flight.is_braked:
            settlement.take_answers(timeout=None)
        elif self._reconciliation.unanswered:
            # Those that wait behind the brake may have been answered; who was found is not looked for again
            settlement.take_answers(timeout=0)
            self._wait(settlement.look_up_unanswered())
        elif (left := settlement.throttle.left) > 0:  # the platform asked for a pause
            self._wait(left)
        elif self._reconciliation and not self._backlog.again and self._claiming.is_exhausted:
            self._wait(settlement.until_second_look())
        else:
            return not self._is_through() or self._wait_for_others()
        return True

    def _wait(self, seconds: float | None) -> None:
        if seconds is not None:
            self._pause(seconds)

    def _is_through(self) -> bool:
        """Whether nothing of this audience is left to claim or to resolve."""
        nothing_open = not (self._backlog.again or self._reconciliation or self._is_stopped())
        return self._claiming.is_exhausted and nothing_open

    def _wait_for_others(self) -> bool:
        """Take in whom another run was about to text and did not; False when nobody is waited for."""
        try:
            freed = self._recorder.write(self.journal.freed)
        except SMSPartnerError as error:
            self._settlement.fail(error)
            return False
        if freed:
            self._backlog.send_again(self._backlog.newcomers(freed))
        elif freed is not None:
            self._pause(OTHERS)
        return freed is not None

    def _fill(self, groups: Iterator[tuple[Person, ...]]) -> None:
        """Claim further batches, in one write, while the carriers are busy with those before."""
        throttle, flying = self._settlement.throttle, len(self._in_flight)
        # While the platform is busy one batch asks for all: each that is refused uses up an ordinal
        most = 1 if throttle.is_on else 2 * self.plan.concurrency
        if self._in_flight.is_braked or 4 * flying > 3 * most or throttle.left > 0:
            return
        if self._backlog.again:  # nobody may be in two open batches, whenever this process dies
            self._recorder.finish()
        batches = self._claiming.next_batches(groups, most - flying)
        if not batches or self._is_stopped():
            return
        for batch in self._recorder.write(partial(self.journal.claim, batches)):
            if batch.people:
                self._in_flight.start(batch)

    # ---- the end -----------------------------------------------------------------------------------

    def _record(self, *batches: Batch) -> None:
        """Write what became of batches; runs in the recorder's thread."""
        self.journal.record(*batches)
        for batch in batches:
            if batch.state is BatchState.ACCEPTED:  # only now: a late record must not hide a cancellation
                self._shutdown.add(batch)

    def _wind_down(self) -> None:
        """Give what is in flight its last seconds, and record what comes of it."""
        self.stop()
        until = time.monotonic() + LAST_SECONDS
        try:
            while self._in_flight and (left := until - time.monotonic()) > 0:
                self._settlement.take_answers(timeout=left)
        finally:  # whatever ends this, too, what has been answered is not forgotten
            self._recorder.wait(until - time.monotonic())

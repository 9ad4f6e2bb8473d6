"""Take back what is scheduled on the platform: when the task is stopped, and what is left on the next try.

The intention is remembered before the first request. From then on nobody concerned is sent to, or counted as
sent to, until the platform has answered for their batch; asking it again does no harm.
"""

from __future__ import annotations

import logging
import threading
import time
from collections import deque
from collections.abc import Callable, Iterable, Sequence
from concurrent.futures import ThreadPoolExecutor, as_completed
from queue import SimpleQueue
from typing import Any

from airflow.providers.common.compat.sdk import AirflowFailException
from airflow.sdk.exceptions import AirflowRuntimeError

from airflow_provider_smspartner import api
from airflow_provider_smspartner.exceptions import APIError, OutcomeUnknownError, SMSPartnerError
from airflow_provider_smspartner.plan import Plan
from airflow_provider_smspartner.rules.sending_states import BatchState, Event, after
from airflow_provider_smspartner.send_log import Batch, Memory, SendLog

log = logging.getLogger(__name__)

UNKNOWN_MESSAGE = 4
ALREADY = 5
TOO_LATE = frozenset({6, 7, 11})
"""Codes for: due within five minutes, and already sent, which has two."""
LONGEST = 4.0
"""Seconds that a stopped task takes; Airflow kills it after five."""
ROUND = 0.05
"""Seconds between two looks at what has been answered meanwhile."""
MOST_NAMED = 20
CALLED_BACK = frozenset({BatchState.CANCELLING, BatchState.CANCELLED})

CallPlatform = Callable[..., Any]
"""``hook.call``."""


class OutOfTime(SMSPartnerError):
    """The task ends before this request has left."""


def ask(call: CallPlatform, batch: Batch, *, before: Callable[[], None] | None = None) -> Event | None:
    """Ask the platform to take a batch back, twice if the first answer is lost; None when it knows no such.

    :raises SMSPartnerError: it has not said what became of the batch.
    """
    wanted = api.message_cancel((batch.receipt and batch.receipt.message_id) or "")
    try:
        try:
            call(wanted, before=before)
        except OutcomeUnknownError:
            call(wanted, before=before)
    except APIError as error:
        if error.code == ALREADY:
            return Event.CANCEL
        if error.code == UNKNOWN_MESSAGE:
            return None
        if error.code in TOO_LATE:
            return Event.TOO_LATE
        raise
    return Event.CANCEL


def ask_for_all(
    batches: Sequence[Batch],
    *,
    call: CallPlatform,
    send_log: SendLog,
    width: int,
    until: float | None = None,
    not_known: list[Batch] | None = None,
) -> list[SMSPartnerError]:
    """Ask for several batches at a time, record each answer, and return what stood in the way of others.

    :param not_known: takes the batches that the platform does not know; without it they count as too late.
    :param until: monotonic time after which no request leaves and no answer is waited for.
    """

    def before() -> None:
        if until is not None and time.monotonic() > until:
            raise OutOfTime("The task ends; the next try asks.")

    errors: list[SMSPartnerError] = []
    pool = ThreadPoolExecutor(width, "smspartner-cancel")
    try:
        asked = {pool.submit(ask, call, batch, before=before): batch for batch in batches}
        left = None if until is None else max(0.0, until - time.monotonic())
        for future in as_completed(asked, timeout=left):
            try:
                event = future.result()
            except SMSPartnerError as error:
                errors.append(error)
                continue
            if event is None and not_known is not None:
                not_known.append(asked[future])
            else:
                settle(asked[future], event or Event.TOO_LATE, send_log)
    except TimeoutError:
        errors.append(OutOfTime("Some answers did not come in time; the next try asks again."))
    finally:
        pool.shutdown(wait=False, cancel_futures=True)
    return errors


def settle(batch: Batch, event: Event, send_log: SendLog) -> None:
    """Record what has become of a batch."""
    batch.state = after(batch.state, event)
    send_log.record_cancel(batch)


def finish(memory: Memory, *, call: CallPlatform, send_log: SendLog, width: int) -> None:
    """Settle every cancellation that earlier tries meant to make, before anybody is sent to.

    An account that knows none of their messages may be another one, in which nobody has cancelled anything.

    :raises SMSPartnerError: the platform has not answered for all of them; a later try asks again.
    :raises AirflowFailException: the account knows none of them, and is not known to be theirs.
    """
    to_ask = [batch for batch in memory.batches if batch.state is BatchState.CANCELLING]
    not_known: list[Batch] = []
    errors = ask_for_all(to_ask, call=call, send_log=send_log, width=width, not_known=not_known)
    is_theirs = memory.same_account or any(batch.state is not BatchState.CANCELLING for batch in to_ask)
    if is_theirs:
        for batch in not_known:
            settle(batch, Event.TOO_LATE, send_log)
    if to_ask:
        tell(to_ask)
    if errors:
        raise errors[0]
    if not_known and not is_theirs:
        raise AirflowFailException(
            f"SMS Partner knows none of the messages that an earlier try meant to cancel: "
            f"{summed_up(not_known)}. If the connection has the key of another account by now, put the "
            "former one back. If not, nobody can tell any more which of them were cancelled: look their "
            "tags up in the customer area, and send to those who are missing with another task."
        )
    send_log.forget_intent()


def tell(batches: Iterable[Batch]) -> None:
    """Write into the task's log what became of batches that were to be cancelled."""
    by_state: dict[BatchState, list[Batch]] = {state: [] for state in BatchState}
    for batch in batches:
        by_state[batch.state].append(batch)
    if cancelled := by_state[BatchState.CANCELLED]:
        log.info("Cancelled on the platform: %s; a later try sends to them again", summed_up(cancelled))
    if unanswered := by_state[BatchState.CANCELLING]:
        log.warning("Not known to be cancelled, the next try asks again: %s", summed_up(unanswered))
    if too_late := by_state[BatchState.ACCEPTED]:
        log.warning(
            "Not cancelled, so these texts leave or have left: %s (too late, not scheduled, without a "
            "message id, or remembered nowhere)",
            summed_up(too_late),
        )


def summed_up(batches: Sequence[Batch]) -> str:
    """Count batches and people, and name the first tags."""
    people = sum(batch.receipt.people if batch.receipt else batch.size for batch in batches)
    named = ", ".join(batch.tag for batch in batches[:MOST_NAMED])
    more = " …" if len(batches) > MOST_NAMED else ""
    return f"{len(batches)} batches, {people} people, tags {named}{more}"


class Withdrawal:
    """Stops a send when its task is stopped and, if the plan says so, cancels what is scheduled.

    A thread of its own does it. The main thread goes on meanwhile: it takes the answers of what is in flight
    and has them recorded, and what is recorded is cancelled too.
    """

    def __init__(
        self,
        plan: Plan,
        send_log: SendLog,
        call: CallPlatform,
        *,
        stop: Callable[[], None],
        now: Callable[[], float],
    ) -> None:
        self._plan = plan
        self._log = send_log
        self._call = call
        self._stop = stop
        self._now = now
        self._bell = SimpleQueue[bool]()
        """Rung from a signal handler, which may interrupt anything: its ``put`` waits for no lock."""
        self._recorded: deque[Batch] = deque()
        self._settled = threading.Event()
        self._thread: threading.Thread | None = None
        self.has_begun = False
        """Whether the task is stopped; true at once, while what wakes those who wait takes its time."""
        self._is_over = self._has_failed = False
        self._is_idle = False
        """Whether a stop has found nothing to cancel."""

    def listen(self) -> None:
        """Wait, in a thread of its own, for the task to be stopped."""
        self._start(self._listen)

    def add(self, batch: Batch) -> None:
        """Take in a batch that the platform has and the log remembers."""
        self._recorded.append(batch)

    def begin(self) -> None:
        """Begin, and return at once; once ``execute`` has failed, wait until it is done."""
        if self._is_over:
            return
        if not self.has_begun:
            self.has_begun = True
            if self._has_failed:
                self._start(self._end)
            else:
                self._bell.put(True)
        if self._has_failed:
            self._wait()

    def settle(self) -> None:
        """Note that nothing more will be recorded, and wait for what a stop has begun."""
        self._settled.set()
        self._wait()

    def close(self, *, failed: bool) -> bool:
        """Note that ``execute`` is at its end, wait, and tell whether a stop may have cancelled something."""
        self._is_over = not failed  # what is done is done: a stop that comes now cancels nothing
        self.settle()
        self._has_failed = failed
        self._wait()  # for one that came in between
        self._bell.put(False)
        return self.has_begun and self._plan.cancel_on_kill and not self._is_idle

    def _start(self, work: Callable[[], None]) -> None:
        self._thread = threading.Thread(target=work, name="smspartner-stop", daemon=True)
        self._thread.start()

    def _wait(self) -> None:
        if self.has_begun and self._thread is not None:
            self._thread.join(LONGEST + 2 * ROUND)

    def _listen(self) -> None:
        if self._bell.get():
            self._end()

    def _end(self) -> None:
        self._stop()
        if self._plan.cancel_on_kill:
            self._withdraw()

    def _withdraw(self) -> None:
        until = time.monotonic() + LONGEST
        seen: list[Batch] = []
        try:
            self._log.intend([], self._now())  # at once, for what there is no time to ask for
            is_last, pause = False, 0.0
            while not is_last:
                is_last, pause = self._settled.wait(pause) or time.monotonic() > until, ROUND
                new = [self._recorded.popleft() for _ in range(len(self._recorded))]
                seen += new
                self._cancel(new, until)
        except (SMSPartnerError, AirflowRuntimeError) as error:
            log.warning("Nothing more is cancelled by this try: %s", error)
        else:
            self._is_idle = not any(batch.state in CALLED_BACK for batch in seen)
            if not seen:
                log.info("This try knows of nothing that is on the platform, and cancels nothing")
        if seen:
            tell(seen)

    def _cancel(self, batches: Iterable[Batch], until: float) -> None:
        """Cancel those of some batches that still can be."""
        now = self._now()
        wanted = [batch for batch in batches if batch.is_cancellable(now)]
        granted = self._log.intend(wanted, now) if wanted else []
        for batch in granted:
            batch.state = after(batch.state, Event.INTENT)
        width = self._plan.concurrency
        errors = ask_for_all(granted, call=self._call, send_log=self._log, width=width, until=until)
        for sentence in dict.fromkeys(map(str, errors)):
            log.warning("%s", sentence)

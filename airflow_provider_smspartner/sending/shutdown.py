"""Stop a send when its task is stopped, and cancel on the platform what is scheduled there."""

from __future__ import annotations

import logging
import threading
import time
from collections import deque
from collections.abc import Callable, Sequence
from queue import SimpleQueue

from airflow.sdk.exceptions import AirflowRuntimeError

from airflow_provider_smspartner.exceptions import SMSPartnerError
from airflow_provider_smspartner.journal import Batch, Journal
from airflow_provider_smspartner.rules.sending_states import CALLED_BACK, Event
from airflow_provider_smspartner.sending.cancellation import CallPlatform, ask_for_all, record_answer, tell
from airflow_provider_smspartner.sending.plan import Plan
from airflow_provider_smspartner.sending.stages import (
    HAS_BEGUN,
    IS_WAITED_FOR,
    LAST_SECONDS,
    End,
    Progress,
    Stage,
)

log = logging.getLogger(__name__)

ROUND = 0.05
"""Seconds between two looks at what has been answered meanwhile."""


class Shutdown:
    """Stops a send when its task is stopped and, if the plan says so, cancels what is scheduled.

    A thread of its own does it: ``_listen``, ``_end`` and what these call run there. The main thread goes on
    meanwhile: it takes the answers of what is in flight and has them recorded, and what is recorded is
    cancelled too. ``begin`` runs in a signal handler, on top of the main thread at any line of it; ``add``
    also in the recorder's thread. Batches cross in a queue, and only this thread writes how they stand.
    """

    def __init__(
        self,
        plan: Plan,
        journal: Journal,
        call: CallPlatform,
        *,
        stop: Callable[[], None],
        now: Callable[[], float],
    ) -> None:
        self._plan = plan
        self._journal = journal
        self._call = call
        self._stop = stop
        self._now = now
        self._bell = SimpleQueue[bool]()
        """Rung from a signal handler, which may interrupt anything: its ``put`` waits for no lock."""
        self._recorded: deque[Batch] = deque()
        self._standing: dict[int, Batch] = {}
        """Batches that a stop has met, as they stand by now."""
        self._all_recorded = threading.Event()
        self._thread: threading.Thread | None = None
        self._progress = Progress()
        self._is_idle = False
        """Whether a stop has found nothing to cancel."""

    @property
    def has_begun(self) -> bool:
        """Whether the task is stopped; true at once, while what wakes those who wait takes its time."""
        return self._progress.stage in HAS_BEGUN

    def listen(self) -> None:
        """Wait, in a thread of its own, for the task to be stopped."""
        self._start(self._listen)

    def add(self, batch: Batch) -> None:
        """Take in a batch that the platform has and the journal remembers."""
        self._recorded.append(batch)

    def begin(self) -> None:
        """Begin, and return at once; once ``execute`` has failed, wait until it is done."""
        before = self._progress.stage
        self._progress.add(End.STOP)
        if before is Stage.SENDING:
            self._bell.put(True)
        elif before is Stage.FAILED:  # the thread that waits for the bell has ended, or is about to
            self._start(self._end)
        if before in IS_WAITED_FOR:
            self._wait()

    def has_called_back(self, batch: Batch) -> bool:
        """Tell whether a stop has taken a batch back, or may have."""
        known = self._standing.get(batch.ordinal)
        return known is not None and known.state in CALLED_BACK

    def finish(self) -> None:
        """Note that nothing more will be recorded, and wait for what a stop has begun."""
        self._all_recorded.set()
        self._wait()

    def close(self, *, failed: bool) -> bool:
        """Note that ``execute`` is at its end, wait, and tell whether a stop may have cancelled something."""
        if not failed:  # at once: a stop that comes while this one waits cancels nothing
            self._progress.add(End.SUCCESS)
        self.finish()
        if failed:  # only now: until here the thread that listens does what a stop wants
            self._progress.add(End.FAILURE)
        self._wait()  # for one that came in between
        self._bell.put(False)
        return self.has_begun and self._plan.cancel_on_kill and not self._is_idle

    def _start(self, work: Callable[[], None]) -> None:
        self._thread = threading.Thread(target=work, name="smspartner-stop", daemon=True)
        self._thread.start()

    def _wait(self) -> None:
        if self.has_begun and self._thread is not None:
            self._thread.join(LAST_SECONDS + 2 * ROUND)

    def _listen(self) -> None:
        if self._bell.get():
            self._end()

    def _end(self) -> None:
        self._stop()  # first: nothing more is to leave while the rest is taken back
        if self._plan.cancel_on_kill:
            self._withdraw()

    def _withdraw(self) -> None:
        until = time.monotonic() + LAST_SECONDS
        try:
            self._journal.intend([], self._now())  # at once, for what there is no time to ask for
            is_last, pause = False, 0.0
            while not is_last:
                # Whether this round is the last is read before the batches are: what was recorded until then
                # is among them, and would be missed the other way round
                is_last, pause = self._all_recorded.wait(pause) or time.monotonic() > until, ROUND
                self._cancel([self._recorded.popleft() for _ in range(len(self._recorded))], until)
        except (SMSPartnerError, AirflowRuntimeError) as error:
            log.warning("Nothing more is cancelled by this try: %s", error)
        else:
            self._is_idle = not any(batch.state in CALLED_BACK for batch in self._standing.values())
            if not self._standing:
                log.info("This try knows of nothing that is on the platform, and cancels nothing")
        if self._standing:
            tell(self._standing.values())

    def _cancel(self, batches: Sequence[Batch], until: float) -> None:
        """Cancel those of some batches that still can be."""
        now = self._now()
        self._note(*batches)
        wanted = [batch for batch in batches if batch.is_cancellable(now)]
        granted = self._journal.intend(wanted, now) if wanted else []
        intended = [batch.after(Event.INTENT) for batch in granted]
        self._note(*intended)
        width = self._plan.concurrency
        errors = ask_for_all(intended, call=self._call, answer=self._take_answer, width=width, until=until)
        for sentence in dict.fromkeys(map(str, errors)):
            log.warning("%s", sentence)

    def _take_answer(self, batch: Batch, event: Event | None) -> None:
        """Record an answer; for a batch of this try that the platform does not know it is too late, too."""
        self._note(record_answer(batch, event or Event.TOO_LATE, self._journal))

    def _note(self, *batches: Batch) -> None:
        self._standing.update((batch.ordinal, batch) for batch in batches)

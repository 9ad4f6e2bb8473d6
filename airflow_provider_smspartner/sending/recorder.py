"""The threads that use the journal: one for claims and one for answers."""

from __future__ import annotations

from collections import deque
from collections.abc import Callable
from concurrent.futures import Future, ThreadPoolExecutor, wait
from typing import Any

from airflow_provider_smspartner.journal import Batch


class Together:
    """Hands a thread all that waits for it at once: to write eight batches takes little more than one."""

    def __init__(self, thread: ThreadPoolExecutor, work: Callable[..., None]) -> None:
        self._thread = thread
        self._work = work
        self._waiting: deque[tuple[Batch, Future[None]]] = deque()

    def submit(self, batch: Batch) -> Future[None]:
        """Have a batch worked off, with those that wait by then; an error is that of all of them."""
        done = Future[None]()
        self._waiting.append((batch, done))
        return self._thread.submit(self._take_turn, done)

    def _take_turn(self, done: Future[None]) -> None:
        if not done.done():  # an earlier turn has taken it along
            self._work_off()
        done.result()

    def _work_off(self) -> None:
        some = [self._waiting.popleft() for _ in range(len(self._waiting))]
        try:
            self._work(*(batch for batch, _ in some))
        except BaseException as error:
            for _, done in some:
                done.set_exception(error)
            raise
        for _, done in some:
            done.set_result(None)


class Recorder:
    """Writes into the journal beside the main thread, in which Airflow's time-out may come at any line.

    ``write`` and ``confirm`` are called by the main thread and by the carriers', and wait for the thread that
    claims. All else is for the main thread, which hands what is to be recorded to the thread that records.
    """

    def __init__(
        self, record: Callable[..., None], confirm: Callable[..., None], *, most_behind: int
    ) -> None:
        self._most_behind = most_behind
        self._records: deque[Future[None]] = deque()
        # Two threads: a claim must not queue behind records, which have minutes of patience. One each: of one
        # kind, the next write must find what the last one has written
        self._claimer = ThreadPoolExecutor(1, "smspartner-claim")
        self._recorder = ThreadPoolExecutor(1, "smspartner-record")
        self._record = Together(self._recorder, record)
        self._confirm = Together(self._claimer, confirm)

    def write(self, write: Callable[[], Any]) -> Any:
        """Have the journal used, and wait for what comes of it."""
        return self._claimer.submit(write).result()

    def confirm(self, batch: Batch) -> None:
        """Have a claim confirmed, and wait for what comes of it; carriers that wait at once share a write."""
        self._confirm.submit(batch).result()

    def record(self, batch: Batch) -> None:
        """Have a batch recorded; that may lag behind, but not far: what lags is looked up after a crash.

        An error of a record comes out of a later call, and ends the send.
        """
        self._records.append(self._record.submit(batch))
        while len(self._records) > self._most_behind or (self._records and self._records[0].done()):
            self._records.popleft().result()

    def finish(self) -> None:
        """Wait until everything is recorded."""
        while self._records:
            self._records.popleft().result()

    def wait(self, seconds: float) -> None:
        """Give what is not recorded yet some time."""
        wait(self._records, timeout=max(0.0, seconds))

    def close(self) -> None:
        """Take nothing more."""
        for pool in (self._claimer, self._recorder):
            pool.shutdown(wait=False, cancel_futures=True)

"""The threads that use the journal: one for claims and one for answers."""

from __future__ import annotations

from collections import deque
from collections.abc import Callable
from concurrent.futures import Future, ThreadPoolExecutor, wait
from typing import Any

from airflow_provider_smspartner.journal import Batch


class Recorder:
    """Writes into the journal beside the main thread, in which Airflow's time-out may come at any line.

    ``write`` is called by the main thread and by the carriers', and waits for the thread that claims. All
    else is for the main thread, which hands what is to be recorded to the thread that records.
    """

    def __init__(self, record: Callable[[Batch], None], most_behind: int) -> None:
        self._record = record
        self._most_behind = most_behind
        self._records: deque[Future[None]] = deque()
        # Two threads: a claim must not queue behind records, which have minutes of patience. One each: of one
        # kind, the next write must find what the last one has written
        self._claimer = ThreadPoolExecutor(1, "smspartner-claim")
        self._recorder = ThreadPoolExecutor(1, "smspartner-record")

    def write(self, write: Callable[[], Any]) -> Any:
        """Have the journal used, and wait for what comes of it."""
        return self._claimer.submit(write).result()

    def record(self, batch: Batch) -> None:
        """Have a batch recorded; that may lag behind, but not far: what lags is looked up after a crash.

        An error of a record comes out of a later call, and ends the send.
        """
        self._records.append(self._recorder.submit(self._record, batch))
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

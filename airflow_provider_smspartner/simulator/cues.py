"""Which request meets which fault: a queue that testers fill and requests empty."""

from __future__ import annotations

import threading
from collections.abc import Iterator
from dataclasses import replace

from airflow_provider_smspartner.simulator.faults import LATENCY, ErrorBody, Fault

ANY_ENDPOINT = "*"


class Faults:
    """The faults that wait, first come first served; from any thread."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._waiting: list[Fault] = []

    def add(
        self,
        endpoint: str,
        kind: str,
        *,
        times: int | None = 1,
        skip: int = 0,
        seconds: float = 1.0,
        status: int = 503,
        body: ErrorBody = "html",
        retry_after: float | str | None = None,
        code: int = 500,
    ) -> None:
        """Let requests to an endpoint (``"/send"``, or ``"*"`` for all) meet a fault.

        The other arguments are those of Fault. Raises ValueError for a kind that does not
        exist and for a number that makes no sense.
        """
        fault = Fault(
            endpoint=endpoint,
            kind=kind,
            times=times,
            skip=skip,
            seconds=seconds,
            status=status,
            body=body,
            retry_after=retry_after,
            code=code,
        )
        with self._lock:
            self._waiting.append(fault)

    def clear(self) -> None:
        """Take back every fault that waits."""
        with self._lock:
            self._waiting.clear()

    @property
    def waiting(self) -> list[Fault]:
        """The faults that have not struck as often as they shall."""
        with self._lock:
            return list(self._waiting)

    def meet(self, endpoint: str) -> tuple[float, Fault | None]:
        """Return what the next request to an endpoint meets: a delay in seconds, and a fault or none.

        Every latency counts; of the other faults only the first strikes, the rest wait for the next request.
        """
        with self._lock:
            met = list(self._met(endpoint))
        delay = sum(fault.seconds for fault in met if fault.kind == LATENCY)
        return delay, next((fault for fault in met if fault.kind != LATENCY), None)

    def _met(self, endpoint: str) -> Iterator[Fault]:
        struck = False
        for fault in list(self._waiting):
            is_latency = fault.kind == LATENCY
            if fault.endpoint not in (ANY_ENDPOINT, endpoint) or (struck and not is_latency):
                continue
            if fault.skip:
                self._replace(fault, replace(fault, skip=fault.skip - 1))
                continue
            if fault.times is not None:
                self._replace(fault, replace(fault, times=fault.times - 1) if fault.times > 1 else None)
            struck = struck or not is_latency
            yield fault

    def _replace(self, fault: Fault, changed: Fault | None) -> None:
        at = next(index for index, waiting in enumerate(self._waiting) if waiting is fault)
        self._waiting[at : at + 1] = [] if changed is None else [changed]

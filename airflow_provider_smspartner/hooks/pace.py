"""One budget of requests per connection and process, for threads and the event loop alike.

A turn is booked at once and waited for by whoever booked it, so that one piece of code serves both ends of
the hook; the libraries for this keep one kind of lock for threads and another for coroutines.
"""

from __future__ import annotations

import threading
import time
from typing import ClassVar


class Pace:
    """Spaces the requests of a connection evenly, and holds all of them when the platform asks for it."""

    _of_process: ClassVar[dict[str, Pace]] = {}
    _making: ClassVar[threading.Lock] = threading.Lock()

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._next = 0.0

    @classmethod
    def of(cls, conn_id: str) -> Pace:
        """Return the pace that everything in this process shares for a connection."""
        with cls._making:
            return cls._of_process.setdefault(conn_id, cls())

    def book(self, requests_per_second: float) -> float:
        """Book the next turn and return the seconds to wait for it. 0 per second means no limit."""
        with self._lock:
            now = time.monotonic()
            turn = max(now, self._next)
            self._next = turn + (1.0 / requests_per_second if requests_per_second else 0.0)
            return turn - now

    def hold(self, seconds: float) -> None:
        """Start no request before this many seconds have passed (a 429 speaks to every thread)."""
        with self._lock:
            self._next = max(self._next, time.monotonic() + seconds)

"""One budget of requests per connection and process, for threads and the event loop alike.

It follows what the platform allows: a 429 to any request slows all of them down together, and time brings the
pace back, quickly to just below what was refused, then with care. A turn is booked at once and waited for by
whoever booked it, so that one piece of code serves both ends of the hook; the libraries for this keep one
kind of lock for threads and another for coroutines.
"""

from __future__ import annotations

import logging
import math
import random
import threading
import time
from collections import deque
from collections.abc import Iterator
from contextlib import contextmanager
from typing import ClassVar

from airflow_provider_smspartner.exceptions import APIError, RateLimitError

log = logging.getLogger(__name__)

LONGEST_WAIT = 60.0
"""Seconds; a platform that asks for more is asked again by a later try, not by a held worker."""
PATIENCE = 180.0
"""Seconds of nothing but 429 after which a caller is told so, and gives its slot back."""
SLOWER = 0.7
"""What a refusal leaves of the pace at first."""
NEAR = 0.93
"""What it leaves soon: half of a pace that has been found too high is too little."""
SOON = 1.0
"""Seconds."""
USUAL = 5.0
"""Requests per second; the only figure that a client of the vendor uses."""
SLOWEST = 0.1
"""Requests per second."""


class Pace:
    """Spaces the requests of a connection evenly, and slows all of them down when the platform asks.

    One for each connection of a process: every thread and every event loop of it uses the same, under a lock.
    """

    _of_process: ClassVar[dict[str, Pace]] = {}
    _making: ClassVar[threading.Lock] = threading.Lock()

    def __init__(self, name: str = "") -> None:
        self._name = name
        self._lock = threading.Lock()
        self._next = self._held_until = 0.0
        self._most = self._refused = math.inf
        """Requests per second that were too many when the platform last said so."""
        self._in_a_row = 0
        """Slow-downs since the last answer."""
        self._departed: deque[float] = deque(maxlen=64)
        self.era = 0
        """How often the pace was changed from outside; turns that were booked before are void."""

    @classmethod
    def of(cls, conn_id: str) -> Pace:
        """Return the pace that everything in this process shares for a connection."""
        with cls._making:
            return cls._of_process.setdefault(conn_id, cls(conn_id))

    def turn(self, most: float) -> Iterator[float]:
        """Yield the seconds to wait, and again when the turn was called off meanwhile.

        :param most: requests per second of the connection; 0 is no limit.
        """
        wait, era = self._book(most or math.inf)
        while wait > 0:
            yield wait
            if era == self.era:
                return
            wait, era = self._book(most or math.inf)

    def _book(self, most: float) -> tuple[float, int]:
        with self._lock:
            now, self._most = time.monotonic(), most
            turn = max(now, self._next)
            self._next = turn + 1.0 / self._allowed(most, turn)
            self._departed.append(turn)
            return turn - now, self.era

    def _allowed(self, most: float, moment: float) -> float:
        """Return the requests per second at a moment, ``most`` at most."""
        since = moment - self._held_until
        return min(most, max(SLOWEST, self._refused * recovered(since)))

    @contextmanager
    def following(self) -> Iterator[None]:
        """Follow what comes of one request that leaves now."""
        era = self.era
        try:
            yield
        except RateLimitError as error:
            self.slow_down(error.retry_after, era)
            raise
        except APIError:
            self.answered(era)  # a no about the request is an answer; other errors tell nothing of the pace
            raise
        self.answered(era)

    def slow_down(self, wish: float | None, era: int) -> None:
        """Take a 429 into account; those that left in the same era are one burst, and count once.

        :param wish: seconds to wait, as the platform said.
        :param era: when the request left.
        """
        with self._lock:
            now, first = time.monotonic(), era == self.era
            if first:
                self._in_a_row += 1
                if self._in_a_row == 1:  # an outage is no reason to be slow after it
                    self._refused = self._measured(now)
            until = now + self._hold(wish, first=first)
            if until > self._held_until or first:
                self._held_until = max(until, self._held_until)
                self._next, self.era = self._held_until, self.era + 1
            held, rate = self._held_until - now, self._refused * SLOWER
        if first:
            log.warning(
                "Connection %r: SMS Partner wants fewer requests (HTTP 429). "
                "All requests of this process wait %.1f s, then resume at %.1f a second",
                self._name,
                held,
                rate,
            )

    def _measured(self, now: float) -> float:
        """Return how many requests a second there were just now."""
        last = sum(1 for moment in self._departed if now - 1.0 < moment <= now)
        # The first of a send may be refused because of others: that says little about the pace
        return min(max(float(last), USUAL), self._allowed(self._most, now))

    def _hold(self, wish: float | None, *, first: bool) -> float:
        backoff = 2.0 ** min(self._in_a_row - 1, 6) * random.uniform(0.75, 1.0)  # noqa: S311  # jitter
        said = backoff if wish is None and first else (wish or 0.0)
        return min(said, LONGEST_WAIT)

    def answered(self, era: int) -> None:
        """Take an answer to a request of this era into account."""
        with self._lock:
            if era == self.era:
                self._in_a_row = 0


def recovered(seconds: float) -> float:
    """Return the part of a refused pace that is tried so long after: all of it after some 18 seconds."""
    if seconds < SOON:
        return SLOWER + (NEAR - SLOWER) * max(0.0, seconds) / SOON
    return NEAR + 0.1 * ((seconds - SOON) / 20) ** 2

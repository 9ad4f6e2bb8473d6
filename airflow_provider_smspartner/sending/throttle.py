"""The pauses that the platform asks for: how long nothing leaves, and when waiting helps no more."""

from __future__ import annotations

from collections.abc import Callable

from airflow_provider_smspartner.exceptions import RateLimitError
from airflow_provider_smspartner.hooks.pace import LONGEST_WAIT, PATIENCE


class Throttle:
    """Counts refusals for haste since the last yes. Used by the main thread alone."""

    def __init__(self, now: Callable[[], float]) -> None:
        self._now = now
        self._refusals = 0
        self._since = self._not_before = 0.0

    @property
    def is_on(self) -> bool:
        """Whether the platform has said no for haste, and has not said yes since."""
        return self._refusals > 0

    @property
    def left(self) -> float:
        """Seconds until something may leave again; 0 or less when it may now."""
        return self._not_before - self._now()

    def clear(self) -> None:
        """Note that the platform has said yes."""
        self._refusals = 0

    def slow_down(self, error: RateLimitError) -> bool:
        """Leave the platform alone for a while; False when a worker would be held for longer than that helps.

        A burst of refusals is one: requests that were in flight together are refused together. The pace of
        the hook slows down by itself.
        """
        now, wish = self._now(), error.retry_after or 0.0
        # Refusals during the pause had left before it began, and ask for nothing more
        if now >= self._not_before:
            # Patience runs from the first refusal in a row
            self._since = self._since if self.is_on else now
            self._refusals += 1
            wish = max(wish, min(2.0 ** (self._refusals - 1), LONGEST_WAIT))
        self._not_before = max(self._not_before, now + min(wish, LONGEST_WAIT))
        return wish <= LONGEST_WAIT and now - self._since <= PATIENCE

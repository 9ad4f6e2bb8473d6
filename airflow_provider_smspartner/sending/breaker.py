"""The circuit breaker on lost answers: a platform that is down must not be sent the whole audience."""

from __future__ import annotations

MOST_IN_A_ROW = 3
"""Unknown outcomes in a row after which nothing new starts; as many rounds of looks may end without a yes."""


class CircuitBreaker:
    """Counts what comes back from the platform. Used by the main thread alone."""

    def __init__(self) -> None:
        self._unknown = self._fruitless = 0

    @property
    def is_open(self) -> bool:
        """Whether too many outcomes in a row are unknown for anything new to start."""
        return self._unknown >= MOST_IN_A_ROW

    @property
    def is_hopeless(self) -> bool:
        """Whether requests leave and never arrive, so that the same people would go round and round."""
        return self._fruitless > MOST_IN_A_ROW

    def lose(self) -> None:
        """Note that the outcome of a request is unknown."""
        self._unknown += 1

    def answer(self) -> None:
        """Note that the platform has answered a request."""
        self._unknown = 0

    def close(self) -> None:
        """Note that looks have resolved something, so that requests may start again: a number of times."""
        self._unknown = 0
        # Only a yes sets this back: absence that is proved round after round means that nothing arrives
        self._fruitless += 1

    def accept(self) -> None:
        """Note that the platform has taken a batch on."""
        self._fruitless = 0

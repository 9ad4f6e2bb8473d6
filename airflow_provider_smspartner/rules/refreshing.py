"""Which messages of a ledger to ask for now, and in which requests: few, at growing ages. No I/O here."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from typing import Final

from airflow_provider_smspartner.rules.batches import BATCH_LIMIT

GROWTH: Final = 0.4
"""The next wait as a share of the message's age at the last look."""
SHORTEST: Final = 55.0
"""Seconds between two looks at a message, at least; below the minute of a DAG that runs each minute."""
LONGEST: Final = 3 * 3600.0
"""Seconds between two looks at a message, at most."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Open:
    """A message of which some people have no final report, as a ledger knows it."""

    name: str
    """The platform's id, or the tag of a batch that was found by it."""
    people: int
    """Those without a final report."""
    left_at: float
    """When it left, in seconds since the epoch."""
    asked_at: float | None = None
    """When it was asked for the last time; None: never."""

    @property
    def has_id(self) -> bool:
        """Whether it has an id; a tag is asked for by itself."""
        return self.name.isdigit()

    def is_due(self, now: float) -> bool:
        """Tell whether to ask: at once when nobody has, then at growing ages."""
        if self.asked_at is None:
            return True
        wait = max(SHORTEST, GROWTH * (self.asked_at - self.left_at))
        return now - self.asked_at >= min(wait, LONGEST)


Request = tuple[Open, ...]
"""What one request asks for: one message as a whole, or the open people of several."""


def requests_for(messages: Iterable[Open]) -> list[Request]:
    """Return the requests for some messages: one for each, or fewer by naming up to 500 people of several."""
    alone: list[Request] = []
    together: list[list[Open]] = []
    left = 0
    for message in sorted(messages, key=lambda one: (-one.people, one.name)):
        if not message.has_id or message.people >= BATCH_LIMIT:
            alone.append((message,))
        elif together and message.people <= left:
            together[-1].append(message)
            left -= message.people
        else:
            together.append([message])
            left = BATCH_LIMIT - message.people
    return alone + [tuple(some) for some in together]

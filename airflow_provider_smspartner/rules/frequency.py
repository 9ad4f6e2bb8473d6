"""Not too often: how many texts a person may get within a time."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import timedelta
from typing import Final

from airflow_provider_smspartner.exceptions import InvalidMessage
from airflow_provider_smspartner.rules.arguments import shown, whole

MOST_TEXTS: Final = 1_000
LONGEST: Final = timedelta(days=366)


@dataclass(frozen=True, slots=True, kw_only=True)
class Frequency:
    """At most so many texts within so many seconds."""

    texts: int
    seconds: float


def read_frequency(value: object) -> Frequency:
    """Return what ``at_most`` says: a number of texts and a timedelta, in a tuple or a list.

    :raises InvalidMessage: it is something else.
    """
    both = list(value) if isinstance(value, list | tuple) else []
    if len(both) != 2 or not isinstance(both[1], timedelta) or not timedelta(0) < both[1] <= LONGEST:
        raise InvalidMessage(
            f"at_most: {shown(value)} is not a number of texts and a time of up to 366 days; give both, such "
            "as (3, timedelta(days=7))"
        )
    return Frequency(
        texts=whole(both[0], "at_most", most=MOST_TEXTS, texts=False), seconds=both[1].total_seconds()
    )

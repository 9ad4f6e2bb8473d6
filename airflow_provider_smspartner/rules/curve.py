"""Delivered over time: how many people had their text so many seconds after it could leave.

People are counted by steps that are fixed for good, so that parts of a curve can be added up later.
"""

from __future__ import annotations

import math
from bisect import bisect_left
from collections import Counter
from collections.abc import Iterable, Mapping
from datetime import datetime
from typing import Final

STEPS: Final = (0, *sorted({round(5 * 1.25**n) for n in range(58)}))
"""Seconds: dense where most texts arrive, and up to 19 days. There are 59 of them."""

Arrivals = Counter[int]
"""People by step: they had their text by then, and not by the step before."""


def step(seconds: float) -> int:
    """Return the first step that is not before so many seconds; later than the last one is the last one."""
    return STEPS[min(bisect_left(STEPS, seconds), len(STEPS) - 1)]


def arrivals(moments: Iterable[datetime], *, since: datetime, now: datetime) -> Arrivals:
    """Count aware moments by step; one that a clock has put before ``since`` or after ``now`` moves there."""
    return Counter(step((min(moment, now) - since).total_seconds()) for moment in moments)


def earliest(counted: Mapping[int, int], most: int) -> Arrivals:
    """Return at most so many people, those who came first."""
    kept: Arrivals = Counter()
    for moment in sorted(counted):
        kept[moment] = min(counted[moment], most - kept.total())
    return +kept


def points(counted: Mapping[int, int], *, until: float) -> list[tuple[int, int]]:
    """Return the curve: seconds, ascending, each with all people who had their text by then.

    :param until: seconds at which the last of them was counted; no point is later.
    """
    drawn: dict[int, int] = {}
    people = 0
    for moment in sorted(counted):
        people += counted[moment]
        drawn[max(0, min(moment, math.ceil(until)))] = people
    return list(drawn.items())

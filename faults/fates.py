"""What may become of a request, and of a look by tag."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from enum import StrEnum
from typing import Any

from faults import untrue


class Fate(StrEnum):
    """What becomes of a request that sends, or cancels."""

    ANSWERED = "answered"
    """Nothing happens to it."""
    ANSWER_LOST = "answer lost"
    """The platform takes it on, and nobody hears of it."""
    REQUEST_LOST = "request lost"
    """It leaves and does not arrive, and nobody hears of it."""
    LATE = "late"
    """It arrives when the client has long given up."""
    HANG = "hang"
    """The platform takes it on, and the client waits to the end of its patience."""
    THROTTLED = "throttled"
    """The platform asks to come back later."""
    UNTRUE_NO = "untrue no"
    """The platform takes it on and answers that it did not."""
    UNTRUE_NUMBER = "untrue no of a number"
    """The platform takes it on and answers that the first number is none."""
    UNREACHABLE = "unreachable"
    """It never leaves."""
    STALE_ID = "id of an earlier message"
    """It does not arrive, and the answer to an earlier request is taken for its own."""
    SHORT = "too few segments billed"
    """The platform takes it on and bills fewer segments than there are people."""
    OF_OTHERS = "rows of others"
    """The platform takes it on and answers a personal text with somebody else's number."""
    FEWER_ROWS = "rows missing"
    """The platform takes it on and answers fewer personal texts than it was asked for."""
    EMPTY_YES = "yes without content"
    """A degraded gateway says yes, and the platform hears of nothing."""


class FateOfLook(StrEnum):
    """What becomes of a look by tag."""

    ANSWERED = "answered"
    """Nothing happens to it."""
    LOST = "look lost"
    """It gets no answer."""
    SLIPS = "look slips"
    """It finds nobody, whoever is there; the next look at the same tag does not slip."""
    THROTTLED = "look throttled"
    """The platform asks to come back later."""
    EMPTY_YES = "look answered without content"
    """A degraded gateway says yes and lists nobody."""


UNTRUE = frozenset({Fate.UNTRUE_NO, Fate.UNTRUE_NUMBER})
"""Refusals of what was done; a list that lags must show it within the time of two looks."""
OF_SENDS = frozenset({Fate.STALE_ID, Fate.SHORT, Fate.OF_OTHERS, Fate.FEWER_ROWS})
"""Answers that say too much or too little; nothing but a send brings as much."""
FATES_OF_CANCELS = [fate for fate in Fate if fate not in UNTRUE | OF_SENDS]
"""What may become of a request that cancels."""
UNKNOWN = frozenset({Fate.ANSWER_LOST, Fate.REQUEST_LOST, Fate.LATE, Fate.HANG})
"""Fates after which the client knows nothing."""
SPOILT: Mapping[Fate, Callable[[dict[str, Any]], dict[str, Any]]] = {
    Fate.SHORT: untrue.short,
    Fate.OF_OTHERS: untrue.of_others,
    Fate.FEWER_ROWS: untrue.with_fewer_rows,
}
"""What a fate makes of a true yes."""

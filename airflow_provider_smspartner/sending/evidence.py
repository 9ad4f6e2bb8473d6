"""When "not found" means that a batch is not there: over, visible, looked for twice, with a control.

A look by tag that finds somebody proves it. One that finds nobody proves nothing by itself: the request may
still be on its way, the texts may wait unseen until they leave, the list may lag, or slip once.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence
from enum import Enum, auto

from airflow_provider_smspartner.hooks.paging import Listing
from airflow_provider_smspartner.journal import CLOCK_MARGIN, Batch
from airflow_provider_smspartner.journal.batch import LOOKS_APART
from airflow_provider_smspartner.rules.sending_states import BatchState
from airflow_provider_smspartner.sending.plan import FRESH, Plan

LOOKS = 2
"""Looks in a row that must find nobody."""
MANY_LOOKS = 5
"""As many, once a list was seen to slip: to show nobody under a tag that it had shown, or has shown since."""

Look = Callable[[Batch], Listing | None]


class Control(Enum):
    """What the look for a batch says that is there for sure."""

    SHOWN = auto()
    """It is found, so the list can be believed."""
    NOT_SHOWN = auto()
    """It is not found, so nobody else needs to be."""
    NONE = auto()
    """There is no batch that should be seen if the other one were there."""


class Evidence:
    """Judges looks that found nobody. Used by the main thread alone."""

    def __init__(self, plan: Plan, look: Look, now: Callable[[], float], *, started: float) -> None:
        self._plan = plan
        self._look = look
        self._now = now
        self._started = started
        self._shown: set[int] = set()
        self.looks_needed = LOOKS
        self.looks_apart = LOOKS_APART
        """Seconds between two of them: a list that lags or slips may do so twice in a moment."""

    def slipped(self) -> None:
        """Note that the list did not show what is there: from now on it takes more looks to believe it."""
        self.looks_needed = MANY_LOOKS

    def over_at(self, batch: Batch) -> float:
        """Return the moment from which a batch that is not on the platform will not come any more.

        What another worker wrote down by its clock is taken with a margin. An earlier try may send no more
        once this one has begun, which this worker's own clock tells without one.
        """
        plan = self._plan
        request = FRESH + plan.longest_request
        if not batch.inherited:
            return batch.claimed_at + request + plan.verify_timeout
        by_its_clock = batch.claimed_at + request + plan.verify_timeout + CLOCK_MARGIN
        by_ours = self._started + request
        # Not before our own bound, however old the claim says it is; and no later than a claim of this
        # moment would need, should its clock be ahead
        return min(max(by_its_clock, by_ours), by_ours + plan.verify_timeout)

    def seen_from(self, batch: Batch) -> float:
        """Return the moment from which a batch that is on the platform can be seen there.

        A refusal is the platform's own word: nothing of it waits. What may be a gateway's is no answer.
        """
        if batch.unseen_until is None or batch.state is BatchState.REFUSED:
            return -math.inf
        return batch.unseen_until + self._plan.verify_timeout + CLOCK_MARGIN

    def is_seen(self, batch: Batch) -> bool:
        """Tell whether a batch could be seen by now, if it were there."""
        return self._now() > self.seen_from(batch)

    def control(self, batch: Batch, accepted: Sequence[Batch]) -> Control:
        """Look for a batch that is there for sure, and no easier to see than this one.

        The nearest in time is asked for: what left at once may be listed while what is held is not.
        """
        # What can be seen by now needs a control that can be seen, too; what may be hidden, one that was
        # hidden for as long
        if self.is_seen(batch):
            others = [other for other in accepted if self.is_seen(other)]
        else:
            until = batch.unseen_until or 0.0
            others = [other for other in accepted if (other.unseen_until or 0.0) >= until]
        if not others:
            return Control.NONE
        nearest = min(others, key=lambda other: abs(other.claimed_at - batch.claimed_at))
        if self._look(nearest) is not None:
            self._shown.add(nearest.ordinal)
            return Control.SHOWN
        # Shown before and not now: this list slips, whatever it says of the others
        if nearest.ordinal in self._shown:
            self.slipped()
        return Control.NOT_SHOWN

"""The walk over the tags: what was sent by a try whose journal is lost, never was, or was a deleted run's."""

from __future__ import annotations

import logging
import math
from collections.abc import Callable, Sequence
from datetime import datetime

from airflow_provider_smspartner.exceptions import NeedsPerson, OutcomeUnknownError, SMSPartnerError
from airflow_provider_smspartner.hooks.paging import Listing
from airflow_provider_smspartner.journal import CLOCK_MARGIN, Batch
from airflow_provider_smspartner.rules import batches
from airflow_provider_smspartner.rules.schedule import PARIS
from airflow_provider_smspartner.rules.sending_states import Event
from airflow_provider_smspartner.sending.evidence import Evidence, Look
from airflow_provider_smspartner.sending.looks import LookAhead
from airflow_provider_smspartner.sending.plan import Plan

log = logging.getLogger(__name__)

MISSING_IN_A_ROW = 64
"""Tags that must be missing one after the other before the walk over the ordinals ends."""
REMEDY = "With Airflow's task state store (3.3) or a ledger a task needs no such wait."
LONGEST_WAIT = 900.0
"""Seconds that a try waits for what is about to be seen; what takes longer is for a later try."""

Adopt = Callable[[Batch, Listing], Batch]
"""Takes whoever is listed for the people of a batch."""


class Walk:
    """One walk over the ordinals of a task. Used by the main thread alone."""

    def __init__(
        self,
        plan: Plan,
        look: Look,
        proofs: Evidence,
        *,
        now: Callable[[], float],
        pause: Callable[[float], object],
        started: float,
        is_durable: bool,
    ) -> None:
        self._plan = plan
        self._look = look
        self._evidence = proofs
        self._now = now
        self._pause = pause
        self._started = started
        self._is_durable = is_durable
        """Whether a journal is in use, which should have known."""
        self._unseen_until: float | None = None
        """Until when the earlier tries have said that their sends may wait unseen."""
        self._whose: dict[frozenset[str], str] = {}
        """Under which tag a set of people was listed."""

    def walk(
        self,
        known: Sequence[Batch],
        *,
        is_lost: bool,
        unseen_until: float | None = None,
        audience: int | None,
        adopt: Adopt,
    ) -> list[Batch]:
        """Return what was sent, by ordinal; the last one is there for sure.

        Usually a few looks are enough. After a try whose journal is lost, it waits until its requests must
        be over, and twice walks all ordinals: the first batches may be those that did not arrive, and a look
        may slip. Once one was seen to slip, it walks until several times in a row have told nothing new.

        :param known: batches that another memory knows.
        :param unseen_until: until when, as earlier tries have written down, some of theirs may wait unseen.
        :param audience: how many people are to be sent to, if that is known by now.
        :raises SMSPartnerError: a look failed whose answer is needed.
        :raises NeedsPerson: the lists cannot be told apart, or are not whole.
        """
        self._unseen_until = unseen_until
        needed = 1 if audience is None else max(1, -(-audience // batches.BATCH_LIMIT))
        if is_lost:
            over_at = self._started + self._plan.longest_request + self._plan.verify_timeout
            outwait(over_at, now=self._now, pause=self._pause)
            self._await_sight()
        by_ordinal: dict[int, Batch] = {batch.ordinal: batch for batch in known}
        first = MISSING_IN_A_ROW if is_lost else self._first_ordinals(audience, needed)
        # A try may have begun the journal and died while it looked: on a later one every look is needed, too
        is_later = is_lost or self._plan.later_try
        reach, alike = self._pass(by_ordinal, first, needed, adopt, may_fail=not is_later), 1
        while (is_later or by_ordinal) and alike < self._evidence.looks_needed:
            before = frozenset(by_ordinal)
            self._pause(self._evidence.looks_apart)
            missing = MISSING_IN_A_ROW if by_ordinal else first
            reach, seen = self._pass(by_ordinal, missing, needed, adopt, may_fail=False), reach
            if any(ordinal < seen for ordinal in by_ordinal.keys() - before):
                self._evidence.slipped()
                alike = 0
            alike += 1
        found = by_ordinal.keys() - {batch.ordinal for batch in known}
        self._check_sight(is_lost=is_lost, is_found=bool(found))
        length = 1 + max(by_ordinal, default=-1)
        return [
            by_ordinal.get(ordinal) or self._batch(ordinal).after(Event.NOT_FOUND)
            for ordinal in range(length)
        ]

    def _first_ordinals(self, audience: int | None, needed: int) -> int:
        """Return how many tags tell that nothing was sent by a run that was deleted and is made again.

        All batches that were claimed before the first was answered may have had a bad number that nobody
        named; of the halves of one, the first may have it again.
        """
        widest = 2 * self._plan.concurrency
        return 2 + (min(widest, needed) if audience else widest)

    def _pass(
        self, by_ordinal: dict[int, Batch], missing: int, needed: int, adopt: Adopt, *, may_fail: bool
    ) -> int:
        """Look for each ordinal once, until so many are missing in a row; return how many were looked for."""
        with LookAhead(self._look, self._plan.concurrency) as looks:
            return self._look_for_each(looks, by_ordinal, missing, needed, adopt, may_fail=may_fail)

    def _look_for_each(
        self,
        looks: LookAhead,
        by_ordinal: dict[int, Batch],
        missing: int,
        needed: int,
        adopt: Adopt,
        *,
        may_fail: bool,
    ) -> int:
        ordinal = in_a_row = 0
        while in_a_row < missing:
            # Whatever these say, the walk gets to all of them
            nearest = range(ordinal, ordinal + missing - in_a_row)
            looks.begin(self._batch(each) for each in nearest if each not in by_ordinal)
            # Each that is found buys further looks: a list that overlooks the tag would have no end
            if ordinal > 2 * MISSING_IN_A_ROW * (needed + 16):
                raise NeedsPerson(
                    f"SMS Partner lists people under {ordinal} tags of this task, more than it can have "
                    "sent: the look by tag cannot be trusted. Nothing was sent. Check whether a gateway "
                    "stands in between, and whether /bulk-status-by-tag heeds its tag."
                )
            try:
                batch = by_ordinal.get(ordinal) or self._find(ordinal, looks, adopt)
            except SMSPartnerError as error:  # the endpoint must not become a condition of every send
                if not may_fail or by_ordinal or isinstance(error, NeedsPerson):
                    raise
                log.warning("Could not look by tag for what an earlier run may have sent: %s", error)
                return ordinal
            if batch:
                by_ordinal[ordinal], missing = batch, MISSING_IN_A_ROW
            in_a_row = 0 if batch else in_a_row + 1
            ordinal += 1
        return ordinal

    def _find(self, ordinal: int, looks: LookAhead, adopt: Adopt) -> Batch | None:
        batch = self._batch(ordinal)
        if (listed := looks.result(batch)) is None:
            return None
        self._check_distinct(batch.tag, listed)
        log.warning("Tag %s is on the platform: its %s people are left out", batch.tag, len(listed.numbers))
        return adopt(batch, listed)

    def _batch(self, ordinal: int) -> Batch:
        return Batch(ordinal=ordinal, tag=self._plan.tag_of(ordinal))

    def _check_distinct(self, tag: str, listed: Listing) -> None:
        """Refuse lists that show the same people under two tags, of which each person has one."""
        first = self._whose.setdefault(listed.numbers, tag)
        if first != tag and listed.numbers and not self._plan.redirect_to:
            raise NeedsPerson(
                f"SMS Partner lists the same {len(listed.numbers)} people under tag {first} and tag {tag}, "
                "so the look by tag cannot be trusted: it, or a gateway in between, seems to ignore the "
                "tag. Nothing was sent. Have /bulk-status-by-tag fixed, then clear the task."
            )

    # ---- what cannot be seen -----------------------------------------------------------------------

    def _sight(self) -> float:
        """Return the moment from which everything that an earlier try has sent can be seen.

        Nobody may have written down when it sent. What it sent just before the release is seen a while after
        it.
        """
        if self._plan.world.sandbox:  # reaches nobody
            return -math.inf
        after_release = self._plan.verify_timeout + CLOCK_MARGIN
        moments = [self._plan.unseen_until(self._now() - ago) for ago in (0.0, after_release)]
        moments.append(self._unseen_until)
        return max((moment + after_release for moment in moments if moment is not None), default=-math.inf)

    def _await_sight(self) -> None:
        left = self._sight() - self._now()
        if 0 < left <= LONGEST_WAIT:
            outwait(self._now() + left, now=self._now, pause=self._pause)

    def _check_sight(self, *, is_lost: bool, is_found: bool) -> None:
        """Believe that somebody is missing only if they could be seen.

        :param is_found: whether the lists have shown anybody; what a memory knows vouches for no list.
        """
        sight = self._sight()
        is_control = is_found and self._plan.scheduled_for(self._now()) is not None
        if not is_lost or self._now() >= sight or is_control:
            return
        began = ": they ended before they began the journal, or it was cleared" if self._is_durable else ""
        remedy = "" if self._is_durable else f" {REMEDY}"
        when = (
            ""
            if math.isinf(sight)
            else f" after {datetime.fromtimestamp(sight, PARIS):%Y-%m-%d %H:%M} (Paris)"
        )
        raise OutcomeUnknownError(
            f"Nothing remembers all that the earlier tries of this task have sent{began}; and what waits on "
            "SMS Partner for its time may not be listed there yet. "
            f"Clear the task{when}, when it can be seen.{remedy}"
        )


def outwait(moment: float, *, now: Callable[[], float], pause: Callable[[float], object]) -> None:
    """Let the time pass until which a request of the try before may still arrive."""
    if (left := moment - now()) > 0:
        log.info("Waiting %.0f s until the requests of the try before must be over", left)
        pause(left)

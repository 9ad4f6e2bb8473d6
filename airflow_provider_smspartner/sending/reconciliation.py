"""Batches of which nobody knows yet whether the platform has them, looked up together by their tags."""

from __future__ import annotations

import math
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field
from datetime import datetime

from airflow_provider_smspartner.exceptions import NeedsPerson, OutcomeUnknownError
from airflow_provider_smspartner.hooks.paging import Listing
from airflow_provider_smspartner.journal import Batch
from airflow_provider_smspartner.rules.people import Person, is_erased
from airflow_provider_smspartner.rules.schedule import PARIS
from airflow_provider_smspartner.rules.sending_states import BatchState, Event
from airflow_provider_smspartner.sending.evidence import Control, Evidence
from airflow_provider_smspartner.sending.plan import Plan

LONGEST_DELAY = 15.0
"""Seconds between two looks, at most."""
MOST_LOOKS = 12
"""Looks at a batch whose request is over, after which no further one will tell more."""


@dataclass(slots=True, kw_only=True)
class Doubt:
    """A batch whose outcome is open."""

    batch: Batch
    groups: Sequence[tuple[Person, ...]] = field(default=(), repr=False)
    """Who goes again, and in which groups, when the platform does not have it."""
    listed: int = 0
    """How many of its people the last look has shown."""
    misses: int = 0
    """Looks in a row that found nobody and could be believed."""
    looks: int = 0
    """Looks since its request must be over."""
    look_at: float = 0.0
    """When it is worth looking again."""
    stuck: bool = False
    """Looked for long enough, and its absence still cannot be proved."""

    @property
    def is_refused(self) -> bool:
        """Whether the platform has said no."""
        return self.batch.state is BatchState.REFUSED


class Reconciliation:
    """The open batches of one send. Used by the main thread alone."""

    def __init__(
        self,
        plan: Plan,
        look: Callable[[Batch], Listing | None],
        proofs: Evidence,
        now: Callable[[], float],
    ) -> None:
        self._plan = plan
        self._look = look
        self._evidence = proofs
        self._now = now
        self._open: dict[int, Doubt] = {}
        self._delay = 1.0
        self._control_by = -math.inf
        """By when an answer is awaited of a batch that is then there for sure."""

    def __len__(self) -> int:
        return len(self._open)

    def __iter__(self) -> Iterator[Doubt]:
        return iter(list(self._open.values()))

    def add(self, batch: Batch, groups: Sequence[tuple[Person, ...]]) -> None:
        """Take a batch in."""
        self._open[batch.ordinal] = Doubt(batch=batch, groups=groups)
        self._delay = 1.0

    def await_control(self) -> None:
        """Believe no absence that nothing vouches for while people of one who was absent so go again.

        The answer to them is a control for all others, and a list that shows nobody costs one batch alone.
        """
        self._control_by = self._now() + self._plan.longest_request + self._plan.verify_timeout

    @property
    def refused(self) -> list[Doubt]:
        """Those that two looks resolve, because the platform has said no."""
        return [doubt for doubt in self if doubt.is_refused]

    @property
    def unanswered(self) -> list[Doubt]:
        """Those that left and got no answer."""
        return [doubt for doubt in self if not doubt.is_refused]

    @property
    def hopeless(self) -> bool:
        """Whether no further look can resolve any of them."""
        return bool(self._open) and all(doubt.stuck for doubt in self)

    def next_delay(self) -> float:
        """Return the seconds until the next look: 1, 2, 4 … up to 15, or until the second of two."""
        if due := [doubt.look_at for doubt in self if doubt.misses or doubt.is_refused]:
            return max(min(due) - self._now(), 0.1)
        delay, self._delay = self._delay, min(2 * self._delay, LONGEST_DELAY)
        return delay

    def resolve(self, among: Sequence[Doubt], accepted: Sequence[Batch]) -> Iterator[tuple[Doubt, Event]]:
        """Look each of them up once, and yield those that are resolved, with what happened to them.

        :param accepted: batches that the platform certainly has, for the control look.
        :raises SMSPartnerError: a look failed.
        :raises NeedsPerson: a tag holds other people than ours.
        """
        for doubt in among:
            if doubt.look_at > self._now():
                continue
            over = self._now() > self._evidence.over_at(doubt.batch)  # before the look, which may take long
            event = self._judge(doubt, over=over)
            if event is Event.NOT_FOUND and not self._is_proof(doubt, accepted, over=over):
                event = None
            # A look before that proves nothing, and uses up no patience; nor does one before its control
            doubt.looks += over and self._now() > self._control_by
            doubt.stuck = event is None and (doubt.stuck or doubt.looks >= MOST_LOOKS)
            if event is not None:
                del self._open[doubt.batch.ordinal]
                yield doubt, event

    def _judge(self, doubt: Doubt, *, over: bool) -> Event | None:
        """Return what one look by tag says; None when it shows too little of a batch, or names nobody."""
        batch = doubt.batch
        if self._plan.on_unknown == "resend" and not doubt.is_refused:
            return Event.RESEND
        listing = self._look(batch)
        if not listing:
            return Event.NOT_FOUND
        # Missing before and here now: from now on absence takes more looks, of every batch
        if doubt.misses:
            self._evidence.slipped()
        doubt.misses = 0
        if listing.numbers:
            doubt.listed = self._count_ours(batch, listing)
            # A list that shows a part proves presence and may fill up; who is not in it cannot go again
            is_short = doubt.listed < (1 if self._plan.redirect_to else batch.size)
            return None if is_short and not over and not doubt.is_refused else Event.FOUND
        if doubt.is_refused:
            raise OutcomeUnknownError(
                f"SMS Partner has refused batch {batch.ordinal}, yet it counts people under its tag "
                f"{batch.tag}."
            )
        return None

    def _is_proof(self, doubt: Doubt, accepted: Sequence[Batch], *, over: bool) -> bool:
        """Whether a look that found nobody, with those before it, proves that the batch is not there."""
        if not (over or doubt.is_refused):
            return False
        # Not at once: a list that lags would make the same mistake twice
        doubt.look_at = self._now() + self._evidence.looks_apart
        control, seen = self._evidence.control(doubt.batch, accepted), self._evidence.is_seen(doubt.batch)
        is_awaited = not doubt.is_refused and self._now() <= self._control_by
        is_believed = control is Control.SHOWN or (control is Control.NONE and seen and not is_awaited)
        doubt.misses = doubt.misses + 1 if is_believed else 0
        # Nothing that could vouch for the list will come: every batch that might is hidden as well
        doubt.stuck = over and control is Control.NONE and not seen
        return doubt.misses >= self._evidence.looks_needed

    def _count_ours(self, batch: Batch, listing: Listing) -> int:
        """Count the people of a batch whom a list shows.

        :raises NeedsPerson: it shows only others.
        """
        of_batch = self._plan.is_of(batch)
        ours = sum(map(of_batch, listing.numbers))
        if not ours and any(is_erased(person.number) for person in batch.people):
            return len(listing.numbers)  # who was erased cannot be compared with a list: the tag decides
        if not ours:
            raise NeedsPerson(
                f"Tag {batch.tag} holds other people on the platform than those of batch {batch.ordinal}; "
                "look it up in the customer area of SMS Partner before anything more is sent."
            )
        return ours

    def explain(self) -> str:
        """Say what is open, and what a person can do about it; empty when nothing is."""
        open_ = [doubt for doubt in self if doubt.stuck or not doubt.is_refused]
        named = ", ".join(f"{doubt.batch.tag} ({doubt.batch.size} people)" for doubt in open_)
        if not named:
            return ""
        remedy = self._when(open_)
        if self._plan.on_unknown == "fail":
            remedy = f'set on_unknown="verify" and {remedy.removeprefix("wait some minutes and ")}'
        return (
            f" Nobody knows whether SMS Partner has these batches: {named}. {remedy[0].upper()}{remedy[1:]} "
            "the task: it looks their tags up and sends only what is missing. Or look the tags up in the "
            'customer area of SMS Partner; on_unknown="resend" sends them again, and some people may '
            "get the text twice."
        )

    def _when(self, open_: Sequence[Doubt]) -> str:
        """Say when clearing the task can help: not before what waits on the platform can be seen there."""
        seen_from = max(self._evidence.seen_from(doubt.batch) for doubt in open_)
        if seen_from <= self._now() or math.isinf(seen_from):
            return "wait some minutes and clear"
        moment = datetime.fromtimestamp(seen_from, PARIS)
        return f"wait until {moment:%Y-%m-%d %H:%M} (Paris), when what has left can be seen, and clear"

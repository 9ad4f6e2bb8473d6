"""Batches of which nobody knows yet whether the platform has them, looked up together by their tags."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field

from airflow.providers.common.compat.sdk import AirflowFailException

from airflow_provider_smspartner.exceptions import OutcomeUnknownError
from airflow_provider_smspartner.hooks.paging import Listing
from airflow_provider_smspartner.journal import Batch
from airflow_provider_smspartner.rules.people import Person, each, is_erased
from airflow_provider_smspartner.rules.sending_states import BatchState, Event
from airflow_provider_smspartner.sending.plan import Plan

LONGEST_DELAY = 15.0
"""Seconds between two looks, at most."""


@dataclass(slots=True, kw_only=True)
class Doubt:
    """A batch whose outcome is open."""

    batch: Batch
    groups: Sequence[tuple[Person, ...]] = field(default=(), repr=False)
    """Who goes again, and in which groups, when the platform does not have it."""
    stuck: bool = False
    """Looked for long enough, and its absence still cannot be proved."""


class Doubts:
    """The open batches of one send."""

    def __init__(self, plan: Plan, look: Callable[[str], Listing | None], now: Callable[[], float]) -> None:
        self._plan = plan
        self._look = look
        self._now = now
        self._open: dict[int, Doubt] = {}
        self._delay = 1.0

    def __len__(self) -> int:
        return len(self._open)

    def __iter__(self) -> Iterator[Doubt]:
        return iter(list(self._open.values()))

    def add(self, batch: Batch, groups: Sequence[tuple[Person, ...]]) -> None:
        """Take a batch in."""
        self._open[batch.ordinal] = Doubt(batch=batch, groups=groups)
        self._delay = 1.0

    @property
    def refused(self) -> list[Doubt]:
        """Those that one look settles, because the platform has said no."""
        return [doubt for doubt in self if doubt.batch.state is BatchState.REFUSED]

    @property
    def unanswered(self) -> list[Doubt]:
        """Those that left and got no answer."""
        return [doubt for doubt in self if doubt.batch.state is not BatchState.REFUSED]

    @property
    def hopeless(self) -> bool:
        """Whether no further look can settle any of them."""
        return bool(self._open) and all(doubt.stuck for doubt in self)

    def next_delay(self) -> float:
        """Return the seconds until the next look: 1, 2, 4 … up to 15."""
        delay, self._delay = self._delay, min(2 * self._delay, LONGEST_DELAY)
        return delay

    def settle(self, among: Sequence[Doubt], accepted: Sequence[Batch]) -> Iterator[tuple[Doubt, Event]]:
        """Look each of them up once, and yield those that are settled, with what happened to them.

        :param accepted: batches that the platform certainly has, for the control look.
        :raises SMSPartnerError: a look failed.
        :raises AirflowFailException: a tag holds other people than ours.
        """
        for doubt in among:
            over = self._is_over(doubt.batch)  # before the look, which may take long
            event = self._judge(doubt.batch)
            refused = doubt.batch.state is BatchState.REFUSED
            if event is Event.NOT_FOUND and not (refused or (over and self._control(doubt.batch, accepted))):
                event = None
            doubt.stuck = over and event is None
            if event is not None:
                del self._open[doubt.batch.ordinal]
                yield doubt, event

    def _judge(self, batch: Batch) -> Event | None:
        """Return what one look by tag says; None when it counts people without naming any."""
        refused = batch.state is BatchState.REFUSED
        if self._plan.on_unknown == "resend" and not refused:
            return Event.RESEND
        found = self._look(batch.tag)
        if not found:
            return Event.NOT_FOUND
        if found.numbers:
            self._check_ours(batch, found)
            return Event.FOUND
        if refused:
            raise OutcomeUnknownError(
                f"SMS Partner has refused batch {batch.ordinal}, and counts people under its tag {batch.tag}."
            )
        return None

    def _is_over(self, batch: Batch) -> bool:
        """Whether its request must be over, and it has been looked for as long as the DAG asks."""
        return self._now() > self._plan.over(batch)

    def _control(self, batch: Batch, accepted: Sequence[Batch]) -> bool:
        """Whether "not found" can be believed: the same look must find a batch that is there for sure.

        The nearest in time is asked for, because what is held for the night may not be visible yet.
        """
        if not accepted:
            return not self._plan.invisible
        nearest = min(accepted, key=lambda other: abs(other.claimed_at - batch.claimed_at))
        return self._look(nearest.tag) is not None

    def _check_ours(self, batch: Batch, found: Listing) -> None:
        if self._plan.redirect_to:
            ours = self._plan.redirect_to in found.numbers
        elif batch.people:
            named = {person.number for person in batch.people}
            # Who was erased from a ledger cannot be compared with a list: the tag decides
            ours = not named.isdisjoint(found.numbers) or any(map(is_erased, named))
        else:
            known = set(each(batch.hashes))
            ours = any(self._plan.recogniser.hash(Person(number)) in known for number in found.numbers)
        if not ours:
            raise AirflowFailException(
                f"Tag {batch.tag} holds other people on the platform than those of batch {batch.ordinal}; "
                "look it up in the customer area of SMS Partner before anything more is sent."
            )

    def explain(self) -> str:
        """Say what is open, and what a person can do about it; empty when nothing is."""
        named = ", ".join(f"{doubt.batch.tag} ({doubt.batch.size} people)" for doubt in self.unanswered)
        if not named:
            return ""
        gave_up = self._plan.on_unknown == "fail"
        remedy = 'Set on_unknown="verify" and clear' if gave_up else "Wait some minutes and clear"
        return (
            f" Nobody knows whether SMS Partner has these batches: {named}. {remedy} the task: it looks "
            "their tags up and sends only what is missing. Or look the tags up in the customer area of "
            'SMS Partner; on_unknown="resend" sends them again, at the price of doubles.'
        )

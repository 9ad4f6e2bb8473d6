"""What a batch can be, and what moves it: the whole life of a batch stands in this file.

A batch is a claim on some people under an ordinal, and the ordinal has a tag. A batch never goes out twice:
people who must be texted again get a new batch with a new ordinal. A crash moves nothing; each state
says what gets a batch out of it on the next try.
"""

from __future__ import annotations

from collections.abc import Iterable
from enum import StrEnum
from typing import Final

from airflow_provider_smspartner.exceptions import SMSPartnerError


class BatchState(StrEnum):
    """Where a batch is."""

    CLAIMED = "claimed"
    """Remembered, and perhaps on its way. After a crash: looked up by its tag, as an unknown one."""
    ACCEPTED = "accepted"
    """The platform has it. Its people are done; nothing gets it out but a cancellation."""
    REFUSED = "refused"
    """The platform said no. After a crash: one look by its tag confirms it before its people go again."""
    UNKNOWN = "unknown"
    """It left, and no answer can be trusted. After a crash: looked up by its tag until found or absent."""
    ABSENT = "absent"
    """Certainly not on the platform. Its people are free; after a crash they are texted again. Where nothing
    proves that this package wrote it: looked up by its tag, as an unknown one."""
    CANCELLING = "cancelling"
    """The platform has it and is to take it back. After a crash: asked for again, until it has answered."""
    CANCELLED = "cancelled"
    """Taken back from the platform before its time. Its people are free for a later try. Where nothing proves
    that this package wrote it: the platform is asked again."""


class Event(StrEnum):
    """What happens to a batch."""

    YES = "yes"
    """The platform answered with a message id."""
    NO = "no"
    """The platform answered that it sends nothing."""
    NO_ANSWER = "no answer"
    """No answer came that can be trusted."""
    NEVER_LEFT = "never left"
    """The request certainly never left this machine."""
    FOUND = "found"
    """A look by its tag finds our people."""
    NOT_FOUND = "not found"
    """A look by its tag finds nothing, under the conditions in which that is proof."""
    RESEND = "resend"
    """The DAG's author accepts doubles: ``on_unknown="resend"``."""
    INTENT = "intent"
    """It is remembered that the batch is to be cancelled; the platform has not been asked yet."""
    CANCEL = "cancel"
    """The platform confirmed a cancellation, or said that it had taken the batch back before."""
    TOO_LATE = "too late"
    """The platform said that it takes the batch back no more."""


S, E = BatchState, Event
TRANSITIONS: Final[dict[tuple[BatchState, Event], BatchState]] = {
    (S.CLAIMED, E.YES): S.ACCEPTED,
    (S.CLAIMED, E.NO): S.REFUSED,
    (S.CLAIMED, E.NO_ANSWER): S.UNKNOWN,
    (S.CLAIMED, E.NEVER_LEFT): S.ABSENT,
    (S.CLAIMED, E.FOUND): S.ACCEPTED,
    (S.CLAIMED, E.NOT_FOUND): S.ABSENT,
    (S.CLAIMED, E.RESEND): S.ABSENT,
    (S.UNKNOWN, E.FOUND): S.ACCEPTED,
    (S.UNKNOWN, E.NOT_FOUND): S.ABSENT,
    (S.UNKNOWN, E.RESEND): S.ABSENT,
    (S.REFUSED, E.FOUND): S.ACCEPTED,
    (S.REFUSED, E.NOT_FOUND): S.ABSENT,
    (S.REFUSED, E.RESEND): S.ABSENT,
    (S.ACCEPTED, E.INTENT): S.CANCELLING,
    (S.CANCELLING, E.CANCEL): S.CANCELLED,
    (S.CANCELLING, E.TOO_LATE): S.ACCEPTED,
}


def sources(*events: Event) -> frozenset[BatchState]:
    """Return the states in which one of these events can happen."""
    return frozenset(state for state, event in TRANSITIONS if event in events)


def before(state: BatchState) -> frozenset[BatchState]:
    """Return the states from which one step leads to this one."""
    return frozenset(origin for (origin, _), target in TRANSITIONS.items() if target is state)


OPEN: Final = frozenset({BatchState.CLAIMED, BatchState.UNKNOWN, BatchState.REFUSED})
"""States in which nobody may be texted again before a look by tag."""
DOUBTED: Final = frozenset({BatchState.UNKNOWN, BatchState.REFUSED})
"""States in which an answer has come, or none, that a look may contradict."""
FREE: Final = frozenset({BatchState.ABSENT, BatchState.CANCELLED})
"""States in which the people of a batch may be texted again."""
ON_PLATFORM: Final = frozenset({BatchState.ACCEPTED, BatchState.CANCELLING})
"""States in which the platform has it, as far as anybody knows: there is a receipt."""
CALLED_BACK: Final = frozenset({BatchState.CANCELLING, BatchState.CANCELLED})
"""States of a batch that nobody counts as texted: it was, or may have been, taken back."""

UNDECIDED: Final = OPEN | {BatchState.CANCELLING}
"""States in which the platform still has to say what becomes of a batch."""
CANCELLABLE: Final = sources(Event.INTENT)
"""States in which the platform may be asked to take a batch back."""

REJECTED: Final = "rejected"
"""The state of one person beside those of their batch: the platform refused this person for good."""
DECIDED: Final = sorted({REJECTED, *(state.value for state in BatchState if state not in UNDECIDED)})
"""Every other state, of batches and of people: nothing more is to be found out."""
FORGIVEN: Final = BatchState.ABSENT
"""What becomes of a rejected person when it turns out that the refusal was not for good."""


class ImpossibleTransition(SMSPartnerError):
    """A batch cannot go from this state by this event: a mistake of this package."""


def after(state: BatchState, event: Event) -> BatchState:
    """Return the state that an event leads to.

    :raises ImpossibleTransition: the table has no such step.
    """
    try:
        return TRANSITIONS[state, event]
    except KeyError:
        raise ImpossibleTransition(f"{event!r} cannot happen to a batch that is {state.value}") from None


def is_settled(state: str) -> bool:
    """Tell whether a person in this state is not texted again; a state that nobody knows counts as such."""
    return state not in OPEN and state not in FREE


def names(states: Iterable[BatchState]) -> list[str]:
    """Return states as a database keeps them, in one order."""
    return sorted(state.value for state in states)

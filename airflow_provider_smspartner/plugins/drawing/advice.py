"""What to do about batches that did not come to an end, in words: what happened, and the next step."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

from airflow_provider_smspartner.plugins.drawing.language import mark, say
from airflow_provider_smspartner.plugins.facts import UNREADABLE
from airflow_provider_smspartner.rules.sending_states import BatchState


@dataclass(frozen=True, slots=True, kw_only=True)
class Advice:
    """What is to be said of batches in one state."""

    title: str
    happened: str
    todo: str
    urgent: bool
    """Whether somebody has to do it: nothing goes on by itself."""


CLEAR: Final = mark("Clear the task to go on: it texts only those who are left, nobody twice.")
NEXT_TRY: Final = mark("The next try starts by itself and takes care of it; nothing to do now.")
AT_WORK: Final = mark("The task is still at work on it; nothing to do now.")

HAPPENED: Final[dict[str, tuple[str, str]]] = {
    BatchState.UNKNOWN.value: (
        mark("No answer that can be trusted"),
        mark(
            "The request left, but no answer came that can be trusted: these people may or may not have "
            "their text. The task looks the batch up by its tag, and sends it again only when SMS Partner "
            "does not have it."
        ),
    ),
    BatchState.CLAIMED.value: (
        mark("Stopped on the way"),
        mark(
            "The task had noted the batch and ended before it noted an answer. Like a lost answer, it is "
            "looked up by its tag before anybody in it is texted again."
        ),
    ),
    BatchState.REFUSED.value: (
        mark("Refused by SMS Partner"),
        mark(
            "SMS Partner said no to the batch. Nobody in it has been texted by this request, which a look by "
            "tag confirms before they are tried again."
        ),
    ),
    BatchState.CANCELLING.value: (
        mark("Cancelled, without an answer yet"),
        mark(
            "Somebody stopped the task, and SMS Partner has not confirmed yet that it takes the batch back. "
            "It may still leave at its time."
        ),
    ),
    BatchState.CANCELLED.value: (
        mark("Cancelled before its time"),
        mark("The batch was scheduled, and then cancelled on SMS Partner. Nobody in it gets the text."),
    ),
    UNREADABLE: (
        mark("The note of the batch cannot be read"),
        mark(
            "Its entry in the task state store is not what the task wrote; somebody may have edited it. The "
            "task goes on only when it can be read again."
        ),
    ),
}
"""By state: a title, and what happened."""

AFTER_WORK: Final[dict[str, str]] = {
    BatchState.REFUSED.value: mark(
        "Fix what is named above, then clear the task: it texts only those who are left."
    ),
    BatchState.CANCELLED.value: mark(
        "If they are to get it after all, clear the task: it texts only those who are left."
    ),
    BatchState.CANCELLING.value: mark(
        "If it must not leave, cancel it in the customer area of SMS Partner. Clearing the task asks for it "
        "again, and then texts everybody who is left."
    ),
    UNREADABLE: mark("Restore what was there, in the task's Task State Store tab, then clear the task."),
}
NAMES: Final[dict[str, str]] = {
    BatchState.CLAIMED.value: mark("claimed"),
    BatchState.ACCEPTED.value: mark("accepted"),
    BatchState.REFUSED.value: mark("refused"),
    BatchState.UNKNOWN.value: mark("unknown"),
    BatchState.ABSENT.value: mark("absent"),
    BatchState.CANCELLING.value: mark("cancelling"),
    BatchState.CANCELLED.value: mark("cancelled"),
    UNREADABLE: mark("unreadable"),
}
MEANINGS: Final[dict[str, str]] = {
    BatchState.CLAIMED.value: mark("noted, on the way"),
    BatchState.ACCEPTED.value: mark("SMS Partner has them"),
    BatchState.REFUSED.value: mark("SMS Partner said no"),
    BatchState.UNKNOWN.value: mark("no answer that can be trusted"),
    BatchState.ABSENT.value: mark("not sent; their people go with other batches"),
    BatchState.CANCELLING.value: mark("to be taken back"),
    BatchState.CANCELLED.value: mark("taken back before their time"),
    UNREADABLE: mark("the note cannot be read"),
}
"""What a state means, for the table of batches."""
CHECK: Final = mark(
    "Clear the task: it looks again, and texts only those who are left. To see for yourself, search the "
    "customer area of SMS Partner for the tag."
)


def name_of(state: str) -> str:
    """Return what a state is called."""
    return say(NAMES[state]) if state in NAMES else state


def advice(state: str, *, at_work: bool, tries_again: bool) -> Advice | None:
    """Return what to say of batches in a state, None when there is nothing.

    :param at_work: the task runs, or waits for its hour.
    :param tries_again: it does not, and Airflow will start it again by itself.
    """
    if state not in HAPPENED or (at_work and state != BatchState.UNKNOWN.value and state != UNREADABLE):
        return None
    title, happened = HAPPENED[state]
    todo = AT_WORK if at_work else NEXT_TRY if tries_again else AFTER_WORK.get(state, CHECK)
    urgent = not (at_work or tries_again or state == BatchState.CANCELLED.value)
    return Advice(title=say(title), happened=say(happened), todo=say(todo), urgent=urgent)

"""What to do about batches that did not come to an end, in words: what happened, and the next step."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

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


CLEAR: Final = "Clear the task to go on: it texts only those who are left, nobody twice."
NEXT_TRY: Final = "The next try begins by itself and does it; nothing to do now."
AT_WORK: Final = "The task is still at work on it; nothing to do now."

HAPPENED: Final[dict[str, tuple[str, str]]] = {
    BatchState.UNKNOWN.value: (
        "No answer that can be trusted",
        "The request left and no answer came that proves anything: these people may have their text or not. "
        "The task looks the batch up by its tag, and sends it again only when SMS Partner does not have it.",
    ),
    BatchState.CLAIMED.value: (
        "Stopped on the way",
        "The task had noted the batch and ended before it noted an answer. Like a lost answer, it is looked "
        "up by its tag before anybody in it is texted again.",
    ),
    BatchState.REFUSED.value: (
        "Refused by SMS Partner",
        "SMS Partner said no to the batch. Nobody in it has been texted "
        "by this request, which a look by tag confirms before they are tried again.",
    ),
    BatchState.CANCELLING.value: (
        "Cancelled, without an answer yet",
        "Somebody stopped the task, and SMS Partner has not confirmed yet that it takes the batch back. It "
        "may still leave at its time.",
    ),
    BatchState.CANCELLED.value: (
        "Cancelled before its time",
        "The batch was scheduled, and was taken back from SMS Partner. Nobody in it gets it.",
    ),
    UNREADABLE: (
        "The note of the batch cannot be read",
        "Its entry in the task state store is not what the task wrote; somebody may have edited it. The task "
        "goes on only when it can be read again.",
    ),
}
"""By state: a title, and what happened."""

AFTER_WORK: Final[dict[str, str]] = {
    BatchState.REFUSED.value: "Put the cause right that stands above, then clear the task: it texts "
    "only those who are left.",
    BatchState.CANCELLED.value: "If they are to get it after all, clear the task: it texts only those who "
    "are left.",
    BatchState.CANCELLING.value: "If it must not leave, cancel it in the customer area of SMS Partner. "
    "Clearing the task asks for it again, and then texts everybody who is left.",
    UNREADABLE: "Put back what was there, in the Task State Store tab of the task, then clear the task.",
}
MEANINGS: Final[dict[str, str]] = {
    BatchState.CLAIMED.value: "noted, on the way",
    BatchState.ACCEPTED.value: "SMS Partner has them",
    BatchState.REFUSED.value: "SMS Partner said no",
    BatchState.UNKNOWN.value: "no answer that proves anything",
    BatchState.ABSENT.value: "not sent; their people go with other batches",
    BatchState.CANCELLING.value: "to be taken back",
    BatchState.CANCELLED.value: "taken back before their time",
    UNREADABLE: "the note cannot be read",
}
"""What a state means, for the table of batches."""
CHECK: Final = (
    "Clear the task: it looks again, and texts only those who are left. To see for yourself, search the "
    "customer area of SMS Partner for the tag."
)


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
    return Advice(title=title, happened=happened, todo=todo, urgent=urgent)

"""Ask the platform to take back what is scheduled there, and find out on the next try what is left open.

The intention is remembered before the first request. From then on nobody concerned is sent to, or counted as
sent to, until the platform has answered for their batch; asking it again does no harm.
"""

from __future__ import annotations

import logging
import time
from collections.abc import Callable, Iterable, Sequence
from concurrent.futures import ThreadPoolExecutor, as_completed
from dataclasses import replace
from functools import partial
from typing import Any

from airflow_provider_smspartner import api
from airflow_provider_smspartner.exceptions import APIError, NeedsPerson, SMSPartnerError
from airflow_provider_smspartner.hooks.confirming import carry_confirmed
from airflow_provider_smspartner.journal import Batch, Journal, Memory
from airflow_provider_smspartner.rules.sending_states import BatchState, Event

log = logging.getLogger(__name__)

UNKNOWN_MESSAGE = 4
ALREADY = 5
TOO_LATE = frozenset({6, 7, 11})
"""Codes for: due within five minutes, and already sent, which has two."""
MOST_NAMED = 20

CallPlatform = Callable[..., Any]
"""``hook.call``."""


class OutOfTime(SMSPartnerError):
    """The task ends before this request has left."""


def ask(call: CallPlatform, batch: Batch, *, before: Callable[[], None] | None = None) -> Event | None:
    """Ask the platform to take a batch back until it says that it has; None when it knows no such.

    :raises SMSPartnerError: it has not said what became of the batch.
    """
    wanted = api.message_cancel((batch.receipt and batch.receipt.message_id) or "")
    try:
        carry_confirmed(partial(call, before=before), wanted)
    except APIError as error:
        # By this request or by one whose answer was lost: either way the texts are back
        if error.code == ALREADY:
            return Event.CANCEL
        # No answer yet: another account would say so, too, and the caller knows whose this one is
        if error.code == UNKNOWN_MESSAGE:
            return None
        if error.code in TOO_LATE:
            return Event.TOO_LATE
        raise
    return Event.CANCEL


def ask_for_all(
    batches: Sequence[Batch],
    *,
    call: CallPlatform,
    answer: Callable[[Batch, Event | None], object],
    width: int,
    until: float | None = None,
) -> list[SMSPartnerError]:
    """Ask for several batches at a time, and return what stood in the way of an answer.

    :param answer: takes each batch with what ``ask`` says of it, as it comes, in the thread of the caller.
    :param until: monotonic time after which no request leaves and no answer is waited for.
    """

    def before() -> None:
        # Asked where the request leaves, not where it is queued: the pool may have let it wait
        if until is not None and time.monotonic() > until:
            raise OutOfTime("The task ends; the next try asks.")

    errors: list[SMSPartnerError] = []
    pool = ThreadPoolExecutor(width, "smspartner-cancel")
    try:
        asked = {pool.submit(ask, call, batch, before=before): batch for batch in batches}
        left = None if until is None else max(0.0, until - time.monotonic())
        for future in as_completed(asked, timeout=left):
            try:
                event = future.result()
            except SMSPartnerError as error:
                errors.append(error)
            else:
                answer(asked[future], event)
    except TimeoutError:
        errors.append(OutOfTime("Some answers did not come in time; the next try asks again."))
    finally:
        # Not waited for: a request that hangs must not outlive the seconds of a stopped task
        pool.shutdown(wait=False, cancel_futures=True)
    return errors


def record_answer(batch: Batch, event: Event, journal: Journal) -> Batch:
    """Record what has become of a batch, and return it so."""
    answered = batch.after(event)
    journal.record_cancel(answered)
    return answered


def finish(memory: Memory, *, call: CallPlatform, journal: Journal, width: int) -> Memory:
    """Finish every cancellation that earlier tries meant to make, before anybody is sent to.

    An account that knows none of their messages may be another one, in which nobody has cancelled anything.

    :return: the memory as it is after that.
    :raises SMSPartnerError: the platform has not answered for all of them; a later try asks again.
    :raises NeedsPerson: the account knows none of them, and is not known to be theirs.
    """
    to_ask = [batch for batch in memory.batches if batch.state is BatchState.CANCELLING]
    not_known: list[Batch] = []
    answered: dict[int, Batch] = {}

    def answer(batch: Batch, event: Event | None) -> None:
        if event is None:
            not_known.append(batch)
        else:
            answered[batch.ordinal] = record_answer(batch, event, journal)

    errors = ask_for_all(to_ask, call=call, answer=answer, width=width)
    is_theirs = memory.same_account or bool(answered)
    if is_theirs:
        for batch in not_known:
            answer(batch, Event.TOO_LATE)
    if to_ask:
        tell(answered.get(batch.ordinal, batch) for batch in to_ask)
    if errors:
        raise errors[0]
    if not_known and not is_theirs:
        raise NeedsPerson(
            f"SMS Partner knows none of the messages that an earlier try meant to cancel: "
            f"{summed_up(not_known)}. If the connection has the key of another account by now, put the "
            "former one back. If not, nobody can tell any more which of them were cancelled: look their "
            "tags up in the customer area, and send to those who are missing with another task."
        )
    # Last: until every answer is on record, the next try must find the intent
    journal.forget_intent()
    return replace(memory, batches=tuple(answered.get(batch.ordinal, batch) for batch in memory.batches))


def tell(batches: Iterable[Batch]) -> None:
    """Write into the log of the task what became of batches that were to be cancelled."""
    by_state: dict[BatchState, list[Batch]] = {state: [] for state in BatchState}
    for batch in batches:
        by_state[batch.state].append(batch)
    if cancelled := by_state[BatchState.CANCELLED]:
        log.info("Cancelled on the platform: %s; a later try sends to them again", summed_up(cancelled))
    if unanswered := by_state[BatchState.CANCELLING]:
        log.warning("Not known to be cancelled, the next try asks again: %s", summed_up(unanswered))
    if too_late := by_state[BatchState.ACCEPTED]:
        log.warning(
            "Not cancelled, so these texts leave or have left: %s (too late, not scheduled, without a "
            "message id, or remembered nowhere)",
            summed_up(too_late),
        )


def summed_up(batches: Sequence[Batch]) -> str:
    """Count batches and people, and name the first tags."""
    people = sum(batch.receipt.people if batch.receipt else batch.size for batch in batches)
    named = ", ".join(batch.tag for batch in batches[:MOST_NAMED])
    more = " …" if len(batches) > MOST_NAMED else ""
    return f"{len(batches)} batches, {people} people, tags {named}{more}"

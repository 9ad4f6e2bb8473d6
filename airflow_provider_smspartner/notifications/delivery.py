"""How an alert is carried: again and again while it has certainly told nobody, within a bounded time.

One plan for both ends of the hook: it says what to send and when, and who runs it says what came of it.
"""

from __future__ import annotations

import asyncio
import logging
import time
from collections.abc import Generator
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Final, NamedTuple, TypeAlias

from airflow_provider_smspartner.exceptions import APIConnectionError, RateLimitError, SMSPartnerError
from airflow_provider_smspartner.notifications.alerts import Alert, Numbers, Outcome

if TYPE_CHECKING:
    from airflow_provider_smspartner import api
    from airflow_provider_smspartner.api.answers import Sent
    from airflow_provider_smspartner.hooks.smspartner import SMSPartnerHook

log = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True, kw_only=True)
class Patience:
    """How long an alert is tried."""

    seconds: float
    """From the moment that it was due."""
    waits: tuple[float, ...]
    """Seconds between tries, each of which the hook repeats a few times by itself."""


IN_A_CALLBACK: Final = Patience(seconds=40, waits=(1, 2, 4, 8, 8, 8))
"""Airflow stops a DAG's callback after 50 seconds."""
IN_THE_TRIGGERER: Final = Patience(seconds=300, waits=(1, 2, 4, 8, 15, 30, 60, 60, 60))


class Try(NamedTuple):
    """One request of an alert."""

    after: float
    """Seconds to wait before it."""
    call: api.Call[Sent]


Outcomes: TypeAlias = dict[Numbers, Outcome]
Plan: TypeAlias = Generator[Try, Outcome, Outcomes]


def plan(alert: Alert, patience: Patience, *, since: float) -> Plan:
    """Yield the tries of an alert, take their outcomes, and return what became of each group of people.

    :param since: when the alert was due, on the monotonic clock.
    """
    until = since + patience.seconds
    outcome = yield from insist(alert, alert.numbers, patience, until)
    for options in alert.plainer:
        if not alert.is_refused_as_such(outcome):
            break
        log.warning("The alert is sent again without what was refused: %s", outcome)
        alert = replace(alert, options=options)
        outcome = yield from insist(alert, alert.numbers, patience, until)
    outcomes: Outcomes = {}
    for numbers in alert.again(outcome):
        outcomes[numbers] = yield from insist(alert, numbers, patience, until)
    return outcomes or {alert.numbers: outcome}


def insist(
    alert: Alert, numbers: Numbers, patience: Patience, until: float
) -> Generator[Try, Outcome, Outcome]:
    """Yield tries while nobody was told and time is left; return the last outcome."""
    call, began = alert.to(numbers), time.monotonic()
    outcome = yield Try(0.0, call)
    for wait in patience.waits:
        if not isinstance(outcome, RateLimitError | APIConnectionError):
            break
        pause = max(wait, getattr(outcome, "retry_after", None) or 0.0)
        # The next try may take as long as this one
        if 2 * time.monotonic() - began + pause > until:
            break
        log.warning("The alert is tried again in %.0f s: %s", pause, outcome)
        began = time.monotonic() + pause
        outcome = yield Try(pause, call)
    return outcome


def run(tries: Plan, hook: SMSPartnerHook) -> Outcomes:
    """Carry a plan out."""
    try:
        step = next(tries)
        while True:
            time.sleep(step.after)
            step = tries.send(attempt(hook, step.call))
    except StopIteration as end:
        outcomes: Outcomes = end.value
        return outcomes


def attempt(hook: SMSPartnerHook, call: api.Call[Sent]) -> Outcome:
    """Carry one request, and return the error it may end in."""
    try:
        return hook.call(call)
    except SMSPartnerError as error:
        return error


async def arun(tries: Plan, hook: SMSPartnerHook) -> Outcomes:
    """Carry a plan out on the event loop."""
    try:
        step = next(tries)
        while True:
            await asyncio.sleep(step.after)
            step = tries.send(await aattempt(hook, step.call))
    except StopIteration as end:
        outcomes: Outcomes = end.value
        return outcomes


async def aattempt(hook: SMSPartnerHook, call: api.Call[Sent]) -> Outcome:
    """Carry one request, and return the error it may end in."""
    try:
        return await hook.acall(call)
    except SMSPartnerError as error:
        return error

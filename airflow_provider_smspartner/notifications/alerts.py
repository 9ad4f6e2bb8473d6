"""An alert on its way: counted before it leaves, and what became of it afterwards."""

from __future__ import annotations

import logging
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, TypeAlias, TypeGuard

from airflow_provider_smspartner import api
from airflow_provider_smspartner.exceptions import (
    APIError,
    InvalidRequestError,
    OutcomeUnknownError,
    SMSPartnerError,
)
from airflow_provider_smspartner.rules import phone
from airflow_provider_smspartner.rules.refusals import is_about_numbers

# SQLAlchemy is loaded by the alerts that are counted
if TYPE_CHECKING:
    from sqlalchemy.engine import Engine

    from airflow_provider_smspartner.api.answers import Sent
    from airflow_provider_smspartner.journal.alert_quota import Budget, Slot

log = logging.getLogger(__name__)

Numbers: TypeAlias = tuple[str, ...]
Outcome: TypeAlias = "Sent | SMSPartnerError"


@dataclass(frozen=True, slots=True, kw_only=True)
class Count:
    """Where the alerts of a key are counted, and up to what."""

    engine: Engine
    budget: Budget


@dataclass(frozen=True, slots=True, kw_only=True)
class Alert:
    """A text that is ready to leave."""

    text: str = field(repr=False)
    options: api.SendOptions
    numbers: Numbers = field(repr=False)
    """Who is told, as E.164."""
    count: Count | None
    plainer: tuple[api.SendOptions, ...] = ()
    """What to try in turn when the platform refuses the options: fewer of them beat no alert."""

    def to(self, numbers: Numbers) -> api.Call[Sent]:
        """Return the request that tells these people."""
        return api.send(numbers, self.text, self.options)

    def again(self, outcome: Outcome) -> list[Numbers]:
        """Return who goes again by themselves: all, when somebody's number or STOP has kept them back."""
        if len(self.numbers) < 2 or not isinstance(outcome, APIError):
            return []
        return [(number,) for number in self.numbers] if is_about_numbers(outcome, self.numbers) else []

    def is_refused_as_such(self, outcome: Outcome) -> bool:
        """Tell whether something else than people was refused, such as a sender that nobody has allowed."""
        return isinstance(outcome, InvalidRequestError) and not is_about_numbers(outcome, self.numbers)


def take_slot(alert: Alert) -> Slot | bool:
    """Count the alert; False when enough have left, True where nothing counts."""
    if alert.count is None:
        return True
    from airflow_provider_smspartner.journal import alert_quota

    budget = alert.count.budget
    try:
        slot = alert_quota.take(alert.count.engine, budget)
    except SMSPartnerError as error:
        # A database that is away may well be what the alert is about
        log.warning("The alert leaves uncounted, whatever at_most says: %s", error)
        return True
    finally:
        alert.count.engine.dispose()  # a triggerer lives for weeks
    if slot is None:
        log.warning("Not sent, at_most=%s in %s is reached", budget.at_most, budget.period)
        return False
    return slot


def conclude(alert: Alert, slot: Slot | bool, outcomes: Mapping[Numbers, Outcome]) -> None:
    """Log what became of the alert.

    :raises SMSPartnerError: certainly nobody was told.
    """
    refusals = [error for error in outcomes.values() if is_refusal(error)]
    if len(refusals) == len(outcomes):
        give_back(alert, slot)
        raise refusals[0]
    for numbers, outcome in outcomes.items():
        people = ", ".join(map(phone.mask, numbers))
        if is_refusal(outcome):
            log.error("%s did not get the alert: %s", people, outcome)
        elif isinstance(outcome, OutcomeUnknownError):
            # Not raised: whoever repeats callbacks that failed must not repeat this one
            log.error("Nobody knows whether %s got the alert; it is not sent again. %s", people, outcome)
        elif not isinstance(outcome, SMSPartnerError):
            log.info("Alert %s left for %s: %s SMS", outcome.message_id, people, outcome.segments)


def is_refusal(outcome: Outcome) -> TypeGuard[SMSPartnerError]:
    """Tell whether a request certainly told nobody."""
    return isinstance(outcome, SMSPartnerError) and not isinstance(outcome, OutcomeUnknownError)


def give_back(alert: Alert, slot: Slot | bool) -> None:
    """Let the next alert have the slot of one that nobody got."""
    if alert.count is None or isinstance(slot, bool):
        return
    from airflow_provider_smspartner.journal import alert_quota

    try:
        alert_quota.give_back(alert.count.engine, alert.count.budget, slot)
    except SMSPartnerError as error:
        log.warning("The alert was not sent and counts all the same: %s", error)
    finally:
        alert.count.engine.dispose()

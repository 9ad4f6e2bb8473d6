"""What a task may send: its own limits, those of its connection, and the balance of the account."""

from __future__ import annotations

from dataclasses import replace
from decimal import Decimal
from typing import TYPE_CHECKING, Final

from airflow_provider_smspartner.exceptions import InvalidMessage
from airflow_provider_smspartner.rules.arguments import money, optional, whole
from airflow_provider_smspartner.sending import budget

if TYPE_CHECKING:
    from airflow_provider_smspartner.audience import Audience
    from airflow_provider_smspartner.operators.send import SendOperator
    from airflow_provider_smspartner.operators.texts import Text
    from airflow_provider_smspartner.sending.engine import Sending

SAID: Final = {
    "campaign": "have had this campaign, or were refused for good",
    "erased": "were erased",
    "capped": "have had as many texts as at_most allows",
}


def check_enough(task: SendOperator, found: Audience, sending: Sending | None) -> None:
    """Refuse an audience that is smaller than it can be, an empty one too: whatever fills it has failed.

    Once a part of it has been sent, the rest is not held back.

    :param sending: knows what earlier tries have sent; None for a dry run.
    """
    least = optional(whole, task.min_recipients, "min_recipients")
    if least is not None and len(found) < least and not (sending and sending.has_past()):
        raise InvalidMessage(
            f"min_recipients: {len(found)} people, and at least {least} are expected; nothing was sent"
        )


def check_limits(task: SendOperator, found: Audience, text: Text, sending: Sending | None) -> budget.Quote:
    """Refuse what is too much, and return what it will take.

    :param sending: knows what earlier tries have sent; None for a dry run.
    """
    settings, most = task.hook.settings, optional(money, task.max_cost, "max_cost")
    people = count_left(task, found, sending)
    budget.check_people(
        people,
        most=optional(whole, task.max_recipients, "max_recipients"),
        cap=settings.max_recipients,
        conn_id=task.smspartner_conn_id,
    )
    if not people:
        return budget.Quote(people=0, segments=0, price=Decimal(0))
    free = text.options.sandbox or bool(settings.redirect_to)
    needed = most is not None and settings.price_per_segment is None
    account = None if free and not needed else budget.read_account(task.hook, needed=needed)
    task.account = account or task.account
    low_cost = text.options.sms_range == "low_cost"
    segments = part(found.segments, people, len(found)) if text.measure else text.segments * people
    price = budget.price_of(settings, account, low_cost=low_cost)
    currency = (account.currency if account else None) or "EUR"
    quote = budget.Quote(people=people, segments=segments, price=price, currency=currency)
    budget.check_cost(quote, most=most)
    if account is not None and not free:
        budget.check_balance(still_to_pay(found, quote, sending), account)
    task.log.info("%s", quote)
    return quote


def still_to_pay(found: Audience, quote: budget.Quote, sending: Sending | None) -> budget.Quote:
    """Return what is left of a quote, when earlier tries have sent some of it."""
    if sending is None or not sending.has_past(len(found)):
        return quote
    done = len(found) - sending.count_left(found.people)
    people = max(0, quote.people - done)
    return replace(quote, people=people, segments=part(quote.segments, people, quote.people))


def count_left(task: SendOperator, found: Audience, sending: Sending | None) -> int:
    """Count whom this task is to text, and say whom the ledger leaves out of it, and why."""
    reasons = sending.left_out(found.people) if sending else {}
    if not reasons:
        return len(found)
    left = len(found) - sum(reasons.values())
    why = ", ".join(f"{people} {SAID[reason]}" for reason, people in sorted(reasons.items()))
    task.log.info("The ledger leaves out %s of %s people: %s", len(found) - left, len(found), why)
    if not left:
        task.log.info("Nobody is left to text: campaign %r has had everybody", task.campaign)
    return left


def part(whole: int, people: int, of_all: int) -> int:
    """Return the share of some people in segments, rounded up."""
    return -(-whole * people // max(1, of_all))

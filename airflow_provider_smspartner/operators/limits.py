"""What a task may send: its own limits, those of its connection, and the balance of the account."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

from airflow_provider_smspartner.operators.arguments import money, whole
from airflow_provider_smspartner.sending import budget

if TYPE_CHECKING:
    from airflow_provider_smspartner.audience import Audience
    from airflow_provider_smspartner.operators.send import SendOperator
    from airflow_provider_smspartner.operators.texts import Text
    from airflow_provider_smspartner.sending.engine import Sending


def check_limits(task: SendOperator, found: Audience, text: Text, sending: Sending | None) -> budget.Quote:
    """Refuse what is too much, and return what it will take.

    :param sending: knows what earlier tries have sent; None for a dry run.
    """
    settings, most = task.hook.settings, money(task.max_cost, "max_cost")
    budget.check_people(
        len(found),
        most=whole(task.max_recipients, "max_recipients"),
        cap=settings.max_recipients,
        conn_id=task.smspartner_conn_id,
    )
    free = text.options.sandbox or bool(settings.redirect_to)
    needed = most is not None and settings.price_per_segment is None
    account = None if free and not needed else budget.read_account(task.hook, needed=needed)
    low_cost = text.options.sms_range == "low_cost"
    segments = found.segments if text.measure else text.segments * len(found)
    price = budget.price_of(settings, account, low_cost=low_cost)
    currency = (account.currency if account else None) or "EUR"
    quote = budget.Quote(people=len(found), segments=segments, price=price, currency=currency)
    budget.check_cost(quote, most=most)
    if account is not None and not free:
        budget.check_balance(still_to_pay(found, quote, sending), account)
    task.log.info("%s", quote)
    return quote


def still_to_pay(found: Audience, quote: budget.Quote, sending: Sending | None) -> budget.Quote:
    """Return what is left of a quote, when earlier tries have sent some of it."""
    if sending is None or not sending.has_past():
        return quote
    people = sending.count_left(found.people)
    return replace(quote, people=people, segments=-(-quote.segments * people // max(1, quote.people)))

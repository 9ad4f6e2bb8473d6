"""What a task may send: its own limits, those of its connection, and the balance of the account."""

from __future__ import annotations

from dataclasses import replace
from decimal import Decimal
from typing import TYPE_CHECKING, Final

from airflow_provider_smspartner.exceptions import InvalidMessage
from airflow_provider_smspartner.rules.arguments import money, optional, whole
from airflow_provider_smspartner.sending import budget

if TYPE_CHECKING:
    from airflow_provider_smspartner.api.answers import Account
    from airflow_provider_smspartner.audience import Audience
    from airflow_provider_smspartner.hooks.smspartner import SMSPartnerHook
    from airflow_provider_smspartner.operators.orders import Limits, Log
    from airflow_provider_smspartner.operators.texts import Text
    from airflow_provider_smspartner.sending.engine import Sending

REASONS: Final = {
    "campaign": "have had this campaign, or were refused for good",
    "erased": "were erased",
    "capped": "have had as many texts as at_most allows",
}


class AccountReader:
    """Whom the platform says the key belongs to, and what is left there. Used by the thread of the task."""

    def __init__(self, hook: SMSPartnerHook) -> None:
        self._hook = hook
        self._account: Account | None = None

    def read(self, *, needed: bool) -> Account | None:
        """Ask for the account; None when it is not needed and one look at it has failed.

        :raises SMSPartnerError: it is needed, and the platform does not say; or the key is refused.
        """
        account = budget.read_account(self._hook, needed=needed)
        self._account = account or self._account
        return account

    def name(self, needed: bool) -> str | None:
        """Return whom the platform has named; it is asked only if that is needed, and was not done.

        :raises SMSPartnerError: it is needed, and the platform does not say.
        """
        if self._account is None and needed:
            self.read(needed=True)
        return self._account.name if self._account else None


def check_enough(limits: Limits, audience: Audience, sending: Sending | None) -> None:
    """Refuse an audience that is smaller than it can be, an empty one too: whatever fills it has failed.

    Once a part of it has been sent, the rest is not held back.

    :param sending: knows what earlier tries have sent; None for a dry run.
    """
    least = optional(whole, limits.min_recipients, "min_recipients")
    if least is not None and len(audience) < least and not (sending and sending.has_past()):
        raise InvalidMessage(
            f"min_recipients: {len(audience)} people, and at least {least} are expected; nothing was sent"
        )


def check_limits(
    limits: Limits,
    audience: Audience,
    people: int,
    text: Text,
    *,
    hook: SMSPartnerHook,
    account: AccountReader,
    sending: Sending | None,
) -> budget.Quote:
    """Refuse what is too much, and return what it will take.

    :param people: how many of the audience are to be texted.
    :param sending: knows what earlier tries have sent; None for a dry run.
    """
    settings, most = hook.settings, optional(money, limits.max_cost, "max_cost")
    budget.check_people(
        people,
        most=optional(whole, limits.max_recipients, "max_recipients"),
        cap=settings.max_recipients,
        conn_id=hook.smspartner_conn_id,
    )
    if not people:
        return budget.Quote(people=0, segments=0, price=Decimal(0))
    free = text.options.sandbox or bool(settings.redirect_to)
    needed = most is not None and settings.price_per_segment is None
    known = None if free and not needed else account.read(needed=needed)
    low_cost = text.options.sms_range == "low_cost"
    segments = part(audience.segments, people, len(audience)) if text.write else text.segments * people
    price = budget.price_of(settings, known, low_cost=low_cost)
    currency = (known.currency if known else None) or "EUR"
    quote = budget.Quote(people=people, segments=segments, price=price, currency=currency)
    budget.check_cost(quote, most=most)
    # What is left is counted only where the account would not pay for everybody: each has to be hashed
    if known is not None and not free and not budget.is_covered(quote, known):
        budget.check_balance(still_to_pay(audience, quote, sending), known)
    return quote


def still_to_pay(audience: Audience, quote: budget.Quote, sending: Sending | None) -> budget.Quote:
    """Return what is left of a quote, when earlier tries have sent some of it."""
    if sending is None or not sending.has_past(len(audience)):
        return quote
    done = len(audience) - sending.count_left(audience)
    people = max(0, quote.people - done)
    return replace(quote, people=people, segments=part(quote.segments, people, quote.people))


def count_left(audience: Audience, sending: Sending | None, *, campaign: str | None, log: Log) -> int:
    """Count whom this task is to text, and say whom the ledger leaves out of it, and why.

    :param sending: knows what earlier tries have sent; None for a dry run.
    """
    reasons = sending.left_out(audience) if sending else {}
    if not reasons:
        return len(audience)
    left = len(audience) - sum(reasons.values())
    why = ", ".join(f"{people} {REASONS[reason]}" for reason, people in sorted(reasons.items()))
    log.info("The ledger leaves out %s of %s people: %s", len(audience) - left, len(audience), why)
    if not left:
        log.info("Nobody is left to text: campaign %r has reached everybody", campaign)
    return left


def part(whole: int, people: int, of_all: int) -> int:
    """Return the share of some people in segments, rounded up."""
    return -(-whole * people // max(1, of_all))

"""What a send will take, and whether it may: people, segments and money, before anything is sent."""

from __future__ import annotations

import logging
from dataclasses import dataclass
from decimal import Decimal
from typing import Any

from airflow_provider_smspartner import api
from airflow_provider_smspartner.api.answers import Account
from airflow_provider_smspartner.exceptions import AuthenticationError, InvalidMessage, SMSPartnerError
from airflow_provider_smspartner.hooks.connection import Settings

log = logging.getLogger(__name__)

MILL = Decimal("0.001")
"""What the platform itself counts in."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Quote:
    """What a send is expected to take."""

    people: int
    segments: int
    """Without the STOP mention, whose length SMS Partner does not publish."""
    price: Decimal | None
    """Of one segment; None when nothing tells it."""
    currency: str = "EUR"

    @property
    def cost(self) -> Decimal | None:
        """The whole price; None when nothing tells it."""
        # Rounded here and not by the segment, which a million segments would make tens of euros of
        return None if self.price is None else (self.price * self.segments).quantize(MILL)

    def __str__(self) -> str:
        cost = "at an unknown price" if self.cost is None else f"about {self.cost} {self.currency}"
        return f"{self.people} people and {self.segments} segments, {cost}"

    def as_dict(self) -> dict[str, Any]:
        """Return it for the result of a task."""
        return {"segments": self.segments, "cost": None if self.cost is None else str(self.cost)}


def price_of(settings: Settings, account: Account | None, *, low_cost: bool = False) -> Decimal | None:
    """Return the price of a segment: the connection's, else the account's balance per text it pays for."""
    if settings.price_per_segment is not None:
        return settings.price_per_segment
    left = (account.low_cost_credit if low_cost else account.credit) if account else None
    if account is None or account.balance is None or not left or account.balance <= 0:
        return None
    return account.balance / left


def read_account(hook: Any, *, needed: bool) -> Account | None:
    """Ask for the account; unless it is needed, one failed look at it must not keep a send from leaving.

    :raises AuthenticationError: the key is refused, as it would be for the send.
    :raises SMSPartnerError: it is needed and cannot be read.
    """
    try:
        account: Account = hook.call(api.me(), attempts=None if needed else 1)
    except AuthenticationError:
        raise
    except SMSPartnerError as error:
        if needed:
            raise
        log.warning("The credit could not be checked before sending: %s", error)
        return None
    return account


def check_people(people: int, *, most: int | None, cap: int | None, conn_id: str) -> None:
    """Refuse more people than the operator or the connection allows."""
    if most is not None and people > most:
        raise InvalidMessage(f"max_recipients: {people} people, and {most} are allowed; nothing was sent")
    if cap is not None and people > cap:
        raise InvalidMessage(
            f"recipients: {people} people, and connection {conn_id!r} allows {cap} (Max recipients); "
            "nothing was sent"
        )


def check_cost(quote: Quote, *, most: Decimal | None) -> None:
    """Refuse a send that costs more than is allowed, whatever part of it earlier tries have sent."""
    if most is None:
        return
    if quote.cost is None:
        raise InvalidMessage(
            "max_cost: the price of a segment is unknown; fill in Price per segment of the connection"
        )
    if quote.cost > most:
        raise InvalidMessage(f"max_cost: {quote}, and {most} is allowed; nothing was sent by this try")


def is_covered(quote: Quote, account: Account) -> bool:
    """Tell whether an account can pay for a send, as far as price and balance are known."""
    return quote.cost is None or account.balance is None or quote.cost <= account.balance


def check_balance(quote: Quote, account: Account) -> None:
    """Refuse a send that costs more than the account has."""
    if not is_covered(quote, account):
        raise InvalidMessage(
            f"recipients: {quote}, and the account has {account.balance}; top it up and clear the task. "
            "Nothing was sent by this try"
        )

"""What the hook's short forms return: values for the task that asked, plain data without numbers for XCom.

Airflow stores what an ``@task`` returns, and reads classes back only from packages that its configuration
allows. A dict is stored as plain data, whatever its class: so each of these is one, with the attributes of
the value of ``api`` that it was made of beside it.
"""

from __future__ import annotations

from collections.abc import Iterable
from datetime import datetime
from decimal import Decimal
from typing import TYPE_CHECKING, Any

from airflow_provider_smspartner.rules import delivery

if TYPE_CHECKING:
    from airflow_provider_smspartner.api.answers import Account, Sent, Statuses, StopEntry


class Receipt(dict[str, Any]):
    """A send that the platform has accepted."""

    message_id: str
    segments: int | None
    cost: Decimal | None
    currency: str | None
    scheduled_for: datetime | None

    def __init__(self, sent: Sent) -> None:
        fields = ("message_id", "segments", "cost", "currency", "scheduled_for")
        super().__init__({name: as_json(getattr(sent, name)) for name in fields})
        take(self, sent, fields)


class Credit(dict[str, Any]):
    """An account, and what is left on it."""

    name: str | None
    balance: Decimal | None
    currency: str | None
    credit: int | None
    low_cost_credit: int | None
    to_send: int | None

    def __init__(self, account: Account) -> None:
        fields = ("name", "balance", "currency", "credit", "low_cost_credit", "to_send")
        super().__init__({name: as_json(getattr(account, name)) for name in fields})
        take(self, account, fields)


def what_is_left(account: Credit) -> str:
    """Say what is left on an account, as far as the platform has told it."""
    texts = None if account.credit is None else f"{account.credit} texts left"
    money = None if account.balance is None else f"{account.balance} {account.currency or ''}".strip()
    return ", ".join(filter(None, (money, texts))) or "the platform did not say what is left"


class Reports(dict[str, Any]):
    """How a message has arrived: counts; and ``reports`` of each person, which hold numbers and stay here."""

    reports: tuple[delivery.Report, ...]
    total: int | None
    page: int

    def __init__(self, statuses: Statuses) -> None:
        counted = delivery.tally(statuses.reports, recipients=None)
        fields = ("recipients", "delivered", "not_delivered", "waiting", "stop", "delivery_rate")
        super().__init__({name: getattr(counted, name) for name in fields})
        take(self, statuses, ("reports", "total", "page"))


class Stopped(dict[str, Any]):
    """Somebody on the STOP list: since when; and their ``number``, which stays here."""

    id: str | None
    number: str
    created_at: datetime | None

    def __init__(self, entry: StopEntry) -> None:
        super().__init__({name: as_json(getattr(entry, name)) for name in ("id", "created_at")})
        take(self, entry, ("id", "number", "created_at"))


def as_json(value: object) -> object:
    """Return a value as JSON has it: an amount and a moment as text, exactly."""
    if isinstance(value, datetime):
        return value.isoformat()
    return str(value) if isinstance(value, Decimal) else value


def take(carried: dict[str, Any], value: object, fields: Iterable[str]) -> None:
    """Put the fields of a value beside the plain data."""
    for name in fields:
        setattr(carried, name, getattr(value, name))

"""What the answers of SMS Partner hold: a value for each kind, and its reader.

A reader gets the fields of a success and returns None when what the call must bring is missing. No I/O here.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime
from decimal import Decimal
from typing import Any, Final, NamedTuple

from airflow_provider_smspartner.api.problems import problems
from airflow_provider_smspartner.api.values import (
    amount,
    currency,
    flag,
    label,
    moment,
    parts,
    price,
    spelling,
    text_id,
    whole,
    word,
)
from airflow_provider_smspartner.exceptions import Problem
from airflow_provider_smspartner.rules import delivery
from airflow_provider_smspartner.rules.people import NamesPeople

NAMES_OF_NUMBER: Final = ("phoneNumber", "number", "phone")


@dataclass(frozen=True, slots=True, kw_only=True)
class Sent:
    """The platform accepted a request; one message id stands for all of its recipients."""

    message_id: str
    segments: int | None = None
    """Billed parts over all recipients (``nb_sms``); None when the answer did not say."""
    cost: Decimal | None = None
    currency: str | None = None
    scheduled_for: datetime | None = None
    left_out: tuple[Problem, ...] = ()
    """What the platform says inside its yes against some of the numbers, to which it sends nothing."""

    def serialize(self) -> dict[str, Any]:
        """Return what an XCom may hold: all that names nobody. The text has left, so nothing is refused."""
        fields = ("message_id", "segments", "cost", "currency", "scheduled_for")
        return {name: getattr(self, name) for name in fields}


class Row(NamedTuple):
    """One recipient of a ``/bulk-send`` answer."""

    number: str
    accepted: bool
    code: int | None = None
    segments: int | None = None
    cost: Decimal | None = None

    def __repr__(self) -> str:
        return f"Row(accepted={self.accepted}, code={self.code})"  # tracebacks and logs print what they hold


@dataclass(frozen=True, slots=True, kw_only=True)
class BulkSent(Sent):
    """The platform accepted a list of personal texts, perhaps not all of them."""

    rows: tuple[Row, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class Statuses(NamesPeople):
    """The delivery reports of one message, or one page of those of a tag."""

    reports: tuple[delivery.Report, ...] = field(repr=False)
    total: int | None = None
    """By tag only: how many reports all pages have together."""
    page: int = 1
    nameless: int = 0
    """Rows that name nobody."""
    is_last: bool = False
    """By tag only: whether it is known that no further page follows."""


@dataclass(frozen=True, slots=True, kw_only=True)
class OneStatus(NamesPeople):
    """The delivery report of one person and message."""

    message_id: str | None
    report: delivery.Report = field(repr=False)
    cost: Decimal | None = None
    currency: str | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Account:
    """Who the key belongs to, and what is left on the account."""

    name: str | None
    balance: Decimal | None
    currency: str | None
    credit: int | None
    """Premium texts that the balance pays for."""
    low_cost_credit: int | None
    to_send: int | None
    """Texts that wait on the platform."""


@dataclass(frozen=True, slots=True, kw_only=True)
class StopEntry(NamesPeople):
    """Somebody who asked for no more texts."""

    id: str | None
    number: str = field(repr=False)
    created_at: datetime | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class StopList(NamesPeople):
    """The STOP list of the account."""

    entries: tuple[StopEntry, ...]
    total: int | None
    """How many entries the platform says it has."""
    nameless: int = 0
    """Entries that name nobody."""


def sent(fields: Mapping[str, Any]) -> Sent | None:
    """Read a send's success, which must bring a message id (a degraded gateway answered without)."""
    message_id = text_id(fields.get("message_id"))
    return Sent(message_id=message_id, **receipt(fields)) if message_id else None


def bulk_sent(fields: Mapping[str, Any]) -> BulkSent | None:
    """Read the success of a list, whose rows may have been refused one by one."""
    message_id, rows = text_id(fields.get("message_id")), mappings(fields.get("SMSResponse_List"))
    if message_id is None:
        return None
    return BulkSent(message_id=message_id, rows=tuple(map(bulk_row, rows)), **receipt(fields))


def bulk_row(row: Mapping[str, Any]) -> Row:
    """Read the answer for one recipient of a list."""
    code = whole(row.get("code"))
    accepted = flag(row["success"]) if "success" in row else code in (None, 200)
    return Row(number_of(row) or "", accepted, code, parts(row.get("nbSms")), price(row.get("cost")))


def receipt(fields: Mapping[str, Any]) -> dict[str, Any]:
    """Read what a success says beside its id. Nothing here decides whether it was one."""
    return {
        "segments": parts(fields.get("nb_sms", fields.get("nbSMS"))),
        "cost": price(fields.get("cost")),
        "currency": currency(fields.get("currency")),
        "scheduled_for": moment(fields.get("scheduledDeliveryDate")),
        "left_out": tuple(problems({name: fields.get(name) for name in ("errors", "error")}, "")),
    }


def statuses(fields: Mapping[str, Any]) -> Statuses | None:
    """Read delivery reports; without the list the answer is none."""
    rows = fields.get("StatutResponse_List")
    if not isinstance(rows, list):
        return None
    reports = tuple(report(row) for row in mappings(rows) if number_of(row))
    return Statuses(
        reports=reports,
        nameless=len(rows) - len(reports),
        total=whole(fields.get("total")),
        page=whole(fields.get("currentPage")) or 1,
    )


def one_status(fields: Mapping[str, Any]) -> OneStatus | None:
    """Read the report of one person; without a status, which has two names, the answer is none."""
    if word(fields.get("statut", fields.get("status"))) is None:
        return None
    return OneStatus(
        message_id=text_id(fields.get("messageId", fields.get("message_id"))),
        report=report(fields),
        cost=price(fields.get("cost")),
        currency=currency(fields.get("currency")),
    )


def many_statuses(fields: Mapping[str, Any]) -> tuple[OneStatus, ...] | None:
    """Read the reports of several messages; in a row that failed ``status`` is a sentence, and no report."""
    rows = fields.get("StatutResponse_List")
    if not isinstance(rows, list):
        return None
    read = (one_status(row) for row in mappings(rows) if row.get("success") is not False and number_of(row))
    return tuple(filter(None, read))


def report(row: Mapping[str, Any]) -> delivery.Report:
    """Read one recipient's report. In a row that failed, ``status`` is a sentence and stays open."""
    return delivery.Report(
        number=number_of(row) or "",
        status=delivery.status(word(row.get("statut", row.get("status"))) or ""),
        stop=flag(row.get("stopSMS", row.get("stopSms"))),
        reported_at=moment(row.get("date")),
    )


def account(fields: Mapping[str, Any]) -> Account | None:
    """Read the account, which must bring a figure; the low-cost credit has an old name, the balance two."""
    user, left = fields.get("user"), fields.get("credits")
    if not isinstance(left, dict):
        return None
    figures = ("balance", "solde", "creditSms", "creditSmsECO", "creditSmsLowCost")
    if all(amount(left.get(figure)) is None for figure in figures):
        return None
    return Account(
        name=label(user.get("username")) if isinstance(user, dict) else None,
        balance=amount(left.get("balance", left.get("solde"))),
        currency=currency(left.get("currency")),
        credit=whole(left.get("creditSms")),
        low_cost_credit=whole(left.get("creditSmsECO", left.get("creditSmsLowCost"))),
        to_send=whole(left.get("toSend")),
    )


def stop_entries(fields: Mapping[str, Any]) -> StopList | None:
    """Read the STOP list; without the list the answer is none."""
    rows = fields.get("data")
    if not isinstance(rows, list):
        return None
    entries = tuple(
        StopEntry(id=text_id(row.get("id")), number=number, created_at=moment(row.get("createdAt")))
        for row in mappings(rows)
        if (number := number_of(row))
    )
    return StopList(entries=entries, total=whole(fields.get("nbData")), nameless=len(rows) - len(entries))


def number_of(row: Mapping[str, Any]) -> str | None:
    """Return the number of a row, which has three names and may come without quotes."""
    for name in NAMES_OF_NUMBER:
        if name in row and (number := spelling(row[name])):
            return number
    return None


def mappings(rows: object) -> list[Mapping[str, Any]]:
    """Return the rows that are mappings; anything else in the list says nothing."""
    return [row for row in rows if isinstance(row, dict)] if isinstance(rows, list) else []

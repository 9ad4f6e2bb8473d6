"""The answers in ``tests/answers``, the calls that they answer, and what each call is to read in them."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import UTC, datetime
from decimal import Decimal
from pathlib import Path
from typing import Any
from zoneinfo import ZoneInfo

from airflow_provider_smspartner import api
from airflow_provider_smspartner.api import Call
from airflow_provider_smspartner.api.answers import (
    Account,
    BulkSent,
    Row,
    Sent,
    Statuses,
    StopEntry,
    StopList,
)
from airflow_provider_smspartner.exceptions import (
    APIError,
    AuthenticationError,
    InsufficientCreditError,
    InvalidRequestError,
    NotFoundError,
    OutcomeUnknownError,
    OutsideSendingHoursError,
    StopListError,
)
from airflow_provider_smspartner.rules.delivery import DeliveryStatus, Report

FOLDER = Path(__file__).parents[1] / "answers"
PARIS = ZoneInfo("Europe/Paris")
NUMBERS = [f"+336000000{index:02d}" for index in range(12)]

SEND = api.send(NUMBERS[1:3], "Bonjour")
SEND_XML = api.send(NUMBERS[1:3], "Bonjour", response_format="xml")
SURVEY = api.send_survey(NUMBERS[1:2], "BB1")
SURVEY_XML = api.send_survey(NUMBERS[1:2], "BB1", response_format="xml")
BULK_SEND = api.bulk_send([(NUMBERS[1], "Bonjour"), (NUMBERS[2], "Bonsoir")])
STATUS = api.bulk_status("5120")
STATUS_XML = api.bulk_status("5120", response_format="xml")
BY_TAG = api.bulk_status_by_tag("batch7")
ME = api.me()
CANCEL = api.message_cancel("5120")
STOP_LIST = api.stop_list()

SENDS = (SEND, SURVEY, BULK_SEND)
SENDS_XML = (SEND_XML, SURVEY_XML)
EVERY = (*SENDS, STATUS, BY_TAG, ME, CANCEL, STOP_LIST)
EVERY_XML = (*SENDS_XML, STATUS_XML)


@dataclass(frozen=True, kw_only=True)
class Refused:
    """What an error must carry."""

    error: type[APIError]
    code: int
    elements: tuple[str | None, ...] = (None,)
    codes: tuple[int | None, ...] = (None,)
    numbers: tuple[str | None, ...] = (None,)


def report(index: int, status: DeliveryStatus, *, stop: bool = False, at: int = 1896111962) -> Report:
    moment = datetime.fromtimestamp(at, UTC) if at else None
    return Report(number=NUMBERS[index], status=status, stop=stop, reported_at=moment)


def sent(message_id: str, segments: int, cost: str, **more: Any) -> Sent:
    return Sent(message_id=message_id, segments=segments, cost=Decimal(cost), currency="EUR", **more)


def row(index: int, segments: int, cost: str) -> Row:
    return Row(number=NUMBERS[index], accepted=True, code=200, segments=segments, cost=Decimal(cost))


def bulk_sent(message_id: str, segments: int, cost: str, *rows: Row) -> BulkSent:
    return BulkSent(
        message_id=message_id, segments=segments, cost=Decimal(cost), currency="EUR", rows=tuple(rows)
    )


def account(name: str, *, to_send: int) -> Account:
    return Account(
        name=name,
        balance=Decimal("5.400"),
        currency="EUR",
        credit=120,
        low_cost_credit=260,
        to_send=to_send,
    )


DELIVERED, GONE, KO = DeliveryStatus.DELIVERED, DeliveryStatus.NOT_DELIVERED, DeliveryStatus.KO
WAITING, UNKNOWN = DeliveryStatus.WAITING, DeliveryStatus.UNKNOWN

BOTH_DELIVERED = Statuses(reports=(report(1, DELIVERED), report(2, DELIVERED, stop=True, at=1896111958)))
CONSTRAINTS = Refused(
    error=InvalidRequestError,
    code=9,
    elements=("message", "phoneNumbers", "sender", "scheduledDeliveryDate", "minute", "time"),
    codes=(None,) * 6,
    numbers=(None, "060000", None, None, None, None),
)
BAD_ROW = Refused(error=InvalidRequestError, code=9, elements=("phoneNumber",), numbers=("060000",))
MISSING_KEY = Refused(error=AuthenticationError, code=1)
WRONG_KEY = Refused(error=AuthenticationError, code=10)
NO_CREDIT = Refused(error=InsufficientCreditError, code=11)
NO_NUMBER = Refused(error=InvalidRequestError, code=2)
NO_ID = Refused(error=InvalidRequestError, code=3)
NOT_FOUND = Refused(error=NotFoundError, code=4)

EXPECTED: dict[str, tuple[tuple[Call[Any], ...], object]] = {
    "send.200.json": ((SEND, SURVEY), sent("5120", 2, "0.09")),
    "send.200.xml": (SENDS_XML, sent("5120", 2, "0.09")),
    "send_scheduled.200.json": (
        (SEND,),
        sent("5122", 2, "0.09", scheduled_for=datetime(2030, 1, 31, 17, 45, tzinfo=PARIS)),
    ),
    "send_only_id.200.json": ((SEND,), Sent(message_id="5123")),
    "send_without_id.200.json": (SENDS, OutcomeUnknownError),
    "send_refused.400.json": (SENDS, CONSTRAINTS),
    "send_refused_french.400.json": (SENDS, CONSTRAINTS),
    "send_refused.400.xml": (SENDS_XML, CONSTRAINTS),
    "survey.200.json": ((SURVEY,), sent("5130", 1, "0.045")),
    "survey.200.xml": ((SURVEY_XML,), sent("5130", 1, "0.045")),
    "survey_refused.400.json": (SENDS, CONSTRAINTS),
    "survey_refused.400.xml": (SENDS_XML, CONSTRAINTS),
    "missing_key.200.json": (EVERY, MISSING_KEY),
    "missing_key.200.xml": (EVERY_XML, MISSING_KEY),
    "missing_number.200.json": (EVERY, NO_NUMBER),
    "missing_number.200.xml": (EVERY_XML, NO_NUMBER),
    "wrong_key.200.json": (EVERY, WRONG_KEY),
    "wrong_key.200.xml": (EVERY_XML, WRONG_KEY),
    "wrong_key.401.json": (EVERY, WRONG_KEY),
    "wrong_key.401.xml": (EVERY_XML, WRONG_KEY),
    "no_credit_sentence.200.json": (SENDS, NO_CREDIT),
    "no_credit_sentence.200.xml": (SENDS_XML, NO_CREDIT),
    "no_credit.200.json": (SENDS, NO_CREDIT),
    "item_code.200.json": (
        SENDS,
        Refused(
            error=InvalidRequestError,
            code=55,
            elements=(None, None),
            codes=(14, 9),
            numbers=(NUMBERS[1], "060000"),
        ),
    ),
    "stop_number.200.json": (SENDS, Refused(error=StopListError, code=14)),
    "sending_hours.200.json": (SENDS, Refused(error=OutsideSendingHoursError, code=22)),
    "not_queued.200.json": (SENDS, OutcomeUnknownError),
    "malformed.400.json": (SENDS, Refused(error=InvalidRequestError, code=90)),
    "bulk_status.200.json": ((STATUS, BY_TAG), BOTH_DELIVERED),
    "bulk_status.200.xml": ((STATUS_XML,), BOTH_DELIVERED),
    "bulk_status_spellings.200.json": (
        (STATUS, BY_TAG),
        Statuses(
            reports=(
                report(1, DELIVERED),
                report(2, DELIVERED),
                report(3, DELIVERED, at=1896108362),
                report(4, GONE),
                report(5, GONE, stop=True),
                report(6, KO, stop=True),
                report(7, KO, stop=True),
                report(8, WAITING, at=0),
                report(9, WAITING, at=0),
                report(10, UNKNOWN),
                Report(number="06 00 00 00 11", status=DELIVERED, stop=False, reported_at=None),
            )
        ),
    ),
    "bulk_status_empty.200.json": ((STATUS, BY_TAG), Statuses(reports=())),
    "bulk_status_missing_id.200.json": ((STATUS, BY_TAG), NO_ID),
    "bulk_status_missing_id.200.xml": ((STATUS_XML,), NO_ID),
    "bulk_status_not_found.200.json": ((STATUS, BY_TAG), NOT_FOUND),
    "bulk_status_not_found.200.xml": ((STATUS_XML,), NOT_FOUND),
    "bulk_status_by_tag.200.json": (
        (BY_TAG,),
        Statuses(reports=(report(1, DELIVERED), report(2, WAITING, at=1896111958)), total=3, page=1),
    ),
    "bulk_status_by_tag_page_2.200.json": (
        (BY_TAG,),
        Statuses(reports=(report(3, GONE, at=1896111970),), total=3, page=2),
    ),
    "bulk_status_by_tag_not_found.200.json": ((BY_TAG,), NOT_FOUND),
    "me.200.json": ((ME,), account("ada@example.org", to_send=3)),
    "me_2018.200.json": ((ME,), account("ada@example.org", to_send=0)),
    "cancel.200.json": ((CANCEL,), True),
    "cancel_missing_id.200.json": ((CANCEL,), NO_ID),
    "cancel_not_found.200.json": ((CANCEL,), NOT_FOUND),
    "cancel_again.200.json": ((CANCEL,), Refused(error=APIError, code=5)),
    "cancel_too_late.200.json": ((CANCEL,), Refused(error=APIError, code=6)),
    "cancel_sent.200.json": ((CANCEL,), Refused(error=APIError, code=7)),
    "bulk_send.200.json": (
        (BULK_SEND,),
        bulk_sent("5121", 3, "0.135", row(1, 1, "0.045"), row(2, 2, "0.09")),
    ),
    "bulk_send_row_refused.200.json": (
        (BULK_SEND,),
        bulk_sent("5124", 1, "0.045", row(1, 1, "0.045"), Row(number=NUMBERS[2], accepted=False, code=14)),
    ),
    "bulk_send_refused.400.json": (SENDS, BAD_ROW),
    "bulk_send_refused_french.400.json": (SENDS, BAD_ROW),
    "stop_list.200.json": (
        (STOP_LIST,),
        StopList(
            entries=(
                StopEntry(id="7", number=NUMBERS[1], created_at=datetime(2030, 1, 2, 3, 4, 5, tzinfo=PARIS)),
                StopEntry(id="9", number="0600000002", created_at=datetime(2030, 1, 3, 8, tzinfo=PARIS)),
            ),
            total=2,
        ),
    ),
    "stop_list_empty.200.json": ((STOP_LIST,), StopList(entries=(), total=0)),
}

SEEDS = {
    "S0": {"survey.200.json", "survey.200.xml", "survey_refused.400.json", "survey_refused.400.xml"},
    "S1": {"send_refused_french.400.json", "send_refused.400.xml"},
    "S2": {"send.200.json", "send_refused.400.json"},
    "S3": {"send.200.json", "send.200.xml", "send_refused.400.json", "send_refused.400.xml"},
    "S4": {"bulk_status.200.json", "bulk_status.200.xml", "wrong_key.200.json", "wrong_key.200.xml"},
}
"""Which answers the vendor's pages show, one after the other."""

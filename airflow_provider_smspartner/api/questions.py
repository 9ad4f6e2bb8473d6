"""The endpoints that ask: what became of texts, who wants no more of them, what is left on the account."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any, Literal, TypeVar

from airflow_provider_smspartner.api import answers
from airflow_provider_smspartner.api.call import READING, Call, Reader, ResponseFormat
from airflow_provider_smspartner.api.entries import XmlNames
from airflow_provider_smspartner.api.values import text_id
from airflow_provider_smspartner.rules.batches import check_batch
from airflow_provider_smspartner.rules.echoes import read_number
from airflow_provider_smspartner.rules.message import check_message_id, check_tag
from airflow_provider_smspartner.rules.phone import check_number

T = TypeVar("T")

STATUS_XML = XmlNames(
    fields=("success", "code", "message_id", "StatutResponse_List"),
    row_fields=("phoneNumber", "status", "stopSMS", "date"),
)


def bulk_status(message_id: str | int, *, response_format: ResponseFormat = "json") -> Call[answers.Statuses]:
    """The delivery reports of one message (``GET /bulk-status``, the vendor's page "Status by ID")."""
    wanted = check_message_id(message_id)

    def read(fields: Mapping[str, Any]) -> answers.Statuses | None:
        # An answer about another message says nothing about ours
        return answers.statuses(fields) if text_id(fields.get("message_id")) in (None, wanted) else None

    query = {"messageId": wanted}
    return asking("/bulk-status", query, read, response_format=response_format, xml=STATUS_XML)


def bulk_status_by_tag(tag: str, *, page: int = 1) -> Call[answers.Statuses]:
    """One page of the delivery reports of all messages with this tag (``GET /bulk-status-by-tag``).

    How a further page is asked for is not documented; ``page`` is what the vendor's other lists use.
    """
    check_tag(tag)
    query: dict[str, Any] = {"tag": tag} if page == 1 else {"tag": tag, "page": page}
    return asking("/bulk-status-by-tag", query, answers.statuses)


def me() -> Call[answers.Account]:
    """The account behind the key and its credit (``GET /me``)."""
    return asking("/me", {}, answers.account)


def stop_list(*, page: int = 1) -> Call[answers.StopList]:
    """The people who asked for no more texts (``GET /stop-sms/list``)."""
    return asking("/stop-sms/list", {} if page == 1 else {"page": page}, answers.stop_entries)


def message_status(message_id: str | int, number: str) -> Call[answers.OneStatus]:
    """The delivery report of one person (``GET /message-status``).

    :param number: as E.164.
    """
    wanted, ours = check_message_id(message_id), check_number(number)

    def read(fields: Mapping[str, Any]) -> answers.OneStatus | None:
        status = answers.one_status(fields)
        return status if status and is_about(status, wanted, ours) else None

    return asking("/message-status", {"messageId": wanted, "phoneNumber": ours}, read)


def multi_status(texts: Sequence[tuple[str, str | int]]) -> Call[tuple[answers.OneStatus, ...]]:
    """The delivery reports of at most 500 people of any messages, as (number, id) (``POST /multi-status``).

    The answer holds those whom the platform knows; who is missing has no report.
    """
    check_batch([f"{message_id} {number}" for number, message_id in texts])
    wanted = [(check_number(number), check_message_id(message_id)) for number, message_id in texts]

    def read(fields: Mapping[str, Any]) -> tuple[answers.OneStatus, ...] | None:
        statuses = answers.many_statuses(fields)
        if statuses is None:
            return None
        return tuple(one for one in statuses if any(is_about(one, id_, number) for number, id_ in wanted))

    rows = [{"phoneNumber": number, "messageId": int(message_id)} for number, message_id in wanted]
    return asking("/multi-status", {"SMSStatut_List": rows}, read, method="POST")


def is_about(status: answers.OneStatus, message_id: str, number: str) -> bool:
    """Tell whether a report is the one that was asked for; one that names nothing says nothing else."""
    named = status.report.number
    known = not named or read_number(named, ours={number}.__contains__) == number
    return known and status.message_id in (None, message_id)


def asking(
    path: str,
    query: Mapping[str, Any],
    reader: Reader[T],
    *,
    response_format: ResponseFormat = "json",
    xml: XmlNames | None = None,
    method: Literal["GET", "POST"] = "GET",
) -> Call[T]:
    """Make a call that only reads, and so may be repeated."""
    return Call(
        method=method,
        path=path,
        fields=query,
        reader=reader,
        errors=READING,
        repeatable=True,
        response_format=response_format,
        xml=xml,
    )

"""The endpoints that change something on the account without sending.

The success of two of them brings nothing, so that it proves nothing: a degraded gateway says yes to every
call. ``confirming`` names the refusal by which a second request tells that the first has done it.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Final

from airflow_provider_smspartner.api.call import READING, Call, ErrorMap
from airflow_provider_smspartner.api.values import text_id
from airflow_provider_smspartner.exceptions import StopListError
from airflow_provider_smspartner.rules.message import check_message_id
from airflow_provider_smspartner.rules.phone import check_number

ALREADY_CANCELLED: Final = 5
NOT_LISTED: Final = 4
"""Code of an entry of the STOP list that is not there, or no longer."""
ALREADY_LISTED: Final = frozenset({3, 15})

STOPPING: ErrorMap = {**READING, **dict.fromkeys(ALREADY_LISTED, StopListError)}


def message_cancel(message_id: str | int) -> Call[bool]:
    """Cancel a scheduled send, at the latest five minutes before its time (``GET /message-cancel``).

    Refusals are plain ``APIError``: code 5 already cancelled, 6 too late, 7 or 11 already sent. Only code 5
    settles it.
    """
    return Call(
        method="GET",
        path="/message-cancel",
        fields={"messageId": check_message_id(message_id)},
        reader=says_yes,
        errors=READING,
        repeatable=False,
        confirming=ALREADY_CANCELLED,
    )


def stop_add(number: str) -> Call[str]:
    """Put a number on the STOP list, and return the id of its entry (``POST /stop-sms/add``).

    Who is listed already is refused with StopListError, code 3 or 15.

    :param number: as E.164.
    """
    return Call(
        method="POST",
        path="/stop-sms/add",
        fields={"phoneNumber": check_number(number)},
        reader=lambda fields: text_id(fields.get("stopId")),
        errors=STOPPING,
        repeatable=True,
    )


def stop_delete(stop_id: str | int) -> Call[bool]:
    """Take an entry, named by its id and not by its number, off the STOP list (``GET /stop-sms/delete``).

    What is not there, or no longer, is refused with NotFoundError: only that settles it.
    """
    return Call(
        method="GET",
        path="/stop-sms/delete",
        fields={"id": check_message_id(stop_id)},
        reader=says_yes,
        errors=READING,
        repeatable=False,
        confirming=NOT_LISTED,
    )


def says_yes(_: Mapping[str, Any]) -> bool:
    """Read a success that brings nothing."""
    return True

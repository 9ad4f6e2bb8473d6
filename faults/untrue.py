"""Answers that are not whole, or not true: what a gateway in between makes of what the platform has said.

Those that take a payload spoil a success that the platform has really given.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from airflow_provider_smspartner.simulator.endpoints import degraded
from airflow_provider_smspartner.simulator.refusals import by_numbers

Payload = dict[str, Any]

SOMEBODY_ELSE = "+33699999998"
TOTALS = ("nb_sms", "nbSMS")


def short(payload: Payload) -> Payload:
    """Bill fewer segments than there are people, when there is more than one."""
    return payload | {name: payload[name] // 2 for name in TOTALS if payload.get(name, 0) > 1}


def of_others(payload: Payload) -> Payload:
    """Name somebody else in the first of the rows that personal texts are answered with."""
    rows = payload.get("SMSResponse_List") or []
    named = [{**row, "phoneNumber": SOMEBODY_ELSE} for row in rows[:1]]
    return {**payload, "SMSResponse_List": [*named, *rows[1:]]} if rows else payload


def with_fewer_rows(payload: Payload) -> Payload:
    """Leave out the last of these rows, when there is more than one."""
    rows = payload.get("SMSResponse_List") or []
    return {**payload, "SMSResponse_List": rows[:-1]} if len(rows) > 1 else payload


def yes(message_id: str | None = None) -> Payload:
    """Say yes and nothing else, or name a message that stands for an earlier batch."""
    told = degraded(None, {})  # type: ignore[arg-type]  # it looks at nothing
    return told if message_id is None else {**told, "message_id": int(message_id)}


def named_no(fields: Mapping[str, Any]) -> Payload:
    """Refuse the first number of a request."""
    listed = fields.get("SMSList") or [{"phoneNumber": str(fields["phoneNumbers"]).partition(",")[0]}]
    return by_numbers([listed[0]["phoneNumber"]], item_code=9).payload

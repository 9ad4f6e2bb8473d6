"""The vendor's API as values: every endpoint a ``Call``, what answers hold, bytes to values. No I/O here."""

from __future__ import annotations

from airflow_provider_smspartner.api.calls import (
    ACCOUNT,
    PLAIN,
    READING,
    SENDING,
    Call,
    SendOptions,
    bulk_send,
    bulk_status,
    bulk_status_by_tag,
    me,
    message_cancel,
    send,
    send_survey,
    stop_list,
)

__all__ = [
    "ACCOUNT",
    "PLAIN",
    "READING",
    "SENDING",
    "Call",
    "SendOptions",
    "bulk_send",
    "bulk_status",
    "bulk_status_by_tag",
    "me",
    "message_cancel",
    "send",
    "send_survey",
    "stop_list",
]

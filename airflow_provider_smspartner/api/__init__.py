"""The vendor's API as values: every endpoint a ``Call``, what answers hold, bytes to values. No I/O here."""

from __future__ import annotations

from airflow_provider_smspartner.api.call import ACCOUNT, READING, SENDING, Call
from airflow_provider_smspartner.api.changes import message_cancel, stop_add, stop_delete
from airflow_provider_smspartner.api.questions import (
    bulk_status,
    bulk_status_by_tag,
    me,
    message_status,
    multi_status,
    stop_list,
)
from airflow_provider_smspartner.api.sends import PLAIN, SendOptions, bulk_send, send, send_survey

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
    "message_status",
    "multi_status",
    "send",
    "send_survey",
    "stop_add",
    "stop_delete",
    "stop_list",
]

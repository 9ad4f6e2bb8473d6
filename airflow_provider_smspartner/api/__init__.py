"""The vendor's API as values: every endpoint a ``Call``, what answers hold, bytes to values. No I/O here.

Each part is loaded when it is asked for: a DAG file, which Airflow loads all day long, needs
no more than the options of a send.
"""

from __future__ import annotations

from importlib import import_module
from typing import TYPE_CHECKING, Any, Final

if TYPE_CHECKING:
    from airflow_provider_smspartner.api.call import ACCOUNT, READING, SENDING, Call
    from airflow_provider_smspartner.api.changes import message_cancel, stop_add, stop_delete
    from airflow_provider_smspartner.api.options import PLAIN, SendOptions
    from airflow_provider_smspartner.api.questions import (
        bulk_status,
        bulk_status_by_tag,
        me,
        message_status,
        multi_status,
        stop_list,
    )
    from airflow_provider_smspartner.api.sends import bulk_send, send, send_survey

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

HOMES: Final = {
    "ACCOUNT": "call",
    "PLAIN": "options",
    "READING": "call",
    "SENDING": "call",
    "Call": "call",
    "SendOptions": "options",
    "bulk_send": "sends",
    "bulk_status": "questions",
    "bulk_status_by_tag": "questions",
    "me": "questions",
    "message_cancel": "changes",
    "message_status": "questions",
    "multi_status": "questions",
    "send": "sends",
    "send_survey": "sends",
    "stop_add": "changes",
    "stop_delete": "changes",
    "stop_list": "questions",
}
"""In which module each name is."""
PARTS: Final = frozenset({*HOMES.values(), "answers"})
"""Modules that are there as ``api.answers`` is, whether they have been imported or not."""


def __getattr__(name: str) -> Any:
    if name in PARTS:
        return import_module(f"{__name__}.{name}")
    if name not in HOMES:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    value = globals()[name] = getattr(import_module(f"{__name__}.{HOMES[name]}"), name)
    return value

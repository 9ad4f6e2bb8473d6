"""What is posted to us, on all of its way: read, spooled, kept as a row, and read again by a consumer."""

from __future__ import annotations

import json
from datetime import datetime
from types import SimpleNamespace
from typing import Any, cast

from airflow_provider_smspartner.api import posts
from airflow_provider_smspartner.inbox import correlation, messages, spool
from airflow_provider_smspartner.inbox import posts as inbox_posts
from airflow_provider_smspartner.inbox.messages import Received
from airflow_provider_smspartner.journal.inbox import INBOX

RECEIVED = datetime(2030, 1, 31, 10)
"""UTC, without an offset, as the tables hold it."""


def post(data: bytes) -> object:
    """Read a post, keep it in the spool and as a row, and read it again as a consumer does."""
    one = Received(
        post=posts.read_post(data), connection="smspartner_default", received_at=RECEIVED, receipt="r"
    )
    kept = spool.from_json(json.loads(json.dumps(spool.as_json(one)).encode()))
    if kept != one or kept.post.fingerprint != one.post.fingerprint:
        raise AssertionError("the spool gives another post back")
    place = correlation.Place(campaign=None, tag=one.post.tag, number=one.post.number)
    row = inbox_posts.row(1, one, place)
    for column in INBOX.columns:
        fitting(column, row[column.name])
    return messages.message(cast(Any, SimpleNamespace(**row)))


def fitting(column: Any, value: object) -> None:
    """Refuse what some database would refuse: a value that is too long, or of no characters of text."""
    length = getattr(column.type, "length", None)
    if value is None and not column.nullable:
        raise AssertionError(f"{column.name} has no value")
    if isinstance(value, str) and ("\0" in value or (length and len(value.encode()) > length)):
        raise AssertionError(f"{column.name} does not fit")

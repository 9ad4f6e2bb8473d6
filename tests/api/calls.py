"""Calls in short: to a few people, at one present time."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Any

from airflow_provider_smspartner import api
from airflow_provider_smspartner.api import Call, SendOptions

ADA, BOB, CY = "+33600000001", "+33600000002", "+4915123456789"
NOW = datetime(2026, 11, 20, 9, 0, tzinfo=UTC)
LATER = datetime.fromisoformat("2026-12-01T10:02:00+01:00")
WHEN = {"scheduledDeliveryDate": "01/12/2026", "time": 10, "minute": 5}
Sent = dict[str, Any]


def send(*numbers: str, message: str = "Bonjour", now: datetime = NOW, **options: Any) -> Call[Any]:
    return api.send(numbers or (ADA,), message, SendOptions(**options), now=now)


def survey(*numbers: str, survey_id: str = "BB1", **more: Any) -> Call[Any]:
    return api.send_survey(numbers or (ADA,), survey_id, now=NOW, **more)


def bulk_send(message: str = "Bonjour", **options: Any) -> Call[Any]:
    return api.bulk_send([(ADA, message)], SendOptions(**options), now=NOW)


def send_xml() -> Call[Any]:
    return api.send([ADA], "Bonjour", response_format="xml")

"""Messages of the simulator, and a trigger that watches them."""

from __future__ import annotations

from collections import Counter
from datetime import timedelta
from typing import Any

from airflow_provider_smspartner.hooks.smspartner import SMSPartnerHook
from airflow_provider_smspartner.simulator import Simulator
from airflow_provider_smspartner.triggers.smspartner import DeliveryStatusTrigger
from tests.sensors.story import START

ANN, BOB = "+33600000001", "+33600000002"


def trigger(**arguments: Any) -> DeliveryStatusTrigger:
    """A trigger that waits an hour for message 5001, of one person, unless told otherwise."""
    given: dict[str, Any] = {
        "smspartner_conn_id": "smspartner_default",
        "counts": {"5001": 1},
        "since": START.isoformat(),
        "deadline": (START + timedelta(hours=1)).isoformat(),
        "poke_interval": 15.0,
    }
    return DeliveryStatusTrigger(**given | arguments)


def send(*numbers: str) -> str:
    return SMSPartnerHook().send_sms("Hello", numbers).message_id


def asked(sim: Simulator) -> Counter[str]:
    """Count the looks at each message."""
    looks = (request for request in sim.requests if request.endpoint == "/bulk-status")
    return Counter(str(request.fields["messageId"]) for request in looks)


def down(sim: Simulator) -> None:
    """Let no look be answered any more."""
    sim.faults.add("/bulk-status", "error_before", body="json", times=None)

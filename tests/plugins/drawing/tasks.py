"""Tasks as a run leaves them behind, and what some of them have failed with."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta
from typing import Any

from airflow_provider_smspartner.plugins.facts import TaskFact
from airflow_provider_smspartner.tracking.stops import Failure
from tests.plugins.facts import AT, follow, send, told


def failure(
    kind: str = "InvalidMessage", sentence: str = "It is so", code: int | None = None, **counts: int
) -> Failure:
    return Failure(at=AT, kind=kind, sentence=sentence, code=code, counts=counts)


def done(recipients: int = 1000, **more: Any) -> TaskFact:
    """A send that has ended well."""
    result = {
        "recipients": recipients,
        "batches": 1 + recipients // 500,
        "cost": "1",
        "currency": "EUR",
        **more,
    }
    return send("success", campaign=told(recipients + more.get("rejected", 0)), result=result)


def reports(
    state: str = "success", *, delivered: int, of: int = 1000, waiting: int = 0, **more: Any
) -> TaskFact:
    lost = of - delivered - waiting
    return follow(state, recipients=of, delivered=delivered, not_delivered=lost, waiting=waiting, **more)


def with_failure(task: TaskFact, why: Failure) -> TaskFact:
    return replace(task, failure=why)


def shard(n: int, state: str, batches: list[Any], why: Failure | None = None) -> TaskFact:
    return TaskFact(
        task_id="send",
        map_index=n,
        sends=True,
        state=state,
        batches=batches,
        campaign=told(500),
        logged=True,
        failure=why,
    )


NO_CREDIT = failure("InsufficientCreditError", "SMS Partner refused /send (code 11): no credit", 11)
TOO_FEW = failure("RateMissed", "40 of 50 people got the text, a rate of 0.800; min_delivery_rate is 0.9")
WRONG_COLUMN = failure(
    "InvalidMessage",
    "recipients: 30 of 30 rows cannot be texted ('x' has no digit); is phone_column the right column?",
    rows=30,
    recipients=0,
    invalid=30,
)
AWAY = failure("AirflowSensorTimeout", "At the deadline the API could not be read: it is away")
LATER = AT + timedelta(hours=7, minutes=48)

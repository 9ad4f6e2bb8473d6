"""Facts about runs, as the pages of the plugin read them."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from typing import Any

from airflow_provider_smspartner.plugins.drawing.sends import SendStory, send_story
from airflow_provider_smspartner.plugins.facts import BatchFact, RunFact, TaskFact
from airflow_provider_smspartner.tracking.handover import Campaign, Delivery
from airflow_provider_smspartner.tracking.verdict import NO_GATES, Gates

AT = datetime(2026, 11, 20, 9, 0, tzinfo=UTC)
STATES = [
    *("running", "deferred", "success", "failed", "up_for_retry", "queued", "scheduled", None),
    *(
        "skipped",
        "upstream_failed",
        "removed",
        "restarting",
        "up_for_reschedule",
        "awaiting_input",
        "new_one",
    ),
]


def batch(ordinal: int, state: str = "accepted", people: int | None = 500, **more: Any) -> BatchFact:
    bill = {"segments": 500, "cost": Decimal(19), "currency": "EUR"} if state == "accepted" else {}
    moment = AT + timedelta(seconds=ordinal)
    given_ = {"tag": f"promo-aaaaaaa{ordinal}", "claimed_at": moment, "changed_at": moment, **bill, **more}
    return BatchFact(ordinal=ordinal, state=state, people=people, **given_)


def told(recipients: int = 1500, **more: Any) -> Campaign:
    estimate = {"segments": recipients, "cost": "57.000"}
    return Campaign(at=AT, kind="sms", connection="c", recipients=recipients, estimate=estimate, **more)


def send(
    state: str | None = "running",
    batches: Sequence[BatchFact] = (),
    campaign: Campaign | None = None,
    **more: Any,
) -> TaskFact:
    return TaskFact(task_id="send", sends=True, state=state, batches=batches, campaign=campaign, **more)


def follow(
    state: str | None = "success",
    *,
    final: bool = True,
    gates: Gates = NO_GATES,
    after: tuple[str, ...] = (),
    deadline: datetime | None = None,
    task_id: str = "follow",
    **counts: Any,
) -> TaskFact:
    numbers = {
        "messages": 3,
        "recipients": 1000,
        "delivered": 975,
        "not_delivered": 20,
        "waiting": 5,
        "stop": 4,
    }
    numbers |= counts
    rate = numbers["delivered"] / numbers["recipients"] if numbers["recipients"] else None
    result = {**numbers, "delivery_rate": rate}
    curve = ((60, 500), (3600, 975))
    known = {"gates": gates, "follows": after, "deadline": deadline}
    news = Delivery(at=AT, since=AT, final=final, result=result, curve=curve, **known)  # type: ignore[arg-type]
    return TaskFact(task_id=task_id, sends=False, state=state, delivery=news)


def run(*tasks: TaskFact, state: str = "running") -> RunFact:
    return RunFact(dag_id="d", run_id="r", state=state, tasks=tasks, after=AT)


def one(*tasks: TaskFact) -> SendStory:
    return send_story(tasks, now=AT)

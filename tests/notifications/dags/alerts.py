"""What fails in each of the places that call a notifier."""

from __future__ import annotations

import os
import signal
from datetime import timedelta
from typing import Any

from airflow.providers.common.compat.version_compat import AIRFLOW_V_3_2_PLUS
from airflow.providers.standard.operators.empty import EmptyOperator
from airflow.sdk import DAG, task
from airflow.sdk.definitions.deadline import (  # type: ignore[attr-defined]  # all four, since 3.1
    AsyncCallback,
    DeadlineAlert,
    DeadlineReference,
    SyncCallback,
)

from airflow_provider_smspartner.notifications.smspartner import SMSPartnerNotifier

REFUSED: dict[str, Any] = {"smspartner_conn_id": "smspartner_refused"}
COUNTED: dict[str, Any] = {"at_most": 1, "ledger_conn_id": "ledger_default", "period": timedelta(hours=2)}


@task(retries=0)
def fail() -> None:
    raise ValueError("the till is empty 💥")


@task(retries=0)
def die() -> None:
    os.kill(os.getpid(), signal.SIGKILL)


def of_task(number: str, **arguments: Any) -> SMSPartnerNotifier:
    text = "{{ ti.task_id }} of {{ dag_run.dag_id }} failed in try {{ ti.try_number }}: {{ exception }}"
    return SMSPartnerNotifier(text, number, **arguments)


def of_dag(number: str, **arguments: Any) -> SMSPartnerNotifier:
    return SMSPartnerNotifier("{{ dag.dag_id }}: {{ reason }}", [number], **arguments)


def late(callback: Any, number: str, **arguments: Any) -> DeadlineAlert:
    kwargs = {"message": "{{ dag_run.dag_id }} is {{ dag_run.state }} since {{ deadline.deadline_time }}"}
    return DeadlineAlert(
        reference=DeadlineReference.DAGRUN_QUEUED_AT,
        interval=timedelta(),
        callback=callback(SMSPartnerNotifier, {**kwargs, "recipients": [number], **arguments}),
    )


with DAG("task_fails"):
    fail.override(on_failure_callback=[of_task("+33600000010", **REFUSED), of_task("+33600000011")])()

with DAG(
    "worker_dies",
    on_failure_callback=[of_dag("+33600000020", **REFUSED), of_dag("+33600000021", **COUNTED)],
):
    die()

LATE: list[tuple[str, Any, str]] = [("async", AsyncCallback, "30")]
if AIRFLOW_V_3_2_PLUS:  # 3.1 knows the name, and refuses a deadline with it
    LATE.append(("sync", SyncCallback, "40"))

for name, callback, number in LATE:
    with DAG(f"late_{name}", deadline=late(callback, f"+336000000{number}", **COUNTED)):
        EmptyOperator(task_id="work")
    with DAG(f"late_{name}_refused", deadline=late(callback, f"+336000001{number}", **REFUSED)):
        EmptyOperator(task_id="work")

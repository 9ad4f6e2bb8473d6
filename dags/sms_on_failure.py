"""Tell the people on call by SMS when a pipeline fails or is not done in time.

The pipeline of this example checks every hour that orders are coming in. The alert sits on the DAG and not on
its tasks: Airflow calls a DAG's callback even for a task whose process was killed, and once per run instead
of once per task. The deadline reports a run that hangs. Both share one count in the ledger: however many runs
fail, each person gets three texts an hour at most.

It needs three connections: `smspartner_default`, `warehouse_default` to any SQL database, and
`ledger_default` to one that enforces unique keys, such as PostgreSQL; the ledger creates its tables itself.
"""

from __future__ import annotations

from datetime import timedelta
from typing import Any

import pendulum
from airflow.providers.common.sql.operators.sql import SQLCheckOperator
from airflow.sdk import DAG
from airflow.sdk.definitions.deadline import (  # type: ignore[attr-defined]  # all three, since 3.1
    AsyncCallback,
    DeadlineAlert,
    DeadlineReference,
)

from airflow_provider_smspartner.notifications.smspartner import SMSPartnerNotifier

# [START alert]
ALERT: dict[str, Any] = {
    "recipients": ["+33600000001", "+33600000002"],
    "tag": "alerts",
    "at_most": 3,  # an hour
    "ledger_conn_id": "ledger_default",
}

failed = SMSPartnerNotifier("{{ dag.dag_id }} has failed: {{ reason }}. Run {{ run_id }}", **ALERT)

late = DeadlineAlert(
    reference=DeadlineReference.DAGRUN_QUEUED_AT,
    interval=timedelta(minutes=30),
    callback=AsyncCallback(
        SMSPartnerNotifier,
        {"message": "{{ dag_run.dag_id }} is {{ dag_run.state }} after half an hour", **ALERT},
    ),
)
# [END alert]

# [START pipeline]
with DAG(
    dag_id="sms_on_failure",
    schedule="@hourly",
    start_date=pendulum.datetime(2026, 1, 1, tz="Europe/Paris"),
    catchup=False,
    on_failure_callback=failed,
    deadline=late,
    tags=["sms"],
    doc_md=__doc__,
):
    SQLCheckOperator(
        task_id="orders_come_in",
        conn_id="warehouse_default",
        sql="SELECT COUNT(*) FROM orders",
    )
# [END pipeline]

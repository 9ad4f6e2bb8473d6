"""Keep the ledger and the STOP list in order, on the first of each month.

`stop_list` copies the platform's STOP list into the warehouse, where every query can leave those people out;
`outcomes` asks once more for the reports that are still open; `forget` removes the numbers from campaigns
that were last sent a year ago, which still count.

It needs three connections: `smspartner_default`, `warehouse_default` to any SQL database, and
`ledger_default` to one that enforces unique keys, such as PostgreSQL; the ledger creates its tables itself.
"""

from __future__ import annotations

from datetime import timedelta

import pendulum
from airflow.sdk import DAG, task

from airflow_provider_smspartner.operators.smspartner import RefreshStatusesOperator, StopListOperator

with DAG(
    dag_id="sms_upkeep",
    schedule="0 6 1 * *",
    start_date=pendulum.datetime(2026, 1, 1, tz="Europe/Paris"),
    catchup=False,
    max_active_runs=1,
    default_args={"retries": 2},
    tags=["sms"],
    doc_md=__doc__,
):
    # [START upkeep]
    StopListOperator(task_id="stop_list", warehouse_conn_id="warehouse_default", table="sms_stop_list")

    outcomes = RefreshStatusesOperator(
        task_id="outcomes",
        ledger_conn_id="ledger_default",
        younger_than=timedelta(days=7),
    )
    # [END upkeep]

    @task
    def forget() -> int:
        """Take the names out of old campaigns."""
        from airflow_provider_smspartner.ledger import anonymise

        return anonymise(ledger_conn_id="ledger_default", older_than=timedelta(days=365))

    outcomes >> forget()

"""A campaign of any size, in both ways of remembering it: the run's conf says whom it texts."""

from __future__ import annotations

from airflow.sdk import DAG

from airflow_provider_smspartner.operators.smspartner import SendSmsOperator
from airflow_provider_smspartner.sensors.smspartner import DeliveryStatusSensor

LEDGERS = {"soak_task_state": None, "soak_ledger": "ledger_default"}
NUMBERS = "SELECT '+33' || n AS phone_number FROM generate_series(CAST(%s AS int), CAST(%s AS int)) AS n"

for dag_id, ledger in LEDGERS.items():
    with DAG(
        dag_id=dag_id,
        schedule=None,
        default_args={"retries": 50, "retry_delay": 2, "retry_exponential_backoff": False},
    ):
        send = SendSmsOperator(
            task_id="send",
            warehouse_conn_id="warehouse_default",
            sql=NUMBERS,
            parameters=["{{ dag_run.conf['first'] }}", "{{ dag_run.conf['last'] }}"],
            message="Your appointment is tomorrow at 9:00",
            tag="soak",
            concurrency=2,
            verify_timeout=3,
            campaign=None if ledger is None else "{{ run_id }}",
            ledger_conn_id=ledger,
        )
        DeliveryStatusSensor(task_id="delivery", sent=send.output, poke_interval=5, ledger_conn_id=ledger)

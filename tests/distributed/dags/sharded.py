"""One campaign from four tasks at once, in both ways of remembering it."""

from __future__ import annotations

from airflow.sdk import DAG

from airflow_provider_smspartner.operators.smspartner import SendSmsOperator
from airflow_provider_smspartner.sensors.smspartner import DeliveryStatusSensor

SHARDS = 4
LEDGERS = {"without_ledger": None, "with_ledger": "ledger_default"}

for name, ledger in LEDGERS.items():
    with DAG(
        dag_id=name,
        schedule=None,
        default_args={"retries": 5, "retry_delay": 1, "retry_exponential_backoff": False},
    ):
        send = SendSmsOperator.partial(
            task_id="send",
            warehouse_conn_id="warehouse_default",
            sql=f"""
                SELECT phone_number FROM customers
                WHERE campaign = '{name}' AND customer_id %% {SHARDS} = %s
                ORDER BY customer_id
            """,
            message="Your autumn catalogue is here: 20% off until Sunday",
            tag="autumn",
            concurrency=2,
            verify_timeout=5,
            ledger_conn_id=ledger,
            campaign=None if ledger is None else "autumn 2026",
        ).expand(parameters=[[shard] for shard in range(SHARDS)])

        DeliveryStatusSensor(task_id="delivery", sent=send.output, ledger_conn_id=ledger)

"""A campaign that somebody watches in the UI, beside tasks that end in other ways."""

from __future__ import annotations

from datetime import timedelta

from airflow.sdk import DAG

from airflow_provider_smspartner.operators.smspartner import SendSmsOperator
from airflow_provider_smspartner.sensors.smspartner import DeliveryStatusSensor

with DAG("watched", schedule=None):
    send = SendSmsOperator(
        task_id="send",
        recipients=["06 00 00 00 01", "06 00 00 00 02", "06 00 00 00 03"],
        message="Doors open at 8",
    )
    DeliveryStatusSensor(task_id="delivery", sent=send.output, poke_interval=5)
    SendSmsOperator(
        task_id="failed",
        recipients=["06 00 00 00 04", "06 00 00 00 05"],
        message="Hello",
        max_recipients=1,
    )
    DeliveryStatusSensor(task_id="skipped", sent="nothing", soft_fail=True)
    DeliveryStatusSensor(
        task_id="up_for_retry",
        message_ids="5001",
        smspartner_conn_id="smspartner_down",
        ledger_conn_id="ledger_down",
        retries=1,
        retry_delay=timedelta(hours=1),
    )

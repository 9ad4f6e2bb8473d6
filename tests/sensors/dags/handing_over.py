"""A wait that hands over every two seconds, not after minutes."""

from __future__ import annotations

from datetime import timedelta

from airflow.sdk import DAG

from airflow_provider_smspartner.operators.smspartner import SendSmsOperator
from airflow_provider_smspartner.sensors.smspartner import DeliveryStatusSensor
from airflow_provider_smspartner.tracking import progress

# So many that a machine which is late for one has others to come
progress.FIRST_HAND_OVERS = tuple(timedelta(seconds=seconds) for seconds in range(2, 600, 2))

with DAG("handing_over", schedule=None):
    send = SendSmsOperator(
        task_id="send", recipients=["06 00 00 00 01", "06 00 00 00 02"], message="Doors open at 8"
    )
    DeliveryStatusSensor(task_id="delivery", sent=send.output, poke_interval=1)

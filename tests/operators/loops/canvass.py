"""A send in a task loop: three rounds to the same people."""

from __future__ import annotations

import pendulum
from airflow.sdk import DAG, task, task_group

from airflow_provider_smspartner.operators.smspartner import SendSmsOperator
from airflow_provider_smspartner.sensors.smspartner import DeliveryStatusSensor

with DAG("canvass", start_date=pendulum.datetime(2026, 1, 1, tz="Europe/Paris"), schedule=None):

    @task_group
    def rounds() -> None:
        """Text everybody, and wait until they have it."""
        send = SendSmsOperator(
            task_id="send", message="Doors open at 8", recipients=["+33600000001", "+33600000002"]
        )
        DeliveryStatusSensor(task_id="delivery", sent=send.output, deferrable=False, poke_interval=1)

    @task
    def end() -> None:
        """Come after the last round."""

    rounds.loop(max_iterations=3) >> end()  # type: ignore[attr-defined]  # Airflow 3.4 brought it

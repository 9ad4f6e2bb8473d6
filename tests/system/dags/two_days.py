"""Waits for sends of nearly two days ago, which the run names."""

from __future__ import annotations

from airflow.sdk import DAG

from airflow_provider_smspartner.sensors.smspartner import DeliveryStatusSensor

with DAG("two_days", schedule=None, default_args={"retries": 2}):
    for name in ("heard", "silent"):
        DeliveryStatusSensor(task_id=name, sent=f"{{{{ dag_run.conf['{name}'] }}}}", poke_interval=10)

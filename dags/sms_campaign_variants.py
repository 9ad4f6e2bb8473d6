"""Send one wording to one half of the customers and another to the other half, and compare the two.

Started by hand. The number and the campaign decide who gets which, so a second run sends nobody the other
wording; the ledger makes sure that nobody gets both. The two sensors write each person's outcome
into the ledger, where one query compares the halves: docs/campaign-control.md.

It needs three connections: `smspartner_default`, `warehouse_default` to any SQL database, and
`ledger_default` to one that enforces unique keys, such as PostgreSQL; the ledger creates its tables itself.
"""

from __future__ import annotations

from typing import Any

from airflow.sdk import DAG

from airflow_provider_smspartner.operators.smspartner import SendSmsOperator
from airflow_provider_smspartner.sensors.smspartner import DeliveryStatusSensor

# [START halves]
CAMPAIGN: dict[str, Any] = {
    "warehouse_conn_id": "warehouse_default",
    "sql": "SELECT phone_number FROM customers WHERE accepts_sms = 1",
    "stop_sms": True,
    "ledger_conn_id": "ledger_default",
    "campaign": "winter 2026",
}
VARIANTS: dict[str, dict[str, Any]] = {
    "price": {"share": (0, 0.5), "message": "Winter sale: 20% off until Sunday on example.com"},
    "gift": {"share": (0.5, 1), "message": "A gift with every order until Sunday on example.com"},
}
# [END halves]

with DAG(
    dag_id="sms_campaign_variants",
    schedule=None,
    max_active_runs=1,
    default_args={"retries": 2},
    tags=["sms"],
    doc_md=__doc__,
):
    # [START variants]
    for name, variant in VARIANTS.items():
        send = SendSmsOperator(task_id=name, tag=name, **CAMPAIGN, **variant)
        DeliveryStatusSensor(task_id=f"{name}_delivery", sent=send.output, ledger_conn_id="ledger_default")
    # [END variants]

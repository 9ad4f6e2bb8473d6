"""Text a twentieth of the customers first, and the rest if that goes well.

Started by hand. `canary` texts those whose place is in the first twentieth; `gate` waits until most of their
reports are final, and fails if too few were delivered or too many people answered STOP: then nobody else is
texted. Once you have looked into it, clear `gate`, which judges the reports that have arrived since; or mark
it as a success and clear `rest` to go on regardless. The ledger makes sure that nobody gets the campaign
twice, whatever is cleared and however often the DAG runs.

It needs three connections: `smspartner_default`, `warehouse_default` to any SQL database, and
`ledger_default` to one that enforces unique keys, such as PostgreSQL; the ledger creates its tables itself.
"""

from __future__ import annotations

from typing import Any

from airflow.sdk import DAG

from airflow_provider_smspartner.operators.smspartner import SendSmsOperator
from airflow_provider_smspartner.sensors.smspartner import DeliveryStatusSensor

# [START campaign]
CAMPAIGN: dict[str, Any] = {
    "warehouse_conn_id": "warehouse_default",
    "sql": "SELECT phone_number FROM customers WHERE accepts_sms = 1",
    "message": "Your autumn catalogue is here: 20% off until Sunday, in the shop and on example.com",
    "tag": "autumn",
    "stop_sms": True,
    "ledger_conn_id": "ledger_default",
    "campaign": "autumn 2026",
}
# [END campaign]

with DAG(
    dag_id="sms_campaign_canary",
    schedule=None,
    max_active_runs=1,
    default_args={"retries": 2},
    tags=["sms"],
    doc_md=__doc__,
):
    # [START canary]
    canary = SendSmsOperator(task_id="canary", share=(0, 0.05), **CAMPAIGN)
    gate = DeliveryStatusSensor(
        task_id="gate",
        sent=canary.output,
        settled=0.8,
        min_delivery_rate=0.9,
        max_stop_rate=0.1,
        ledger_conn_id="ledger_default",
    )
    rest = SendSmsOperator(task_id="rest", share=(0.05, 1), **CAMPAIGN)
    gate >> rest
    # [END canary]

"""Text the customers of a warehouse table once a person has approved how many, with what and at what cost.

Started by hand. `dry_run` does everything but send; `approval` shows its counts, its price and three texts,
sends whoever decides a text with the link to it, and waits for a click without occupying a worker. No answer
within eight hours counts as a no, and after a no the other tasks are skipped. `send` then texts at most as
many people as were approved, `delivery` waits for the reports, and `record` writes the outcome into the
warehouse.

It needs two connections, `smspartner_default` and `warehouse_default`, and in the warehouse the table
`sms_campaigns` that docs/dags.md shows; apache-airflow-providers-standard must be 1.12.2 or later. The link
begins with `[api] base_url` of the worker's configuration: the address of your Airflow.
"""

from __future__ import annotations

from datetime import timedelta
from typing import Any

from airflow.providers.common.sql.operators.sql import SQLExecuteQueryOperator
from airflow.providers.standard.operators.hitl import ApprovalOperator
from airflow.sdk import DAG

from airflow_provider_smspartner.notifications.smspartner import SMSPartnerNotifier
from airflow_provider_smspartner.operators.smspartner import SendSmsOperator
from airflow_provider_smspartner.sensors.smspartner import DeliveryStatusSensor

CAMPAIGN: dict[str, Any] = {
    "warehouse_conn_id": "warehouse_default",
    "sql": "SELECT phone_number FROM customers WHERE accepts_sms = 1 ORDER BY customer_id",
    "message": "Your autumn catalogue is here: 20% off until Sunday, in the shop and on example.com",
    "tag": "autumn",
    "stop_sms": True,
    "exclude_stop_list": True,
}

# [START question]
QUESTION = """
{% set plan = ti.xcom_pull(task_ids="dry_run") %}
**{{ plan.recipients }} people** would get {{ plan.segments }} segments
for about **{{ plan.cost or "an unknown price in" }} {{ plan.currency }}**.

Left out: {{ plan.invalid }} rows without a mobile number, {{ plan.duplicates }} that repeat one,
{{ plan.excluded }} people who want no texts.

{% for sample in plan.preview %}
- {{ sample.to }}: {{ sample.text }}
{% endfor %}
"""
# [END question]

OUTCOME = {
    "run_id": "{{ run_id }}",
    "recipients": "{{ ti.xcom_pull(task_ids='send')['recipients'] }}",
    "cost": "{{ ti.xcom_pull(task_ids='send')['cost'] }}",
    "delivered": "{{ ti.xcom_pull(task_ids='delivery')['delivered'] }}",
    "not_delivered": "{{ ti.xcom_pull(task_ids='delivery')['not_delivered'] }}",
    "waiting": "{{ ti.xcom_pull(task_ids='delivery')['waiting'] }}",
}

with DAG(
    dag_id="sms_campaign_approved",
    schedule=None,
    default_args={"retries": 2},
    tags=["sms"],
    doc_md=__doc__,
):
    # [START approval]
    dry_run = SendSmsOperator(task_id="dry_run", dry_run=True, **CAMPAIGN)

    approval = ApprovalOperator(
        task_id="approval",
        subject="Send the autumn catalogue?",
        body=QUESTION,
        response_timeout=timedelta(hours=8),
        defaults="Reject",
        notifiers=SMSPartnerNotifier(
            "{{ ti.xcom_pull(task_ids='dry_run')['recipients'] }} people wait for your yes: "
            "{{ task.generate_link_to_ui(task_instance=ti) }}",
            recipients="+33600000002",
            tag="approval",
        ),
    )

    send = SendSmsOperator(
        task_id="send",
        max_recipients="{{ ti.xcom_pull(task_ids='dry_run')['recipients'] }}",
        **CAMPAIGN,
    )
    # [END approval]

    delivery = DeliveryStatusSensor(task_id="delivery", sent=send.output)

    # [START record]
    record = SQLExecuteQueryOperator(
        task_id="record",
        conn_id="warehouse_default",
        # Two statements, so that a retry writes the same row; PostgreSQL would have %(run_id)s for :run_id
        sql=[
            "DELETE FROM sms_campaigns WHERE run_id = :run_id",
            "INSERT INTO sms_campaigns (run_id, recipients, cost, delivered, not_delivered, waiting) "
            "VALUES (:run_id, :recipients, :cost, :delivered, :not_delivered, :waiting)",
        ],
        parameters=OUTCOME,
    )
    # [END record]

    dry_run >> approval >> send
    delivery >> record

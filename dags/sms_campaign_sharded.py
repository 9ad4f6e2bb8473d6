"""Text the customers of a warehouse table from four tasks at once, then wait for all delivery reports.

Started by hand. Each task takes every fourth customer. The ledger makes sure that a person with two customer
numbers, who may be in two shards, gets one text, and that a second run texts only newcomers. docs/sharding.md
says when this is worth it, and when it is not.

It needs three connections: `smspartner_default`, `warehouse_default` to any SQL database, and
`ledger_default` to one that enforces unique keys, such as PostgreSQL; the ledger creates its tables itself.
"""

from __future__ import annotations

from airflow.sdk import DAG

from airflow_provider_smspartner.operators.smspartner import SendSmsOperator
from airflow_provider_smspartner.sensors.smspartner import DeliveryStatusSensor

with DAG(
    dag_id="sms_campaign_sharded",
    schedule=None,
    default_args={"retries": 2},
    tags=["sms"],
    doc_md=__doc__,
):
    # [START shards]
    send = SendSmsOperator.partial(
        task_id="send",
        warehouse_conn_id="warehouse_default",
        # The placeholder is the driver's: in PostgreSQL, customer_id %% 4 = %s
        sql="""
            SELECT phone_number FROM customers
            WHERE accepts_sms = 1 AND customer_id % 4 = ?
            ORDER BY customer_id
        """,
        message="Your autumn catalogue is here: 20% off until Sunday, in the shop and on example.com",
        tag="autumn",
        stop_sms=True,
        ledger_conn_id="ledger_default",
        campaign="autumn 2026",
    ).expand(parameters=[[0], [1], [2], [3]])

    DeliveryStatusSensor(task_id="delivery", sent=send.output, ledger_conn_id="ledger_default")
    # [END shards]

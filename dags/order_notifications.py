"""Tell customers that their order is ready to be collected, once for each order.

Every 15 minutes from 8:00 to 19:45 Europe/Paris. The query finds an order for as long as it waits to be
collected; a ledger in a SQL database remembers who was told about which order. Two orders of one person are
two texts.

It needs three connections: `smspartner_default`, `warehouse_default` to any SQL database, and
`ledger_default` to one that enforces unique keys, such as PostgreSQL; the ledger creates its tables itself.

No task waits for delivery reports: a run would last up to two days, and the next one starts in 15 minutes.
"""

from __future__ import annotations

import pendulum
from airflow.sdk import DAG

from airflow_provider_smspartner.operators.smspartner import SendSmsOperator

with DAG(
    dag_id="order_notifications",
    schedule="*/15 8-19 * * *",
    start_date=pendulum.datetime(2026, 1, 1, tz="Europe/Paris"),
    catchup=False,
    max_active_runs=1,
    default_args={"retries": 2},
    tags=["sms"],
    doc_md=__doc__,
):
    # [START notify]
    SendSmsOperator(
        task_id="notify",
        warehouse_conn_id="warehouse_default",
        sql="""
            SELECT orders.order_id, customers.first_name, customers.phone_number
            FROM orders JOIN customers ON customers.customer_id = orders.customer_id
            WHERE orders.status = 'ready'
            ORDER BY orders.order_id
        """,
        message="Hello {first_name|dear customer}, your order {order_id} is ready. See you soon at The Shop",
        tag="ready",
        ledger_conn_id="ledger_default",
        campaign="order is ready",
        event_column="order_id",
    )
    # [END notify]

"""Text the customers of a warehouse table, then wait for the delivery reports.

Every day but Sunday at 10:00 Europe/Paris, within the hours in which a marketing text may leave. `send` reads
the numbers with one query and sends each person the text once; `delivery` waits in the triggerer until every
phone has reported, or for two days. Unpausing the DAG starts the latest run that was missed, at once.

It needs two connections: `smspartner_default`, and `warehouse_default` to any SQL database.

    export AIRFLOW_CONN_SMSPARTNER_DEFAULT='{"conn_type": "smspartner", "password": "your-API-key"}'

Neither the log nor the results of the tasks hold a phone number.
"""

from __future__ import annotations

import pendulum
from airflow.sdk import DAG

from airflow_provider_smspartner.operators.smspartner import SendSmsOperator
from airflow_provider_smspartner.sensors.smspartner import DeliveryStatusSensor

with DAG(
    dag_id="sms_campaign",
    schedule="0 10 * * MON-SAT",
    start_date=pendulum.datetime(2026, 1, 1, tz="Europe/Paris"),
    catchup=False,
    max_active_runs=1,
    default_args={"retries": 2},
    tags=["sms"],
    doc_md=__doc__,
):
    # [START send]
    send = SendSmsOperator(
        task_id="send",
        warehouse_conn_id="warehouse_default",
        sql="SELECT phone_number FROM customers WHERE accepts_sms = 1 ORDER BY customer_id",
        message="Your autumn catalogue is here: 20% off until Sunday, in the shop and on example.com",
        tag="autumn",
        stop_sms=True,
    )
    # [END send]

    # [START delivery]
    delivery = DeliveryStatusSensor(task_id="delivery", sent=send.output)
    # [END delivery]

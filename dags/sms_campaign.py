"""Text the customers of a warehouse table, then wait for the delivery reports.

Every day but Sunday at 10:00 Europe/Paris, within the hours in which a marketing text may leave. `send` reads
the numbers with one query and texts whoever has not had this campaign: everybody in the first run, newcomers
in later ones, because the ledger remembers across runs. `delivery` waits in the triggerer until every
phone has reported, or for two days; the run of the next day does not wait for it. Unpausing the DAG
immediately starts the latest missed run. For the next campaign, change the name in `campaign` and the text.

It needs three connections: `smspartner_default`, `warehouse_default` to any SQL database, and
`ledger_default` to one that enforces unique keys, such as PostgreSQL; the ledger creates its tables itself.

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
        ledger_conn_id="ledger_default",
        campaign="autumn catalogue 2026",
    )
    # [END send]

    # [START delivery]
    delivery = DeliveryStatusSensor(task_id="delivery", sent=send.output, ledger_conn_id="ledger_default")
    # [END delivery]

"""Campaigns that the browser looks at: to watch, gone wrong, answered, and for a user of few rights."""

from __future__ import annotations

from airflow.sdk import DAG, TriggerRule

from airflow_provider_smspartner.operators.smspartner import SendSmsOperator
from airflow_provider_smspartner.sensors.smspartner import DeliveryStatusSensor

SMS = {"smspartner_conn_id": "sms"}
PEOPLE = "SELECT phone_number FROM people WHERE campaign = ? ORDER BY phone_number"

with DAG(dag_id="autumn_campaign", schedule=None, default_args=SMS):
    send = SendSmsOperator(
        task_id="send",
        warehouse_conn_id="warehouse_default",
        sql=PEOPLE,
        parameters=("autumn",),
        message="Your autumn catalogue is here: 20% off until Sunday",
        tag="autumn",
        stop_sms=True,
        max_cost=300,
        concurrency=1,
    )
    DeliveryStatusSensor(task_id="delivery", sent=send.output, poke_interval=2)

with DAG(dag_id="winter_campaign", schedule=None, default_args=SMS):
    send = SendSmsOperator(
        task_id="send",
        warehouse_conn_id="warehouse_default",
        sql=PEOPLE,
        parameters=("winter",),
        message="Snow is here, and so are our boots",
        tag="winter",
    )
    delivery = DeliveryStatusSensor(
        task_id="delivery", sent=send.output, poke_interval=2, timeout=15, min_delivery_rate=0.9
    )
    # The platform loses the answer to this one, and nobody looks for it
    regulars = SendSmsOperator(
        task_id="send_to_regulars",
        recipients=[
            {"phone_number": "+33600000091", "name": "Ada"},
            {"phone_number": "+33600000092", "name": "Bo"},
        ],
        message="{name}, your table is waiting",
        on_unknown="fail",
        trigger_rule=TriggerRule.ALL_DONE,
    )
    delivery >> regulars

with DAG(dag_id="spring_campaign", schedule=None, default_args=SMS):
    SendSmsOperator(
        task_id="send",
        recipients=["+33600000081", "+33600000082", "+33600000083"],
        message="Spring is here. Will you come to our open day? Answer YES or NO",
        campaign="spring",
        ledger_conn_id="ledger_default",
    )

with DAG(dag_id="shop_notice", schedule=None, default_args=SMS):
    SendSmsOperator(task_id="send", recipients=["+33600000099"], message="We open at 9 tomorrow")

"""Take in what people answer: replies into the warehouse, a confirmation for every "OUI", STOP into a table.

Started by what arrives: `InboxTrigger` watches the inbox that the receiver fills (`docs/inbox.md`), and
`answers` reads what this DAG has not read yet. An event may be merged with another or be lost; the rows are
read all the same, at least once, so everything is written under the message's own `id`.

It needs three connections: `smspartner_default` with an `inbox_url`, `warehouse_default`, and
`ledger_default`, which the receiver writes to and which remembers who got a confirmation.
"""

from __future__ import annotations

from typing import Any

import pendulum
from airflow.sdk import DAG, Asset, AssetWatcher, task

from airflow_provider_smspartner.operators.smspartner import SendSmsOperator
from airflow_provider_smspartner.triggers.inbox import InboxTrigger

# [START watch]
inbox = Asset(
    "sms_inbox",
    watchers=[
        AssetWatcher(
            name="sms_inbox",
            trigger=InboxTrigger(
                ledger_conn_id="ledger_default", kinds=("reply", "stop"), consumer="sms_replies"
            ),
        )
    ],
)
# [END watch]

with DAG(
    dag_id="sms_replies",
    schedule=[inbox],
    start_date=pendulum.datetime(2026, 1, 1, tz="Europe/Paris"),
    catchup=False,
    max_active_runs=1,
    default_args={"retries": 2},
    tags=["sms"],
    doc_md=__doc__,
):
    # [START read]
    @task
    def answers() -> dict[str, int]:
        """Write what came into the warehouse; the count is all that the result tells."""
        from airflow.sdk import BaseHook

        from airflow_provider_smspartner.inbox import unread

        warehouse: Any = BaseHook.get_hook("warehouse_default")
        tables = {"reply": "sms_replies", "stop": "sms_stops"}
        counts = dict.fromkeys(tables, 0)
        with unread(consumer="sms_replies", ledger_conn_id="ledger_default") as messages:
            for message in messages:
                row = (message.id, message.number, message.text, message.received_at.isoformat())
                warehouse.insert_rows(
                    tables[message.kind],
                    [row],
                    target_fields=["id", "phone_number", "text", "received_at"],
                    replace=True,
                    replace_index="id",
                )
                counts[message.kind] += 1
        return counts

    # [END read]

    # [START confirm]
    confirm = SendSmsOperator(
        task_id="confirm",
        warehouse_conn_id="warehouse_default",
        sql="""
            SELECT id, phone_number FROM sms_replies
            WHERE upper(trim(text)) = 'OUI' AND phone_number NOT IN (SELECT phone_number FROM sms_stops)
            ORDER BY id
        """,
        message="Thank you, your place is booked. See you soon at The Shop",
        tag="confirm",
        ledger_conn_id="ledger_default",
        campaign="reply is confirmed",
        event_column="id",
    )
    # [END confirm]

    answers() >> confirm

"""Campaigns that the tests interrupt: one DAG for each kind of interruption, with people of its own."""

from __future__ import annotations

from airflow.sdk import DAG

from airflow_provider_smspartner.operators.smspartner import SendSmsOperator

PEOPLE = 6_000
CAMPAIGNS = ("killed", "server_restart", "cleared", "cleared_while_sending", "stopped")
SCHEDULED = {"stopped": "{{ dag_run.run_after + macros.timedelta(hours=2) }}"}
"""Campaigns that the platform is to send later, unless they are stopped."""

for index, name in enumerate(CAMPAIGNS):
    with DAG(
        dag_id=name,
        schedule=None,
        default_args={"retries": 5, "retry_delay": 1, "retry_exponential_backoff": False},
    ):
        SendSmsOperator(
            task_id="send",
            warehouse_conn_id="warehouse_default",
            sql="SELECT phone_number FROM people WHERE campaign = ? ORDER BY phone_number",
            parameters=(index,),
            message="Your appointment is tomorrow at 9:00",
            tag="reminder",
            concurrency=2,
            verify_timeout=3,
            send_at=SCHEDULED.get(name),
            cancel_on_kill=name in SCHEDULED,
        )

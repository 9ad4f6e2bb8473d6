"""Campaigns that the tests interrupt: one DAG for each kind of interruption, with people of its own."""

from __future__ import annotations

from airflow.sdk import DAG

from airflow_provider_smspartner.operators import plans
from airflow_provider_smspartner.operators.smspartner import SendSmsOperator

# The simulated platform holds nothing for the night. Without a journal, a later try would rightly wait for
# what a real one may hold, and these tests would fail in the evening on an Airflow without a task state store
plans.released = lambda leaves: leaves

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

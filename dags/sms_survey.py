"""Send customers a survey, each person once, then wait for the delivery reports.

Tuesdays at 14:00 Europe/Paris. The survey is created on the SMS Partner site; its identifier is the run's
parameter `survey_id`, so the next survey needs no new DAG. The ledger remembers who has had which survey: a
later run of the same one asks only newcomers. Unpausing the DAG immediately starts the latest missed run.

It needs three connections: `smspartner_default`, `warehouse_default` to any SQL database, and
`ledger_default` to one that enforces unique keys, such as PostgreSQL; the ledger creates its tables itself.
"""

from __future__ import annotations

import pendulum
from airflow.sdk import DAG, Param

from airflow_provider_smspartner.operators.smspartner import SendSurveyOperator
from airflow_provider_smspartner.sensors.smspartner import DeliveryStatusSensor

with DAG(
    dag_id="sms_survey",
    schedule="0 14 * * TUE",
    start_date=pendulum.datetime(2026, 1, 1, tz="Europe/Paris"),
    catchup=False,
    default_args={"retries": 2},
    params={"survey_id": Param("satisfaction", type="string", minLength=1, title="Survey")},
    tags=["sms"],
    doc_md=__doc__,
):
    # [START survey]
    survey = SendSurveyOperator(
        task_id="send",
        warehouse_conn_id="warehouse_default",
        sql="SELECT phone_number FROM customers WHERE accepts_sms = 1 ORDER BY customer_id",
        survey_id="{{ params.survey_id }}",
        tag="survey",
        ledger_conn_id="ledger_default",
        campaign="survey {{ params.survey_id }}",
    )
    # [END survey]

    DeliveryStatusSensor(task_id="delivery", sent=survey.output, ledger_conn_id="ledger_default")

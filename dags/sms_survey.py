"""Send this week's customers a survey, then wait for the delivery reports.

Tuesdays at 14:00 Europe/Paris. The survey is made on the SMS Partner site; its identifier is the parameter
`survey_id` of the run, so that the next survey needs no new DAG. Unpausing the DAG starts the latest run that
was missed, at once.

It needs two connections: `smspartner_default`, and `warehouse_default` to any SQL database.
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
    max_active_runs=1,
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
    )
    # [END survey]

    DeliveryStatusSensor(task_id="delivery", sent=survey.output)

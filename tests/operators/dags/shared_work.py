"""A send whose recipients come from a task, mapped sends, and one sensor over all that they returned."""

from __future__ import annotations

from airflow.sdk import DAG, task

from airflow_provider_smspartner.operators.smspartner import SendSmsOperator, SendSurveyOperator
from airflow_provider_smspartner.sensors.smspartner import DeliveryStatusSensor

with DAG("shared_work", schedule=None):

    @task
    def people() -> list[str]:
        return ["+33600000001", "06 00 00 00 02"]

    @task
    def groups() -> list[list[dict[str, str]]]:
        return [[{"phone_number": "+33600000003"}], []]

    from_a_task = SendSmsOperator(task_id="from_a_task", message="Hello {{ run_id }}", recipients=people())

    each_city = SendSmsOperator.partial(
        task_id="each_city",
        message="See people.sql",
        sql="people.sql",
        warehouse_conn_id="warehouse_default",
        map_index_template="shop {{ task.parameters[0] }}",
    ).expand(parameters=[["Paris"], ["Lyon"], ["Nice"]])

    each_group = SendSurveyOperator.partial(task_id="each_group", survey_id="s-1").expand(recipients=groups())

    DeliveryStatusSensor(task_id="delivery", sent=each_city.output)
    DeliveryStatusSensor(task_id="delivery_of_one", sent=from_a_task.output)
    DeliveryStatusSensor.partial(task_id="delivery_of_each").expand(sent=each_group.output)

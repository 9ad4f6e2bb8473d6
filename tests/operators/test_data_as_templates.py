"""Data is never a template, whatever it looks like; what the DAG's author wrote is one."""

from __future__ import annotations

import json
from collections.abc import Callable
from functools import partial
from typing import Any

import pytest
from airflow.providers.common.compat.sdk import AirflowFailException, TaskDeferred
from airflow.sdk import DAG

from airflow_provider_smspartner.exceptions import SMSPartnerError
from airflow_provider_smspartner.operators.smspartner import SendSmsOperator, SendSurveyOperator
from airflow_provider_smspartner.sensors.smspartner import DeliveryStatusSensor
from airflow_provider_smspartner.simulator import Simulator
from tests.operators.conftest import ANN, BOB, Fill
from tests.operators.mapped import run_first, upstream

KEY = "simulator-key"
HOSTILE = "{{ conn.smspartner_default.password }}"
TO_HOSTILE = {"phone_number": ANN, "name": HOSTILE}


FROM_DATA: dict[str, Callable[[DAG], Any]] = {
    "rows of expand_kwargs": lambda dag: SendSmsOperator.partial(
        task_id="send", message="Bonjour {name}"
    ).expand_kwargs(upstream(dag, [{"recipients": [TO_HOSTILE]}])),
    "a message of expand_kwargs": lambda dag: SendSmsOperator.partial(task_id="send").expand_kwargs(
        upstream(dag, [{"recipients": ANN, "message": HOSTILE}])
    ),
    "expand over rows": lambda dag: SendSmsOperator.partial(task_id="send", message="Bonjour {name}").expand(
        recipients=upstream(dag, [[TO_HOSTILE]])
    ),
    "a tag": lambda dag: SendSmsOperator.partial(task_id="send", message="Bonjour").expand_kwargs(
        upstream(dag, [{"recipients": ANN, "tag": HOSTILE}])
    ),
    "beside a row of the author's": lambda dag: SendSmsOperator.partial(
        task_id="send", message="Bonjour {name}"
    ).expand_kwargs([upstream(dag, {"recipients": [TO_HOSTILE]}), {"recipients": BOB}]),
    "over what all tasks share": lambda dag: SendSmsOperator.partial(
        task_id="send", message="Bonjour"
    ).expand_kwargs(upstream(dag, [{"recipients": ANN, "message": HOSTILE}]), strict=False),
    "a survey": lambda dag: SendSurveyOperator.partial(task_id="send").expand_kwargs(
        upstream(dag, [{"recipients": ANN, "survey_id": HOSTILE}])
    ),
    "what a sensor follows": lambda dag: DeliveryStatusSensor.partial(task_id="send").expand_kwargs(
        upstream(dag, [{"message_ids": [HOSTILE]}])
    ),
}


@pytest.mark.parametrize("way", FROM_DATA)
def test_what_comes_out_of_data_is_never_a_template(
    way: str, sim: Simulator, caplog: pytest.LogCaptureFixture
) -> None:
    with DAG("campaign") as dag:
        mapped = FROM_DATA[way](dag)

    error = ""
    try:
        run_first(mapped, dag)
    except (AirflowFailException, TaskDeferred, SMSPartnerError) as refusal:
        error = str(refusal)

    assert KEY not in error
    said = [{**request.fields, "apiKey": ""} for request in sim.requests]
    assert KEY not in json.dumps(said, default=str)
    assert KEY not in caplog.text
    assert KEY not in "".join(text.text for text in sim.sent)


def test_parameters_out_of_data_reach_the_warehouse_as_they_are(sim: Simulator, warehouse: Fill) -> None:
    warehouse([(ANN, HOSTILE), (BOB, "Lyon")])
    with DAG("campaign") as dag:
        mapped = SendSmsOperator.partial(
            task_id="send",
            message="Hello",
            sql="SELECT phone_number FROM people WHERE city = ?",
            warehouse_conn_id="warehouse_default",
        ).expand_kwargs(upstream(dag, [{"parameters": [HOSTILE]}]))

    run_first(mapped, dag)

    assert sim.texts_per_number() == {ANN: 1}


def test_a_customer_is_texted_by_the_name_in_the_data_whatever_it_looks_like(sim: Simulator) -> None:
    name = "<< conn.smspartner_default.password >>"
    marks = {"variable_start_string": "<<", "variable_end_string": ">>"}
    with DAG("campaign", jinja_environment_kwargs=marks) as dag:
        mapped = SendSmsOperator.partial(task_id="send", message="<< city >>, {name}").expand_kwargs(
            upstream(dag, [{"recipients": [{"phone_number": ANN, "name": name}]}])
        )

    run_first(mapped, dag)

    assert [text.text for text in sim.sent] == [f"Lyon, {name}"]


@pytest.mark.parametrize(
    "expand",
    [
        lambda partial: partial(message="Hello {{ city }}").expand(recipients=[ANN]),
        lambda partial: partial(recipients=ANN).expand(message=["Hello {{ city }}"]),
        lambda partial: partial().expand_kwargs([{"message": "Hello {{ city }}", "recipients": ANN}]),
        lambda partial: partial(message="Hello {name}").expand(
            recipients=[[{"phone_number": ANN, "name": "{{ city }}"}]]
        ),
    ],
)
def test_what_the_author_wrote_is_a_template_in_mapped_tasks_too(
    expand: Callable[[Any], Any], sim: Simulator
) -> None:
    with DAG("campaign") as dag:
        mapped = expand(partial(SendSmsOperator.partial, task_id="send"))

    run_first(mapped, dag)

    assert [text.text for text in sim.sent] == ["Hello Lyon"]

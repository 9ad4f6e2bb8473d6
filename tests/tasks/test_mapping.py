"""Arguments of mapped tasks: refused when the DAG is parsed as far as they are there, else for good."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest
from airflow.providers.common.compat.sdk import AirflowFailException
from airflow.sdk import DAG

from airflow_provider_smspartner.exceptions import InvalidMessage
from airflow_provider_smspartner.operators.smspartner import SendSmsOperator, SendSurveyOperator
from airflow_provider_smspartner.sensors.smspartner import DeliveryStatusSensor
from airflow_provider_smspartner.simulator import Simulator
from tests.operators.conftest import ANN, BOB
from tests.operators.mapped import mapped_task, upstream

Expand = Callable[[DAG], Any]


def sends(**shared: Any) -> Any:
    return SendSmsOperator.partial(task_id="send", **shared)


AT_PARSE_TIME: dict[str, tuple[str, Expand]] = {
    "a shared value": (
        "concurrency",
        lambda dag: sends(concurrency=99, message="Hi").expand(recipients=[ANN]),
    ),
    "a stray brace": ("message", lambda dag: sends(message="Hi {name").expand(recipients=[[ANN]])),
    "beside data": (
        "concurrency",
        lambda dag: sends(concurrency=99, message="Hi").expand(recipients=upstream(dag, [ANN])),
    ),
    "beside mappings out of data": (
        "concurrency",
        lambda dag: sends(concurrency=99).expand_kwargs(upstream(dag, [])),
    ),
    "a query without a warehouse": (
        "warehouse_conn_id",
        lambda dag: sends(message="Hi", sql="SELECT 1").expand(parameters=[["Lyon"]]),
    ),
    "one of a list": (
        "tag",
        lambda dag: sends(message="Hi", recipients=ANN).expand(tag=["doors", "DOORS"]),
    ),
    "one of some mappings": (
        "message",
        lambda dag: sends(recipients=ANN).expand_kwargs([{"message": "Hi"}, {"message": "Hi {name"}]),
    ),
    "no message": ("message", lambda dag: sends().expand(recipients=[ANN])),
    "no message in a mapping": ("message", lambda dag: sends().expand_kwargs([{"recipients": ANN}])),
}


@pytest.mark.parametrize("case", AT_PARSE_TIME)
def test_what_is_there_is_refused_when_the_dag_is_parsed(case: str, recwarn: pytest.WarningsRecorder) -> None:
    argument, expand = AT_PARSE_TIME[case]

    with DAG("campaign") as dag, pytest.raises(InvalidMessage, match=rf"\b{argument}: "):
        expand(dag)

    assert not [warning for warning in recwarn if "never mapped" in str(warning.message)]


BY_DATA: dict[str, tuple[str, dict[str, Any]]] = {
    "a value that is wrong": ("max_recipients", {"message": "Hi", "recipients": ANN, "max_recipients": -1}),
    "no message": ("message", {"recipients": ANN}),
    "an argument that does not exist": ("mesage", {"mesage": ANN, "message": "Hi", "recipients": ANN}),
    "nobody": ("recipients", {"message": "Hi"}),
}


@pytest.mark.parametrize("case", BY_DATA)
def test_what_data_brings_is_refused_for_good_by_name(case: str) -> None:
    argument, row = BY_DATA[case]
    with DAG("campaign") as dag:
        mapped = sends().expand_kwargs(upstream(dag, [row]))

    with pytest.raises(AirflowFailException, match=rf"\b{argument}: ") as refusal:
        mapped_task(mapped, dag, 0)

    assert ANN not in str(refusal.value)


@pytest.mark.parametrize(
    "expand",
    [
        lambda dag: sends(message="Hi").expand(recipients=upstream(dag, [ANN])),
        lambda dag: sends(message="Hi").expand_kwargs(upstream(dag, [])),
        lambda dag: sends(parameters=[1]).expand_kwargs(upstream(dag, [])),
        lambda dag: sends(campaign="doors").expand_kwargs(upstream(dag, [])),
        lambda dag: sends(message="Hi", recipients=ANN).expand(concurrency=upstream(dag, [2, 4])),
        lambda dag: SendSurveyOperator.partial(task_id="ask").expand_kwargs(upstream(dag, [])),
        lambda dag: DeliveryStatusSensor.partial(task_id="wait").expand(sent=upstream(dag, [])),
        lambda dag: DeliveryStatusSensor.partial(task_id="wait").expand_kwargs(upstream(dag, [])),
    ],
)
def test_what_data_may_still_bring_is_waited_for(expand: Expand) -> None:
    with DAG("campaign") as dag:
        expand(dag)

    assert len(dag.tasks) == 2  # trying arguments out adds no task


class ToShop(SendSmsOperator):
    """Makes the recipients out of an argument of its own."""

    def __init__(self, *, shop: str, **kwargs: Any) -> None:
        super().__init__(recipients={"Lyon": ANN}[shop], message=f"Hello {shop}", **kwargs)


def test_a_subclass_may_make_our_arguments_out_of_what_data_brings(sim: Simulator) -> None:
    with DAG("campaign") as dag:
        mapped = ToShop.partial(task_id="send").expand(shop=upstream(dag, ["Lyon"]))

    operator, context = mapped_task(mapped, dag, 0)
    operator.execute(context)

    assert [text.text for text in sim.sent] == ["Hello Lyon"]


def test_a_task_that_was_tried_out_runs(sim: Simulator) -> None:
    with DAG("campaign") as dag:
        mapped = sends(recipients=[ANN, BOB]).expand(message=["Hi", "Hello"])

    operator, context = mapped_task(mapped, dag, 1)
    operator.execute(context)

    assert {text.text for text in sim.sent} == {"Hello"}

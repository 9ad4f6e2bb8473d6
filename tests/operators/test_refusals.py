"""What the send operators refuse, when, and in which words."""

from __future__ import annotations

import json
from collections.abc import Sequence
from datetime import datetime, timedelta
from typing import Any

import pytest
from airflow.providers.common.compat.sdk import AirflowException, AirflowFailException
from airflow.sdk import DAG, TaskGroup

from airflow_provider_smspartner.exceptions import InvalidMessage
from airflow_provider_smspartner.simulator import Simulator
from tests.operators.conftest import ANN, QUERY, Fill, Run, sms, survey


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        ({"message": ""}, "message: is empty"),
        ({"message": "  \n"}, "message: is empty"),
        *(
            ({"message": value}, f"message: is not text but of type {type(value).__name__}")
            for value in (None, ["Hello"], ("Hello",), {"text": "Hello"}, b"Hello", 7, True)
        ),
        ({"message": "Sale: https://example.org/~{name}"}, "message: holds a link .*U\\+007E ~.*%7E"),
        ({"message": "Hello {first name}"}, "message: holds a brace"),
        ({"message": "Hello {name.upper}"}, "message: holds a brace"),
        ({"message": "Hello {name:>9}"}, "message: holds a brace"),
        ({"message": "Hello {name"}, "message: holds a brace"),
        ({"message": "Hello name}"}, "message: holds a brace"),
        ({"message": "Привет {name}"}, "message: holds characters.*unicode=True"),
        ({"message": "x" * 1530 + "{name}"}, "message: counts 1531"),
        ({"message": "{name}", "sms_range": "low_cost", "stop_sms": True}, "stop_sms: .*NoPub=STOP"),
        ({"message": "x" * 1531}, "message: counts 1531"),
        ({"message": "Привет"}, "message: holds characters.*unicode=True"),
        ({"message": "x" * 161, "sms_range": "low_cost"}, "message: counts 161.*premium"),
        ({"sms_range": "low_cost", "stop_sms": True}, "stop_sms: .*NoPub=STOP"),
        ({"sms_range": "eco"}, "sms_range: .*low_cost"),
        ({"sender": "AB"}, "sender: .*3 to 11"),
        ({"sender": "Société"}, "sender: .*accents"),
        ({"tag": "Noel"}, "tag: .*lower case"),
        ({"tag": "noel noel"}, "tag: .*white space"),
        ({"tag": "noel-an-2031"}, "tag: .*1 to 11"),
        ({"send_at": datetime(2031, 1, 31, 10)}, "send_at: .*offset"),  # naive on purpose
        ({"send_at": "tomorrow"}, "send_at: .*ISO 8601"),
        ({"dlr_url": "example.org"}, "dlr_url: .*https"),
        ({"response_url": "https://u:p@example.org"}, "response_url: .*user name"),
        ({"recipients": None}, "recipients: give either recipients, or sql"),
        ({"recipients": ANN, **QUERY}, "recipients: give either recipients, or sql"),
        ({"sql": "SELECT 1"}, "warehouse_conn_id: sql needs"),
        ({**QUERY, "recipients": None, "sql": ["SELECT 1"]}, "sql: a list is not a statement"),
        ({"recipients": ANN, "warehouse_conn_id": "warehouse_default"}, "warehouse_conn_id: "),
        ({"recipients": ANN, "parameters": [1]}, "parameters: .*sql"),
        ({"on_invalid": "ignore"}, "on_invalid: .*skip.*fail"),
        ({"max_invalid_rate": 50}, "max_invalid_rate: .*0 and 1"),
        ({"max_rejected_rate": 50}, "max_rejected_rate: .*0 and 1"),
        ({"max_rejected_rate": "0.5"}, "max_rejected_rate: '0.5' is not between 0 and 1"),
        ({"concurrency": 0}, "concurrency: .*1 to 64"),
        ({"concurrency": 2.5}, "concurrency: .*1 to 64"),
        ({"countries": "FR"}, "countries: .*list"),
        ({"countries": []}, "countries: .*list"),
        ({"countries": ["fr"]}, "countries: .*two-letter"),
        ({"countries": [33]}, "countries: .*two-letter"),
        ({"sending_hours": "later"}, "sending_hours: 'later' is none of .*'wait'"),
        ({"sending_region": "Paris"}, "sending_region: 'Paris' is none of 'FR'"),
        ({"max_recipients": 0}, "max_recipients: .*above 0"),
        ({"max_recipients": True}, "max_recipients: .*whole number"),
        ({"max_recipients": 2.5}, "max_recipients: .*whole number"),
        ({"max_recipients": "many"}, "max_recipients: .*whole number"),
        ({"max_cost": "ten"}, "max_cost: 'ten' is not an amount"),
        ({"max_cost": -1}, "max_cost: .*amount"),
        ({"max_cost": "NaN"}, "max_cost: .*amount"),
    ],
)
def test_a_mistake_in_the_dag_is_refused_when_the_dag_is_parsed(
    arguments: dict[str, Any], words: str
) -> None:
    with pytest.raises(InvalidMessage, match=words):
        sms(**arguments)


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        ({"survey_id": ""}, "survey_id: is empty"),
        ({"survey_id": "a b"}, "survey_id: .*white space"),
        ({"tag": "Noel"}, "tag: .*lower case"),
        ({"recipients": None}, "recipients: give either"),
    ],
)
def test_a_mistake_in_a_survey_is_refused_when_the_dag_is_parsed(
    arguments: dict[str, Any], words: str
) -> None:
    with pytest.raises(InvalidMessage, match=words):
        survey(**arguments)


@pytest.mark.parametrize(
    ("argument", "value", "words"),
    [
        ("message", "", "message: is empty"),
        ("message", "Hello {name}", r"recipients: row 1 is not a mapping.*'name' \(message\)"),
        ("message", "Hello }", "message: holds a brace"),
        ("message", "x" * 1531, "message: counts 1531"),
        ("sender", "AB", "sender: .*3 to 11"),
        ("tag", "", "tag: .*1 to 11"),
        ("tag", "noel-an-2031", "tag: .*1 to 11"),
        ("tag", "Noel", "tag: .*lower case"),
        ("send_at", "2031-01-31 10:00", "send_at: .*offset"),
        ("send_at", "2020-01-31T10:00:00Z", "send_at: .*past"),
        ("send_at", "", "send_at: .*ISO 8601"),
        ("max_recipients", "", "max_recipients: .*whole number"),
        ("max_recipients", "None", "max_recipients: .*whole number"),
        ("max_cost", "", "max_cost: .*amount"),
        ("dlr_url", "example.org", "dlr_url: .*https"),
        ("response_url", "example.org", "response_url: .*https"),
        ("recipients", "none", "recipients: 1 of 1 rows cannot be texted.*phone_column"),
        ("recipients", [{"phone": ANN}], "recipients: row 1 has no column 'phone_number'"),
    ],
)
def test_a_mistake_in_a_template_fails_for_good_before_anything_is_sent(
    argument: str, value: Any, words: str, run: Run, sim: Simulator
) -> None:
    with pytest.raises(AirflowFailException, match=words):
        run(sms(**{argument: "{{ value }}"}), value=value)

    assert not sim.accepted


def test_a_mistake_in_a_surveys_template_fails_for_good(run: Run, sim: Simulator) -> None:
    with pytest.raises(AirflowFailException, match="survey_id: "):
        run(survey(survey_id="{{ value }}"), value="")

    assert not sim.accepted


@pytest.mark.parametrize(
    ("rows", "arguments", "words"),
    [
        ([(None, "Paris"), ("n/a", "Lyon")], {}, "2 of 2 rows.*phone_column"),
        ([(ANN, "Paris"), ("n/a", "Lyon")], {"on_invalid": "fail"}, "1 of 2 rows.*on_invalid"),
        ([(ANN, "Paris"), ("n/a", "Lyon")], {"max_invalid_rate": 0.4}, "1 of 2 rows.*max_invalid_rate=0.4"),
        (
            [(ANN, "Paris")],
            {"phone_column": "mobile", "sql": "SELECT * FROM people"},
            "phone_column: .*'mobile'",
        ),
    ],
)
def test_an_audience_that_shows_a_mistake_gets_nothing(
    rows: Sequence[tuple[Any, Any]],
    arguments: dict[str, Any],
    words: str,
    run: Run,
    sim: Simulator,
    warehouse: Fill,
) -> None:
    warehouse(rows)

    with pytest.raises(AirflowFailException, match=words):
        run(sms(**QUERY | arguments))

    assert not sim.accepted


def test_a_few_bad_numbers_stop_nobody_else(run: Run, sim: Simulator) -> None:
    result = run(sms(recipients=[ANN, "none"], max_invalid_rate=0.5))

    assert (result["recipients"], result["invalid"]) == (1, 1)
    assert sim.texts_per_number() == {ANN: 1}


@pytest.mark.parametrize("kind", ["http", "smspartner", "nosuchtype"])
def test_a_warehouse_that_speaks_no_sql_is_refused_before_anything_is_read(
    kind: str, run: Run, sim: Simulator, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("AIRFLOW_CONN_WAREHOUSE_DEFAULT", json.dumps({"conn_type": kind, "host": "localhost"}))

    with pytest.raises(
        AirflowFailException, match=rf"warehouse_conn_id: .*'warehouse_default'.*SQL.*type is '{kind}'"
    ):
        run(sms(**QUERY, exclude_stop_list=True))

    assert not [request for request in sim.requests if "stop" in request.endpoint]
    assert not sim.accepted


def test_a_warehouse_that_is_not_defined_is_named(run: Run, sim: Simulator) -> None:
    with pytest.raises(
        AirflowFailException, match="warehouse_conn_id: connection 'warehouse_default' is not"
    ):
        run(sms(**QUERY))

    assert not sim.accepted


def test_a_cancellation_that_nothing_remembers_is_refused() -> None:
    with pytest.raises(InvalidMessage, match=r"cancel_on_kill: .* durable"):
        sms(cancel_on_kill=True, durable=False)

    sms(cancel_on_kill=True, durable=False, ledger_conn_id="ledger", campaign="sale")


@pytest.mark.parametrize(
    "argument",
    ["message", "sender", "sms_range", "stop_sms", "unicode", "dlr_url", "response_url", "sandbox"],
)
def test_a_survey_accepts_nothing_that_its_endpoint_does_not_know(argument: str) -> None:
    with pytest.raises((TypeError, AirflowException), match=argument):
        survey(**{argument: None})


# ---- what a DAG gives to all of its tasks -----------------------------------------------------------

DEFAULTS: dict[str, Any] = {
    "warehouse_conn_id": "warehouse_default",
    "parameters": ["Lyon"],
    "ledger_conn_id": "ledger_default",
    "event_column": "order",
}


@pytest.mark.parametrize("make", [sms, survey])
def test_a_default_that_a_task_does_not_need_is_left_out(make: Any) -> None:
    with DAG("campaign", default_args=DEFAULTS):
        operator = make()

    assert [getattr(operator, name) for name in DEFAULTS] == [None] * len(DEFAULTS)


def test_a_default_that_a_task_needs_is_taken() -> None:
    with DAG("campaign", default_args=DEFAULTS):
        operator = sms(sql="SELECT 1", campaign="doors")

    assert {name: getattr(operator, name) for name in DEFAULTS} == DEFAULTS


@pytest.mark.parametrize("name", DEFAULTS)
def test_what_the_task_itself_is_given_for_nothing_is_refused(name: str) -> None:
    with DAG("campaign", default_args=DEFAULTS), pytest.raises(InvalidMessage, match=name):
        sms(**{name: "another"})


def test_a_limit_of_the_dag_is_never_ignored() -> None:
    limited = {**DEFAULTS, "at_most": (2, timedelta(days=7))}
    with DAG("campaign", default_args=limited), pytest.raises(InvalidMessage, match="at_most"):
        sms()


class Alike(list[Any]):
    """Compares itself as arrays do: value by value."""

    def __eq__(self, other: object) -> Any:
        return Alike(self)

    def __bool__(self) -> bool:
        raise ValueError("the truth of an array")

    __hash__ = None


def test_parameters_that_compare_like_an_array_are_refused_in_words() -> None:
    with DAG("campaign", default_args=DEFAULTS), pytest.raises(InvalidMessage, match="parameters"):
        sms(parameters=Alike(["Lyon"]))


def test_a_refusal_begins_with_the_task_and_the_argument() -> None:
    refused = pytest.raises(InvalidMessage, match=r"^doors\.send: max_cost: ")
    with DAG("campaign"), refused, TaskGroup("doors"):
        sms(max_cost="much")

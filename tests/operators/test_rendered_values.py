"""What templates and upstream tasks bring is checked like what is written: nothing vanishes in silence."""

from __future__ import annotations

import math
from collections.abc import Mapping
from datetime import timedelta
from decimal import Decimal
from pathlib import Path
from typing import Any

import jinja2
import pendulum
import pytest
from airflow.providers.common.compat.sdk import AirflowFailException
from airflow.sdk import DAG, BaseOperator

from airflow_provider_smspartner.operators.smspartner import (
    RefreshStatusesOperator,
    SendSmsOperator,
    StopListOperator,
)
from airflow_provider_smspartner.sensors.smspartner import DeliveryStatusSensor
from airflow_provider_smspartner.simulator import Simulator
from tests.operators.conftest import ANN, BOB, QUERY, Fill, Run, Sends, sms, survey
from tests.operators.mapped import run_first, upstream

LEDGER = {"campaign": "autumn", "ledger_conn_id": "ledger"}


class Upstream:
    """Stands for ``upstream.output``, which Airflow resolves in the step that renders templates."""

    def __init__(self, value: object) -> None:
        self.value = value

    def iter_references(self) -> tuple[()]:
        """Return the tasks that it comes from; none here."""
        return ()

    def resolve(self, context: Mapping[str, Any], *rest: Any, **more: Any) -> object:
        """Return the value."""
        return self.value


def given_later(operator: BaseOperator, argument: str, value: object) -> BaseOperator:
    setattr(operator, argument, "{{ later }}" if value is TEMPLATE else Upstream(value))
    return operator


TEMPLATE = object()
ARGUMENTS: list[tuple[str, dict[str, Any]]] = [
    *((name, {}) for name in ("max_recipients", "min_recipients", "max_cost", "send_at", "tag", "sender")),
    *((name, {}) for name in ("recipients", "message", "dlr_url", "response_url")),
    *((name, LEDGER) for name in LEDGER),
    *((name, QUERY) for name in ("sql", "warehouse_conn_id", "parameters")),
]


@pytest.mark.parametrize(("argument", "beside"), ARGUMENTS)
@pytest.mark.parametrize("value", [None, TEMPLATE], ids=["None", "a template"])
@pytest.mark.usefixtures("ledger")
def test_an_argument_that_comes_out_as_nothing_is_refused_by_its_name(
    argument: str, beside: dict[str, Any], value: object, run: Run, sim: Simulator, warehouse: Fill
) -> None:
    warehouse([(ANN, "Paris")])
    operator = given_later(sms(**beside), argument, value)

    with pytest.raises(AirflowFailException, match=rf"^{argument}\b"):
        run(operator, later=None)

    assert not sim.accepted


@pytest.mark.parametrize("text", ["None", "nan", "NaN", "NaT", "<NA>"])
def test_the_print_of_nothing_is_no_text(text: str, run: Run, sim: Simulator) -> None:
    with pytest.raises(AirflowFailException, match=r"^message: .* has come out as"):
        run(given_later(sms(), "message", text))
    run(sms(message=text))  # the author may write so

    assert [message.text for message in sim.sent] == [text]


@pytest.mark.parametrize("argument", ["max_cost", "max_recipients", "send_at"])
def test_a_mapped_limit_that_comes_out_as_nothing_is_refused(argument: str, sim: Simulator) -> None:
    with DAG("campaign", start_date=pendulum.datetime(2026, 1, 1)) as dag:
        partial = SendSmsOperator.partial(task_id="send", message="Hello", recipients=[ANN])
        mapped = partial.expand(**{argument: upstream(dag, [None])})
    with pytest.raises(AirflowFailException, match=rf"^{argument}: .* has come out as None"):
        run_first(mapped, dag)
    assert not sim.accepted


@pytest.mark.parametrize("argument", ["max_cost", "recipients", "send_at", "message"])
@pytest.mark.parametrize("native", [False, True], ids=["text", "native"])
def test_what_is_undefined_is_refused_by_name(argument: str, native: bool, run: Run, sim: Simulator) -> None:
    with DAG(
        "campaign",
        start_date=pendulum.datetime(2026, 1, 1),
        render_template_as_native_obj=native,
        template_undefined=jinja2.Undefined,  # type: ignore[arg-type]  # it works
    ):
        operator = sms(**{argument: "{{ missing }}"})

    with pytest.raises(AirflowFailException, match=rf"^{argument}\b"):
        run(operator)

    assert not sim.accepted


@pytest.mark.parametrize("sent", ["sent", "message_ids"])
def test_a_sensor_does_not_take_what_is_undefined_for_a_send_of_nobody(sent: str, run: Run) -> None:
    with DAG("campaign", start_date=pendulum.datetime(2026, 1, 1), render_template_as_native_obj=True):
        given: dict[str, Any] = {sent: "{{ missing }}"}
        sensor = DeliveryStatusSensor(task_id="wait", **given)
    with pytest.raises((jinja2.UndefinedError, AirflowFailException)):
        run(sensor)


class Shared:
    """Something of an author's with a template in it."""

    template_fields = ("text",)

    def __init__(self, text: object) -> None:
        self.text = text


def test_what_an_upstream_has_put_into_one_argument_is_no_template_in_another(
    run: Run, sim: Simulator
) -> None:
    class Noted(SendSmsOperator):
        template_fields = (*SendSmsOperator.template_fields, "note")

        def __init__(self, *, note: Any, **kwargs: Any) -> None:
            super().__init__(**kwargs)
            self.note = note

    shared = Shared(Upstream("{{ secret }}"))
    run(Noted(task_id="t", message="Hello", recipients=[{"phone_number": ANN, "x": shared}], note=shared))

    assert shared.text == "{{ secret }}"


def test_a_limit_of_the_ledger_does_not_vanish_with_it(run: Run, sim: Simulator) -> None:
    with DAG("campaign", start_date=pendulum.datetime(2026, 1, 1)) as dag:
        optional = {name: dag.param(name, default=None) for name in LEDGER}
        operator = sms(at_most=(1, timedelta(days=1)), **optional)
    with pytest.raises(AirflowFailException, match=r"^at_most: "):
        run(operator, params=dict.fromkeys(LEDGER))
    assert not sim.accepted


@pytest.mark.parametrize("argument", ["max_cost", "send_at", "tag", "sender"])
def test_a_parameter_of_the_dag_may_be_none(argument: str, run: Run, sim: Simulator) -> None:
    with DAG("campaign", start_date=pendulum.datetime(2026, 1, 1)) as dag:
        operator = sms(**{argument: dag.param("optional", default=None)})

    assert run(operator, params={"optional": None})["recipients"] == 1


def test_what_a_subclass_adds_is_its_own_matter(run: Run, sim: Simulator) -> None:
    class Noted(SendSmsOperator):
        template_fields = (*SendSmsOperator.template_fields, "note")

        def __init__(self, *, note: Any = None, **kwargs: Any) -> None:
            super().__init__(**kwargs)
            self.note = note

    assert run(Noted(task_id="t", message="Hello", recipients=[ANN], note=Upstream(None)))["recipients"] == 1


@pytest.mark.parametrize("tag", ["{{xabcdefghijklmnop", "With Blanks {%"])
def test_a_tag_out_of_data_is_checked_whatever_it_holds(tag: str, run: Run, sim: Simulator) -> None:
    with pytest.raises(AirflowFailException, match=r"^tag: "):
        run(given_later(sms(), "tag", tag))
    assert not sim.accepted


@pytest.mark.parametrize(
    ("message", "text"),
    [
        ("News of {{ task.parameters[0] }}", "News of Paris"),
        ("{{ task.max_recipients }} at most", "7 at most"),
    ],
)
def test_a_message_may_look_at_the_other_arguments(
    message: str, text: str, run: Run, sends: Sends, warehouse: Fill
) -> None:
    warehouse([(ANN, "Paris")])
    sql = "SELECT phone_number FROM people WHERE city = ?"
    given: dict[str, Any] = {**QUERY, "sql": sql, "parameters": ["{{ city }}"], "max_recipients": "{{ 7 }}"}

    run(sms(message=message, **given), city="Paris")

    assert sends()[0].fields["message"] == text


@pytest.mark.parametrize("value", [None, True, math.nan, ["abcd1234"]])
def test_a_survey_is_named_by_text(value: object, run: Run, sim: Simulator) -> None:
    with pytest.raises(AirflowFailException, match=r"^survey_id: "):
        run(given_later(survey(), "survey_id", value))
    assert not sim.accepted


@pytest.mark.parametrize("argument", ["message", "sender", "campaign", "tag", "ledger_conn_id"])
@pytest.mark.parametrize("value", [True, math.nan, math.inf, ["x"], b"x", {"x": 1}])
@pytest.mark.usefixtures("ledger")
def test_text_is_no_other_value(argument: str, value: object, run: Run, sim: Simulator) -> None:
    with pytest.raises(AirflowFailException, match=f"^{argument}: "):
        run(given_later(sms(**LEDGER), argument, value))
    assert not sim.accepted


@pytest.mark.parametrize("value", [7, 7.0, Decimal("7"), Decimal("7.00")])
def test_a_number_has_one_spelling_as_text(value: object, run: Run, sends: Sends, ledger: Path) -> None:
    first = run(sms(campaign="7", ledger_conn_id="ledger"))
    again = run(given_later(sms(**LEDGER), "campaign", value))
    run(given_later(sms(), "message", value))

    assert (first["recipients"], again["recipients"]) == (1, 0)
    assert sends()[-1].fields["message"] == "7"
    assert ledger.exists()


def test_the_name_of_a_file_is_no_message(run: Run, sim: Simulator) -> None:
    with pytest.raises(AirflowFailException, match=r"^message: 'spring\.txt' is the name of a file"):
        run(given_later(sms(), "message", "spring.txt"))
    assert not sim.accepted


@pytest.mark.parametrize("value", ["75", 75, 7.5])
def test_parameters_are_not_taken_apart(value: object, run: Run, sim: Simulator, warehouse: Fill) -> None:
    warehouse([(ANN, "7"), (BOB, "5")])
    query = {**QUERY, "sql": "SELECT phone_number FROM people WHERE city IN (?, ?)"}

    for given in (TEMPLATE, value):
        with pytest.raises(AirflowFailException, match=r"^parameters: "):
            run(given_later(sms(**query), "parameters", given), later=value)

    assert not sim.accepted


# ---- other operators -----------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("make", "argument"),
    [
        (lambda: StopListOperator(task_id="t", warehouse_conn_id="warehouse_default", table="s"), name)
        for name in ("warehouse_conn_id", "table", "push_sql")
    ]
    + [(lambda: RefreshStatusesOperator(task_id="t", ledger_conn_id="ledger"), "ledger_conn_id")],
)
@pytest.mark.usefixtures("ledger")
def test_the_other_operators_refuse_nothing_too(
    make: Any, argument: str, run: Run, sim: Simulator, warehouse: Fill
) -> None:
    warehouse([(ANN, "Paris")])
    for value in (None, TEMPLATE):
        with pytest.raises(AirflowFailException, match=f"^{argument}: .* has come out as"):
            run(given_later(make(), argument, value), later=None)
    assert not sim.requests


@pytest.mark.parametrize("table", ["x.", ".x", "a..b", "."])
def test_a_table_has_a_name(table: str) -> None:
    with pytest.raises(ValueError, match=r"^t: table: .* lacks a name"):
        StopListOperator(task_id="t", warehouse_conn_id="w", table=table)

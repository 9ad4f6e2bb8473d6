"""What is rendered, and what Airflow stores of it: templates of the author, counts of people, data as is."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any, NoReturn

import jinja2
import pytest
from airflow.sdk import DAG, Context
from airflow.serialization.helpers import serialize_template_field
from hypothesis import example, given
from hypothesis import strategies as st

from airflow_provider_smspartner.exceptions import InvalidMessage
from airflow_provider_smspartner.operators.smspartner import SendSmsOperator
from airflow_provider_smspartner.simulator import Simulator
from tests.operators.conftest import ANN, BOB, EVE, LATER, QUERY, Fill, Run, Sends, sms, survey
from tests.operators.mapped import mapped_task

# ---- templates ------------------------------------------------------------------------------------


def test_every_argument_that_the_contract_calls_templated_is_rendered(
    run: Run, sends: Sends, warehouse: Fill
) -> None:
    warehouse([(ANN, "Paris")])
    run(
        sms(
            message="Hello {{ name }}",
            sql="SELECT phone_number FROM people WHERE city = ?",
            parameters=["{{ city }}"],
            warehouse_conn_id="warehouse_{{ 'default' }}",
            sender="{{ name }} SHOP",
            tag="{{ name | lower }}",
            send_at="{{ later }}",
            dlr_url="https://example.org/{{ name }}",
            response_url="https://example.org/{{ city }}",
            max_recipients="{{ 1 }}",
            max_cost="{{ '0.05' }}",
        ),
        name="ACME",
        city="Paris",
        later=LATER,
    )

    fields = sends()[0].fields
    assert fields.pop("tag").startswith("acme-")
    assert fields == {
        "phoneNumbers": ANN,
        "message": "Hello ACME",
        "sender": "ACME SHOP",
        "scheduledDeliveryDate": "31/01/2031",
        "time": 10,
        "minute": 5,
        "urlDlr": "https://example.org/ACME",
        "urlResponse": "https://example.org/Paris",
    }


NAMED = Context(city="Lyon")  # type: ignore[typeddict-unknown-key]  # a value of the test
ENVIRONMENTS = [
    {},
    {"variable_start_string": "<<", "variable_end_string": ">>"},
    {"line_statement_prefix": "%", "line_comment_prefix": "##"},
]


@pytest.mark.parametrize("options", ENVIRONMENTS)
@given(st.text(alphabet="a{}[]%#\r\n ", max_size=8) | st.text(max_size=8))
@example("{{ city }}")
@example("[[ city ]]")
@example("two\r\nlines")
@example("one line\n")
def test_what_is_no_template_is_left_as_jinja_would_leave_it(options: dict[str, str], text: str) -> None:
    env = jinja2.Environment(autoescape=False, **options)  # type: ignore[arg-type]  # mypy wants them spelled out
    try:
        expected = env.from_string(text).render(NAMED)
    except jinja2.TemplateError:
        return

    assert sms().render_template([text], NAMED, env) == [expected]


def test_a_list_of_numbers_is_not_compiled_one_by_one() -> None:
    class NoTemplates(jinja2.Environment):
        def from_string(self, *_: object, **__: object) -> NoReturn:
            raise AssertionError("compiled")

    numbers = [ANN, BOB, EVE]

    assert sms().render_template(numbers, NAMED, NoTemplates()) == numbers  # compiles nothing


def test_a_surveys_identifier_is_rendered(run: Run, sends: Sends) -> None:
    run(survey(survey_id="{{ which }}"), which="s-7")

    assert sends("/sondage/to/send")[0].fields["sondageIdent"] == "s-7"


def test_only_sql_is_read_from_a_file(tmp_path: Path, run: Run, sim: Simulator, warehouse: Fill) -> None:
    warehouse([(ANN, "Paris"), (BOB, "Lyon")])
    (tmp_path / "people.sql").write_text("SELECT phone_number FROM people WHERE city = '{{ city }}'")
    with DAG("campaign", template_searchpath=str(tmp_path)):
        operator = sms(message="See people.sql", sql="people.sql", warehouse_conn_id="warehouse_default")

    run(operator, city="Lyon")

    assert [(text.number, text.text) for text in sim.sent] == [(BOB, "See people.sql")]


def test_a_query_file_that_is_not_there_is_named(tmp_path: Path) -> None:
    with DAG("campaign", template_searchpath=str(tmp_path)) as dag:
        sms(sql="people.sql", warehouse_conn_id="warehouse_default")

    with pytest.raises(InvalidMessage, match=r"sql: there is no file 'people.sql'"):
        dag.resolve_template_files()


# ---- what Airflow stores --------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("recipients", "shown"),
    [
        (ANN, "1 recipients"),
        ([ANN, BOB], "2 recipients"),
        ([{"phone_number": ANN, "name": "Ann"}], "1 recipients"),
        ("{{ people }}", "2 recipients"),
        ([], "0 recipients"),
    ],
)
def test_airflow_stores_recipients_as_a_count(recipients: Any, shown: str, run: Run, sim: Simulator) -> None:
    operator = sms(recipients=recipients)

    run(operator, people=[ANN, BOB])

    stored = {
        name: serialize_template_field(getattr(operator, name), name) for name in operator.template_fields
    }
    assert stored["recipients"] == shown
    assert "60000000" not in json.dumps(stored) + repr(operator.recipients)


def test_airflow_stores_parameters_as_a_count(run: Run, sim: Simulator, warehouse: Fill) -> None:
    warehouse([(ANN, "Paris")])
    operator = sms(
        **QUERY | {"sql": "SELECT phone_number FROM people WHERE phone_number = ?"}, parameters=[ANN]
    )

    run(operator)

    stored = {
        name: serialize_template_field(getattr(operator, name), name) for name in operator.template_fields
    }
    assert stored["parameters"] == "1 parameters"
    assert stored["recipients"] is None
    assert sim.texts_per_number() == {ANN: 1}
    assert ANN not in json.dumps(stored)


def test_a_template_that_fails_leaves_no_number_to_be_told() -> None:
    query = {"sql": "SELECT 1", "warehouse_conn_id": "warehouse_default", "parameters": "{{ people }}"}
    operator = sms(recipients=None, tag="{{ nothing.there }}", **query)

    with pytest.raises(jinja2.UndefinedError):
        operator.render_template_fields(Context(people=[ANN, BOB]))  # type: ignore[typeddict-unknown-key]

    assert str(operator.parameters) == "2 parameters"


def test_rendering_twice_counts_once(sim: Simulator) -> None:
    operator = sms(recipients=[ANN, BOB])
    context: Any = {"ti": None}

    operator.render_template_fields(context)
    operator.render_template_fields(context)
    operator.execute(context)

    assert set(sim.texts_per_number()) == {ANN, BOB}


def test_a_mapped_task_texts_its_share_and_stores_a_count(sim: Simulator) -> None:
    with DAG("campaign") as dag:
        mapped = SendSmsOperator.partial(task_id="send", message="Hello {{ city }}").expand(
            recipients=[[ANN], [BOB, EVE]]
        )

    operator, context = mapped_task(mapped, dag, 1)
    result = operator.execute(context)

    assert result["recipients"] == 2
    assert sim.texts_per_number() == {BOB: 1, EVE: 1}
    assert sim.sent[0].text == "Hello Lyon"
    assert serialize_template_field(operator.recipients, "recipients") == "2 recipients"


def test_a_mapped_task_reads_its_query_from_a_file(tmp_path: Path, sim: Simulator, warehouse: Fill) -> None:
    warehouse([(ANN, "Paris"), (BOB, "Lyon")])
    (tmp_path / "people.sql").write_text("SELECT phone_number FROM people WHERE city = ? /* {{ city }} */")
    with DAG("campaign", template_searchpath=str(tmp_path)) as dag:
        mapped = SendSmsOperator.partial(
            task_id="send", message="Hello", sql="people.sql", warehouse_conn_id="warehouse_default"
        ).expand(parameters=[["Paris"], ["Lyon"]])

    operator, context = mapped_task(mapped, dag, 0)
    operator.execute(context)

    assert sim.texts_per_number() == {ANN: 1}
    assert serialize_template_field(operator.parameters, "parameters") == "1 parameters"
    assert operator.sql.endswith("/* Lyon */")


# ---- counts that answer the author ------------------------------------------------------------------


@pytest.mark.parametrize(
    ("template", "name"),
    [
        ("shop {{ task.parameters[0] }}", "shop Lyon"),
        ("{{ task.recipients | length }}", "2"),
        ("{{ task.recipients | map(attribute='phone_number') | list | length }}", "2"),
        ("{{ task.parameters }}", "1 parameters"),
        ("{% for city in task.parameters %}{{ city }}{% endfor %}", "Lyon"),
    ],
)
def test_counts_answer_templates_of_the_author_after_the_task_too(template: str, name: str) -> None:
    operator = sms(recipients=[{"phone_number": ANN}, {"phone_number": BOB}])
    operator.parameters = ["Lyon"]
    context: Any = {"ti": None, "task": operator}
    operator.render_template_fields(context)

    assert operator.get_template_env().from_string(template).render(context) == name
    assert serialize_template_field(operator.recipients, "recipients") == "2 recipients"


@pytest.mark.parametrize(
    ("template", "name"),
    [
        ("{{ task.recipients['name'] }}", "Ann"),
        ("{{ task.recipients.name }}", "Ann"),
        ("{{ task.recipients.value }}", "gold"),
        ("{{ task.recipients[0].name }}", "Ann"),
        ("{{ task.recipients.get('city', 'no city') }}", "no city"),
        ("{{ task.parameters.get('shop') }}", "7"),
        ("{% for name, value in task.parameters.items() %}{{ name }}={{ value }} {% endfor %}", "shop=7 "),
        ("{{ (task.parameters | dictsort)[0][1] }}", "7"),
        ("{{ task.recipients }}", "1 recipients"),
    ],
)
def test_a_row_and_named_parameters_answer_by_name(template: str, name: str) -> None:
    operator = sms(recipients={"phone_number": ANN, "name": "Ann", "value": "gold"})
    operator.parameters = {"shop": 7}
    context: Any = {"ti": None, "task": operator}
    operator.render_template_fields(context)

    assert operator.get_template_env().from_string(template).render(context) == name
    assert serialize_template_field(operator.recipients, "recipients") == "1 recipients"
    assert serialize_template_field(operator.parameters, "parameters") == "1 parameters"


def test_a_count_of_mappings_answers_by_name() -> None:
    operator = sms(**QUERY, parameters={"city": "Lyon"})
    context: Any = {"ti": None, "task": operator}
    operator.render_template_fields(context)

    text = operator.get_template_env().from_string("{{ task.parameters.city }}").render(context)

    assert text == "Lyon"

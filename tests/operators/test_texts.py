"""Texts as their author wrote them: digits are text, indentation goes, a file is read when asked for."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
from airflow.sdk import DAG

from airflow_provider_smspartner.exceptions import InvalidMessage
from airflow_provider_smspartner.operators.smspartner import SendSmsOperator
from airflow_provider_smspartner.simulator import Simulator
from tests.operators.conftest import ANN, BOB, Run, Sends, sms
from tests.operators.mapped import run_first, upstream

# ---- text is text ----------------------------------------------------------------------------------


def native(value: str, sim: Simulator, **arguments: Any) -> str:
    """Return the text of a send in a DAG that renders to native objects."""
    with DAG("campaign", render_template_as_native_obj=True):
        operator = sms(message=value, **arguments)
    context: Any = {"ti": None, "digits": "0036", "number": 36, "people": [ANN, BOB]}
    operator.render_template_fields(context)
    operator.execute(context)
    return sim.sent[0].text


@pytest.mark.parametrize(
    ("message", "sent"),
    [("{{ number }}", "36"), ("{{ digits }}", "0036"), ("1{{ number }}0", "1360"), ("{{ '1e5' }}", "1e5")],
)
def test_a_message_of_digits_is_text_in_a_dag_of_native_objects(
    message: str, sent: str, sim: Simulator
) -> None:
    assert native(message, sim) == sent


def test_tag_and_sender_are_text_in_a_dag_of_native_objects(sim: Simulator, sends: Sends) -> None:
    native("Hello", sim, tag="{{ number }}", sender="3{{ number }}", recipients="{{ people }}")

    assert sends()[0].fields["sender"] == "336"
    assert sends()[0].fields["tag"].startswith("36-")
    assert sim.texts_per_number() == {ANN: 1, BOB: 1}


@pytest.mark.parametrize("number", ["'06 00 00 00 01'", "'+33600000001'", "'33600000001'"])
def test_one_number_is_a_number_in_a_dag_of_native_objects(number: str, sim: Simulator) -> None:
    native("Hello", sim, recipients=f"{{{{ {number} }}}}")

    assert sim.texts_per_number() == {ANN: 1}


def test_a_number_that_a_task_returned_is_a_message(sim: Simulator) -> None:
    with DAG("campaign") as dag:
        operator = sms(message=upstream(dag, 36), sender=upstream(dag, 36111))
    context: Any = {"ti": None}

    operator.render_template_fields(context)
    operator.execute(context)

    assert [(text.text, text.sender) for text in sim.sent] == [("36", "36111")]


# ---- what the author wrote over several lines, or into a file ---------------------------------------


def test_the_indentation_of_a_message_is_taken_out_and_that_of_its_fillings_is_not(
    run: Run, sim: Simulator
) -> None:
    row = {"phone_number": ANN, "address": "Shop\n  1 rue Haute"}
    run(
        sms(
            message="""
            Bonjour,
              votre colis :
            {address}
            """,
            recipients=[row],
        )
    )

    assert sim.sent[0].text == "Bonjour,\n  votre colis :\nShop\n  1 rue Haute"


@pytest.mark.parametrize("of_data", [True, False])
def test_only_what_the_author_wrote_loses_its_indentation(of_data: bool, sim: Simulator) -> None:
    text = "One\n    Two"
    with DAG("campaign") as dag:
        mapped = SendSmsOperator.partial(task_id="send", recipients=ANN).expand(
            message=upstream(dag, [text]) if of_data else [text]
        )

    run_first(mapped, dag)

    assert sim.sent[0].text == (text if of_data else "One\nTwo")


@pytest.mark.parametrize(
    "name", ["hello.txt", "x.j2", "texts/doors.jinja2", "HELLO.TXT", "people.sql", "shops.csv", "./m.json"]
)
def test_the_name_of_a_file_is_not_sent(name: str) -> None:
    with pytest.raises(InvalidMessage, match=r"\bmessage: .* is the name of a file"):
        sms(message=name)


@pytest.mark.parametrize(
    "text", ["See hello.txt", "https://example.org/a.html", "Done.", "txt", "{{ name }}"]
)
def test_a_text_that_is_no_name_of_a_file_is_sent(text: str) -> None:
    sms(message=text)


class FromFile(SendSmsOperator):
    """Its author keeps texts in files."""

    template_ext = (".txt",)


def test_a_message_is_read_from_a_file_when_the_author_says_so(
    tmp_path: Path, run: Run, sim: Simulator
) -> None:
    (tmp_path / "hello.txt").write_text("Hello {{ name }}, see hello.txt\n")
    with DAG("campaign", template_searchpath=str(tmp_path)):
        operator = FromFile(task_id="send", message="hello.txt", recipients=[ANN])

    run(operator, name="Ann")

    assert sim.sent[0].text == "Hello Ann, see hello.txt"


def test_a_message_file_that_is_not_there_is_named(tmp_path: Path) -> None:
    with DAG("campaign", template_searchpath=str(tmp_path)) as dag:
        FromFile(task_id="send", message="hello.txt", recipients=[ANN])

    with pytest.raises(InvalidMessage, match=r"message: there is no file 'hello.txt'"):
        dag.resolve_template_files()

"""README and docs: tables say what the code says."""

from __future__ import annotations

import ast
import inspect
import json
import re
from collections.abc import Mapping
from dataclasses import fields
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest
from airflow.sdk import BaseOperator, BaseSensorOperator

from airflow_provider_smspartner import api, exceptions, get_provider_info
from airflow_provider_smspartner.notifications.smspartner import SMSPartnerNotifier
from airflow_provider_smspartner.operators.smspartner import SendSmsOperator, SendSurveyOperator
from airflow_provider_smspartner.rules.sending_states import TRANSITIONS, BatchState
from airflow_provider_smspartner.sending import stages
from airflow_provider_smspartner.sensors.smspartner import DeliveryStatusSensor
from airflow_provider_smspartner.simulator import Simulator
from tests.conftest import Connect
from tests.pages import DOCS, FENCED, PAGES, ROOT, codes, names, prose, rows, section
from tests.test_layers import FLOORS

OPERATORS, SENSOR, HOOK = (DOCS / f"{name}.md" for name in ("operators", "sensor", "hook"))
CONNECTION, HOW = DOCS / "connection.md", DOCS / "how-it-works.md"
FRENCH = DOCS / "fr"
ONE = ["+33600000001"]
ANY_DEFAULT = {
    "a day": timedelta(days=1),
    "none": None,
    "now": None,
    "the connection's": None,
    "required": inspect.Parameter.empty,
    "aucun": None,
    "celui de la connexion": None,
    "maintenant": None,
    "obligatoire": inspect.Parameter.empty,
    "une journée": timedelta(days=1),
}


# ---- arguments and results -------------------------------------------------------------------------


def parameters(kind: type[BaseOperator], base: type[BaseOperator]) -> dict[str, inspect.Parameter]:
    """The arguments that a class and those above it add to Airflow's own."""
    own = kind.__mro__[: kind.__mro__.index(base)]
    signatures = (inspect.signature(vars(each)["__init__"]) for each in own if "__init__" in vars(each))
    found = {name: argument for signature in signatures for name, argument in signature.parameters.items()}
    return {name: argument for name, argument in found.items() if argument.kind is argument.KEYWORD_ONLY}


SMS, SURVEY = (parameters(kind, BaseOperator) for kind in (SendSmsOperator, SendSurveyOperator))
SHARED = SMS.keys() & SURVEY.keys()
WAITING = parameters(DeliveryStatusSensor, BaseSensorOperator)


def documented(text: str) -> dict[str, tuple[object, bool]]:
    """Default and whether it is templated, by argument, of the tables in a text."""
    told = {}
    for first, default, *_ in rows(text):
        value = ANY_DEFAULT[default] if default in ANY_DEFAULT else ast.literal_eval(default.strip("`"))
        told[names(first)[0]] = (value, first.endswith("†"))
    return told


def real(arguments: dict[str, inspect.Parameter], kind: type[BaseOperator]) -> dict[str, tuple[object, bool]]:
    return {name: (each.default, name in kind.template_fields) for name, each in arguments.items()}


def test_the_arguments_of_both_operators() -> None:
    told = documented(
        "\n".join(section(OPERATORS, title) for title in ("Recipients", "Time and tag", "Safety"))
    )
    assert told == real({name: SMS[name] for name in SHARED}, SendSmsOperator)
    assert told == real({name: SURVEY[name] for name in SHARED}, SendSurveyOperator)


def test_the_arguments_of_each_operator() -> None:
    for kind, arguments in ((SendSmsOperator, SMS), (SendSurveyOperator, SURVEY)):
        own = {name: argument for name, argument in arguments.items() if name not in SHARED}
        assert documented(section(OPERATORS, kind.__name__)) == real(own, kind)


def test_the_french_page_of_the_operators_has_the_same_arguments_and_results() -> None:
    for english, french in {
        "Recipients": "Destinataires",
        "Time and tag": "Heure et tag",
        "Safety": "Sécurité",
        **{name: name for name in ("SendSmsOperator", "SendSurveyOperator")},
    }.items():
        assert documented(section(FRENCH / "operators.md", french)) == documented(section(OPERATORS, english))
    results = (section(OPERATORS, "The result"), section(FRENCH / "operators.md", "Le résultat"))
    told, translated = ([names(first) for first, *_ in rows(text)] for text in results)
    assert translated == told


def test_the_french_page_of_the_connection_has_the_same_fields() -> None:
    def fields_of(title: str, page: Path) -> list[tuple[str, ...]]:
        columns = [
            (label, *names(stored), *names(default))
            for label, stored, default, _ in rows(section(page, title))
        ]
        return columns

    assert fields_of("Les champs", FRENCH / "connection.md") == fields_of("Fields", CONNECTION)
    refused = (section(CONNECTION, "What is refused"), section(FRENCH / "connection.md", "Ce qui est refusé"))
    told, translated = ([label for label, _ in rows(text)] for text in refused)
    assert translated == told


def test_the_arguments_of_the_sensor() -> None:
    told = documented(section(SENSOR, "Arguments"))
    sensor = DeliveryStatusSensor(task_id="delivery", message_ids="5120")
    inherited = {name: (getattr(sensor, name), False) for name in ("mode", "soft_fail")}
    assert told == real(WAITING, DeliveryStatusSensor) | inherited


def test_no_page_names_an_argument_that_does_not_exist() -> None:
    known = {*SMS, *SURVEY, *WAITING, *(field.name for field in fields(api.SendOptions)), "response_format"}
    known |= {"catchup", "map_index_template", "retries", "HTTPS_PROXY"}  # Airflow's own
    known |= inspect.signature(SMSPartnerNotifier).parameters.keys()
    pages = [page for page in PAGES if page.stem not in ("simulator", "ledger", "faults")]
    written = {name for page in pages for name in re.findall(r"`(\w+)=[^`]+`", prose(page))}
    assert written - known == set()


def test_the_result_of_a_send(connect: Connect, simulator: Simulator) -> None:
    def result(**arguments: Any) -> dict[str, Any]:
        known: dict[str, Any] = {"task_id": "send", "message": "Hello", "recipients": ONE, "stop_sms": True}
        return SendSmsOperator(**known | arguments).execute({})

    connect(simulator.url)
    sent, dry, held_out = result(), result(dry_run=True), result(share=(0, 1e-9))
    connect(simulator.url, redirect_to=ONE[0])
    redirected = result(recipients=[*ONE, "+32470000001"], countries=["FR"])
    [example] = FENCED.findall(section(OPERATORS, "The result"))
    assert list(json.loads(example[1])) == list(sent)
    told = [name for first, *_ in rows(section(OPERATORS, "The result")) for name in names(first)]
    assert sorted(told) == sorted({*sent, *dry, *held_out, *redirected, "capped"})  # which takes a ledger


def test_the_result_of_the_sensor(connect: Connect, simulator: Simulator) -> None:
    connect(simulator.url)
    result = DeliveryStatusSensor(task_id="delivery", message_ids=[]).execute({})
    [example] = FENCED.findall(section(SENSOR, "The result"))
    assert list(json.loads(example[1])) == list(result)


# ---- the connection, the wire, the states ----------------------------------------------------------


def test_the_fields_of_the_connection() -> None:
    told = {
        names(stored)[0]: (label, default)
        for label, stored, default, _ in rows(section(CONNECTION, "Fields"))
    }
    [form] = get_provider_info()["connection-types"]
    labels = {name: field["label"] for name, field in form["conn-fields"].items()}
    defaults = {name: field["schema"].get("default") for name, field in form["conn-fields"].items()}
    assert {name: label for name, (label, _) in told.items()} == {
        **form["ui-field-behaviour"]["relabeling"],
        **labels,
    }
    assert {name: told[name][1].strip("`") for name in labels} == {
        name: "none" if value is None else json.dumps(value) for name, value in defaults.items()
    }
    refused = {label for label, _ in rows(section(CONNECTION, "What is refused"))}
    assert refused == {label for label, _ in told.values()} | {"Extra as a whole", "the type"}


CALLS: dict[str, api.Call[Any]] = {
    "send": api.send(ONE, "Hello"),
    "bulk_send": api.bulk_send([(ONE[0], "Hello")]),
    "send_survey": api.send_survey(ONE, "s-1"),
    "bulk_status": api.bulk_status("5120"),
    "bulk_status_by_tag": api.bulk_status_by_tag("autumn"),
    "message_status": api.message_status("5120", ONE[0]),
    "multi_status": api.multi_status([(ONE[0], "5120")]),
    "me": api.me(),
    "stop_list": api.stop_list(),
    "stop_add": api.stop_add(ONE[0]),
    "stop_delete": api.stop_delete("7"),
    "message_cancel": api.message_cancel("5120"),
}


def test_the_endpoints() -> None:
    table = rows(section(HOOK, "Any endpoint, from a worker or an event loop"))
    told = {names(first)[0].split("(")[0]: (names(request)[0], *rest) for first, request, *rest in table}
    yes = {True: "yes", False: "no"}
    assert told == {
        name: (f"{call.method} {call.path}", yes[call.repeatable], yes[call.xml is not None])
        for name, call in CALLS.items()
    }
    made = {name for name, value in vars(api).items() if re.match(r"Call\[(?!T)", inspected(value))}
    assert told.keys() == made


def inspected(value: object) -> str:
    return str(getattr(value, "__annotations__", {}).get("return", "")) if inspect.isfunction(value) else ""


def test_the_codes_of_errors() -> None:
    told = {names(row[0])[0]: row[1:] for row in rows(section(HOOK, "Errors")) if len(row) == 3}
    told = {kind: cells for kind, cells in told.items() if hasattr(exceptions, kind)}
    for column, known in enumerate((api.SENDING, api.READING)):
        written = {code: kind for kind, cells in told.items() for code in codes(cells[column])}
        assert written == {code: kind.__name__ for code, kind in known.items()}


def test_the_state_diagram_is_the_table() -> None:
    of_batches, of_sends = re.findall(r"```mermaid\n(.*?)```", HOW.read_text(), re.DOTALL)
    assert drawn(of_batches) == steps(TRANSITIONS)
    assert drawn(of_sends) == steps(stages.TRANSITIONS)


def drawn(diagram: str) -> list[tuple[str, ...]]:
    return sorted(re.findall(r"^ +(\w+) --> (\w+): (.+)$", diagram, re.MULTILINE))


def steps(table: Mapping[tuple[Any, Any], Any]) -> list[tuple[str, ...]]:
    return sorted((before.value, end.value, event.value) for (before, event), end in table.items())


def test_every_state_is_explained() -> None:
    told = [names(first)[0] for first, *_ in rows(section(HOW, "The life of a batch"))]
    assert told == [state.value for state in BatchState]


def test_the_floors_are_those_of_the_map() -> None:
    told = {
        name: int(floor) for floor, modules, _ in rows(section(HOW, "The floors")) for name in names(modules)
    }
    package = ROOT / "airflow_provider_smspartner"
    there = {
        path.stem for path in package.iterdir() if path.suffix == ".py" or (path / "__init__.py").exists()
    }
    assert told == {name: floor for name, floor in FLOORS.items() if name in there}


def claims_of(title: str) -> list[str]:
    """What a section promises: its items, its paragraphs and the rows of its tables, one by one."""
    text = re.sub(r"```.*?```", "", section(HOW, title), flags=re.DOTALL)
    claims = re.split(r"\n(?=\s*(?:- |\d\. |\|))|\n\n", text)
    is_table_head = re.compile(r"\|-|\| (?:changed|failure) \|")
    return [claim for claim in claims if claim.strip() and not is_table_head.match(claim)]


GUARANTEE = ("The guarantee", "What may change between two tries", "What it rests on", "Its limits")
ALL_OF_IT = (*GUARANTEE, "Which answer is believed", "What happens when", "Airflow below 3.3")


@pytest.mark.parametrize("title", ALL_OF_IT)
def test_nothing_is_said_of_the_guarantee_that_no_test_holds(title: str) -> None:
    introductions = ("Within one task", "[What it rests on]", "The first entry", '"Fails for good"')
    claims = [claim for claim in claims_of(title) if not claim.lstrip().startswith(introductions)]

    assert claims
    assert [claim for claim in claims if "<!-- test: " not in claim] == []


def test_every_step_and_condition_of_the_page_names_its_test() -> None:
    items = [
        claim
        for title in re.findall(r"^## (.+)$", HOW.read_text(), re.MULTILINE)
        for claim in claims_of(title)
        if re.match(r"\s*(?:- |\d\. )", claim) and not claim.rstrip().endswith(":")
    ]

    assert items
    assert [item for item in items if "<!-- test: " not in item] == []

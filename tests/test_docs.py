"""README and docs: examples run, links lead somewhere, and tables say what the code says."""

from __future__ import annotations

import ast
import inspect
import json
import re
import shlex
import tomllib
from dataclasses import fields
from decimal import Decimal
from pathlib import Path
from types import SimpleNamespace
from typing import Any, cast

import pytest
from airflow.sdk import BaseOperator, BaseSensorOperator

from airflow_provider_smspartner import api, get_provider_info
from airflow_provider_smspartner.hooks.connection import API_URL
from airflow_provider_smspartner.hooks.smspartner import SMSPartnerHook
from airflow_provider_smspartner.operators.smspartner import SendSmsOperator, SendSurveyOperator
from airflow_provider_smspartner.rules.sending_states import TRANSITIONS, BatchState
from airflow_provider_smspartner.sensors.smspartner import DeliveryStatusSensor
from airflow_provider_smspartner.simulator import Simulator
from scripts.customers import build_warehouse
from scripts.demo import report
from scripts.shop import Shop
from tests.conftest import Connect
from tests.test_layers import FLOORS

ROOT = Path(__file__).parents[1]
DOCS = ROOT / "docs"
PAGES = [*sorted(ROOT.glob("*.md")), *sorted(DOCS.glob("*.md"))]
OPERATORS, SENSOR, HOOK = (DOCS / f"{name}.md" for name in ("operators", "sensor", "hook"))
CONNECTION, HOW = DOCS / "connection.md", DOCS / "how-it-works.md"
FENCED = re.compile(r"^ *```(\w*)\n(.*?)^ *```$", re.MULTILINE | re.DOTALL)
ONE = ["+33600000001"]
ANY_DEFAULT = {"none": None, "now": None, "the connection's": None, "required": inspect.Parameter.empty}


def blocks(language: str, *pages: Path) -> list[Any]:
    """The fenced blocks of a language, each named after its page."""
    return [
        pytest.param(text, id=f"{page.stem}-{n}")
        for page in pages or PAGES
        for n, (kind, text) in enumerate(FENCED.findall(page.read_text()))
        if kind == language
    ]


def prose(page: Path) -> str:
    """A page without its fenced blocks."""
    return FENCED.sub("", page.read_text())


def section(page: Path, title: str) -> str:
    return page.read_text().split(f"\n## {title}\n")[1].split("\n## ")[0]


def rows(text: str) -> list[list[str]]:
    """The cells of the tables in a text, without their headings."""
    lines = [line for line in text.splitlines() if line.startswith("|")]
    rules = [n for n, line in enumerate(lines) if set(line) <= set("|- ")]
    headings = {n - 1 for n in rules}
    body = [line for n, line in enumerate(lines) if n not in {*rules, *headings}]
    return [[cell.strip() for cell in re.split(r"(?<!\\)\|", line.strip("|"))] for line in body]


def names(cell: str) -> list[str]:
    """What a cell sets in code."""
    return re.findall(r"`([^`]+)`", cell)


# ---- examples, links, promises -------------------------------------------------------------------


@pytest.mark.parametrize("code", blocks("python"))
def test_an_example_runs(code: str) -> None:
    exec(compile(code, "example", "exec"), {"__name__": "example"})


@pytest.mark.parametrize("text", blocks("json"))
def test_an_example_is_json(text: str) -> None:
    assert json.loads(text)


@pytest.mark.parametrize("code", blocks("sh", ROOT / "README.md", CONNECTION))
def test_an_example_of_the_connection_can_be_used(code: str, monkeypatch: pytest.MonkeyPatch) -> None:
    export, setting = shlex.split(code)
    variable, value = setting.split("=", 1)
    assert export == "export"
    if variable.startswith("AIRFLOW_CONN_"):
        monkeypatch.setenv(variable, value)
        settings = SMSPartnerHook().settings
        assert settings.api_key in ("your-API-key", "your+API/key")
        assert settings.url == API_URL


def slug(heading: str) -> str:
    return re.sub(r"[^\w -]", "", heading.strip().lower()).replace(" ", "-")


@pytest.mark.parametrize("page", PAGES, ids=lambda page: page.name)
def test_every_link_leads_somewhere(page: Path) -> None:
    for target, anchor in re.findall(r"\]\((?!https?:)([^)#\s]*)#?([^)\s]*)\)", prose(page)):
        there = page.parent / target if target else page
        assert there.exists(), target
        headings = map(slug, re.findall(r"^#+ (.*)$", there.read_text(), re.MULTILINE)) if anchor else ()
        assert not anchor or anchor in headings, f"{target}#{anchor}"


def test_every_page_is_in_the_index() -> None:
    linked = set(re.findall(r"\]\(([\w-]+\.md)\)", (DOCS / "index.md").read_text()))
    assert linked >= {page.name for page in DOCS.glob("*.md")} - {"index.md"}


@pytest.mark.parametrize("page", PAGES, ids=lambda page: page.name)
def test_the_tests_behind_promises_are_there(page: Path) -> None:
    for path, name in re.findall(r"<!-- test: (\S+)::(\w+) -->", page.read_text()):
        assert re.search(rf"^(async )?def {name}\(", (ROOT / path).read_text(), re.MULTILINE), name


def test_every_make_target_that_is_named_exists() -> None:
    targets = set(re.findall(r"^([a-z-]+):", (ROOT / "Makefile").read_text(), re.MULTILINE))
    told = {name for page in PAGES for name in re.findall(r"(?:`|\$ |    )make ([a-z-]+)", page.read_text())}
    assert told - targets == set()


def test_the_versions_that_are_promised_are_those_of_the_package() -> None:
    project = tomllib.loads((ROOT / "pyproject.toml").read_text())["project"]
    [airflow] = re.findall(r"Airflow \((3\.\d+) or later", (ROOT / "README.md").read_text())
    assert f"apache-airflow>={airflow}" in project["dependencies"]
    assert project["requires-python"] == ">=3.11"


def test_the_readme_shows_what_the_demo_prints(tmp_path: Path) -> None:
    readme = (ROOT / "README.md").read_text()
    shown = readme.split("    $ make demo\n")[1].split("    $ make test")[0]
    told = {name.strip(): value for name, value in re.findall(r"^ {6}(\D+?)  +(\S+)", shown, re.MULTILINE)}
    figure = {
        name: int(value.replace(",", ""))
        for name, value in told.items()
        if value[-1].isdigit() and "." not in value
    }
    warehouse = build_warehouse(tmp_path / "warehouse.sqlite")
    assert figure["customers"] == warehouse.customers
    assert figure["recipients"] == len(warehouse.people)
    assert (figure["invalid numbers"], figure["duplicates"]) == (warehouse.invalid, warehouse.duplicates)

    simulator = SimpleNamespace(requests_per_endpoint=lambda: {"/send": figure["requests"]})
    shop = cast(Shop, SimpleNamespace(warehouse=warehouse, simulator=simulator))
    send = {"recipients": figure["recipients"], "invalid": figure["invalid numbers"]}
    send |= {"duplicates": figure["duplicates"]}
    returned = {
        "send": {**send, "cost": Decimal(told["cost"]), "currency": "EUR"},
        "delivery": {
            "delivered": figure["delivered"],
            "not_delivered": figure["not delivered"],
            "stop": figure["STOP"],
            "waiting": figure["waiting"],
        },
    }
    printed = report(shop, returned, log=Path(".demo/campaign.log"), seconds=float(told["time"]))
    lines = [line.strip() for line in shown.splitlines()]
    assert [line for line in printed.splitlines() if line.strip() not in lines] == []


# ---- arguments and results -----------------------------------------------------------------------


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


def test_the_arguments_of_the_sensor() -> None:
    told = documented(section(SENSOR, "Arguments"))
    sensor = DeliveryStatusSensor(task_id="delivery", message_ids="5120")
    inherited = {name: (getattr(sensor, name), False) for name in ("mode", "soft_fail")}
    assert told == real(WAITING, DeliveryStatusSensor) | inherited


def test_no_page_names_an_argument_that_does_not_exist() -> None:
    known = {*SMS, *SURVEY, *WAITING, *(field.name for field in fields(api.SendOptions)), "response_format"}
    pages = [page for page in PAGES if page.stem not in ("simulator", "ledger", "faults")]
    written = {name for page in pages for name in re.findall(r"`(\w+)=[^`]+`", prose(page))}
    assert written - known == set()


def test_the_result_of_a_send(connect: Connect, simulator: Simulator) -> None:
    def result(**arguments: Any) -> dict[str, Any]:
        send = SendSmsOperator(task_id="send", message="Hello", recipients=ONE, stop_sms=True, **arguments)
        return send.execute({})

    connect(simulator.url)
    sent, dry = result(), result(dry_run=True)
    connect(simulator.url, redirect_to=ONE[0])
    redirected = result()
    [example] = FENCED.findall(section(OPERATORS, "The result"))
    assert list(json.loads(example[1])) == list(sent)
    told = [name for first, *_ in rows(section(OPERATORS, "The result")) for name in names(first)]
    assert sorted(told) == sorted({*sent, *dry, *redirected})


def test_the_result_of_the_sensor(connect: Connect, simulator: Simulator) -> None:
    connect(simulator.url)
    result = DeliveryStatusSensor(task_id="delivery", message_ids=[]).execute({})
    [example] = FENCED.findall(section(SENSOR, "The result"))
    assert list(json.loads(example[1])) == list(result)


# ---- the connection, the wire, the states --------------------------------------------------------


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
    assert refused == {label for label, _ in told.values()} | {"Extra as a whole"}


CALLS: dict[str, api.Call[Any]] = {
    "send": api.send(ONE, "Hello"),
    "bulk_send": api.bulk_send([(ONE[0], "Hello")]),
    "send_survey": api.send_survey(ONE, "s-1"),
    "bulk_status": api.bulk_status("5120"),
    "bulk_status_by_tag": api.bulk_status_by_tag("autumn"),
    "me": api.me(),
    "stop_list": api.stop_list(),
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


def codes(cell: str) -> set[int]:
    numbers = re.findall(r"\d+(?:–\d+)?", "" if cell.startswith("HTTP") else cell)
    spans = [[int(end) for end in number.split("–")] for number in numbers]
    return {code for span in spans for code in range(span[0], span[-1] + 1)}


def test_the_codes_of_errors() -> None:
    told = {names(row[0])[0]: row[1:] for row in rows(section(HOOK, "Errors")) if len(row) == 3}
    told = {kind: cells for kind, cells in told.items() if hasattr(api, kind)}
    for column, known in enumerate((api.SENDING, api.READING)):
        written = {code: kind for kind, cells in told.items() for code in codes(cells[column])}
        assert written == {code: kind.__name__ for code, kind in known.items()}


def test_the_state_diagram_is_the_table() -> None:
    drawn = re.findall(r"^ +(\w+) --> (\w+): (.+)$", HOW.read_text(), re.MULTILINE)
    steps = [(before.value, end.value, event.value) for (before, event), end in TRANSITIONS.items()]
    assert sorted(drawn) == sorted(steps)


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

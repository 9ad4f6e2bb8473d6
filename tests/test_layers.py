"""The map of floors: which module of the package may import which, and what it may be handed.

An import inside a function or under TYPE_CHECKING counts like any other, for it is as much of a dependency
to a reader. A module that is on no floor is a violation, so that nobody forgets to place it. No two modules
may import each other, over however many others; and no function but a method of its own takes an operator: it
takes the values that it needs of it.
"""

from __future__ import annotations

import ast
import re
from collections.abc import Iterator, Mapping
from typing import TypeAlias

import pytest

from tests.sources import ROOT, circles, graph, imports, package, parsed

Function: TypeAlias = ast.FunctionDef | ast.AsyncFunctionDef

FLOORS = {
    "exceptions": 0,
    "rules": 0,
    "api": 1,
    "hooks": 2,
    "audience": 2,
    "journal": 2,
    "sending": 3,
    "tracking": 3,
    "tasks": 4,
    "operators": 4,
    "sensors": 4,
    "triggers": 4,
    "notifications": 4,
    "links": 4,
    "plugins": 4,
    "ledger": 4,
    "inbox": 4,
}
TOP = 4
BESIDE = {
    ("operators", "links"),
    ("sensors", "links"),
    ("operators", "triggers"),
    ("sensors", "triggers"),
    ("triggers", "inbox"),
}
"""Rooms of the top floor that may look into another one; all may into ``tasks``, which is what they share."""
PURE = {name for name, floor in FLOORS.items() if floor <= 1} | {"tracking"}
NOT_PURE = {"airflow", "aiohttp", "requests", "sqlalchemy", "socket", "sqlite3"}
AIRFLOWS_ERROR = re.compile(r"Airflow\w*(Exception|Error)|TaskDeferred")
MAY_RAISE_AIRFLOWS = {f"{ROOT}.hooks.smspartner": {"OutcomeUnknown"}}
"""A short form of the hook is what an ``@task`` calls, and nothing above it could translate its error."""
OPERATOR = re.compile(r"\b\w*(Operator|Sensor|Notifier)\b")
"""In an annotation; the class of one, as ``type[...]``, has no attributes that are arguments."""
CALLED_LIKE_ONE = {"task", "operator", "sensor", "notifier"}
PLAIN = re.compile(r"\b(str|int|bytes|Sequence|TaskFact)\b")
"""What a parameter of such a name may be: an id, or a fact about it."""
AIRFLOWS_SIGNATURE = {"get_link"}
"""Airflow calls it with the operator, whatever we do."""
SIMULATOR = "simulator"
SIMULATOR_MAY_USE = {"exceptions", "rules", SIMULATOR}
"""Not api: a mistake there must not meet its own mirror image."""
ENTRY = "__init__"
"""The package itself, which Airflow imports to learn what it provides: it imports nothing of ours."""


def violations(sources: Mapping[str, str]) -> list[str]:
    """Return a sentence for each breach in these sources, given by dotted module name."""
    found = []
    for module, source in sources.items():
        found += [f"{module} {what}" for what in takes_operators(source)]
        place = part(module)
        if place not in FLOORS and place not in (SIMULATOR, ENTRY):
            found.append(f"{module} is on no floor")
            continue
        found += [f"{module} imports {target}: {why}" for target, why in breaches(place, module, source)]
        if FLOORS.get(place, 99) < TOP:
            found += [f"{module} {what}" for what in of_the_top(module, source)]
    return found


def of_the_top(module: str, source: str) -> Iterator[str]:
    """Yield what only the top floor may do: raise errors of Airflow's.

    Lower floors may catch what Airflow raises, in order to say it in an error of ours.
    """
    for node in ast.walk(parsed(source)):
        if isinstance(node, ast.Raise) and node.exc and AIRFLOWS_ERROR.search(name_of(node.exc)):
            yield f"raises {name_of(node.exc)}: errors below the top floor are our own"
        elif isinstance(node, ast.ClassDef) and node.name not in MAY_RAISE_AIRFLOWS.get(module, ()):
            named = [name_of(base) for base in node.bases if AIRFLOWS_ERROR.search(name_of(base))]
            yield from (f"derives from {name}: errors below the top floor are our own" for name in named)


def takes_operators(source: str) -> Iterator[str]:
    """Yield the parameters that are an operator, by their annotation or by their name."""
    for node in ast.walk(parsed(source)):
        if not isinstance(node, Function) or node.name in AIRFLOWS_SIGNATURE:
            continue
        given = node.args
        for argument in (*given.posonlyargs, *given.args, *given.kwonlyargs):
            kind = ast.unparse(argument.annotation) if argument.annotation else ""
            named = argument.arg in CALLED_LIKE_ONE and not PLAIN.search(kind)
            if named or (OPERATOR.search(kind) and not kind.startswith("type[")):
                yield f"{node.name} takes {argument.arg}: {kind or 'anything'}; hand it values instead"


def name_of(node: ast.AST) -> str:
    """The last name of an expression: ``X`` of ``X``, ``a.X``, ``X(…)`` and ``"X"``."""
    node = node.func if isinstance(node, ast.Call) else node
    match node:
        case ast.Constant():
            return str(node.value)
        case ast.Attribute():
            return node.attr
        case ast.Name():
            return node.id
    return ""


def breaches(place: str, module: str, source: str) -> Iterator[tuple[str, str]]:
    for target in dict.fromkeys(targets(module, source)):
        inside = target == ROOT or target.startswith(f"{ROOT}.")
        why = wrong_inside(place, part(target)) if inside else wrong_outside(place, target)
        if why:
            yield target, why


def targets(module: str, source: str) -> Iterator[str]:
    """Yield where a source imports from, as dotted names."""
    for origin, name in imports(module, source):
        # what is imported from the package itself is a module, or a constant such as its version
        is_place = origin == ROOT and name in {*FLOORS, SIMULATOR}
        yield f"{origin}.{name}" if is_place else origin


def wrong_inside(place: str, target: str) -> str | None:
    if target == ENTRY:
        return None
    if place == SIMULATOR:
        return None if target in SIMULATOR_MAY_USE else "the simulator stands alone"
    if target == SIMULATOR:
        return "the simulator is for tests"
    if place == ENTRY or FLOORS.get(target, 99) > FLOORS[place] or place == "exceptions":
        return "upwards"
    beside = FLOORS[place] == FLOORS.get(target) == TOP and place != target and target != "tasks"
    return "sideways" if beside and (place, target) not in BESIDE else None


def wrong_outside(place: str, target: str) -> str | None:
    library = target.partition(".")[0]
    if place == SIMULATOR:
        return "the simulator runs without Airflow" if library == "airflow" else None
    if place == ENTRY:
        return None if library in ("__future__", "typing") else "every Airflow process imports the package"
    return "this module is pure" if place in PURE and library in NOT_PURE else None


def part(module: str) -> str:
    """The name below the package: ``rules`` of ``airflow_provider_smspartner.rules.phone``."""
    return module.removeprefix(ROOT).removeprefix(".").partition(".")[0] or ENTRY


def test_no_modules_import_each_other() -> None:
    assert circles(graph(package())) == []


@pytest.mark.parametrize(
    "back",
    [
        "from airflow_provider_smspartner.operators.send import SendOperator",
        "from airflow_provider_smspartner.operators import send",
        "import airflow_provider_smspartner.operators.send",
        "from .send import SendOperator",
        "def late():\n    from airflow_provider_smspartner.operators.send import SendOperator",
        "if TYPE_CHECKING:\n    from airflow_provider_smspartner.operators.send import SendOperator",
    ],
)
def test_a_circle_is_found_over_a_third(back: str) -> None:
    sources = {
        f"{ROOT}.operators.send": f"from {ROOT}.operators.running import SendRun",
        f"{ROOT}.operators.running": f"from {ROOT}.operators.limits import check_limits",
        f"{ROOT}.operators.limits": back,
        f"{ROOT}.operators.orders": f"import {ROOT}.operators.send",
    }

    (circle,) = circles(graph(sources))

    assert [module.rpartition(".")[2] for module in circle] == ["limits", "running", "send"]


def test_the_package_keeps_to_its_floors() -> None:
    sources = package()

    assert {f"{ROOT}.__init__", f"{ROOT}.api.sends", f"{ROOT}.rules.phone"} <= set(sources)
    assert violations(sources) == []


@pytest.mark.parametrize(
    ("module", "source", "sentence"),
    [
        ("rules.phone", "import airflow_provider_smspartner.api", "upwards"),
        ("rules.phone", "from airflow_provider_smspartner import api", "upwards"),
        ("rules.phone", "from airflow_provider_smspartner import __version__, api", "upwards"),
        ("rules.phone", "from ..hooks.smspartner import SMSPartnerHook", "upwards"),
        ("rules.phone", "from .. import api", "upwards"),
        ("api.wire", "def late():\n    from airflow_provider_smspartner.hooks import pace", "upwards"),
        (
            "api.answers",
            "if TYPE_CHECKING:\n    from airflow_provider_smspartner.sending.engine import send",
            "upwards",
        ),
        ("hooks.smspartner", "import airflow_provider_smspartner.sending.engine", "upwards"),
        ("sending.engine", "from airflow_provider_smspartner.operators.smspartner import X", "upwards"),
        ("hooks.smspartner", "from airflow_provider_smspartner.nowhere import X", "upwards"),
        ("exceptions", "from airflow_provider_smspartner.rules import phone", "upwards"),
        ("__init__", "from airflow_provider_smspartner.rules import phone", "upwards"),
        ("triggers.smspartner", "from airflow_provider_smspartner.sensors import asking", "sideways"),
        ("sensors.asking", "from airflow_provider_smspartner.operators import arguments", "sideways"),
        ("tasks.signals", "from airflow_provider_smspartner.links import smspartner", "sideways"),
        ("__init__", "import requests", "every Airflow process"),
        ("rules.sending_hours", "import airflow", "pure"),
        ("rules.batches", "def late():\n    from airflow.sdk import BaseHook", "pure"),
        ("api.sends", "import requests.adapters", "pure"),
        ("api.wire", "import os, aiohttp", "pure"),
        ("tracking.watch", "import aiohttp", "pure"),
        ("exceptions", "from sqlalchemy.orm import Session", "pure"),
        ("simulator.routes", "from airflow_provider_smspartner.api import send", "stands alone"),
        ("simulator.routes", "from airflow_provider_smspartner.api import answers", "stands alone"),
        ("simulator.routes", "from ..api.wire import decode", "stands alone"),
        ("simulator.__init__", "from ..hooks import pace", "stands alone"),
        ("simulator.server", "from airflow.sdk import DAG", "without Airflow"),
        ("hooks.smspartner", "from airflow_provider_smspartner.simulator import Simulator", "for tests"),
        ("journal.ledger", "def late():\n    raise AirflowFailException('no')", "our own"),
        ("sending.engine", "import airflow.sdk.exceptions as e\nraise e.AirflowSkipException", "our own"),
        ("hooks.smspartner", "class Unknown(SMSPartnerError, AirflowFailException): ...", "our own"),
        ("sending.plan", "def build(operator: BaseOperator): ...", "hand it values"),
        ("audience.rows", "def build(send: 'SendSmsOperator | None'): ...", "hand it values"),
        ("operators.limits", "def check(least: int, *, by: SendOperator): ...", "hand it values"),
        ("tasks.signals", "async def tell(who: DeliveryStatusSensor): ...", "hand it values"),
        ("notifications.given", "def read(given: SMSPartnerNotifier): ...", "hand it values"),
        ("operators.results", "def result_of(task): ...", "hand it values"),
        ("sensors.asking", "class Asking:\n    def look(self, sensor: Any): ...", "hand it values"),
        ("helpers", "", "no floor"),
        ("misc.things", "", "no floor"),
    ],
)
def test_a_breach_is_found(module: str, source: str, sentence: str) -> None:
    (found,) = violations({f"{ROOT}.{module}": source})

    assert found.startswith(f"{ROOT}.{module} ")
    assert sentence in found


@pytest.mark.parametrize(
    ("module", "source"),
    [
        ("rules.message", "from airflow_provider_smspartner.rules import segments"),
        ("rules.phone", "import phonenumbers"),
        ("api.sends", "from airflow_provider_smspartner.api import answers, wire"),
        ("hooks.smspartner", "import aiohttp, requests, airflow"),
        ("hooks.smspartner", "from airflow_provider_smspartner import __version__, api"),
        ("journal.ledger", "import sqlalchemy"),
        (
            "journal.task_state",
            "try: ...\nexcept AirflowRuntimeError as error: raise StaleProcess from error",
        ),
        ("hooks.smspartner", "class OutcomeUnknown(OutcomeUnknownError, AirflowFailException): ..."),
        ("tasks.failures", "raise AirflowFailException"),
        ("tasks.mapping", "def arguments_of(kind: type[BaseOperator]): ..."),
        ("journal.eligibility", "def digest(task: Sequence[object]): ..."),
        ("operators.smspartner", "from airflow_provider_smspartner.triggers.smspartner import X"),
        ("simulator.routes", "import aiohttp\nfrom airflow_provider_smspartner.simulator.wire import decode"),
        ("simulator.routes", "from .wire import decode\nfrom ..rules.phone import mask"),
    ],
)
def test_what_goes_down_is_welcome(module: str, source: str) -> None:
    assert violations({f"{ROOT}.{module}": source}) == []

"""Alerts from each place that calls a notifier, in one Airflow: who is told, what is logged, what leaks."""

from __future__ import annotations

import json
import re
import shutil
import sqlite3
import time
from collections.abc import Callable, Iterator
from contextlib import closing
from dataclasses import dataclass
from pathlib import Path

import pytest

from airflow_provider_smspartner.simulator import Settings, Simulator
from scripts.local_airflow import LocalAirflow
from tests.airflow_versions import CALLBACK_LOGS, needs, since
from tests.trust.search import Search

pytestmark = [pytest.mark.airflow, pytest.mark.timeout(600)]

FILES = [
    Path(__file__).parents[1] / "notifications" / "dags" / "alerts.py",
    Path(__file__).parents[2] / "dags" / "sms_on_failure.py",
]
KEY, WRONG_KEY = "K3y+sec/ret=Z9q", "0ther+k/y=Q8w+"
LATE = {"late_async": True, "late_async_refused": False}
"""Whether each deadline's callback succeeds."""
if since("3.2"):
    LATE |= {"late_sync": True, "late_sync_refused": False}
RUNS = ["task_fails", "worker_dies", "worker_dies", "sms_on_failure", *LATE]
TEXTS = 4 + sum(LATE.values())
REQUESTS = 6 + len(LATE)
"""Three that are accepted and three with the wrong key, of tasks and DAGs; and one of each deadline."""


@dataclass(frozen=True)
class Aftermath:
    """What is there when all runs and their callbacks have ended."""

    simulator: Simulator
    airflow: LocalAirflow
    runs: list[tuple[str, str]]

    def text_to(self, number: str) -> str:
        [text] = [text.text for text in self.simulator.sent if text.number == number]
        return text

    def log_of_processor(self) -> str:
        return "".join(path.read_text() for path in self.airflow.home.glob("logs/dag_processor/**/*.log"))


@pytest.fixture(scope="module")
def aftermath(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Aftermath]:
    home = tmp_path_factory.mktemp("alerts")
    with Simulator(Settings(api_key=KEY)) as simulator:

        def connection(key: str) -> str:
            return json.dumps({"conn_type": "smspartner", "host": simulator.url, "password": key})

        env = {
            "AIRFLOW_CONN_SMSPARTNER_DEFAULT": connection(KEY),
            "AIRFLOW_CONN_SMSPARTNER_REFUSED": connection(WRONG_KEY),
            "AIRFLOW_CONN_LEDGER_DEFAULT": database(home / "ledger.sqlite"),
            "AIRFLOW_CONN_WAREHOUSE_DEFAULT": database(home / "empty.sqlite"),
        }
        dags = home / "dags"
        dags.mkdir()
        for path in FILES:
            shutil.copy(path, dags)
        with LocalAirflow(home / "airflow", dags=dags, env=env) as airflow:
            runs = [(dag_id, airflow.trigger(dag_id)) for dag_id in RUNS]
            aftermath = Aftermath(simulator, airflow, runs)
            for dag_id, run in runs:
                airflow.wait(dag_id, run, timeout=240)
            wait_until("all requests", lambda: len(simulator.requests) >= REQUESTS, lambda: texts(simulator))
            wait_until("the end of the callbacks", lambda: None not in callbacks(airflow).values())
            wait_until("the second run's callback", lambda: "at_most=1" in aftermath.log_of_processor())
            yield aftermath


def database(path: Path) -> str:
    return json.dumps({"conn_type": "sqlite", "host": str(path)})


def texts(simulator: Simulator) -> list[str]:
    return [f"{request.endpoint} {request.fields.get('message')}" for request in simulator.requests]


def wait_until(what: str, condition: Callable[[], object], seen: Callable[[], object] = str) -> None:
    deadline = time.monotonic() + 120
    while not condition():
        assert time.monotonic() < deadline, f"waited two minutes for {what}: {seen()}"
        time.sleep(0.2)


def callbacks(airflow: LocalAirflow) -> dict[str, bool | None]:
    """Return which deadline's callback has succeeded; None for one that has not ended."""
    if since("3.2"):
        column, tables = "callback.state", "deadline JOIN callback ON callback.id = deadline.callback_id"
    else:
        column, tables = "deadline.callback_state", "deadline"
    with closing(sqlite3.connect(airflow.home / "airflow.db")) as database:
        rows = database.execute(
            f"SELECT dag_run.dag_id, {column} FROM {tables} "
            "JOIN dag_run ON dag_run.id = deadline.dagrun_id WHERE dag_run.dag_id LIKE 'late%'"
        ).fetchall()
    return {dag_id: {"success": True, "failed": False}.get(state) for dag_id, state in rows}


def test_each_place_tells_what_it_knows(aftermath: Aftermath) -> None:
    assert aftermath.text_to("+33600000011") == "fail of task_fails failed in try 1: the till is empty ?"
    assert aftermath.text_to("+33600000021") == "worker_dies: task_failure"
    assert len(aftermath.simulator.sent) == TEXTS
    assert len(aftermath.simulator.requests) == REQUESTS


@pytest.mark.parametrize(
    ("dag_id", "number"),
    [
        ("late_async", "+33600000030"),
        pytest.param("late_sync", "+33600000040", marks=needs("deadline that takes a SyncCallback", "3.2")),
    ],
)
def test_a_deadline_tells_the_state_of_its_run(aftermath: Aftermath, dag_id: str, number: str) -> None:
    words = rf"{dag_id} is (queued|running|success) since 20\d\d-\d\d-\d\d .*"
    assert re.fullmatch(words, aftermath.text_to(number))


def test_the_example_tells_everybody_on_call(aftermath: Aftermath) -> None:
    [(dag_id, run)] = [(dag_id, run) for dag_id, run in aftermath.runs if dag_id == "sms_on_failure"]

    for number in ("+33600000001", "+33600000002"):
        assert aftermath.text_to(number) == f"{dag_id} has failed: task_failure. Run {run}"


def test_a_failing_notifier_leaves_the_task_its_own_error_and_the_next_callback_its_turn(
    aftermath: Aftermath,
) -> None:
    [(dag_id, run)] = [(dag_id, run) for dag_id, run in aftermath.runs if dag_id == "task_fails"]

    assert aftermath.airflow.task_states(dag_id, run) == {"fail": "failed"}
    log = aftermath.airflow.task_log(dag_id, run, "fail")
    own, theirs = (
        log.index('"exc_value":"the till is empty'),
        log.index("SMS Partner refused /send (code 10)"),
    )
    assert own < theirs < log.index("left for +33 6 •• •• •• 11")
    assert log.count('"exc_type":"AuthenticationError"') == 1
    assert "+3360000001" not in log


def test_a_worker_that_is_killed_is_told_about_once_for_two_runs(aftermath: Aftermath) -> None:
    log = aftermath.log_of_processor()

    assert log.count("left for +33 6 •• •• •• 21") == 1
    assert log.count("Not sent, at_most=1 in 2:00:00 is reached") == 1
    assert log.count('"exc_type":"AuthenticationError"') == 2
    assert "+3360000002" not in log


def test_airflow_knows_which_deadline_was_told_about(aftermath: Aftermath) -> None:
    assert callbacks(aftermath.airflow) == LATE


def test_the_triggerer_masks_the_arguments_of_a_callback_that_failed(aftermath: Aftermath) -> None:
    log = "".join(path.read_text() for path in aftermath.airflow.home.glob(CALLBACK_LOGS))

    assert "An error occurred during execution of" in log
    assert "+3360000" not in log


def test_no_key_is_anywhere(aftermath: Aftermath) -> None:
    search, home = Search(keys=(KEY, WRONG_KEY)), aftermath.airflow.home

    assert {"airflow.db", "scheduler.log", "triggerer.log", "dag-processor.log"} <= {
        path.name for path in home.rglob("*")
    }
    assert search.in_files(home) == set()
    assert search.in_database(home / "airflow.db") == set()

"""Lets Airflow live through all scenes, and keeps what it shows meanwhile."""

from __future__ import annotations

import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from functools import partial
from typing import Any
from urllib.parse import quote

import requests

from scripts.local_airflow import LocalAirflow
from tests.airflow_versions import CALLBACK_LOGS, since
from tests.trust.search import cells

DAG = "scenes"
TESTED = ("good", "wrong_key", "quote_9", "reset_after", "error_before")
PASSING = ("callback", "callback_request", "task_instance", "trigger")
"""Tables whose rows are overwritten or deleted while Airflow works."""
TOLD = "Nobody knows whether"
"""What a notifier logs at last in the scenes in which one is called without a task."""

Talk = Callable[..., requests.Response]


@dataclass(frozen=True, kw_only=True)
class Seen:
    """What Airflow showed."""

    passing: Mapping[str, set[bytes]]
    """What columns of the database held, though perhaps not for long."""
    pages: Mapping[str, str]
    """The campaign page of the run, of each of its tasks and of all runs, by address."""
    tests: Mapping[str, tuple[bool, str]]
    """What the Test button said, by scene; with ``later`` in front, what a worker said."""
    states: Mapping[str, str | None]
    """How each task ended."""


def live_through(airflow: LocalAirflow, connections: Mapping[str, Mapping[str, Any]]) -> Seen:
    """Save connections, test them, run the DAG, and look at its pages."""
    with requests.Session() as session:
        talk = log_in(airflow, session)
        for connection in connections.values():
            talk("POST", "api/v2/connections", json=connection)
        run = airflow.trigger(DAG)
        passing: dict[str, set[bytes]] = {}

        def has_ended() -> bool:
            for place, value in cells(airflow.home / "airflow.db", tables=PASSING):
                passing.setdefault(place, set()).add(value)
            run_now = talk("GET", f"api/v2/dags/{DAG}/dagRuns/{quote(run, safe='')}").json()
            return run_now["state"] in ("success", "failed")

        wait_until("the end of the run", has_ended)
        wait_until("the DAG's callback", lambda: TOLD in logs(airflow, "logs/dag_processor/**/*.log"))
        wait_until("the deadline's callback", lambda: TOLD in logs(airflow, CALLBACK_LOGS))
        states = airflow.task_states(DAG, run)
        place = f"smspartner/dags/{DAG}/runs/{quote(run, safe='')}"
        asked = ["smspartner/", place, *(f"{place}?task_id={task}&map_index=-1&batches=1" for task in states)]
        pages = {page: talk("GET", page).text for page in asked}
        # One after the other: the API server locks SQLite while it tests
        tests = {scene: test_at_once(talk, connections[scene]) for scene in TESTED}
        if since("3.3"):
            tests |= {f"later {scene}": test_later(talk, connections[scene]) for scene in TESTED}
        return Seen(passing=passing, pages=pages, tests=tests, states=states)


def log_in(airflow: LocalAirflow, session: requests.Session) -> Talk:
    """Return what carries requests of the administrator, none of which may fail."""
    who = {"username": airflow.username, "password": airflow.password}
    session.trust_env = False

    def talk(method: str, path: str, **arguments: Any) -> requests.Response:
        answer = session.request(method, f"{airflow.url}/{path}", timeout=120, **arguments)
        answer.raise_for_status()
        return answer

    session.headers["Authorization"] = f"Bearer {talk('POST', 'auth/token', json=who).json()['access_token']}"
    return talk


def test_at_once(talk: Talk, connection: Mapping[str, Any]) -> tuple[bool, str]:
    """Let the API server test a connection."""
    answer = talk("POST", "api/v2/connections/test", json=connection).json()
    return answer["status"], answer["message"]


def test_later(talk: Talk, connection: Mapping[str, Any]) -> tuple[bool, str]:
    """Let a worker test a connection, as the button of Airflow 3.3 does."""
    path = "api/v2/connections/enqueue-test"
    token = talk("POST", path, json=connection).json()["token"]
    look = partial(talk, "GET", path, headers={"Airflow-Connection-Test-Token": token})
    wait_until("the test of a connection", lambda: look().json()["state"] in ("success", "failed"))
    answer = look().json()
    return answer["state"] == "success", answer["result_message"]


def logs(airflow: LocalAirflow, pattern: str) -> str:
    """Return what is logged so far."""
    return "".join(path.read_text() for path in airflow.home.glob(pattern))


def wait_until(what: str, condition: Callable[[], object], *, timeout: float = 600) -> None:
    """Wait for something to happen."""
    deadline = time.monotonic() + timeout
    while not condition():
        assert time.monotonic() < deadline, f"waited {timeout:.0f} s for {what}"
        time.sleep(0.5)

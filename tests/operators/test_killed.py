"""Upkeep that is killed after any answer: what is written is true, and the next run does the rest."""

from __future__ import annotations

import sqlite3
import subprocess
import sys
import time
from collections import Counter
from contextlib import closing
from pathlib import Path
from typing import Any

import pytest

from airflow_provider_smspartner.operators.smspartner import RefreshStatusesOperator
from airflow_provider_smspartner.simulator import Simulator
from tests.operators import killed
from tests.operators.conftest import ANN, Fill, Run, crowd, sms

pytestmark = pytest.mark.airflow

ASKING = ("/bulk-status", "/multi-status")


def ends_after(operator: str, answers: int) -> int:
    """Run an operator in a process that may be killed, and return its exit status."""
    return subprocess.run(
        [sys.executable, str(killed.__file__), operator, str(answers)], check=False
    ).returncode


def rows(path: Path, query: str) -> list[tuple[Any, ...]]:
    with closing(sqlite3.connect(path)) as database:
        return database.execute(query).fetchall()


def test_a_stop_list_is_true_after_every_kill(sim: Simulator, warehouse: Fill, tmp_path: Path) -> None:
    people = [f"+336100000{n:02}" for n in range(3)]
    warehouse([(number, "") for number in people])
    sim.add_to_stop_list(ANN)
    path, stored = tmp_path / "warehouse.db", "SELECT phone_number FROM sms_stops"

    assert ends_after("stops", 1) == killed.KILLED  # the list was read, and nothing is written yet
    assert rows(path, "SELECT name FROM sqlite_master WHERE name = 'sms_stops'") == []
    assert ends_after("stops", 2) == killed.KILLED  # the first person is on the list, and not noted
    assert rows(path, stored) == [(ANN,)]
    assert ends_after("stops", 2) == killed.KILLED  # the list names them; now it is the second one
    assert {*rows(path, stored)} == {(ANN,), (people[0],)}
    assert ends_after("stops", 0) == 0

    assert {number for (number,) in rows(path, stored)} == {*sim.stop_list} == {ANN, *people}
    assert sim.requests_per_endpoint()["/stop-sms/add"] == len(people)


@pytest.mark.parametrize("answers", [1, 2, 3])
def test_statuses_are_true_after_every_kill(
    answers: int, run: Run, sim: Simulator, ledger: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    for place in range(3):
        people = crowd(400, start=place * 400)
        run(sms(recipients=people, campaign=str(place), ledger_conn_id="ledger"))
    sim.deliver()
    query = "SELECT status, COUNT(*) FROM smspartner_sends GROUP BY status"

    assert ends_after("refresh", answers) == killed.KILLED

    assert Counter(dict(rows(ledger, query))) == +Counter(
        {"delivered": 400 * (answers - 1), None: 400 * (4 - answers)}
    )
    later = time.time() + 3600  # when the lease of the look has ended
    monkeypatch.setattr(RefreshStatusesOperator, "now", staticmethod(lambda: later))
    assert run(RefreshStatusesOperator(task_id="refresh", ledger_conn_id="ledger"))["delivered"] == 400 * (
        4 - answers
    )
    assert rows(ledger, query) == [("delivered", 1_200)]
    assert (
        sum(sim.requests_per_endpoint()[path] for path in ASKING) == 4
    )  # the one whose answer was lost, again

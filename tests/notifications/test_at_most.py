"""How often the notifier tells: what is counted together, and what is not."""

from __future__ import annotations

import json
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import psutil
import pytest
from airflow.sdk import DAG

from airflow_provider_smspartner.exceptions import InsufficientCreditError
from airflow_provider_smspartner.simulator import Simulator
from tests.notifications.conftest import ANN, BOB, DEADLINE, Tell


def test_a_storm_costs_no_more_than_at_most(
    sim: Simulator, tell: Tell, ledger: dict[str, Any], logged: pytest.LogCaptureFixture
) -> None:
    for _ in range(4):
        tell("load failed", [ANN, BOB], **ledger)

    assert sim.texts_per_number() == {ANN: 2, BOB: 2}
    assert logged.text.count("Not sent, at_most=2 in 1:00:00 is reached") == 2


@pytest.mark.parametrize("key", ["{{ dag_run.dag_run_id }}", "team", "k" * 300])
def test_the_key_says_what_is_counted_together(
    key: str, sim: Simulator, tell: Tell, ledger: dict[str, Any]
) -> None:
    for name in (None, None, None, key, key, key):
        tell("load failed", ANN, key=name, **ledger)

    assert sim.texts_per_number() == {ANN: 4}


def test_dags_are_counted_apart_and_the_places_of_a_dag_together(
    sim: Simulator, tell: Tell, ledger: dict[str, Any]
) -> None:
    of_task = {"dag": DAG("nightly"), "dag_run": SimpleNamespace(dag_id="nightly")}
    of_other = {"dag": DAG("hourly")}
    for context in (DEADLINE, of_task, DEADLINE, of_other, of_other, of_other):
        tell("load failed", ANN, context=context, **ledger)

    assert len(sim.sent) == 4


def test_a_callback_that_names_no_dag_leaves_uncounted_without_a_key(
    sim: Simulator, tell: Tell, ledger: dict[str, Any], logged: pytest.LogCaptureFixture
) -> None:
    for _ in range(3):
        tell("load failed", ANN, context={"reason": "late"}, **ledger)
    assert sim.texts_per_number() == {ANN: 3}
    assert "context names no DAG; give a key" in logged.text

    for _ in range(3):
        tell("load failed", ANN, context={"reason": "late"}, key="any", **ledger)
    assert sim.texts_per_number() == {ANN: 5}


def test_seconds_are_a_period_too(sim: Simulator, tell: Tell, ledger: dict[str, Any]) -> None:
    for _ in range(3):
        tell("load failed", ANN, period=3600, **ledger)

    assert len(sim.sent) == 2


def test_what_was_refused_does_not_count(sim: Simulator, tell: Tell, ledger: dict[str, Any]) -> None:
    sim.faults.add("/send", "refuse", code=11, times=3)
    for _ in range(3):
        with pytest.raises(InsufficientCreditError):
            tell("load failed", ANN, **ledger)

    for _ in range(3):
        tell("load failed", ANN, **ledger)
    assert len(sim.sent) == 2


def test_a_ledger_that_is_away_keeps_nobody_in_the_dark(
    sim: Simulator,
    tell: Tell,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    logged: pytest.LogCaptureFixture,
) -> None:
    form = {"conn_type": "sqlite", "host": str(tmp_path / "nowhere" / "ledger.db")}
    monkeypatch.setenv("AIRFLOW_CONN_LEDGER", json.dumps(form))

    tell("load failed", ANN, at_most=1, ledger_conn_id="ledger")

    assert len(sim.sent) == 1
    assert "leaves uncounted, whatever at_most says" in logged.text


def test_a_ledger_that_is_none_is_named_and_keeps_nobody_in_the_dark(
    sim: Simulator, tell: Tell, logged: pytest.LogCaptureFixture
) -> None:
    tell("load failed", ANN, at_most=1, ledger_conn_id="nowhere")

    assert len(sim.sent) == 1
    assert "ledger_conn_id: connection 'nowhere' is not defined" in logged.text


def test_the_database_is_let_go(sim: Simulator, tell: Tell, ledger: dict[str, Any], tmp_path: Path) -> None:
    sim.faults.add("/send", "refuse", code=11)
    with pytest.raises(InsufficientCreditError):
        tell("load failed", ANN, **ledger)
    tell("load failed", ANN, **ledger)

    held = [file.path for file in psutil.Process().open_files() if file.path.startswith(str(tmp_path))]
    assert held == []

"""Whoever copies an example texts people once, whatever its schedule, and no run waits for reports."""

from __future__ import annotations

from pathlib import Path
from runpy import run_path

import pytest
from airflow.sdk import DAG

from airflow_provider_smspartner.operators.send import SendOperator
from airflow_provider_smspartner.sensors.smspartner import DeliveryStatusSensor
from scripts.shop import DAGS


@pytest.fixture
def dags(monkeypatch: pytest.MonkeyPatch) -> list[DAG]:
    """The DAGs that are made from now on."""
    made: list[DAG] = []
    enter = DAG.__enter__

    def entering(dag: DAG) -> DAG:
        made.append(dag)
        return enter(dag)

    monkeypatch.setattr(DAG, "__enter__", entering)
    return made


@pytest.mark.parametrize("path", sorted(DAGS.glob("*.py")), ids=lambda path: path.stem)
def test_a_schedule_needs_a_memory_and_no_run_waits_for_reports(path: Path, dags: list[DAG]) -> None:
    run_path(str(path))

    [dag] = dags
    if dag.schedule is not None:
        for task in dag.tasks:
            assert not isinstance(task, SendOperator) or (task.ledger_conn_id and task.campaign)
            assert not isinstance(task, DeliveryStatusSensor) or dag.max_active_runs != 1
    assert not [task for task in dag.tasks if task.depends_on_past or task.wait_for_downstream]

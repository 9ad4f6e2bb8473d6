"""A wait with hand-overs under ``airflow dags test``, where triggers run in line."""

from __future__ import annotations

import json
import sqlite3
import time
from concurrent.futures import ThreadPoolExecutor
from contextlib import closing
from pathlib import Path

import pytest

from airflow_provider_smspartner.simulator import Simulator
from airflow_provider_smspartner.tracking.handover import DELIVERY_KEY, read_delivery
from scripts.airflow_command import airflow, airflow_environment
from tests.airflow_versions import PUSHED

pytestmark = pytest.mark.airflow

DAGS = Path(__file__).parent / "dags"
IN_LINE = "running trigger in line"


def test_a_task_whose_trigger_runs_in_line_defers_again_after_each_hand_over(
    simulator: Simulator, tmp_path: Path
) -> None:
    simulator.deliver("+33600000002", status=None)
    connection = {"AIRFLOW_CONN_SMSPARTNER_DEFAULT": simulator.airflow_connection}
    env = airflow_environment(tmp_path / "airflow", dags=DAGS, env=connection)
    assert airflow("db", "migrate", env=env, log=tmp_path / "migrate.log") == 0

    printed = tmp_path / "run.log"
    printed.touch()
    with ThreadPoolExecutor() as pool:
        run = pool.submit(airflow, "dags", "test", "handing_over", env=env, log=printed)
        while not run.done() and printed.read_text().count(IN_LINE) < 3:
            time.sleep(0.1)
        simulator.deliver("+33600000002")  # after two hand-overs, however slow the machine is

    log = printed.read_text()
    assert run.result() == 0, log
    assert log.count(IN_LINE) >= 3  # two hand-overs and the end, or more where it comes late
    pushed = json.loads(value_of(tmp_path / "airflow" / "airflow.db", DELIVERY_KEY))
    told = read_delivery(pushed)
    assert told
    assert (told.final, told.result["delivered"], told.curve[-1][1]) == (True, 2, 2)
    assert "60000000" not in log


def value_of(database: Path, key: str) -> str:
    with closing(sqlite3.connect(database)) as connection:
        ((value,),) = connection.execute(f"SELECT value FROM {PUSHED} WHERE key = ?", (key,)).fetchall()
    return str(value)

"""A send in a task loop, which Airflow 3.4 brought: each iteration texts everybody once."""

from __future__ import annotations

import json
import sys
from pathlib import Path

import pytest

from airflow_provider_smspartner.simulator import Simulator
from scripts import sessions
from scripts.airflow_command import airflow, airflow_environment
from tests.airflow_versions import needs

pytestmark = [pytest.mark.airflow, pytest.mark.timeout(600), needs("task loops", "3.4")]

DAGS = Path(__file__).parent / "loops"
ROOT, PAGE = Path(__file__).parents[2], "tests.operators.loops_page"


def test_each_iteration_of_a_loop_texts_everybody(simulator: Simulator, tmp_path: Path) -> None:
    env = airflow_environment(
        tmp_path / "airflow", dags=DAGS, env={"AIRFLOW_CONN_SMSPARTNER_DEFAULT": simulator.airflow_connection}
    )
    assert airflow("db", "migrate", env=env, log=tmp_path / "migrate.log") == 0
    assert airflow("dags", "reserialize", env=env, log=tmp_path / "reserialize.log") == 0

    status = airflow("dags", "test", "canvass", env=env, log=tmp_path / "run.log")

    assert status == 0, (tmp_path / "run.log").read_text()
    assert simulator.texts_per_number() == {"+33600000001": 3, "+33600000002": 3}
    assert len({text.tag for text in simulator.sent}) == 3

    page = tmp_path / "page.log"
    assert sessions.run([sys.executable, "-m", PAGE], env=env, cwd=ROOT, log=page) == 0
    assert json.loads(page.read_text().splitlines()[-1]) == [[2, 1]] * 3

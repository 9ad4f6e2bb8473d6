"""A whole run by Airflow: recipients from a task, mapped tasks, and what its database keeps of them."""

from __future__ import annotations

import json
import sqlite3
from collections.abc import Callable, Sequence
from contextlib import closing
from pathlib import Path
from typing import Any

import pytest

from airflow_provider_smspartner.simulator import Simulator
from scripts.airflow_command import airflow, airflow_environment
from tests.airflow_versions import PUSHED_BY_TASKS, RENDERED_FIELDS

pytestmark = pytest.mark.airflow

DAGS = Path(__file__).parent / "dags"


def test_mapped_tasks_text_everybody_once_and_airflow_keeps_counts(
    simulator: Simulator, warehouse: Callable[[Sequence[tuple[Any, Any]]], None], tmp_path: Path
) -> None:
    warehouse([(f"+336000001{n:02}", ("Paris", "Lyon")[n % 2]) for n in range(5)])
    connections = {
        "AIRFLOW_CONN_SMSPARTNER_DEFAULT": simulator.airflow_connection,
        "AIRFLOW_CONN_WAREHOUSE_DEFAULT": json.dumps(
            {"conn_type": "sqlite", "host": str(tmp_path / "warehouse.db")}
        ),
    }
    env = airflow_environment(tmp_path / "airflow", dags=DAGS, env=connections)
    assert airflow("db", "migrate", env=env, log=tmp_path / "migrate.log") == 0

    status = airflow("dags", "test", "shared_work", env=env, log=tmp_path / "run.log")

    assert status == 0, (tmp_path / "run.log").read_text()
    everybody = [*(f"+336000001{n:02}" for n in range(5)), *(f"+3360000000{n}" for n in (1, 2, 3))]
    assert simulator.texts_per_number() == dict.fromkeys(everybody, 1)
    database = tmp_path / "airflow" / "airflow.db"
    assert delivered(database) == {"delivery": 5, "delivery_of_one": 2, "delivery_of_each": 1}
    fields = rendered(database)
    assert sorted(shown for shown in (row.get("recipients") for row in fields) if shown) == [
        "0 recipients",
        "1 recipients",
        "2 recipients",
    ]
    assert [row["parameters"] for row in fields if row.get("parameters")] == ["1 parameters"] * 3
    names = ask(database, "SELECT rendered_map_index FROM task_instance WHERE task_id = 'each_city'")
    assert sorted(name for (name,) in names) == ["shop Lyon", "shop Nice", "shop Paris"]
    queries = {row["sql"].strip() for row in fields if row.get("sql")}
    assert queries == {"SELECT phone_number FROM people WHERE city = ? -- shared_work"}
    assert not [part for part in ("60000", "00 00 02") if part in json.dumps(fields)]


def rendered(database: Path) -> list[dict[str, Any]]:
    """Return the fields that Airflow shows of each task."""
    return [json.loads(row) for (row,) in ask(database, f"SELECT rendered_fields FROM {RENDERED_FIELDS}")]


def delivered(database: Path) -> dict[str, int]:
    """Return how many people got their text, by the sensors' results."""
    results = "task_id LIKE 'delivery%' AND key = 'return_value'"
    rows = ask(database, f"SELECT task_id, value FROM {PUSHED_BY_TASKS} WHERE {results}")
    people: dict[str, int] = {}
    for task_id, value in rows:
        people[task_id] = people.get(task_id, 0) + json.loads(value)["delivered"]
    return people


def ask(database: Path, sql: str) -> list[tuple[Any, ...]]:
    with closing(sqlite3.connect(database)) as connection:
        return connection.execute(sql).fetchall()

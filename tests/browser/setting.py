"""What the browser looks at: an Airflow with campaigns, their people, and an SMS Partner."""

from __future__ import annotations

import json
import shutil
import sqlite3
from collections.abc import Iterator
from contextlib import closing, contextmanager
from pathlib import Path

from airflow_provider_smspartner.simulator import Simulator
from scripts.local_airflow import LocalAirflow
from tests.browser.limited_rights import LIMITED_USER, LimitedRights

FOLDER = Path(__file__).parent
AUTUMN = [f"+33612{number:06}" for number in range(3_000)]
WINTER = [f"+336000000{number:02}" for number in range(40)]
LEDGER = "ledger.sqlite"
"""The name of the ledger's file, in the folder of the Airflow's own."""


@contextmanager
def open_airflow(folder: Path, simulator: Simulator) -> Iterator[LocalAirflow]:
    """Start a whole Airflow with an administrator, a user who may see one DAG, and a copy of our DAGs."""
    shutil.copytree(FOLDER / "dags", folder / "dags", ignore=shutil.ignore_patterns("__pycache__"))
    sms = {
        "conn_type": "smspartner",
        "host": simulator.url,
        "password": simulator.api_key,
        "extra": {"requests_per_second": 0, "timeout": 10, "price_per_segment": 0.045},
    }
    people = {"conn_type": "sqlite", "host": str(write_people(folder / "warehouse.sqlite"))}
    env = {
        "AIRFLOW_CONN_SMS": json.dumps(sms),
        "AIRFLOW_CONN_WAREHOUSE_DEFAULT": json.dumps(people),
        "AIRFLOW_CONN_LEDGER_DEFAULT": json.dumps({"conn_type": "sqlite", "host": str(folder / LEDGER)}),
        "AIRFLOW__CORE__AUTH_MANAGER": f"limited_rights.{LimitedRights.__name__}",
        "AIRFLOW__CORE__SIMPLE_AUTH_MANAGER_USERS": f"{LocalAirflow.username}:admin,{LIMITED_USER}:viewer",
        "AIRFLOW__CORE__TEST_CONNECTION": "Enabled",
        "AIRFLOW__SCHEDULER__ALLOWED_RUN_ID_PATTERN": ".+",  # some allow what HTML has a meaning for
        "PYTHONPATH": str(FOLDER),
    }
    with LocalAirflow(folder / "airflow", dags=folder / "dags", env=env) as running:
        yield running


def write_people(path: Path) -> Path:
    """Make the warehouse, and return its path."""
    rows = [("autumn", number) for number in AUTUMN] + [("winter", number) for number in WINTER]
    with closing(sqlite3.connect(path)) as database, database:
        database.execute("CREATE TABLE people (campaign TEXT, phone_number TEXT)")
        database.executemany("INSERT INTO people VALUES (?, ?)", rows)
    return path


def decide_fates(simulator: Simulator) -> None:
    """Choose what becomes of the texts: most arrive within half a minute, in winter a fifth does not."""
    for seconds in range(30):
        simulator.deliver(*AUTUMN[seconds::30], after_seconds=seconds)
    simulator.deliver(*AUTUMN[7::150], status="Not delivered")
    simulator.deliver(*AUTUMN[11::300], stop=True)
    simulator.add_to_stop_list(*WINTER[3:36:11])
    simulator.deliver(*WINTER[5::8], status="Not delivered")
    simulator.deliver(*WINTER[6::16], status=None)

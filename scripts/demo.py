"""`make demo`: run the example campaign with Airflow against a local SMS Partner, and report who got it."""

from __future__ import annotations

import argparse
import json
import shutil
import sqlite3
import sys
import time
from contextlib import closing, suppress
from decimal import Decimal
from functools import partial
from pathlib import Path
from typing import Any

from scripts.airflow_command import airflow, airflow_environment
from scripts.progress import told
from scripts.sessions import stopped_by_signals
from scripts.shop import DAGS, Shop, open_shop

STEPS = {
    "Airflow is creating its database": ("db", "migrate"),
    "Airflow is running dags/sms_campaign.py, which takes about a minute": ("dags", "test", "sms_campaign"),
}

RESULTS = "SELECT task_id, value FROM xcom WHERE dag_id = 'sms_campaign' AND key = 'return_value'"
RESULTS_OF_TRIES = (
    "SELECT task_id, value FROM xcom_v2 JOIN task_instance ON task_instance.id = task_instance_id "
    "WHERE dag_id = 'sms_campaign' AND key = 'return_value'"
)
"""The same from Airflow 3.4 on, which keeps XComs of each try."""


def main() -> int:
    """Run the demonstration and return 0 when everybody who should got exactly one text."""
    parser = argparse.ArgumentParser(prog="make demo", description=__doc__)
    parser.add_argument("--folder", type=Path, default=Path(".demo"), help="written anew at each start")
    given: Path = parser.parse_args().folder
    folder = given.resolve()
    shutil.rmtree(folder, ignore_errors=True)
    with stopped_by_signals(), suppress(KeyboardInterrupt), open_shop(folder) as shop:
        return _demonstrate(shop, home=folder / "airflow", log=given / "campaign.log")
    return 130


def _demonstrate(shop: Shop, *, home: Path, log: Path) -> int:
    home.mkdir()
    env = airflow_environment(home, dags=DAGS, env=shop.connections)
    print(f"{shop.warehouse.customers:,} invented customers, a simulated SMS Partner at {shop.simulator.url}")
    started = time.monotonic()
    for what, command in STEPS.items():
        with told(what, partial(task_states, home / "airflow.db")):
            status = airflow(*command, env=env, log=log)
        if status:
            print(f"airflow {' '.join(command)} failed; see {log}", file=sys.stderr)
            return 1
    print(report(shop, results(home / "airflow.db"), log=log, seconds=time.monotonic() - started))
    for complaint in shop.complaints():
        print(complaint, file=sys.stderr)
    return 1 if shop.complaints() else 0


def task_states(database: Path) -> str:
    """Say how far each task of the campaign is; nothing while there is none or the database is busy."""
    query = "SELECT task_id, coalesce(state, 'waiting') FROM task_instance ORDER BY task_id DESC"
    with (
        suppress(sqlite3.Error),
        closing(sqlite3.connect(f"file:{database}?mode=ro", uri=True)) as connection,
    ):
        return ", ".join(f"{task}: {state}" for task, state in connection.execute(query))
    return ""


def results(database: Path) -> dict[str, Any]:
    """Read what each task of the campaign returned, by its id; `dags test` leaves no API server to ask."""
    with closing(sqlite3.connect(database)) as connection:
        tables = {name for (name,) in connection.execute("SELECT name FROM sqlite_master")}
        query = RESULTS if "xcom" in tables else RESULTS_OF_TRIES
        return {task: json.loads(value) for task, value in connection.execute(query)}


def report(shop: Shop, returned: dict[str, Any], *, log: Path, seconds: float) -> str:
    """Write the outcome of the campaign for people."""
    send, delivery = returned["send"], returned["delivery"]
    lines = {
        "customers": f"{shop.warehouse.customers:,}",
        "without consent": f"{shop.warehouse.without_consent:,}",
        "invalid numbers": f"{send['invalid']:,}",
        "duplicates": f"{send['duplicates']:,}",
        "recipients": f"{send['recipients']:,}",
        "requests": f"{shop.simulator.requests_per_endpoint()['/send']:,}",
        "cost": f"{Decimal(send['cost']):.2f} {send['currency']}",
        "delivered": f"{delivery['delivered']:,}",
        "not delivered": f"{delivery['not_delivered']:,}",
        "STOP": f"{delivery['stop']:,}",
        "waiting": f"{delivery['waiting']:,}",
        "time": f"{seconds:.0f} s",
    }
    table = "\n".join(f"  {name:<16} {value:>12}" for name, value in lines.items())
    return f"\nsms_campaign ended in success\n\n{table}\n\n  log  {log}\n"


if __name__ == "__main__":
    sys.exit(main())

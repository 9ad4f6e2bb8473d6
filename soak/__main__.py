"""``make soak``: a real Airflow to which things happen at random, and who has how many texts in the end.

It fails when somebody has two texts or none, when a process is left, or when memory or open files grow.
"""

from __future__ import annotations

import argparse
import json
import random
import sys
import tempfile
import time
from decimal import Decimal
from pathlib import Path

from airflow_provider_smspartner.simulator import Settings, Simulator
from scripts.distributed import Database, databases
from scripts.local_airflow import LocalAirflow
from scripts.sessions import stopped_by_signals
from soak.chaos import Soak
from soak.report import Found, count, keep, markdown
from soak.watch import strangers

DAGS = Path(__file__).parent / "dags"
PATIENCE = 300.0
"""Seconds, at most, in which all campaigns must have ended when nothing happens any more."""
SETTINGS = {
    "AIRFLOW__SCHEDULER__TASK_INSTANCE_HEARTBEAT_TIMEOUT": "30",  # what a lost scheduler ran is missed sooner
    "AIRFLOW__SCHEDULER__TASK_INSTANCE_HEARTBEAT_TIMEOUT_DETECTION_INTERVAL": "5",
    "AIRFLOW__SCHEDULER__ORPHANED_TASKS_CHECK_INTERVAL": "15",
    "AIRFLOW__SCHEDULER__TASK_QUEUED_TIMEOUT": "60",
    "AIRFLOW__SCHEDULER__TASK_QUEUED_TIMEOUT_CHECK_INTERVAL": "15",
}


def main() -> None:
    """Soak, tell, and fail when something went wrong."""
    options = parser().parse_args()
    print(f"seed {options.seed}", flush=True)
    with stopped_by_signals(), tempfile.TemporaryDirectory() as folder:
        found = soak(Path(options.home or folder).resolve(), minutes=options.minutes, seed=options.seed)
    text = markdown(found)
    print(text)
    keep(options.page, text)
    sys.exit(not found.is_good)


def parser() -> argparse.ArgumentParser:
    """Describe the command."""
    parser = argparse.ArgumentParser(prog="python -m soak", description=__doc__)
    parser.add_argument("--minutes", type=float, default=10, help="how long things happen (%(default)s)")
    parser.add_argument("--seed", type=int, default=random.randrange(10**6), help="what the dice begin with")  # noqa: S311
    parser.add_argument("--page", type=Path, default=Path("docs/faults.md"), help="where the figures go")
    parser.add_argument("--home", type=Path, help="where Airflow and its logs stay; by default they go")
    return parser


def soak(folder: Path, *, minutes: float, seed: int) -> Found:
    """Let things happen for some minutes, wait for the end, and count."""
    home = folder / "airflow"
    with (
        Simulator(Settings(balance=Decimal(10**9))) as simulator,
        databases("airflow", "shop") as (own, shop),
    ):
        settings = {**SETTINGS, "AIRFLOW__DATABASE__SQL_ALCHEMY_CONN": own.location}
        with LocalAirflow(home, dags=DAGS, env=settings | connections(simulator, shop)) as airflow:
            it = Soak(airflow=airflow, simulator=simulator, dice=random.Random(seed))  # noqa: S311
            began = time.monotonic()
            it.go_on(minutes * 60)
            seconds = time.monotonic() - began
            unfinished = it.finish(PATIENCE)
            left = it.left_running()
        left += [f"{process.pid} {process.name()}" for process in strangers(home, {})]
        twice, lost = count(it.campaigns, simulator.texts_per_number())
    for each in [*unfinished, *left]:
        print(f"not as it should be: {each}")
    return Found(
        seconds=seconds,
        seed=seed,
        happened=it.happened,
        campaigns=len(it.campaigns),
        people=sum(campaign.people for campaign in it.campaigns),
        twice=twice,
        lost=lost,
        unfinished=len(unfinished),
        left=len(left),
        levels=it.watch.levels(),
    )


def connections(simulator: Simulator, shop: Database) -> dict[str, str]:
    """Return the connections of the DAGs, with little patience, so that much can happen in a minute."""
    pace = {"timeout": 3, "requests_per_second": 0}
    sms = {"conn_type": "smspartner", "host": simulator.url, "password": simulator.api_key, "extra": pace}
    return {
        "AIRFLOW_CONN_SMSPARTNER_DEFAULT": json.dumps(sms),
        "AIRFLOW_CONN_WAREHOUSE_DEFAULT": shop.connection,
        "AIRFLOW_CONN_LEDGER_DEFAULT": shop.connection,
    }


if __name__ == "__main__":
    main()

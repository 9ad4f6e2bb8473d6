"""`make ui`: a whole Airflow with the example DAGs, 1,200 invented customers and a local SMS Partner."""

from __future__ import annotations

import argparse
import shutil
import time
from contextlib import ExitStack, suppress
from pathlib import Path
from urllib.parse import quote

import requests

from scripts.local_airflow import FINISHED, LocalAirflow
from scripts.progress import told
from scripts.receiver import receiving
from scripts.sessions import stopped_by_signals
from scripts.shop import DAGS, Shop, open_shop

DAG_ID = "sms_campaign"
CAMPAIGN_TAB = "smspartner-campaign"
"""As ``links.smspartner`` has it, which imports all of Airflow: seconds of silence before the first line."""
GLANCE = 1.0
"""Seconds between two looks at the campaign."""
SETTINGS = {"AIRFLOW__CORE__TEST_CONNECTION": "Enabled"}
"""What a newcomer wants to try and Airflow ships switched off."""


def main() -> None:
    """Start everything, run the campaign once and stay until Ctrl-C."""
    parser = argparse.ArgumentParser(prog="make ui", description=__doc__)
    parser.add_argument("--folder", type=Path, default=Path(".ui"), help="written anew at each start")
    folder = parser.parse_args().folder.resolve()
    shutil.rmtree(folder, ignore_errors=True)
    with stopped_by_signals(), suppress(KeyboardInterrupt), open_shop(folder) as shop, ExitStack() as stack:
        with told("Airflow is starting, which takes about a minute"):
            connections = stack.enter_context(receiving(folder, shop.connections))
            env = SETTINGS | connections
            airflow = stack.enter_context(LocalAirflow(folder / "airflow", dags=DAGS, env=env))
            airflow.unpause("sms_replies")
            run = airflow.trigger(DAG_ID)
        print(welcome(airflow, shop, run), flush=True)
        try:
            follow(airflow, run)
            print("The campaign has ended. Airflow stays until Ctrl-C.", flush=True)
            while True:
                airflow.check()
                time.sleep(1)
        finally:
            print("Airflow stops ...", flush=True)


def follow(airflow: LocalAirflow, run: str) -> None:
    """Say how far the campaign is until it ends."""
    latest, state = "", ""
    with told("The campaign is running", lambda: latest):
        while state not in FINISHED:
            airflow.check()
            try:
                state, latest = airflow.state(DAG_ID, run), states(airflow, run)
            except (requests.Timeout, requests.ConnectionError):  # a busy machine; `check` sees a dead one
                latest = "Airflow is slow to answer"
            time.sleep(GLANCE)


def states(airflow: LocalAirflow, run: str) -> str:
    """Say how far each task of the campaign is."""
    found = airflow.task_states(DAG_ID, run)
    return ", ".join(f"{task}: {state or 'waiting'}" for task, state in sorted(found.items(), reverse=True))


def campaign_tab(airflow: LocalAirflow, run: str) -> str:
    """Return the address of the tab SMS of a run."""
    return f"{airflow.url}/dags/{DAG_ID}/runs/{quote(run, safe='')}/plugin/{CAMPAIGN_TAB}"


def welcome(airflow: LocalAirflow, shop: Shop, run: str) -> str:
    control, somebody = shop.simulator.url.removesuffix("/v1"), max(shop.warehouse.people)
    return f"""
  Airflow      {airflow.url}
  login        {airflow.username}
  password     {airflow.password}

  SMS Partner  {shop.simulator.url} (simulated)
  texts sent   {shop.simulator.url.removesuffix("/v1")}/simulator/sent
  logs         {airflow.home}

Open the SMS tab of the campaign that is running now:
  {campaign_tab(airflow, run)}

Let somebody answer, and watch {airflow.url}/dags/sms_replies start;
each STOP of the campaign has started it already:

  curl {control}/simulator/reply -H 'Content-Type: application/json' \\
    -d '{{"number": "{somebody}", "text": "OUI"}}'

A DAG of your own: put its file into {DAGS}; it appears in the list within half a minute.
The DAGs' connections are environment variables, so Admin > Connections does not list them. A connection that
you save there works too, and has its Test button, but needs an id of its own: the environment comes first.
Switched off: the clock (a DAG runs when you trigger it, or when something reaches the inbox), Airflow's own
example DAGs, and its usage reports.
A retry waits 5 s, four tasks run at once, your own AIRFLOW variables are ignored, and only this machine can
connect.
Ctrl-C stops everything. The next start deletes {airflow.home.parent} and creates it again.
"""


if __name__ == "__main__":
    main()

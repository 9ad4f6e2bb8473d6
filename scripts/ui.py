"""`make ui`: a whole Airflow with the example DAGs, 1,200 invented customers and a local SMS Partner."""

from __future__ import annotations

import argparse
import shutil
import time
from contextlib import suppress
from pathlib import Path

from scripts.local_airflow import LocalAirflow
from scripts.receiver import receiving
from scripts.sessions import stopped_by_signals
from scripts.shop import DAGS, Shop, open_shop


def main() -> None:
    """Start everything, run the campaign once and stay until Ctrl-C."""
    parser = argparse.ArgumentParser(prog="make ui", description=__doc__)
    parser.add_argument("--folder", type=Path, default=Path(".ui"), help="written anew at each start")
    folder = parser.parse_args().folder.resolve()
    shutil.rmtree(folder, ignore_errors=True)
    print("Airflow starts; this takes about half a minute ...", flush=True)
    with (
        stopped_by_signals(),
        suppress(KeyboardInterrupt),
        open_shop(folder) as shop,
        receiving(folder, shop.connections) as connections,
        LocalAirflow(folder / "airflow", dags=DAGS, env=connections) as airflow,
    ):
        airflow.unpause("sms_replies")
        run = airflow.trigger("sms_campaign")
        print(_welcome(airflow, shop, run), flush=True)
        try:
            while True:
                airflow.check()
                time.sleep(1)
        finally:
            print("Airflow stops ...", flush=True)


def _welcome(airflow: LocalAirflow, shop: Shop, run: str) -> str:
    control, somebody = shop.simulator.url.removesuffix("/v1"), max(shop.warehouse.people)
    return f"""
  Airflow      {airflow.url}
  login        {airflow.username}
  password     {airflow.password}

  SMS Partner  {shop.simulator.url} (simulated)
  texts sent   {shop.simulator.url.removesuffix("/v1")}/simulator/sent
  logs         {airflow.home}

The campaign runs now: {airflow.url}/dags/sms_campaign/runs/{run}
Let somebody answer, and see {airflow.url}/dags/sms_replies start:

  curl {control}/simulator/reply -H 'Content-Type: application/json' \\
    -d '{{"number": "{somebody}", "text": "OUI"}}'

Ctrl-C stops everything.
"""


if __name__ == "__main__":
    main()

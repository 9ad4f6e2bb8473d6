"""One Airflow in which everything fails that can fail, and what is left of it when it has ended."""

from __future__ import annotations

import json
import sqlite3
from collections.abc import Iterator
from contextlib import ExitStack, closing
from dataclasses import dataclass
from pathlib import Path

import pytest
from cryptography.fernet import Fernet

from airflow_provider_smspartner.simulator import Settings, Simulator
from scripts.local_airflow import LocalAirflow, held_port
from tests.trust.failing import failing_simulators, quoting_servers
from tests.trust.search import Search
from tests.trust.talk import Seen, live_through

DAGS = Path(__file__).parent / "dags"
KEY, WRONG_KEY = "K3y+sec/ret=Z9q", "0ther+k/y=Q8w+"
PEOPLE = [f"+336000010{number:02}" for number in range(1, 31)]
LANDLINE, REDIRECTED = "+33123456789", "+33600002000"


@dataclass(frozen=True, kw_only=True)
class Aftermath:
    """What is there when Airflow has stopped, and what was there before."""

    folder: Path
    """With the warehouse and the ledger."""
    home: Path
    """The AIRFLOW_HOME, with what each process printed, and a folder for temporary files."""
    search: Search
    seen: Seen
    simulator: Simulator

    def logs(self, pattern: str) -> str:
        """Return all files of a pattern below the AIRFLOW_HOME."""
        return "".join(path.read_text() for path in sorted(self.home.glob(pattern)))


@pytest.fixture(scope="package")
def aftermath(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Aftermath]:
    """Run all scenes, and stop Airflow."""
    folder, fernet_key = tmp_path_factory.mktemp("trust"), Fernet.generate_key()
    numbers = (*PEOPLE, LANDLINE, REDIRECTED)
    airflow = LocalAirflow(folder / "airflow", dags=DAGS, env=environment(folder, fernet_key))
    with ExitStack() as stack:
        simulator = stack.enter_context(Simulator(Settings(api_key=KEY)))
        urls = {"down": f"http://127.0.0.1:{stack.enter_context(held_port())}/v1"}
        urls |= dict.fromkeys(("good", "redirected", "wrong_key"), simulator.url)
        urls |= {name: server.url for name, server in failing_simulators(stack, key=KEY).items()}
        urls |= {name: server.url for name, server in quoting_servers(stack).items()}
        with airflow:
            seen = live_through(airflow, {scene: connection(scene, url) for scene, url in urls.items()})
        yield Aftermath(
            folder=folder,
            home=airflow.home,
            search=Search(keys=(KEY, WRONG_KEY), numbers=numbers, fernet_key=fernet_key),
            seen=seen,
            simulator=simulator,
        )


def environment(folder: Path, fernet_key: bytes) -> dict[str, str]:
    """Make the warehouse and a folder for temporary files, and return what tells Airflow of them."""
    write_people(folder / "warehouse.sqlite")
    (folder / "airflow" / "tmp").mkdir(parents=True)
    return {
        **{
            f"AIRFLOW_CONN_{name.upper()}": json.dumps(
                {"conn_type": "sqlite", "host": str(folder / f"{name}.sqlite")}
            )
            for name in ("warehouse", "ledger")
        },
        "AIRFLOW__CORE__FERNET_KEY": fernet_key.decode(),
        "AIRFLOW__CORE__DAGBAG_IMPORT_TIMEOUT": "120",  # the machine may be busy
        "AIRFLOW__WORKERS__EXECUTION_API_TIMEOUT": "30",
        "AIRFLOW__CORE__PARALLELISM": "8",
        "AIRFLOW__CORE__MAX_ACTIVE_TASKS_PER_DAG": "8",
        "AIRFLOW__CORE__TEST_CONNECTION": "Enabled",
        "PYTHONPATH": str(DAGS.parents[2]),  # where the triggerer finds a trigger of ours
        "TMPDIR": str(folder / "airflow" / "tmp"),
    }


def write_people(path: Path) -> None:
    """Make the warehouse: everybody once, in several spellings, and one who has no mobile phone."""
    spellings = ("+33{}", "0033{}", "0{}", "+33 (0){}")
    rows = [(spellings[n % 4].format(number[3:]), f"Person {n}") for n, number in enumerate(PEOPLE)]
    with closing(sqlite3.connect(path)) as database, database:
        database.execute("CREATE TABLE people (phone_number TEXT, name TEXT)")
        database.executemany("INSERT INTO people VALUES (?, ?)", [*rows, ("01 23 45 67 89", "Person 31")])


def connection(scene: str, url: str) -> dict[str, object]:
    """Return the connection of a scene as the API takes it."""
    extra: dict[str, object] = {"timeout": 1, "requests_per_second": 0, "price_per_segment": 0.045}
    if scene == "redirected":
        extra |= {"redirect_to": REDIRECTED}
    return {
        "connection_id": f"sms_{scene}",
        "conn_type": "smspartner",
        "host": url,
        "port": 443,  # Airflow 3.3.2 tests no connection without one
        "password": WRONG_KEY if scene == "wrong_key" else KEY,
        "extra": json.dumps(extra),
    }

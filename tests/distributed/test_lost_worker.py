"""A campaign of 100,000 people on two Celery workers, one of which is lost in the middle of it."""

from __future__ import annotations

import json
import time
from collections.abc import Callable, Iterator
from decimal import Decimal
from pathlib import Path

import pytest

from airflow_provider_smspartner.simulator import Settings, Simulator
from scripts.distributed import WORKERS, Database, databases, distributed_airflow
from scripts.local_airflow import LocalAirflow
from tests.airflow_versions import needs_task_state_store
from tests.distributed.dags.sharded import LEDGERS, SHARDS

pytestmark = [pytest.mark.distributed, pytest.mark.timeout(900)]

DAGS = Path(__file__).parent / "dags"
PEOPLE, TWICE_A_CUSTOMER = 100_000, 1_000
MOST_REMEMBERED = (12, 350)
"""Bytes a person, at most: in the task state store, and in the ledger with its indexes. See docs/scale.md."""
LATENCY = 1.0
"""Seconds that a request takes, so that there is time to lose a worker."""


def people_of(campaign: str) -> list[str]:
    """Return the numbers of a campaign's people."""
    first = 612_000_000 + 1_000_000 * list(LEDGERS).index(campaign)
    return [f"+33{number}" for number in range(first, first + PEOPLE)]


def fill(shop: Database) -> None:
    """Write the customers; with a ledger, some of them are two, in two shards."""
    customers = [(campaign, number) for campaign in LEDGERS for number in people_of(campaign)]
    # behind an odd number of others: the second row is in another shard than the first
    customers += [("with_ledger", number) for number in people_of("with_ledger")[1 : 1 + TWICE_A_CUSTOMER]]
    with shop.connect() as connection:
        connection.execute(
            "CREATE TABLE customers (customer_id serial PRIMARY KEY, campaign text, phone_number text)"
        )
        into = "COPY customers (campaign, phone_number) FROM STDIN"
        with connection.cursor() as cursor, cursor.copy(into) as copy:
            for customer in customers:
                copy.write_row(customer)


@pytest.fixture(scope="module")
def simulator() -> Iterator[Simulator]:
    """An SMS Partner that takes its time for each batch."""
    with Simulator(Settings(balance=Decimal(100_000))) as running:
        running.faults.add("/send", "latency", seconds=LATENCY, times=None)
        yield running


@pytest.fixture(scope="module")
def both() -> Iterator[list[Database]]:
    """Airflow's database, and the one of warehouse and ledger."""
    with databases("airflow", "shop") as made:
        fill(made[1])
        yield made


@pytest.fixture(scope="module")
def airflow(
    simulator: Simulator, both: list[Database], tmp_path_factory: pytest.TempPathFactory
) -> Iterator[LocalAirflow]:
    """An Airflow on two workers."""
    home = tmp_path_factory.mktemp("distributed") / "airflow"
    metadata, shop = both
    pace = {"timeout": 10, "requests_per_second": 0}
    sms = {"conn_type": "smspartner", "host": simulator.url, "password": simulator.api_key, "extra": pace}
    env = {
        "AIRFLOW_CONN_SMSPARTNER_DEFAULT": json.dumps(sms),
        "AIRFLOW_CONN_WAREHOUSE_DEFAULT": shop.connection,
        "AIRFLOW_CONN_LEDGER_DEFAULT": shop.connection,
    }
    with distributed_airflow(home, dags=DAGS, env=env, metadata=metadata) as running:
        yield running


def wait_until(what: str, condition: Callable[[], object], *, timeout: float = 240) -> None:
    """Wait for something to happen."""
    deadline = time.monotonic() + timeout
    while not condition():
        assert time.monotonic() < deadline, f"waited {timeout:.0f} s for {what}"
        time.sleep(0.2)


def log_of(airflow: LocalAirflow, worker: str) -> Path:
    """Name the file that a worker writes, which says when it is ready."""
    return airflow.home / f"{worker}.log"


def shards_that_send(airflow: LocalAirflow, campaign: str, run: str) -> int:
    """Count the mapped tasks whose first try has told of a batch."""
    folder = airflow.home / "logs" / f"dag_id={campaign}" / f"run_id={run}" / "task_id=send"
    return sum('"Batch ' in path.read_text() for path in folder.glob("map_index=*/attempt=1.log"))


def remembered(metadata: Database, shop: Database) -> dict[str, int]:
    """Return the bytes of what is kept of all campaigns, by where it is kept."""
    with metadata.connect() as connection:
        [store] = connection.execute("SELECT coalesce(sum(octet_length(value)), 0) FROM task_state_store")
    with shop.connect() as connection:
        tables = ("smspartner_people", "smspartner_batches")
        sizes = [f"coalesce(pg_total_relation_size(to_regclass('{table}')), 0)" for table in tables]
        size = f"SELECT {' + '.join(sizes)}"
        [ledger] = connection.execute(size)
    return {"task state store": int(store[0]), "ledger": int(ledger[0])}


@pytest.mark.parametrize(
    "campaign", [pytest.param("without_ledger", marks=needs_task_state_store), "with_ledger"]
)
def test_everybody_is_texted_once_although_a_worker_is_lost(
    campaign: str, airflow: LocalAirflow, simulator: Simulator, both: list[Database]
) -> None:
    for name in set(WORKERS) - airflow.processes.keys():
        log_of(airflow, name).rename(airflow.home / f"{name}.lost.log")
        airflow.restart(name)
    wait_until("both workers", lambda: all("ready" in log_of(airflow, name).read_text() for name in WORKERS))
    before = simulator.requests_per_endpoint()["/send"]
    run = airflow.trigger(campaign)

    def sent() -> int:
        return simulator.requests_per_endpoint()["/send"] - before

    def is_half_way() -> bool:
        return sent() >= PEOPLE // 500 // 3 and shards_that_send(airflow, campaign, run) == SHARDS

    wait_until("texts from all tasks", is_half_way)
    machines = airflow.hosts(campaign, run)
    assert machines.keys() == set(WORKERS)
    lost = machines[WORKERS[0]]
    airflow.kill(WORKERS[0])
    assert sent() < PEOPLE // 500, "too quick to lose a worker in the middle"
    began = time.monotonic()

    assert airflow.wait(campaign, run, timeout=480) == "success", airflow.task_log(campaign, run, "send")

    seconds = time.monotonic() - began
    print(f"\n{campaign}: {lost} of {SHARDS} tasks lost, done {seconds:.0f} s later")  # noqa: T201  # a figure
    texts, people = simulator.texts_per_number(), set(people_of(campaign))
    assert {number for number in people if texts[number] > 1} == set()
    assert {number for number in people if not texts[number]} == set()
    assert airflow.task_log(campaign, run, "send").count("Earlier tries") >= lost
    delivery = airflow.xcom(campaign, run, "delivery")
    assert (delivery["recipients"], delivery["delivered"]) == (PEOPLE, PEOPLE)
    sizes = remembered(*both)
    print(*(f"{what}: {size / PEOPLE:.1f} bytes a person" for what, size in sizes.items()), sep="\n")  # noqa: T201
    assert sizes["task state store"] < MOST_REMEMBERED[0] * PEOPLE
    assert sizes["ledger"] < MOST_REMEMBERED[1] * PEOPLE

"""Campaigns that are interrupted under the real scheduler: nobody is texted twice, nobody is missing."""

from __future__ import annotations

import json
import signal
import sqlite3
import time
from collections import Counter
from collections.abc import Callable, Iterator
from contextlib import closing
from decimal import Decimal
from pathlib import Path
from urllib.parse import urlsplit

import psutil
import pytest

from airflow_provider_smspartner.simulator import Settings, Simulator
from airflow_provider_smspartner.simulator.messages import Message
from scripts.local_airflow import LocalAirflow
from tests.airflow_versions import KEEPING, needs_task_state_store, since
from tests.system.dags.interrupted import CAMPAIGNS, PEOPLE

pytestmark = [pytest.mark.airflow, pytest.mark.timeout(600)]

DAGS = Path(__file__).parent / "dags"
HALF_WAY = PEOPLE // 3


def people_of(campaign: str) -> set[str]:
    """Return the numbers of a campaign's people."""
    first = 612_000_000 + 100_000 * CAMPAIGNS.index(campaign)
    return {f"+33{number}" for number in range(first, first + PEOPLE)}


@pytest.fixture(scope="module")
def simulator() -> Iterator[Simulator]:
    """An SMS Partner that takes half a second for each batch."""
    with Simulator(Settings(balance=Decimal(10_000))) as running:
        running.faults.add("/send", "latency", seconds=0.5, times=None)
        yield running


@pytest.fixture(scope="module")
def airflow(simulator: Simulator, tmp_path_factory: pytest.TempPathFactory) -> Iterator[LocalAirflow]:
    """A whole Airflow, with a warehouse and the simulator."""
    home = tmp_path_factory.mktemp("interrupted")
    warehouse = home / "warehouse.sqlite"
    with closing(sqlite3.connect(warehouse)) as database, database:
        database.execute("CREATE TABLE people (campaign INTEGER, phone_number TEXT)")
        rows = [(index, number) for index, name in enumerate(CAMPAIGNS) for number in people_of(name)]
        database.executemany("INSERT INTO people VALUES (?, ?)", rows)
    pace = {"timeout": 3, "requests_per_second": 0}
    sms = {"conn_type": "smspartner", "host": simulator.url, "password": simulator.api_key, "extra": pace}
    env = {
        "AIRFLOW_CONN_SMSPARTNER_DEFAULT": json.dumps(sms),
        "AIRFLOW_CONN_WAREHOUSE_DEFAULT": json.dumps({"conn_type": "sqlite", "host": str(warehouse)}),
    }
    with LocalAirflow(home / "airflow", dags=DAGS, env=env) as running:
        yield running


def texts(simulator: Simulator, campaign: str) -> Counter[str]:
    """Count what really left, by person of the campaign."""
    ours = people_of(campaign)
    return Counter({number: n for number, n in simulator.texts_per_number().items() if number in ours})


def wait_until(what: str, condition: Callable[[], object], *, timeout: float = 120) -> None:
    """Wait for something to happen."""
    deadline = time.monotonic() + timeout
    while not condition():
        assert time.monotonic() < deadline, f"waited {timeout:.0f} s for {what}"
        time.sleep(0.05)


def start_and_wait_half_way(airflow: LocalAirflow, simulator: Simulator, campaign: str) -> str:
    """Start a campaign and return its run when a third of its people have their text."""
    run = airflow.trigger(campaign)
    wait_until("some texts", lambda: len(texts(simulator, campaign)) >= HALF_WAY)
    assert len(texts(simulator, campaign)) < PEOPLE, "too quick to be interrupted"
    return run


def assert_everyone_once(airflow: LocalAirflow, simulator: Simulator, campaign: str, run: str) -> None:
    """Wait for the end; the simulator's count of texts decides, and the result covers all tries."""
    assert airflow.wait(campaign, run, timeout=240) == "success", airflow.task_log(campaign, run, "send")
    counted = texts(simulator, campaign)
    assert {number for number, times in counted.items() if times > 1} == set()
    assert people_of(campaign) - counted.keys() == set()
    sent = airflow.xcom(campaign, run, "send")
    assert (sent["recipients"], sent["unknown"], sum(sent["counts"].values())) == (PEOPLE, 0, PEOPLE)


def sending_process(simulator: Simulator) -> psutil.Process:
    """Return the process that talks to the simulator: the task's own."""
    port = urlsplit(simulator.url).port
    for connection in psutil.net_connections("tcp"):
        if connection.raddr and connection.raddr.port == port and connection.pid:
            return psutil.Process(connection.pid)
    raise AssertionError("no process talks to the simulator")


def test_task_process_killed(airflow: LocalAirflow, simulator: Simulator) -> None:
    run = start_and_wait_half_way(airflow, simulator, "killed")
    sending_process(simulator).send_signal(signal.SIGKILL)
    assert_everyone_once(airflow, simulator, "killed", run)
    assert "Earlier tries" in airflow.task_log("killed", run, "send")


def test_api_server_restarted(airflow: LocalAirflow, simulator: Simulator) -> None:
    run = start_and_wait_half_way(airflow, simulator, "server_restart")
    airflow.restart("api-server", down=11)
    if not since("3.3") and airflow.wait("server_restart", run, timeout=240) == "failed":
        # 3.1 gives a task up whose result it could not hand in; a person then clears it
        airflow.clear("server_restart", run)
    assert_everyone_once(airflow, simulator, "server_restart", run)


def test_finished_task_cleared(airflow: LocalAirflow, simulator: Simulator) -> None:
    run = airflow.trigger("cleared")
    assert_everyone_once(airflow, simulator, "cleared", run)
    airflow.clear("cleared", run)
    assert_everyone_once(airflow, simulator, "cleared", run)
    assert "Earlier tries" in airflow.task_log("cleared", run, "send")


def test_task_cleared_while_it_sends(airflow: LocalAirflow, simulator: Simulator) -> None:
    run = start_and_wait_half_way(airflow, simulator, "cleared_while_sending")
    airflow.clear("cleared_while_sending", run)
    assert_everyone_once(airflow, simulator, "cleared_while_sending", run)


@needs_task_state_store  # or a ledger: what nothing remembers cannot be cancelled
def test_scheduled_task_marked_failed_while_it_sends(airflow: LocalAirflow, simulator: Simulator) -> None:
    def waiting() -> int:
        ours = people_of("stopped")
        with simulator.lock:
            messages = list(simulator.platform.messages.values())
        return sum(message.order.size for message in messages if is_there(message, ours))

    def is_there(message: Message, ours: set[str]) -> bool:
        return not message.cancelled and message.order.numbers[0] in ours

    simulator.faults.clear()  # Airflow takes some seconds to tell a task that it is to stop
    simulator.faults.add("/send", "latency", seconds=2.0, times=None)
    run = airflow.trigger("stopped")
    wait_until("some scheduled texts", lambda: waiting() >= HALF_WAY)
    assert waiting() < PEOPLE, "too quick to be interrupted"

    airflow.mark("stopped", run, "send", "failed")

    wait_until("their cancellation", lambda: not waiting())
    assert airflow.wait("stopped", run) == "failed"
    wait_until("the log", lambda: "Cancelled on the platform" in airflow.task_log("stopped", run, "send"))
    simulator.faults.clear()
    # What was cancelled is not seen by its tag: a task that remembers nothing would wait for hours
    airflow.clear("stopped", run, **KEEPING)
    assert airflow.wait("stopped", run, timeout=240) == "success", airflow.task_log("stopped", run, "send")
    simulator.advance(3 * 3600)
    assert_everyone_once(airflow, simulator, "stopped", run)

"""A whole run in Airflow: those who listen to its metrics, assets and lineage get its counts."""

from __future__ import annotations

import json
import re
import socket
import sqlite3
from collections import Counter
from collections.abc import Iterator
from contextlib import closing
from pathlib import Path
from urllib.parse import parse_qs, urlsplit

import psycopg
import pytest

from airflow_provider_smspartner.simulator import Simulator
from scripts.airflow_command import airflow, airflow_environment
from tests.journal.postgres import postgres

DAG_FILE = """
from airflow.sdk import DAG, Asset

from airflow_provider_smspartner.operators.smspartner import SendSmsOperator
from airflow_provider_smspartner.sensors.smspartner import DeliveryStatusSensor


def sign(context):
    context["outlet_events"][Asset("autumn")].extra = {"shop": "Lyon"}


with DAG("signals", schedule=None):
    send = SendSmsOperator(
        task_id="send",
        message="Hello",
        sql="SELECT phone_number FROM people WHERE city = %s",
        parameters=["Lyon"],
        warehouse_conn_id="warehouse_default",
        outlets=[Asset("autumn")],
        pre_execute=sign,
    )
    DeliveryStatusSensor(task_id="delivery", sent=send.output, outlets=[Asset("reached")])
"""


@pytest.fixture
def statsd() -> Iterator[socket.socket]:
    """What a StatsD server listens with."""
    with socket.socket(type=socket.SOCK_DGRAM) as listener:
        listener.bind(("127.0.0.1", 0))
        listener.setblocking(False)
        yield listener


def received(listener: socket.socket) -> dict[str, int]:
    """Add up our counters, by name and tags, out of the packets that came."""
    counters = Counter[str]()
    while True:
        try:
            packet = listener.recv(65_536).decode()
        except BlockingIOError:
            return counters
        for name, amount in re.findall(r"^airflow\.smspartner\.(.+):(\d+)\|c$", packet, re.MULTILINE):
            counters[name] += int(amount)


@pytest.fixture
def warehouse() -> Iterator[str]:
    """A PostgreSQL with some people, as a connection."""
    with postgres() as url:
        [host] = parse_qs(urlsplit(url).query)["host"]
        with psycopg.connect(host=host, user="postgres") as connection:
            connection.execute("CREATE TABLE people (phone_number text, city text)")
            connection.execute("INSERT INTO people VALUES ('+33600000001', 'Lyon'), ('+33600000002', 'Lyon')")
            connection.execute("INSERT INTO people VALUES ('+33600000003', 'Paris')")
        yield json.dumps({"conn_type": "postgres", "host": host, "login": "postgres", "schema": "postgres"})


@pytest.mark.airflow
def test_those_who_listen_to_a_run_get_its_counts(
    simulator: Simulator, statsd: socket.socket, warehouse: str, tmp_path: Path
) -> None:
    (tmp_path / "dags").mkdir()
    (tmp_path / "dags" / "signals.py").write_text(DAG_FILE)
    lineage = tmp_path / "lineage.jsonl"
    settings = {
        "AIRFLOW_CONN_SMSPARTNER_DEFAULT": simulator.airflow_connection,
        "AIRFLOW_CONN_WAREHOUSE_DEFAULT": warehouse,
        "AIRFLOW__METRICS__STATSD_ON": "True",
        "AIRFLOW__METRICS__STATSD_HOST": "127.0.0.1",
        "AIRFLOW__METRICS__STATSD_PORT": str(statsd.getsockname()[1]),
        "AIRFLOW__METRICS__STATSD_INFLUXDB_ENABLED": "True",  # the dialect that has tags
        "AIRFLOW__METRICS__METRICS_ALLOW_LIST": "smspartner",
        "AIRFLOW__OPENLINEAGE__TRANSPORT": json.dumps(
            {"type": "file", "log_file_path": str(lineage), "append": True}
        ),
    }
    env = airflow_environment(tmp_path / "airflow", dags=tmp_path / "dags", env=settings)
    assert airflow("db", "migrate", env=env, log=tmp_path / "migrate.log") == 0

    status = airflow("dags", "test", "signals", env=env, log=tmp_path / "run.log")

    log = (tmp_path / "run.log").read_text()
    assert status == 0, log
    assert received(statsd) == {
        f"{name},dag_id=signals,task_id={task_id},connection=smspartner_default": amount
        for name, task_id, amount in [
            ("accepted", "send", 2),
            ("segments", "send", 2),
            ("cost_thousandths", "send", 90),
            ("delivered", "delivery", 2),
        ]
    }
    with closing(sqlite3.connect(tmp_path / "airflow" / "airflow.db")) as connection:
        rows = connection.execute("SELECT source_task_id, extra FROM asset_event").fetchall()
    extras = {task_id: json.loads(extra) for task_id, extra in rows}
    assert (extras["send"]["recipients"], extras["send"]["shop"]) == (2, "Lyon")
    assert extras["delivery"]["delivery_rate"] == 1
    assert "postgres.public.people" in lineage.read_text()
    told = lineage.read_text() + json.dumps(extras)
    assert not [secret for secret in (simulator.api_key, "600000001") if secret in told]

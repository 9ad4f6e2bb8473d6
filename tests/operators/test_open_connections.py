"""Whoever opens a database closes it: a process that lives for weeks would use up what the database has."""

from __future__ import annotations

import json
import sqlite3
from collections.abc import Callable
from contextlib import closing
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest
from airflow.providers.common.compat.sdk import AirflowFailException

from airflow_provider_smspartner.exceptions import InvalidMessage
from airflow_provider_smspartner.inbox import unread
from airflow_provider_smspartner.ledger import anonymise, erase
from airflow_provider_smspartner.operators.smspartner import RefreshStatusesOperator, StopListOperator
from airflow_provider_smspartner.sensors.smspartner import DeliveryStatusSensor
from airflow_provider_smspartner.simulator import Simulator
from tests.databases import open_connections
from tests.operators.conftest import ANN, Run, sms

LEDGER: dict[str, Any] = {"ledger_conn_id": "ledger"}


def send(run: Run) -> object:
    return run(sms(recipients=[ANN], campaign="sale", **LEDGER))


def follow(run: Run) -> object:
    return run(DeliveryStatusSensor(task_id="wait", sent=send(run), **LEDGER))


def read_replies(_: Run) -> None:
    with unread(consumer="answers", **LEDGER) as messages:
        assert not list(messages)


DOORS: dict[str, Callable[[Run], object]] = {
    "a send": send,
    "a sensor": follow,
    "the statuses of a ledger": lambda run: run(RefreshStatusesOperator(task_id="refresh", **LEDGER)),
    "the STOP list": lambda run: run(
        StopListOperator(task_id="stops", warehouse_conn_id="ledger", table="s")
    ),
    "erase": lambda _: erase(ANN, **LEDGER),
    "anonymise": lambda _: anonymise(older_than=timedelta(days=365), **LEDGER),
    "the inbox": read_replies,
}


@pytest.fixture
def inbox(sim: Simulator, monkeypatch: pytest.MonkeyPatch) -> None:
    """Reports come in by themselves, and so a sensor looks into the ledger first."""
    form = {"conn_type": "smspartner", "host": sim.url, "password": sim.api_key}
    extra = {"inbox_url": "https://sms.example.org/inbox", "requests_per_second": 0}
    monkeypatch.setenv("AIRFLOW_CONN_SMSPARTNER_DEFAULT", json.dumps(form | {"extra": extra}))


@pytest.mark.usefixtures("inbox")
@pytest.mark.parametrize("door", DOORS)
def test_no_connection_stays_open(door: str, run: Run, sim: Simulator, ledger: Path) -> None:
    sim.deliver()
    with open_connections() as connections:
        DOORS[door](run)
    assert connections.opened
    assert not connections


@pytest.mark.usefixtures("inbox")
@pytest.mark.parametrize("door", DOORS)
def test_none_stays_open_where_the_tables_are_others(
    door: str, run: Run, sim: Simulator, ledger: Path
) -> None:
    with closing(sqlite3.connect(ledger)) as other:
        for table in ("smspartner_sends", "s"):
            other.execute(f"CREATE TABLE {table} (number)")
    with open_connections() as connections, pytest.raises((AirflowFailException, InvalidMessage)):
        DOORS[door](run)
    assert connections.opened
    assert not connections

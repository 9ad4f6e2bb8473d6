"""The send operators with a ledger: what a second run does, what the table holds, and what is refused."""

from __future__ import annotations

import json
import os
import sqlite3
from collections.abc import Callable
from contextlib import closing
from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest
from airflow.providers.common.compat.sdk import AirflowFailException
from airflow.sdk import BaseOperator

from airflow_provider_smspartner.exceptions import InvalidMessage
from airflow_provider_smspartner.journal.upkeep import erase
from airflow_provider_smspartner.sensors.smspartner import DeliveryStatusSensor
from airflow_provider_smspartner.simulator import Simulator
from tests.conftest import Connect
from tests.operators.conftest import ANN, BOB, EVE, MakeTask, Run, crowd, sms, survey

ONCE = {"campaign": "sale", "ledger_conn_id": "ledger"}


def rows(ledger: Path, columns: str) -> list[tuple[Any, ...]]:
    with closing(sqlite3.connect(ledger)) as connection:
        query = f"SELECT {columns} FROM smspartner_sends ORDER BY number, event, campaign"
        return connection.execute(query).fetchall()


@pytest.mark.parametrize("make", [sms, survey])
def test_a_person_gets_a_campaign_once(
    make: Callable[..., BaseOperator], run: Run, sim: Simulator, ledger: Path
) -> None:
    first = run(make(recipients=[ANN, BOB], **ONCE))
    second = run(make(recipients=[BOB, EVE], task_id="another", **ONCE))
    third = run(make(recipients=[ANN, BOB, EVE], **ONCE))

    assert sim.texts_per_number() == {ANN: 1, BOB: 1, EVE: 1}
    assert [(each["recipients"], each["excluded"]) for each in (first, second, third)] == [
        (2, 0),
        (1, 1),
        (0, 3),
    ]
    assert rows(ledger, "number, message_id, state") == [
        (ANN, first["message_ids"][0], "accepted"),
        (BOB, first["message_ids"][0], "accepted"),
        (EVE, second["message_ids"][0], "accepted"),
    ]


def test_a_person_gets_an_event_once(run: Run, sim: Simulator, ledger: Path) -> None:
    orders = [{"phone_number": ANN, "order": 1}, {"phone_number": ANN, "order": 2}]

    for recipients in (orders[:1], orders):
        run(sms(recipients=recipients, event_column="order", **ONCE))

    assert sim.texts_per_number() == {ANN: 2}
    assert rows(ledger, "number, event") == [(ANN, "1"), (ANN, "2")]


def test_campaign_and_connection_are_templates(run: Run, sim: Simulator, ledger: Path) -> None:
    once = {"campaign": "sale {{ month }}", "ledger_conn_id": "{{ where }}"}

    for month in ("may", "may", "june"):
        run(sms(**once), month=month, where="ledger")

    assert sim.texts_per_number() == {ANN: 2}
    assert rows(ledger, "campaign") == [("sale june",), ("sale may",)]


def test_statuses_land_in_the_same_rows(run: Run, sim: Simulator, ledger: Path) -> None:
    sim.deliver(ANN, status="Delivered", stop=True)
    sim.deliver(BOB, status="Not delivered")
    sent = run(sms(recipients=[ANN, BOB], **ONCE))

    run(DeliveryStatusSensor(task_id="wait", sent=sent, ledger_conn_id="ledger"))

    assert rows(ledger, "number, status, stop") == [(ANN, "delivered", 1), (BOB, "not delivered", 0)]


def test_a_ledger_that_is_none_is_refused_before_anything_is_sent(
    run: Run, sim: Simulator, ledger: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    with closing(sqlite3.connect(ledger)) as connection:
        connection.execute("CREATE TABLE smspartner_sends (number)")
    with pytest.raises(AirflowFailException, match=r"ledger_conn_id: .*other columns.*untouched"):
        run(sms(**ONCE))

    monkeypatch.setenv("AIRFLOW_CONN_LEDGER", json.dumps({"conn_type": "http"}))
    with pytest.raises(AirflowFailException, match=r"ledger_conn_id: .*SQL database.*DbApiHook"):
        run(sms(**ONCE))

    assert not sim.requests


@pytest.mark.parametrize(
    ("arguments", "argument"),
    [
        ({"campaign": "sale"}, "campaign"),
        ({"ledger_conn_id": "ledger"}, "campaign"),
        ({"event_column": "order"}, "event_column"),
    ],
)
def test_halves_of_a_ledger_are_refused_when_the_dag_is_parsed(
    arguments: dict[str, Any], argument: str
) -> None:
    with pytest.raises(InvalidMessage, match=f"{argument}: .*ledger_conn_id"):
        sms(**arguments)


# ---- limits and reasons -------------------------------------------------------------------------------


@pytest.mark.parametrize("limit", [{"max_recipients": 1}, {"max_cost": "0.1"}, {}])
def test_limits_count_the_people_whom_the_ledger_leaves(
    limit: dict[str, Any], run: Run, sim: Simulator, ledger: Path, connect: Connect
) -> None:
    connect(sim.url, price_per_segment="0.045")
    run(sms(recipients=[ANN, BOB, *crowd(30)], **ONCE))
    sim.credits = Decimal("0.05")  # pays for one text

    result = run(sms(recipients=[ANN, BOB, EVE, *crowd(30)], **ONCE, **limit))

    assert sim.texts_per_number()[EVE] == 1
    assert (result["recipients"], result["excluded"]) == (1, 32)
    assert result["excluded_by"] == {"campaign": 32}
    assert result["estimate"]["segments"] == 1


def test_a_run_that_excludes_everybody_says_why(
    run: Run, sim: Simulator, ledger: Path, capfd: pytest.CaptureFixture[str]
) -> None:
    run(sms(recipients=[ANN, BOB], **ONCE))
    erase(BOB, ledger_conn_id="ledger")

    result = run(sms(recipients=[ANN, BOB, "+32470000001"], countries=["FR"], **ONCE))

    assert (result["recipients"], result["excluded"]) == (0, 3)
    assert result["excluded_by"] == {"countries": 1, "campaign": 1, "erased": 1}
    said = capfd.readouterr().out
    assert "leaves out 2 of 2 people: 1 have had this campaign" in said
    assert "Nobody is left to text: campaign 'sale' has reached everybody" in said


def test_another_connection_on_a_later_try_texts_nobody_twice(
    task: MakeTask, sim: Simulator, ledger: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("AIRFLOW_CONN_BACKUP", os.environ["AIRFLOW_CONN_SMSPARTNER_DEFAULT"])
    chosen = ["smspartner_default"]
    send = task(lambda: sms(recipients=[ANN, BOB], smspartner_conn_id=chosen[-1], **ONCE), remembers=False)
    send.attempt()
    chosen.append("backup")

    with pytest.raises(AirflowFailException, match=r"smspartner_conn_id: .*Put 'smspartner_default' back"):
        send.attempt()

    assert sim.texts_per_number() == {ANN: 1, BOB: 1}

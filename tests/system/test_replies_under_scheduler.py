"""A reply starts a DAG: simulator, receiver, trigger and scheduler are real."""

from __future__ import annotations

import json
import sqlite3
import time
from collections.abc import Callable, Iterator
from contextlib import closing
from pathlib import Path
from typing import Any

import pytest
import requests

from airflow_provider_smspartner.rules.callbacks import callbacks, path_secret
from scripts.local_airflow import LocalAirflow
from scripts.receiver import SMS, receiving
from scripts.shop import DAGS, Shop, open_shop

pytestmark = [pytest.mark.airflow, pytest.mark.timeout(400)]


def wait_until(what: str, condition: Callable[[], object], *, timeout: float = 150) -> None:
    deadline = time.monotonic() + timeout
    while not condition():
        assert time.monotonic() < deadline, f"waited {timeout:.0f} s for {what}"
        time.sleep(0.2)


@pytest.fixture
def opened(tmp_path: Path) -> Iterator[tuple[Shop, LocalAirflow, str]]:
    """A shop, an Airflow with the DAG of the replies, and a receiver."""
    dags = tmp_path / "dags"
    dags.mkdir()
    (dags / "sms_replies.py").write_text((DAGS / "sms_replies.py").read_text())
    with (
        open_shop(tmp_path) as shop,
        receiving(tmp_path, shop.connections) as connections,
        LocalAirflow(tmp_path / "airflow", dags=dags, env=connections) as airflow,
    ):
        yield shop, airflow, json.loads(connections[SMS])["extra"]["inbox_url"]


def test_a_reply_starts_a_run_and_is_confirmed_once(opened: tuple[Shop, LocalAirflow, str]) -> None:
    shop, airflow, url = opened
    sim = shop.simulator
    ann, bob, eve = sorted(shop.warehouse.people)[3:6]
    known = set(sim.texts_per_number())
    inbox = callbacks(url, path_secret(sim.api_key, "smspartner_default"))
    body: dict[str, Any] = {"apiKey": sim.api_key, "phoneNumbers": f"{ann},{bob},{eve}", "message": "Come?"}
    body |= {"urlDlr": inbox.report, "urlResponse": inbox.reply}

    def rows(table: str) -> dict[str, str]:
        with closing(sqlite3.connect(shop.warehouse.path)) as database:
            return dict(database.execute(f"SELECT phone_number, text FROM {table}"))

    assert requests.post(f"{sim.url}/send", json=body, timeout=60).json()["success"]

    sim.reply(ann, "Oui")  # while the DAG is paused, and so nobody watches
    sim.wait_for_posts()
    airflow.unpause("sms_replies")
    wait_until("the first reply", lambda: rows("sms_replies") == {ann: "Oui"})
    sim.reply(bob, "Non merci")
    sim.reply(eve, "STOP")

    wait_until("the replies", lambda: rows("sms_replies") == {ann: "Oui", bob: "Non merci"})
    wait_until("the STOP", lambda: rows("sms_stops") == {eve: "STOP"})
    wait_until("the confirmation", lambda: len(sim.sent) > 3)
    sim.reply(ann, "OUI !")
    wait_until("the second answer", lambda: rows("sms_replies")[ann] == "OUI !")
    confirmed = [text.number for text in sim.sent if text.text.startswith("Thank you")]
    assert confirmed == [ann]
    assert not known
    text = "".join(path.read_text() for path in airflow.home.parent.rglob("*.log"))
    assert not [number for number in (ann, bob, eve) if number in text]
    assert path_secret(sim.api_key, "smspartner_default") not in text

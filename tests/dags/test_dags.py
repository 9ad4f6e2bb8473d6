"""Each example DAG is loaded and run by the real Airflow, and texts everybody once.

Those that need a scheduler are run in tests/system: the one that asks a person first, and the alert.
"""

from __future__ import annotations

import re
import sqlite3
from collections import Counter
from contextlib import closing
from datetime import datetime
from pathlib import Path
from zoneinfo import ZoneInfo

import pytest

from airflow_provider_smspartner.exceptions import InvalidPhoneNumber
from airflow_provider_smspartner.rules.phone import normalize
from airflow_provider_smspartner.rules.share import position
from scripts.airflow_command import airflow, airflow_environment
from scripts.shop import DAGS, Shop, open_shop

pytestmark = pytest.mark.airflow

PARIS = ZoneInfo("Europe/Paris")
NO_CAMPAIGNS = {"order_notifications", "sms_campaign_approved", "sms_on_failure", "sms_replies", "sms_upkeep"}
CAMPAIGNS = {path.stem for path in DAGS.glob("*.py")} - NO_CAMPAIGNS


@pytest.fixture(scope="module")
def home(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """An AIRFLOW_HOME with an empty database."""
    home = tmp_path_factory.mktemp("airflow")
    env = airflow_environment(home, dags=DAGS, env={})
    assert airflow("db", "migrate", env=env, log=home / "migrate.log") == 0
    return home


@pytest.mark.parametrize("dag_id", sorted(CAMPAIGNS))
def test_a_run_texts_everybody_once(dag_id: str, home: Path, tmp_path: Path) -> None:
    log = tmp_path / "run.log"
    with open_shop(tmp_path) as shop:
        env = airflow_environment(home, dags=DAGS, env=shop.connections)

        assert airflow("dags", "test", dag_id, env=env, log=log) == 0, log.read_text()

        assert shop.complaints() == []
    assert not [number for number in _spellings(shop) if number in log.read_text()]


def test_each_order_is_notified_once_however_often_it_is_found(home: Path, tmp_path: Path) -> None:
    log = tmp_path / "run.log"
    with open_shop(tmp_path) as shop:
        env = airflow_environment(home, dags=DAGS, env=shop.connections)

        assert airflow("dags", "test", "order_notifications", env=env, log=log) == 0, log.read_text()

        assert shop.simulator.texts_per_number() == shop.warehouse.ready
        texts = {text.text for text in shop.simulator.sent}
        assert "Hello Ada, your order 121 is ready. See you soon at The Shop" in texts
        assert any(text.startswith("Hello dear customer, your order ") for text in texts)

        with closing(sqlite3.connect(shop.warehouse.path)) as database, database:
            database.execute("UPDATE orders SET status = 'ready' WHERE order_id = 1")
        assert airflow("dags", "test", "order_notifications", env=env, log=log) == 0, log.read_text()

        new = shop.simulator.texts_per_number() - Counter(shop.warehouse.ready)
        assert sum(new.values()) == 1
        assert " your order 1 is ready" in shop.simulator.sent[-1].text
    assert not [number for number in _spellings(shop) if number in log.read_text()]


def test_when_the_canary_fails_nobody_else_is_texted(home: Path, tmp_path: Path) -> None:
    log = tmp_path / "run.log"
    with open_shop(tmp_path) as shop:
        shop.simulator.fates.clear()
        shop.simulator.deliver(status="Not delivered")
        env = airflow_environment(home, dags=DAGS, env=shop.connections)

        assert airflow("dags", "test", "sms_campaign_canary", env=env, log=log) != 0, log.read_text()

        first = {number for number in shop.warehouse.people if position(number, "autumn 2026") < 0.05}
        assert shop.simulator.texts_per_number() == Counter(first)
    assert "min_delivery_rate" in log.read_text()


def test_who_did_not_get_the_text_gets_one_mail(home: Path, tmp_path: Path) -> None:
    log = tmp_path / "run.log"
    with open_shop(tmp_path) as shop:
        missed = set(sorted(shop.warehouse.people)[::50])
        with closing(sqlite3.connect(shop.warehouse.path)) as database:
            customers = database.execute(
                "SELECT phone_number, email, accepts_email FROM customers"
            ).fetchall()
        written = {
            email for number, email, accepts in customers if accepts and email and e164(number) in missed
        }
        env = airflow_environment(home, dags=DAGS, env=shop.connections)

        assert airflow("dags", "test", "sms_or_email", env=env, log=log) == 0, log.read_text()
        assert airflow("dags", "test", "sms_or_email", env=env, log=tmp_path / "again.log") == 0

        assert shop.complaints() == []
        assert 0 < len(written) < len(missed)
        assert Counter(mail["To"] for mail in shop.mailbox.mails) == Counter(written)
        assert {mail["Subject"] for mail in shop.mailbox.mails} == {"Our new shop opens on Saturday"}
    told = log.read_text()
    assert not [secret for secret in _spellings(shop) | written if secret in told]


def test_upkeep_texts_nobody(home: Path, tmp_path: Path) -> None:
    log = tmp_path / "run.log"
    with open_shop(tmp_path) as shop:
        shop.simulator.add_to_stop_list("+33600000001")
        env = airflow_environment(home, dags=DAGS, env=shop.connections)

        assert airflow("dags", "test", "sms_upkeep", env=env, log=log) == 0, log.read_text()

        assert shop.simulator.sent == []
        with closing(sqlite3.connect(shop.warehouse.path)) as database:
            kept = database.execute("SELECT phone_number FROM sms_stop_list").fetchall()
        assert kept == [("+33600000001",)]


def test_the_campaign_leaves_every_day_but_sunday_at_ten_in_paris(home: Path, tmp_path: Path) -> None:
    env, log = airflow_environment(home, dags=DAGS, env={}), tmp_path / "next.log"
    assert airflow("dags", "reserialize", env=env, log=tmp_path / "reserialize.log") == 0

    assert airflow("dags", "next-execution", "sms_campaign", "-n", "7", env=env, log=log) == 0

    lines = re.findall(r"^\d{4}-\d\d-\d\dT\S+$", log.read_text(), re.MULTILINE)
    moments = [datetime.fromisoformat(line).astimezone(PARIS) for line in lines]
    assert {(moment.hour, moment.minute) for moment in moments} == {(10, 0)}
    assert sorted(moment.isoweekday() for moment in moments[:6]) == [1, 2, 3, 4, 5, 6]


def e164(number: str | None) -> str | None:
    try:
        return normalize(number or "")
    except InvalidPhoneNumber:
        return None


def _spellings(shop: Shop) -> set[str]:
    """Every text under which a log could give a customer away."""
    with closing(sqlite3.connect(shop.warehouse.path)) as connection:
        rows = connection.execute("SELECT phone_number FROM customers WHERE length(phone_number) > 9")
        return {number for (number,) in rows} | shop.warehouse.people

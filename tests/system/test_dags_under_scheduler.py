"""The example DAGs that need a scheduler: a person decides, days follow, tasks run side by side."""

from __future__ import annotations

import json
import re
import sqlite3
import time
from collections.abc import Callable, Iterator
from contextlib import closing
from pathlib import Path
from typing import Any
from urllib.parse import unquote, urlsplit

import pytest

from airflow_provider_smspartner.rules.share import position
from airflow_provider_smspartner.tracking.stops import FAILURE_KEY
from scripts.local_airflow import LocalAirflow
from scripts.shop import DAGS, Shop, open_shop
from tests.airflow_versions import since

pytestmark = pytest.mark.airflow

DRY_RUN = Path(__file__).parents[2] / "docs" / "dry-run.md"
APPROVED, SHARDED = "sms_campaign_approved", "sms_campaign_sharded"
DAILY, CANARY = "sms_campaign", "sms_campaign_canary"
APPROVER = "+33600000002"


@pytest.fixture(scope="module")
def opened(tmp_path_factory: pytest.TempPathFactory) -> Iterator[tuple[Shop, LocalAirflow]]:
    """A shop, and a whole Airflow with the example DAGs."""
    folder = tmp_path_factory.mktemp("shop")
    with (
        open_shop(folder) as shop,
        LocalAirflow(folder / "airflow", dags=DAGS, env=shop.connections) as airflow,
    ):
        yield shop, airflow


@pytest.fixture
def shop(opened: tuple[Shop, LocalAirflow]) -> Shop:
    """The shop, with no text sent and a new ledger."""
    shop, _ = opened
    shop.simulator.reset()
    Path(json.loads(shop.connections["AIRFLOW_CONN_LEDGER_DEFAULT"])["host"]).unlink(missing_ok=True)
    return shop


@pytest.fixture
def airflow(opened: tuple[Shop, LocalAirflow]) -> LocalAirflow:
    return opened[1]


def campaigns(shop: Shop) -> list[tuple[Any, ...]]:
    """Return what the warehouse knows of campaigns."""
    with closing(sqlite3.connect(shop.warehouse.path)) as database:
        return database.execute("SELECT * FROM sms_campaigns").fetchall()


def documented(language: str) -> str:
    """Return what the page about dry runs shows in a language."""
    [block] = re.findall(rf"^```{language}\n(.*?)^```$", DRY_RUN.read_text(), re.MULTILINE | re.DOTALL)
    return str(block)


def logged(airflow: LocalAirflow, run: str, task: str) -> set[str]:
    """Return the messages in a task's log."""
    return {json.loads(line)["event"] for line in airflow.task_log(APPROVED, run, task).splitlines()}


def wait_until(what: str, condition: Callable[[], object]) -> None:
    deadline = time.monotonic() + 120
    while not condition():
        assert time.monotonic() < deadline, f"waited two minutes for {what}"
        time.sleep(0.5)


def assert_only_the_approver_was_told(shop: Shop, airflow: LocalAirflow, run: str) -> None:
    """One text is there, soon after the question, and its link leads to that."""
    wait_until("a text", lambda: shop.simulator.sent)
    [text] = shop.simulator.sent
    assert text.number == APPROVER
    sentence, link = text.text.rsplit(" ", 1)
    assert sentence == "1060 people wait for your yes:"
    page = urlsplit(link)
    assert f"{page.scheme}://{page.netloc}" == airflow.url
    assert unquote(page.path) == f"/dags/{APPROVED}/runs/{run}/tasks/approval/required_actions"


def test_a_campaign_waits_for_a_person_and_is_recorded(shop: Shop, airflow: LocalAirflow) -> None:
    shop.simulator.deliver(min(shop.warehouse.people), status="Not delivered")
    run = airflow.trigger(APPROVED)

    question = airflow.question(APPROVED, run, "approval")

    assert "**1060 people** would get 1060 segments\nfor about **47.700 EUR**" in question["body"]
    assert "30 rows without a mobile number, 70 that repeat one" in question["body"]
    assert question["body"].count("Your autumn catalogue is here") == 3
    assert not [number for number in shop.warehouse.people if number in question["body"]]
    assert_only_the_approver_was_told(shop, airflow, run)
    shown, found = airflow.xcom(APPROVED, run, "dry_run"), documented("json")
    assert shown == json.loads(found) | {"sent_at": shown["sent_at"]}
    assert set(documented("text").splitlines()) <= logged(airflow, run, "dry_run")

    airflow.answer(APPROVED, run, "approval", "Approve")

    assert airflow.wait(APPROVED, run) == "success", airflow.task_states(APPROVED, run)
    texts = shop.simulator.texts_per_number()
    told = texts.pop(APPROVER)
    # Airflow 3.1 asks anew, and so tells anew, when it is answered before its scheduler sees the wait
    assert told == 1 or (told == 2 and not since("3.3"))
    assert texts == dict.fromkeys(shop.warehouse.people, 1)
    assert campaigns(shop) == [(run, 1060, 47.7, 1059, 1, 0)]


def test_a_campaign_that_is_rejected_texts_nobody(shop: Shop, airflow: LocalAirflow) -> None:
    known = campaigns(shop)
    run = airflow.trigger(APPROVED)
    airflow.question(APPROVED, run, "approval")

    airflow.answer(APPROVED, run, "approval", "Reject")

    assert airflow.wait(APPROVED, run) == "success"
    states = airflow.task_states(APPROVED, run)
    assert {task for task, state in states.items() if state == "skipped"} == {"send", "delivery", "record"}
    assert_only_the_approver_was_told(shop, airflow, run)
    assert campaigns(shop) == known


def test_four_tasks_at_once_text_everybody_once(shop: Shop, airflow: LocalAirflow) -> None:
    run = airflow.trigger(SHARDED)

    assert airflow.wait(SHARDED, run) == "success", airflow.task_states(SHARDED, run)

    assert shop.complaints() == []
    delivery = airflow.xcom(SHARDED, run, "delivery")
    assert delivery["recipients"] == delivery["delivered"] == len(shop.warehouse.people)

    again = airflow.trigger(SHARDED)
    assert airflow.wait(SHARDED, again) == "success", airflow.task_states(SHARDED, again)
    assert shop.complaints() == []


def test_the_next_run_texts_newcomers_and_waits_for_nobody(shop: Shop, airflow: LocalAirflow) -> None:
    silent, newcomer = min(shop.warehouse.people), "+33600099999"
    shop.simulator.deliver(silent, status=None)
    first = airflow.trigger(DAILY)
    wait_until("the wait", lambda: airflow.task_states(DAILY, first)["delivery"] == "deferred")
    with closing(sqlite3.connect(shop.warehouse.path)) as database, database:
        database.execute("INSERT INTO customers VALUES (NULL, 'Kim', ?, NULL, 1, 0)", [newcomer])

    second = airflow.trigger(DAILY)

    assert airflow.wait(DAILY, second) == "success", airflow.task_states(DAILY, second)
    assert airflow.task_states(DAILY, first)["delivery"] == "deferred"
    sent = airflow.xcom(DAILY, second, "send")
    assert (sent["recipients"], sent["excluded_by"]) == (1, {"campaign": len(shop.warehouse.people)})
    assert shop.simulator.texts_per_number() == dict.fromkeys([*shop.warehouse.people, newcomer], 1)

    shop.simulator.deliver(silent)
    assert airflow.wait(DAILY, first) == "success", airflow.task_states(DAILY, first)
    with closing(sqlite3.connect(shop.warehouse.path)) as database, database:
        database.execute("DELETE FROM customers WHERE phone_number = ?", [newcomer])


def test_a_canary_that_fails_stops_the_rest_and_says_why_until_it_is_cleared(
    shop: Shop, airflow: LocalAirflow
) -> None:
    first = {number for number in shop.warehouse.people if position(number, "autumn 2026") < 0.05}
    shop.simulator.deliver(status="Not delivered")

    run = airflow.trigger(CANARY)

    assert airflow.wait(CANARY, run) == "failed"
    states = airflow.task_states(CANARY, run)
    assert states == {"canary": "success", "gate": "failed", "rest": "upstream_failed"}
    assert shop.simulator.texts_per_number() == dict.fromkeys(first, 1)
    why = f"0 of {len(first)} people got the text, a rate of 0.000; min_delivery_rate is 0.9"
    assert airflow.xcom(CANARY, run, "gate", key=FAILURE_KEY)["sentence"] == why
    assert why in airflow.task_log(CANARY, run, "gate")

    shop.simulator.deliver()  # the phones were off
    airflow.clear(CANARY, run)
    assert airflow.wait(CANARY, run) == "success", airflow.task_states(CANARY, run)
    assert shop.complaints() == []

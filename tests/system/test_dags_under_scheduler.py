"""The example DAGs that need a scheduler: one asks a person, one sends from several tasks at once."""

from __future__ import annotations

import json
import re
import sqlite3
from collections.abc import Iterator
from contextlib import closing
from pathlib import Path
from typing import Any

import pytest

from scripts.local_airflow import LocalAirflow
from scripts.shop import DAGS, Shop, open_shop

pytestmark = pytest.mark.airflow

DRY_RUN = Path(__file__).parents[2] / "docs" / "dry-run.md"
APPROVED, SHARDED = "sms_campaign_approved", "sms_campaign_sharded"


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
    """The shop, with no text sent."""
    opened[0].simulator.reset()
    return opened[0]


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


def test_a_campaign_waits_for_a_person_and_is_recorded(shop: Shop, airflow: LocalAirflow) -> None:
    shop.simulator.deliver(min(shop.warehouse.people), status="Not delivered")
    run = airflow.trigger(APPROVED)

    question = airflow.question(APPROVED, run, "approval")

    assert "**1060 people** would get 1060 segments\nfor about **47.700 EUR**" in question["body"]
    assert "30 rows without a mobile number, 70 that repeat one" in question["body"]
    assert question["body"].count("Your autumn catalogue is here") == 3
    assert not [number for number in shop.warehouse.people if number in question["body"]]
    assert shop.simulator.sent == []
    shown, found = airflow.xcom(APPROVED, run, "dry_run"), documented("json")
    assert shown == json.loads(found) | {"sent_at": shown["sent_at"]}
    assert set(documented("text").splitlines()) <= logged(airflow, run, "dry_run")

    airflow.answer(APPROVED, run, "approval", "Approve")

    assert airflow.wait(APPROVED, run) == "success", airflow.task_states(APPROVED, run)
    assert shop.complaints() == []
    assert campaigns(shop) == [(run, 1060, 47.7, 1059, 1, 0)]


def test_a_campaign_that_is_rejected_texts_nobody(shop: Shop, airflow: LocalAirflow) -> None:
    known = campaigns(shop)
    run = airflow.trigger(APPROVED)
    airflow.question(APPROVED, run, "approval")

    airflow.answer(APPROVED, run, "approval", "Reject")

    assert airflow.wait(APPROVED, run) == "success"
    states = airflow.task_states(APPROVED, run)
    assert {task for task, state in states.items() if state == "skipped"} == {"send", "delivery", "record"}
    assert shop.simulator.sent == []
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

"""The tasks of the DAG of the replies, one after the other, without a scheduler."""

from __future__ import annotations

import sqlite3
from collections.abc import Iterator
from contextlib import closing
from importlib.util import module_from_spec, spec_from_file_location
from pathlib import Path
from typing import Any

import pytest

from airflow_provider_smspartner.inbox.messages import inbox_of
from airflow_provider_smspartner.journal.table import Ledger
from scripts.shop import DAGS, Shop, open_shop
from tests.inbox.conftest import add, reply
from tests.operators.conftest import run  # noqa: F401  # a fixture


@pytest.fixture
def shop(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Shop]:
    with open_shop(tmp_path) as shop:
        for name, form in shop.connections.items():
            monkeypatch.setenv(name, form)
        yield shop


@pytest.fixture
def inbox(shop: Shop) -> Iterator[Ledger]:
    ledger = inbox_of("ledger_default")
    yield ledger
    ledger.engine.dispose()


@pytest.fixture
def dag() -> Any:
    spec = spec_from_file_location("sms_replies", DAGS / "sms_replies.py")
    assert spec is not None
    assert spec.loader is not None
    module = module_from_spec(spec)
    spec.loader.exec_module(module)
    return module.confirm.dag


def table(shop: Shop, name: str) -> list[tuple[Any, ...]]:
    with closing(sqlite3.connect(shop.warehouse.path)) as database:
        return database.execute(f"SELECT phone_number, text FROM {name} ORDER BY id").fetchall()


def test_replies_are_kept_and_each_yes_is_confirmed_once(
    shop: Shop,
    inbox: Ledger,
    dag: Any,
    run: Any,  # noqa: F811
) -> None:
    ann, bob, eve = sorted(shop.warehouse.people)[:3]
    answers, confirm = dag.get_task("answers").python_callable, dag.get_task("confirm")
    add(inbox, reply("Oui ", ann), reply("Non", bob), reply("OUI", eve), reply("STOP", eve))

    assert answers() == {"reply": 3, "stop": 1}
    assert answers() == {"reply": 0, "stop": 0}
    assert table(shop, "sms_replies") == [(ann, "Oui "), (bob, "Non"), (eve, "OUI")]
    assert table(shop, "sms_stops") == [(eve, "STOP")]

    run(confirm)
    run(confirm)
    assert shop.simulator.texts_per_number() == {ann: 1}

"""The queries of the page about campaign control, over the ledger of sends that were really made."""

from __future__ import annotations

import re
import sqlite3
from contextlib import closing
from pathlib import Path
from typing import Any

from airflow_provider_smspartner.operators.smspartner import RefreshStatusesOperator
from airflow_provider_smspartner.rules.share import position
from airflow_provider_smspartner.simulator import Simulator
from tests.operators.conftest import Run, crowd, sms
from tests.pages import DOCS, FENCED

VARIANTS, LIFT = (
    text for kind, text in FENCED.findall((DOCS / "campaign-control.md").read_text()) if kind == "sql"
)
PEOPLE = crowd(400)
CAMPAIGN: dict[str, Any] = {
    "recipients": PEOPLE,
    "ledger_conn_id": "ledger",
    "campaign": "winter 2026",
}


def inside(low: float, high: float) -> list[str]:
    return [number for number in PEOPLE if low <= position(number, "winter 2026") < high]


def rows(ledger: Path, query: str) -> set[tuple[Any, ...]]:
    assert re.search(r"\bsmspartner_sends\b", query)
    with closing(sqlite3.connect(ledger)) as database:
        return set(database.execute(query))


def test_two_variants_are_compared(run: Run, sim: Simulator, ledger: Path) -> None:
    price, gift = inside(0, 0.5), inside(0.5, 1)
    run(sms(tag="price", share=(0, 0.5), **CAMPAIGN))
    run(sms(tag="gift", share=(0.5, 1), **CAMPAIGN))
    sim.deliver(price[0], status="Not delivered")
    sim.deliver(gift[0], stop=True)
    run(RefreshStatusesOperator(task_id="refresh", ledger_conn_id="ledger"))

    assert rows(ledger, VARIANTS) == {
        ("price", len(price), len(price) - 1, 0),
        ("gift", len(gift), len(gift), 1),
    }


def test_the_lift_of_a_holdout_is_told(run: Run, sim: Simulator, ledger: Path) -> None:
    texted, held_out = inside(0, 0.9), inside(0.9, 1)
    run(sms(share=(0, 0.9), **CAMPAIGN))
    with closing(sqlite3.connect(ledger)) as database, database:
        database.execute("CREATE TABLE customers (phone_number TEXT, accepts_sms INTEGER)")
        database.executemany("INSERT INTO customers VALUES (?, 1)", [(number,) for number in PEOPLE])
        database.execute("INSERT INTO customers VALUES ('+33600000099', 0)")
        database.execute("CREATE TABLE orders (phone_number TEXT, ordered_at TEXT)")
        bought = [(number, "2026-12-02") for number in (*texted[:30], *texted[:5], held_out[0])]
        database.executemany("INSERT INTO orders VALUES (?, ?)", [*bought, (held_out[1], "2026-11-02")])

    assert rows(ledger, LIFT) == {("texted", len(texted), 30), ("held out", len(held_out), 1)}

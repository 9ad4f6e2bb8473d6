"""A send with a ledger, whose DAG names it, and what the ledger holds of it."""

from __future__ import annotations

from datetime import timedelta
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest

from airflow_provider_smspartner.journal.eligibility import digest
from benchmarks import campaigns_db as db
from tests.plugins.reading.sent import AT, a_send

if TYPE_CHECKING:
    from sqlalchemy.orm import Session


@pytest.fixture
def ledger(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    path = tmp_path / "ledger.db"
    monkeypatch.setenv("AIRFLOW_CONN_LEDGER", f"sqlite:///{path}")
    return path


def a_ledger_send(session: Session, named: str | None = "ledger", **more: Any) -> int:
    run = a_send(session)
    db.push(session, run, "send", db.campaign(6, at=AT, **{"ledger": "ledger", "connection": "c", **more}))
    if named is not None:
        db.serialize(session, run, {"send": named})
    return run


THIS_SEND = digest(("c", False, "campaigns", "one", "send", "-1"))


def fill(task: str = THIS_SEND) -> None:
    from airflow_provider_smspartner.journal.opening import open_ledger
    from tests.databases import write_sends

    common = {
        "connection": "c",
        "sandbox": False,
        "campaign": "x",
        "event": "",
        "task": task,
        "owner": "o",
    }
    common |= {"invisible": False, "lease_until": AT.replace(tzinfo=None)}
    rows = [
        common
        | {"number": f"+3360000000{n}", "ordinal": n // 2, "tag": f"tag{n // 2}", "state": state}
        | {"claimed_at": AT.replace(tzinfo=None) + timedelta(seconds=n), "segments": 1, "cost": "0.038"}
        for n, state in enumerate(["accepted", "accepted", "accepted", "rejected", "unknown", "unknown"])
    ]
    engine = open_ledger("ledger").engine
    with engine.begin() as connection:
        write_sends(connection, rows)
    engine.dispose()

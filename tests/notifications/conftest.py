"""A notifier in its two ends, the platform it tells, and a ledger that counts."""

from __future__ import annotations

import asyncio
import json
import logging
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

from airflow_provider_smspartner.notifications.smspartner import SMSPartnerNotifier

ANN, BOB = "+33600000001", "+33600000002"
DEADLINE = {"dag_run": {"dag_id": "nightly", "dag_run_id": "manual"}, "deadline": {"id": "1"}}
Tell = Callable[..., None]


@pytest.fixture(params=["sync", "async"])
def tell(request: pytest.FixtureRequest) -> Tell:
    """Calls a notifier as Airflow does: from a callback, or awaited in the triggerer."""

    def call(message: str, recipients: Any, *, context: Any = DEADLINE, **arguments: Any) -> None:
        if request.param == "sync":
            SMSPartnerNotifier(message, recipients, **arguments)(dict(context))
            return

        async def in_the_triggerer() -> None:
            await SMSPartnerNotifier(message, recipients, context=dict(context), **arguments)

        asyncio.run(in_the_triggerer())

    return call


@pytest.fixture
def ledger(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> dict[str, Any]:
    """At most two alerts an hour."""
    form = {"conn_type": "sqlite", "host": str(tmp_path / "ledger.db")}
    monkeypatch.setenv("AIRFLOW_CONN_LEDGER", json.dumps(form))
    return {"at_most": 2, "ledger_conn_id": "ledger"}


@pytest.fixture
def logged(caplog: pytest.LogCaptureFixture) -> Iterator[pytest.LogCaptureFixture]:
    with caplog.at_level(logging.INFO):
        yield caplog

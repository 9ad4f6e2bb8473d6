"""A campaign in a world where everything can fail, and the count that decides. A batch has three people."""

from __future__ import annotations

from collections.abc import Sequence
from decimal import Decimal
from typing import Any

import pytest

from airflow_provider_smspartner.plan import Outcome
from airflow_provider_smspartner.rules import batches
from airflow_provider_smspartner.simulator import Settings
from faults.campaign import LOGS, Campaign, people
from faults.store import OF_THIS_AIRFLOW
from tests.airflow_versions import needs_task_state_store

EVERYBODY = people(20)
RICH = Decimal(10**6)
OUT_OF_THE_WORLD = "+33699999999"

USUAL_LOG = "task state" if OF_THIS_AIRFLOW else "neither"
"""What remembers the batches of a task that says nothing about it."""


def logs(*names: str) -> list[Any]:
    """Name logs as parameters; the one that an old Airflow lacks is skipped there."""
    marks = {"task state": [needs_task_state_store]}
    return [pytest.param(name, marks=marks.get(name, [])) for name in names]


every_log = pytest.mark.parametrize("log", logs(*LOGS))


@pytest.fixture(autouse=True)
def _small_batches(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(batches, "BATCH_LIMIT", 3)


def campaign(log: str = USUAL_LOG, settings: Settings | None = None, **arguments: Any) -> Campaign:
    """A campaign that nothing has happened to yet."""
    return Campaign(LOGS[log], settings=settings or Settings(balance=RICH), **arguments)


def assert_everyone_once(
    sent: Campaign, outcome: Outcome, everybody: Sequence[str] = EVERYBODY, rejected: int = 0
) -> None:
    """Fail unless each of them has one text, nobody else has any, and the result counts them."""
    sent.clock.pause(1000)  # nothing is on its way any more
    assert sent.stage.texts_per_number() == dict.fromkeys(everybody, 1)
    assert (outcome.recipients, outcome.rejected) == (len(everybody), rejected)
    assert set(outcome.counts) == {*outcome.message_ids, *outcome.tags}

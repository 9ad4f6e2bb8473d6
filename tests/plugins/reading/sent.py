"""A send in Airflow's database, and what a page reads of its run."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any

from airflow_provider_smspartner.plugins.facts import RunFact
from airflow_provider_smspartner.plugins.reading.runs import read_run
from benchmarks import campaigns_db as db

if TYPE_CHECKING:
    from sqlalchemy.orm import Session

AT = datetime(2026, 11, 20, 9, 0, tzinfo=UTC)


def a_send(
    session: Session, *, state: str = "failed", operator: str = "SendSmsOperator", **notes: Any
) -> int:
    """A run whose send has left these notes in the store."""
    run = db.add_run(session, dag_id="campaigns", run_id="one", at=AT, state="failed")
    db.add_task(session, run, task_id="send", operator=operator, state=state)
    if notes:
        db.remember(session, run, "send", db.notes_of(at=AT, **notes), at=AT)
    return run


def read(session: Session, **more: Any) -> RunFact:
    """Read that run."""
    found = read_run(session, dag_id="campaigns", run_id="one", **more)
    assert found is not None
    return found

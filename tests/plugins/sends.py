"""Runs of campaigns as Airflow keeps them, and the addresses of their pages."""

from __future__ import annotations

import re
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING, Any
from urllib.parse import quote

from benchmarks import campaigns_db as db

if TYPE_CHECKING:
    from sqlalchemy.orm import Session

AT = datetime.now(UTC) - timedelta(hours=2)


def url(dag_id: str, run_id: str, query: str = "") -> str:
    """Where the page of a run is."""
    return f"/af/smspartner/dags/{quote(dag_id, safe='')}/runs/{quote(run_id, safe='')}{query}"


def sent(session: Session, dag_id: str, run_id: str = "manual__1", **more: Any) -> int:
    """A run with a send of three batches that is over, and its delivery."""
    run = db.add_run(session, dag_id=dag_id, run_id=run_id, at=AT)
    db.add_task(session, run, task_id="send", operator="SendSmsOperator", state="success")
    db.push(session, run, "send", db.campaign(1500, at=AT, **more) | db.result(1500, 3, at=AT))
    db.remember(session, run, "send", db.notes_of(3, at=AT), at=AT)
    db.add_task(session, run, task_id="delivery", operator="DeliveryStatusSensor", state="success")
    db.push(session, run, "delivery", db.delivery(1500, at=AT))
    session.commit()
    return run


def rows(html: str) -> list[str]:
    """The campaigns on the overview."""
    return re.findall(r'<tr data-dag="[^"]*".*?</tr>', html, re.DOTALL)

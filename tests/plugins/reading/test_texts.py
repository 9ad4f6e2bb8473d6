"""The texts of sends are read out of what Airflow keeps of rendered fields, and of no other task."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any

import pytest

from airflow_provider_smspartner.plugins.facts import TextFact
from airflow_provider_smspartner.plugins.reading.runs import read_run
from benchmarks import campaigns_db as db

if TYPE_CHECKING:
    from sqlalchemy.orm import Session

pytestmark = pytest.mark.airflow

AT = datetime(2026, 11, 20, 9, 0, tzinfo=UTC)


def texts(
    session: Session, fields: dict[int, Any], *, operator: str = "SendSmsOperator"
) -> list[TextFact | None]:
    run = db.add_run(session, dag_id="texts", run_id="r", at=AT)
    for n, rendered in fields.items():
        db.add_task(session, run, task_id="t", map_index=n, operator=operator, state="success")
        db.push(session, run, "t", db.campaign(5, at=AT), map_index=n)
        db.render(session, run, "t", rendered, map_index=n)
    session.commit()
    found = read_run(session, dag_id="texts", run_id="r")
    assert found is not None
    return [task.text for task in found.tasks]


def test_the_text_is_what_airflow_rendered(session: Session) -> None:
    assert texts(session, {-1: {"message": "Hello"}}) == [TextFact(message="Hello")]


def test_of_a_mapped_send_the_first_shard_speaks(session: Session) -> None:
    found = texts(session, {n: {"message": f"Hello {n}"} for n in range(3)})

    assert found == [TextFact(message="Hello 0", map_index=0), None, None]


@pytest.mark.parametrize(
    "rendered",
    [
        *({}, {"message": None}, {"message": 5}, {"message": ""}, {"message": "x" * 20_000}),
        {"message": "Truncated. You can change this behaviour in [core]max_templated_field_length. 'x'... "},
    ],
)
def test_what_is_no_text_is_left_out(session: Session, rendered: dict[str, Any]) -> None:
    assert texts(session, {-1: rendered}) == [None]


def test_a_status_task_has_no_text(session: Session) -> None:
    assert texts(session, {-1: {"message": "Hello"}}, operator="DeliveryStatusSensor") == [None]

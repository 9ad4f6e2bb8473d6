"""Reading a run: what a page knows of it, in how few queries, and without the large values."""

from __future__ import annotations

import json
from collections.abc import Iterator
from contextlib import contextmanager
from typing import TYPE_CHECKING, Any

import pytest
from sqlalchemy import event, text

from airflow_provider_smspartner.plugins.facts import UNREADABLE
from airflow_provider_smspartner.plugins.reading.runs import read_run
from airflow_provider_smspartner.tracking.handover import CAMPAIGN_KEY
from benchmarks import campaigns_db as db
from tests.airflow_versions import needs_task_state_store
from tests.plugins.reading.sent import AT, a_send, read

if TYPE_CHECKING:
    from sqlalchemy.orm import Session

pytestmark = pytest.mark.airflow


@contextmanager
def statements(session: Session) -> Iterator[list[str]]:
    """Note every statement of a session."""
    seen: list[str] = []

    def note(_connection: Any, _cursor: Any, statement: str, *_rest: Any) -> None:
        seen.append(statement)

    engine = session.get_bind()
    event.listen(engine, "before_cursor_execute", note)
    yield seen
    event.remove(engine, "before_cursor_execute", note)


def test_a_run_that_is_not_there_is_none(session: Session) -> None:
    assert read_run(session, dag_id="campaigns", run_id="another") is None


@needs_task_state_store
def test_batches_come_back_with_their_people_and_bills(session: Session) -> None:
    a_send(session, batches=25, states={3: "unknown", 23: None, 24: None})

    (task,) = read(session).tasks

    assert [batch.ordinal for batch in task.batches] == list(range(25))
    assert {batch.people for batch in task.batches} == {500}
    assert all(batch.tag and batch.claimed_at for batch in task.batches)
    assert [b.ordinal for b in task.batches if b.state == "claimed"] == [23, 24]
    assert sum(batch.cost for batch in task.batches) == 22 * 19
    assert task.most_tries == 3


@needs_task_state_store
def test_a_send_that_has_claimed_nothing_yet_has_no_batches(session: Session) -> None:
    a_send(session, state="running", batches=0)

    (task,) = read(session).tasks

    assert list(task.batches) == []


@needs_task_state_store
def test_claims_are_loaded_only_for_batches_of_which_nothing_else_is_written(session: Session) -> None:
    a_send(session, state="success", batches=200)

    with statements(session) as seen:
        (task,) = read(session).tasks

    assert len(task.batches) == 200
    assert len(seen) <= 6
    assert not any("key IN" in statement and "task_state_store" in statement for statement in seen)


@needs_task_state_store
def test_a_gap_in_the_middle_is_a_batch_that_was_only_claimed(session: Session) -> None:
    a_send(session, state="success", batches=40, states={5: None})

    (task,) = read(session).tasks

    assert [(b.ordinal, b.state, b.people) for b in task.batches if b.state != "accepted"] == [
        (5, "claimed", 500)
    ]


@needs_task_state_store
def test_a_confirmed_claim_gets_its_people_from_the_group(session: Session) -> None:
    run = a_send(session, batches=2, states={1: None})
    db.remember(session, run, "send", {"batch:000001": {"state": "claimed", "at": AT.timestamp()}}, at=AT)

    last = read(session).tasks[0].batches[1]

    assert (last.state, last.people) == ("claimed", 500)
    assert last.tag is not None


@needs_task_state_store
@pytest.mark.parametrize(
    "value",
    [
        "",
        "[]",
        '"text"',
        '{"state": "sent"}',
        '{"state": "accepted", "cost": "x"}',
        '{"state": "accepted", "cost": "NaN"}',
        '{"state": "accepted", "people": Infinity}',
        '{"state": "accepted", "at": 1e300}',
        '{"state": "accepted", "at": 1e17}',
    ],
)
def test_a_note_that_somebody_has_edited_is_unreadable(session: Session, value: str) -> None:
    a_send(session, batches=2)
    session.execute(text("UPDATE task_state_store SET value = :v WHERE key = 'batch:000001'"), {"v": value})

    assert [batch.state for batch in read(session).tasks[0].batches] == ["accepted", UNREADABLE]


@needs_task_state_store
@pytest.mark.parametrize("at", ["Infinity", "1e300", "1e17", '"noon"'])
def test_a_claim_that_somebody_has_edited_leaves_its_batches_without_people(
    session: Session, at: str
) -> None:
    a_send(session, batches=2, states={1: None})
    value = f'{{"at": {at}, "tags": ["a", "b"], "people": ["", ""]}}'
    session.execute(text("UPDATE task_state_store SET value = :v WHERE key = 'claims:000000'"), {"v": value})

    assert [(batch.state, batch.people) for batch in read(session).tasks[0].batches] == [("accepted", 500)]


@needs_task_state_store
def test_a_key_that_somebody_has_made_up_does_not_count_as_a_billion_batches(session: Session) -> None:
    run = a_send(session, batches=2)
    db.remember(session, run, "send", {"claims:999999999": {}}, at=AT)

    assert len(read(session).tasks[0].batches) < 10_000


@needs_task_state_store
def test_the_task_is_found_by_its_class_its_hand_over_or_its_notes(session: Session) -> None:
    run = db.add_run(session, dag_id="campaigns", run_id="one", at=AT)
    for task_id, operator in (
        ("by_class", "SendSurveyOperator"),
        ("by_xcom", "MySend"),
        ("by_notes", "MySend"),
        ("foreign", "PythonOperator"),
        ("follow", "DeliveryStatusSensor"),
        ("my_follow", "MySensor"),
    ):
        db.add_task(session, run, task_id=task_id, operator=operator, state="success")
    db.push(session, run, "by_xcom", db.campaign(10, at=AT))
    db.push(session, run, "my_follow", db.delivery(10, at=AT))
    db.remember(session, run, "by_notes", db.notes_of(1, at=AT), at=AT)
    db.remember(session, run, "foreign", {"campaign": {"mine": 1}, "batch:000000": {}}, at=AT)
    db.push(session, run, "foreign", {"return_value": {"batches": 3}})

    found = {task.task_id: task.sends for task in read(session).tasks}

    assert found == {"by_class": True, "by_xcom": True, "by_notes": True, "follow": False, "my_follow": False}


@needs_task_state_store
def test_shards_are_told_apart(session: Session) -> None:
    run = db.add_run(session, dag_id="campaigns", run_id="one", at=AT)
    for shard in range(3):
        db.add_task(
            session, run, task_id="send", operator="SendSmsOperator", state="success", map_index=shard
        )
        db.push(session, run, "send", db.campaign(shard, at=AT), map_index=shard)
        db.remember(session, run, "send", db.notes_of(shard + 1, at=AT), map_index=shard, at=AT)

    assert [(t.map_index, len(t.batches)) for t in read(session).tasks] == [(0, 1), (1, 2), (2, 3)]
    (only,) = read(session, task_id="send", map_index=1).tasks
    assert only.campaign is not None
    assert only.campaign.recipients == 1


@pytest.mark.parametrize("value", [None, 1, "text", [], {}, {"recipients": "many"}, {"batches": None}])
def test_values_that_are_none_of_ours_do_no_harm(session: Session, value: Any) -> None:
    run = a_send(session, state="success")
    db.push(session, run, "send", {CAMPAIGN_KEY: value, "return_value": value, "smspartner_delivery": value})

    (task,) = read(session).tasks

    assert task.campaign is None
    assert task.delivery is None


def test_json_in_json_is_read(session: Session) -> None:
    run = a_send(session, state="success")
    pushed = db.campaign(7, at=AT) | db.result(7, 1, at=AT)
    db.push(session, run, "send", {key: json.dumps(value) for key, value in pushed.items()})

    (task,) = read(session).tasks

    assert task.campaign is not None
    assert task.result is not None
    assert task.result["recipients"] == task.campaign.recipients == 7


def test_a_status_task_of_an_older_version_is_read_from_its_result(session: Session) -> None:
    run = db.add_run(session, dag_id="campaigns", run_id="one", at=AT)
    db.add_task(session, run, task_id="follow", operator="DeliveryStatusSensor", state="success")
    counts = {"messages": 1, "recipients": 4, "delivered": 3, "not_delivered": 1, "waiting": 0, "stop": 0}
    db.push(session, run, "follow", {"return_value": {**counts, "delivery_rate": 0.75}})

    (task,) = read(session).tasks

    assert task.delivery is not None
    assert task.delivery.final
    assert task.delivery.result["delivered"] == 3

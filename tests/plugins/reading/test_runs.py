"""Reading a run: what a page knows of it, in how few queries, and without the large values."""

from __future__ import annotations

import json
import socket
import sqlite3
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest
from sqlalchemy import event, text

from airflow_provider_smspartner.journal.eligibility import digest
from airflow_provider_smspartner.plugins.facts import UNREADABLE, RunFact
from airflow_provider_smspartner.plugins.reading import ledger as ledgers
from airflow_provider_smspartner.plugins.reading.runs import read_run
from airflow_provider_smspartner.tracking.handover import CAMPAIGN_KEY
from benchmarks import campaigns_db as db
from tests.airflow_versions import needs_task_state_store

if TYPE_CHECKING:
    from sqlalchemy.orm import Session

pytestmark = pytest.mark.airflow

AT = datetime(2026, 11, 20, 9, 0, tzinfo=UTC)


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


def a_send(
    session: Session, *, state: str = "failed", operator: str = "SendSmsOperator", **notes: Any
) -> int:
    run = db.add_run(session, dag_id="campaigns", run_id="one", at=AT, state="failed")
    db.add_task(session, run, task_id="send", operator=operator, state=state)
    if notes:
        db.remember(session, run, "send", db.notes_of(at=AT, **notes), at=AT)
    return run


def read(session: Session, **more: Any) -> RunFact:
    found = read_run(session, dag_id="campaigns", run_id="one", **more)
    assert found is not None
    return found


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


# ---- the ledger ------------------------------------------------------------------------------------


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


def test_a_ledger_tells_the_batches_of_a_task(session: Session, ledger: Path) -> None:
    fill()
    a_ledger_send(session)

    (task,) = read(session).tasks

    assert task.ledger_fault is None
    assert [(b.ordinal, b.state, b.people, b.rejected) for b in task.batches] == [
        (0, "accepted", 2, 0),
        (1, "accepted", 1, 1),
        (2, "unknown", 2, 0),
    ]
    assert str(task.batches[0].cost) == "0.076"


@pytest.mark.parametrize("more", [{"iteration": 2}, {"operator": "inner", "execution": 1}])
def test_a_part_of_a_task_has_rows_of_its_own(session: Session, ledger: Path, more: dict[str, Any]) -> None:
    fill(digest(("c", False, "campaigns", "one", "send", "-1", more)))
    a_ledger_send(session, **more)

    assert len(read(session).tasks[0].batches) == 3


def test_an_xcom_cannot_have_a_foreign_campaign_read(session: Session, ledger: Path) -> None:
    fill(foreign := digest(("c", False, "salaries", "one", "send", "-1")))
    a_ledger_send(session, task=foreign)

    (task,) = read(session).tasks

    assert (list(task.batches), task.ledger_fault) == ([], None)


@pytest.mark.parametrize("named", [None, "{{ var.value.ledger }}", ""])
def test_a_ledger_that_the_dag_does_not_name_is_not_opened(
    session: Session, ledger: Path, named: str | None
) -> None:
    a_ledger_send(session, named)

    (task,) = read(session).tasks

    assert "does not name" in str(task.ledger_fault)
    assert not ledger.exists()


def test_the_ledger_is_the_one_that_the_dag_names(session: Session, ledger: Path) -> None:
    fill()
    a_ledger_send(session, "ledger", ledger="elsewhere")

    assert len(read(session).tasks[0].batches) == 3


def test_answers_come_from_the_inbox_of_the_ledger_that_the_dag_names(session: Session, ledger: Path) -> None:
    from airflow_provider_smspartner.inbox.messages import inbox_of
    from tests.inbox.conftest import add, reply

    fill()
    inbox = inbox_of("ledger")
    add(inbox, reply("Oui", connection="c", message_id=None, tag="tag0", number="+33600000000"))
    inbox.engine.dispose()
    a_ledger_send(session)

    (task,) = read(session).tasks

    assert task.answers is not None
    assert [(one.text, one.number) for one in task.answers.last] == [("Oui", "+33 6 •• •• •• 00")]


def test_an_older_run_has_the_ledger_of_its_own_version(session: Session, ledger: Path) -> None:
    fill()
    a_ledger_send(session)
    later = db.add_run(session, dag_id="campaigns", run_id="two", at=AT)
    db.serialize(session, later, {"send": "another"})

    assert len(read(session).tasks[0].batches) == 3


def test_a_mapped_task_names_its_ledger_too(session: Session, ledger: Path) -> None:
    fill()
    db.serialize(session, a_ledger_send(session, None), {"send": "ledger"}, mapped=True)

    assert len(read(session).tasks[0].batches) == 3


def test_a_file_that_is_not_there_is_not_made(session: Session, ledger: Path) -> None:
    a_ledger_send(session)

    assert read(session).tasks[0].ledger_fault == "connection 'ledger' cannot be read (OperationalError)"
    assert not ledger.exists()


def test_a_ledger_without_a_table_is_said_and_gets_none(session: Session, ledger: Path) -> None:
    sqlite3.connect(ledger).close()
    ledger.touch()
    a_ledger_send(session)

    (task,) = read(session).tasks

    assert task.ledger_fault == "connection 'ledger' cannot be read (OperationalError)"
    with sqlite3.connect(ledger) as connection:
        assert connection.execute("SELECT name FROM sqlite_master").fetchall() == []
    connection.close()


def test_a_ledger_that_nobody_has_defined_is_said(session: Session) -> None:
    a_ledger_send(session)

    assert "'ledger' is not defined" in str(read(session).tasks[0].ledger_fault)


def test_a_ledger_that_hangs_holds_neither_the_page_nor_all_threads(
    session: Session, monkeypatch: pytest.MonkeyPatch
) -> None:
    a_ledger_send(session)
    monkeypatch.setattr(ledgers, "PATIENCE", 0.2)
    ledgers.readers.cache_clear()
    before = set(threading.enumerate())
    with socket.create_server(("127.0.0.1", 0)) as silent:
        monkeypatch.setenv("AIRFLOW_CONN_LEDGER", f"postgresql://user@127.0.0.1:{silent.getsockname()[1]}/x")
        faults = {read(session).tasks[0].ledger_fault for _ in range(2 * ledgers.MOST_AT_ONCE)}
        begun = set(threading.enumerate()) - before
        waiting = [each for each in begun if each.name.startswith("smspartner-ledger")]

    assert faults == {"connection 'ledger' has not answered for 0.2 seconds"}
    assert len(waiting) == ledgers.MOST_AT_ONCE

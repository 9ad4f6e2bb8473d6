"""What a page reads of a run in a ledger: in the one that its DAG names, and of its own campaign."""

from __future__ import annotations

import socket
import sqlite3
import threading
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest

from airflow_provider_smspartner.journal.eligibility import digest
from airflow_provider_smspartner.plugins.reading import ledger as ledgers
from benchmarks import campaigns_db as db
from tests.plugins.reading.in_ledger import a_ledger_send, fill
from tests.plugins.reading.in_ledger import ledger as ledger
from tests.plugins.reading.sent import AT, read

if TYPE_CHECKING:
    from sqlalchemy.orm import Session

pytestmark = pytest.mark.airflow


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

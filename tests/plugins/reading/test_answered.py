"""The overview counts answers in the ledgers that DAGs name, and does without those that are away."""

from __future__ import annotations

import socket
from collections.abc import Mapping
from datetime import timedelta
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from airflow_provider_smspartner.inbox.messages import inbox_of
from airflow_provider_smspartner.plugins.reading import ledger as ledgers
from airflow_provider_smspartner.plugins.reading.history import read_history
from tests.inbox.conftest import add, reply
from tests.plugins.reading.in_ledger import a_ledger_send, fill
from tests.plugins.reading.in_ledger import ledger as ledger
from tests.plugins.reading.sent import AT

if TYPE_CHECKING:
    from sqlalchemy.orm import Session

pytestmark = pytest.mark.airflow


def answered(session: Session) -> Mapping[str, int] | None:
    """Return what the overview knows of the answers to the one send."""
    day = timedelta(days=1)
    history = read_history(session, readable=lambda dag_ids: dag_ids, since=AT - day, until=AT + day)
    [task] = history.runs[0].tasks
    return task.answered


def an_inbox() -> None:
    """Two answers of people who were texted."""
    inbox = inbox_of("ledger")
    for n, text in enumerate(("Oui", "STOP")):
        add(inbox, reply(text, connection="c", message_id=None, tag="tag0", number=f"+3360000000{n}"))
    inbox.engine.dispose()


def test_answers_are_counted_in_the_ledger_that_the_dag_names(session: Session, ledger: Path) -> None:
    fill()
    an_inbox()
    a_ledger_send(session)

    assert answered(session) == {"reply": 1, "stop": 1}


def test_a_ledger_without_an_inbox_tells_nothing(session: Session, ledger: Path) -> None:
    fill()
    a_ledger_send(session)

    assert answered(session) is None


@pytest.mark.parametrize("named", [None, "{{ var.value.ledger }}"])
def test_a_ledger_that_the_dag_does_not_name_is_not_opened(
    session: Session, ledger: Path, named: str | None
) -> None:
    a_ledger_send(session, named)

    assert answered(session) is None
    assert not ledger.exists()


def test_a_ledger_that_hangs_leaves_the_figure_out(session: Session, monkeypatch: pytest.MonkeyPatch) -> None:
    a_ledger_send(session)
    monkeypatch.setattr(ledgers, "PATIENCE_FOR_COUNTS", 0.2)
    ledgers.readers.cache_clear()
    with socket.create_server(("127.0.0.1", 0)) as silent:
        monkeypatch.setenv("AIRFLOW_CONN_LEDGER", f"postgresql://user@127.0.0.1:{silent.getsockname()[1]}/x")

        assert answered(session) is None

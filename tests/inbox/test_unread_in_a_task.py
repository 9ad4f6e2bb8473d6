"""Unread messages in a task: a block that ends well moves the position, and one that fails does not."""

from __future__ import annotations

import json
from contextlib import nullcontext
from typing import Any

import pytest
import sqlalchemy as sa

from airflow_provider_smspartner.exceptions import InvalidMessage
from airflow_provider_smspartner.inbox import unread
from airflow_provider_smspartner.journal.opening import engine_of
from airflow_provider_smspartner.journal.table import Ledger
from tests.databases import in_sqlite
from tests.inbox.conftest import add, reply


@pytest.fixture
def conn(engine: sa.Engine, ledger: Ledger, monkeypatch: pytest.MonkeyPatch) -> str:
    """The Airflow connection of an inbox in SQLite."""
    if engine.dialect.name != "sqlite":
        pytest.skip("the way from the connection is the same")
    form = {"conn_type": "sqlite", "host": engine.url.database}
    monkeypatch.setenv("AIRFLOW_CONN_LEDGER_DEFAULT", json.dumps(form))
    return "ledger_default"


@in_sqlite
def test_a_block_that_ends_well_moves_the_position(ledger: Ledger, conn: str) -> None:
    add(ledger, reply("a"), reply("b"))
    with unread(consumer="answers", ledger_conn_id=conn) as messages:
        assert [message.text for message in messages] == ["a", "b"]
    with unread(consumer="answers", ledger_conn_id=conn) as messages:
        assert list(messages) == []


@in_sqlite
@pytest.mark.parametrize("error", [ValueError, KeyboardInterrupt, SystemExit])
def test_a_block_that_fails_is_read_again_and_at_once(
    ledger: Ledger, conn: str, error: type[BaseException]
) -> None:
    add(ledger, reply("a"))

    def fail() -> None:
        with unread(consumer="answers", ledger_conn_id=conn) as messages:
            next(messages)
            raise error

    with pytest.raises(error):
        fail()
    with unread(consumer="answers", ledger_conn_id=conn) as messages:
        assert [message.text for message in messages] == ["a"]


@in_sqlite
@pytest.mark.parametrize("error", [None, ValueError])
def test_no_connection_is_left_open(
    ledger: Ledger, conn: str, error: type[Exception] | None, monkeypatch: pytest.MonkeyPatch
) -> None:
    opened: list[sa.Engine] = []

    def open_engine(conn_id: str) -> sa.Engine:
        opened.append(engine_of(conn_id))
        return opened[-1]

    monkeypatch.setattr("airflow_provider_smspartner.inbox.messages.engine_of", open_engine)
    disposed: list[sa.Engine] = []
    note = disposed.append
    sa.event.listen(sa.engine.Engine, "engine_disposed", note)

    def read() -> None:
        with unread(consumer="answers", ledger_conn_id=conn):
            if error:
                raise error

    with pytest.raises(error) if error else nullcontext():
        read()
    with pytest.raises(InvalidMessage), unread(consumer="answers", ledger_conn_id=conn, kinds=("fax",)):
        pass

    sa.event.remove(sa.engine.Engine, "engine_disposed", note)
    assert len(opened) == 1
    assert disposed == opened


@pytest.mark.parametrize(
    ("changes", "sentence"),
    [
        ({"consumer": ""}, "consumer: "),
        ({"consumer": " "}, "consumer: "),
        ({"consumer": "x" * 201}, "consumer: "),
        ({"consumer": 7}, "consumer: "),
        ({"kinds": "reply"}, "kinds: "),
        ({"kinds": ()}, "kinds: "),
        ({"kinds": ("replies",)}, "kinds: "),
        ({"kinds": None}, "kinds: "),
        ({"ledger_conn_id": "nowhere"}, "ledger_conn_id: "),
    ],
)
def test_wrong_arguments_are_named(changes: dict[str, Any], sentence: str) -> None:
    given: Any = {"consumer": "answers", "ledger_conn_id": "ledger_default"} | changes
    with pytest.raises(InvalidMessage, match=f"^{sentence}"), unread(**given):
        pass

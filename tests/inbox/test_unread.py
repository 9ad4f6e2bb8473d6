"""Consumers: at least once, in order, one worker at a time, each at its own position."""

from __future__ import annotations

from datetime import timedelta
from itertools import islice
from typing import Any

import pytest
import sqlalchemy as sa

from airflow_provider_smspartner.exceptions import SMSPartnerError
from airflow_provider_smspartner.inbox.consumers import LEASE, Reader
from airflow_provider_smspartner.inbox.messages import inbox_in
from airflow_provider_smspartner.journal import StaleProcess
from airflow_provider_smspartner.journal.inbox import COUNTER, INBOX
from airflow_provider_smspartner.journal.opening import prepare
from airflow_provider_smspartner.journal.table import Ledger
from tests.databases import in_sqlite, write_sends
from tests.inbox.conftest import ANN, BOB, NOON, add, people, reply, report, rows, sent


class Time:
    """A time that passes when it is told to."""

    def __init__(self) -> None:
        self.now = NOON

    def __call__(self) -> Any:
        return self.now


@pytest.fixture
def time() -> Time:
    return Time()


@pytest.fixture
def worker(ledger: Ledger, time: Time) -> Any:
    """Make workers of consumers."""

    def make(consumer: str = "answers", kinds: tuple[str, ...] = ("reply", "stop")) -> Reader:
        return Reader(ledger=ledger, consumer=consumer, kinds=kinds, now=time)

    return make


def texts(reader: Reader, most: int | None = None) -> list[str]:
    """Take messages and finish."""
    reader.take()
    found = [one.text for one in islice(reader.messages(), most)]
    reader.finish()
    return found


def test_what_was_read_is_not_read_again(ledger: Ledger, worker: Any) -> None:
    add(ledger, reply("a"), report(), reply("b", BOB), reply("STOP", BOB))
    assert texts(worker()) == ["a", "b", "STOP"]
    assert texts(worker()) == []
    add(ledger, reply("c"))
    assert texts(worker()) == ["c"]


@in_sqlite
def test_a_message_tells_all(ledger: Ledger, worker: Any) -> None:
    add(ledger, reply("OUI"))
    reader = worker()
    reader.take()
    [message] = reader.messages()
    assert (message.id, message.kind, message.number, message.text) == (1, "reply", ANN, "OUI")
    assert (message.message_id, message.tag, message.campaign) == ("5120", "autumn-0", "autumn")
    assert message.received_at.utcoffset() == timedelta(0)
    assert ANN[5:] not in repr(message)
    assert "OUI" not in repr(message)


@in_sqlite
def test_consumers_are_independent(ledger: Ledger, worker: Any) -> None:
    add(ledger, reply("a"), reply("b"))
    assert texts(worker("one")) == texts(worker("two")) == ["a", "b"]


@in_sqlite
def test_a_kind_that_is_asked_for_later_has_not_been_passed_over(ledger: Ledger, worker: Any) -> None:
    add(ledger, reply("STOP"), reply("a"))
    assert texts(worker(kinds=("reply",))) == ["a"]
    assert texts(worker(kinds=("reply", "stop"))) == ["STOP"]


@in_sqlite
def test_the_position_moves_behind_what_was_taken(ledger: Ledger, worker: Any) -> None:
    add(ledger, reply("a"), reply("b"), reply("c"))
    assert texts(worker(), 2) == ["a", "b"]
    assert texts(worker()) == ["c"]


@in_sqlite
def test_many_pages_come_in_order(ledger: Ledger, worker: Any) -> None:
    for n in range(0, 1200, 300):
        add(ledger, *(reply(f"{i}" if i % 3 else "STOP", f"+336{i:08}") for i in range(n, n + 300)))
    reader = worker()
    reader.take()
    assert [message.id for message in reader.messages()] == list(range(1, 1201))


@in_sqlite
def test_what_comes_meanwhile_is_for_the_next_time(ledger: Ledger, worker: Any) -> None:
    add(ledger, reply("a"))
    reader = worker()
    reader.take()
    found = []
    for message in reader.messages():
        found.append(message.text)
        add(ledger, reply(f"{message.text}a"))
    reader.finish()
    assert found == ["a"]
    assert texts(worker()) == ["aa"]


def test_one_worker_of_a_consumer_reads_at_a_time(ledger: Ledger, worker: Any) -> None:
    worker().take()
    with pytest.raises(SMSPartnerError, match=r"^consumer: another worker reads as 'answers'"):
        worker().take()
    worker("another").take()


def test_a_worker_that_died_keeps_others_out_for_its_lease(ledger: Ledger, worker: Any, time: Time) -> None:
    add(ledger, reply("a"))
    dead = worker()
    dead.take()
    assert [message.text for message in dead.messages()] == ["a"]
    time.now += LEASE + timedelta(seconds=1)
    assert texts(worker()) == ["a"]
    with pytest.raises(StaleProcess, match="taken over"):
        dead.finish()


@in_sqlite
def test_a_worker_that_is_slow_with_each_message_keeps_its_lease(
    ledger: Ledger, worker: Any, time: Time
) -> None:
    add(ledger, *(reply(str(n)) for n in range(10)))
    slow = worker()
    slow.take()
    for _ in slow.messages():
        time.now += LEASE - timedelta(seconds=1)
        with pytest.raises(SMSPartnerError, match="another worker reads"):
            worker().take()
    slow.finish()
    assert texts(worker()) == []


@in_sqlite
def test_a_worker_that_was_overtaken_moves_no_position(ledger: Ledger, worker: Any, time: Time) -> None:
    add(ledger, reply("a"), reply("b"))
    stale = worker()
    stale.take()
    messages = stale.messages()
    next(messages)
    time.now += LEASE + timedelta(seconds=1)
    worker().take()
    with pytest.raises(StaleProcess):
        next(messages)


# ---- speed ---------------------------------------------------------------------------------------------


@pytest.mark.parametrize("url", ["sqlite", "postgresql"], indirect=True)
def test_many_reports_do_not_slow_down_whoever_reads_replies(
    ledger: Ledger, engine: sa.Engine, worker: Any
) -> None:
    """What stands in front of a reader in the index are its own kinds only."""
    add(ledger, report())
    [row] = rows(engine)
    with engine.begin() as connection:
        connection.execute(
            sa.insert(INBOX),
            [dict(row) | {"position": n, "receipt": str(n), "fingerprint": str(n)} for n in range(2, 20_001)],
        )
        connection.execute(sa.update(COUNTER).values(last=20_000))
        if engine.dialect.name == "postgresql":
            connection.execute(sa.text("ANALYZE smspartner_inbox"))
    add(ledger, reply("a"))
    asked = sa.select(INBOX).where(INBOX.c.kind == "reply", INBOX.c.position > 0)
    newest = sa.select(sa.func.max(INBOX.c.position)).where(INBOX.c.kind == "reply")
    for statement in (asked.order_by(INBOX.c.position).limit(500), newest):
        compiled = statement.compile(engine, compile_kwargs={"literal_binds": True})
        explain = "EXPLAIN" if engine.dialect.name == "postgresql" else "EXPLAIN QUERY PLAN"
        with engine.connect() as connection:
            plan = "\n".join(str(line) for line in connection.execute(sa.text(f"{explain} {compiled}")))
        assert "smspartner_inbox_kind" in plan, plan
    assert texts(worker()) == ["a"]


@in_sqlite
def test_an_inbox_is_opened_twice(ledger: Ledger, engine: sa.Engine) -> None:
    assert inbox_in(engine).engine is engine


def test_a_ledger_from_before_the_inbox_gets_its_tables_and_keeps_its_people(engine: sa.Engine) -> None:
    prepare(engine)
    with engine.begin() as connection:
        write_sends(connection, [sent(ANN)])
    add(inbox_in(engine), reply(), report())
    assert [row["campaign"] for row in rows(engine)] == ["autumn", "autumn"]
    assert people(engine) == {ANN: ("delivered", False)}

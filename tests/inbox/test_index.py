"""A large inbox is as fast as a small one: whatever is asked of PostgreSQL is a look into an index."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import pytest
import sqlalchemy as sa
from sqlalchemy.pool import NullPool

from airflow_provider_smspartner.inbox.consumers import Reader
from airflow_provider_smspartner.inbox.messages import inbox_in
from airflow_provider_smspartner.journal.table import Ledger
from airflow_provider_smspartner.triggers.inbox import InboxTrigger
from tests.databases import write_sends
from tests.inbox.conftest import CONN, add, part, reply, report, sent
from tests.journal.one_server import database_of

MANY, PEOPLE = 200_000, 20_000
POSTS = f"""
INSERT INTO smspartner_inbox
    (position, receipt, connection, kind, number, text, message_id, received_at, fingerprint)
SELECT n, 'receipt ' || n, '{CONN}', CASE n % 100 WHEN 0 THEN 'reply' WHEN 1 THEN 'stop' ELSE 'report' END,
    '+336' || lpad((n % {PEOPLE})::text, 8, '0'), 'OUI', n % 400, now(), md5(n::text)
FROM generate_series(1, {MANY}) AS n
"""
READ = f"""
INSERT INTO smspartner_inbox_readers (consumer, kind, position)
SELECT 'answers', kind, {MANY} - 1000 FROM unnest(ARRAY['reply', 'stop', 'report']) AS kind
"""
COUNTED = f"INSERT INTO smspartner_inbox_counter (one, last) VALUES (1, {MANY})"


@pytest.fixture(scope="module")
def filled(tmp_path_factory: pytest.TempPathFactory) -> Iterator[sa.engine.URL]:
    """A database that tests copy, which takes a tenth of the time of filling it."""
    with database_of("postgresql", tmp_path_factory.getbasetemp()) as url:
        engine = sa.create_engine(url, poolclass=NullPool)
        fill(engine)
        yield engine.url


@pytest.fixture
def url(filled: sa.engine.URL) -> Iterator[str]:
    """A copy of the filled database for one test."""
    copy = f"{filled.database}_copy"
    server = sa.create_engine(
        filled.set(database="postgres"), poolclass=NullPool, isolation_level="AUTOCOMMIT"
    )
    with server.connect() as connection:
        connection.execute(sa.text(f"CREATE DATABASE {copy} TEMPLATE {filled.database}"))
    yield filled.set(database=copy).render_as_string()
    with server.connect() as connection:
        connection.execute(sa.text(f"DROP DATABASE {copy}"))


@pytest.fixture
def large(engine: sa.Engine) -> Ledger:
    """An inbox with many posts, of which a consumer has read nearly all, and a ledger with many people."""
    return inbox_in(engine, patience=0)


def fill(engine: sa.Engine) -> None:
    """Write the posts, the consumer and the people."""
    inbox_in(engine, patience=0)
    of_task = {"task": "s" * 32}
    messages = range(PEOPLE // 500)
    batches = [of_task | {"ordinal": n, "message_id": str(n), "tag": f"tag-{n}"} for n in messages]
    people = [sent(f"+336{n:08}", **batches[n // 500]) for n in range(PEOPLE)]
    with engine.begin() as connection:
        for statement in (POSTS, READ, COUNTED):
            connection.execute(sa.text(statement))
        write_sends(connection, people)
    with engine.connect().execution_options(isolation_level="AUTOCOMMIT") as connection:
        connection.execute(sa.text("ANALYZE"))


@contextmanager
def explained(engine: sa.Engine) -> Iterator[list[str]]:
    """Have every question explained by the database, in its own transaction and with its own values."""
    plans: list[str] = []

    def explain(connection: Any, cursor: Any, statement: str, values: Any, context: Any, many: bool) -> None:
        if statement.startswith(("SELECT smspartner", "SELECT max", "SELECT min", "SELECT count", "UPDATE")):
            of = connection.connection.cursor()
            of.execute(f"EXPLAIN {statement}", values[0] if many else values)
            plans.append("\n".join(row[0] for row in of.fetchall()))
            of.close()

    sa.event.listen(engine, "before_cursor_execute", explain)
    yield plans
    sa.event.remove(engine, "before_cursor_execute", explain)


def of_whole_tables(plans: list[str]) -> list[str]:
    """Return the plans that read the whole of a table which grows."""
    return [
        plan for plan in plans for name in ("inbox", "people") if f"Seq Scan on smspartner_{name} " in plan
    ]


def test_unread_asks_an_index(large: Ledger, engine: sa.Engine) -> None:
    reader = Reader(ledger=large, consumer="answers", kinds=("reply", "stop", "report"))
    with explained(engine) as plans:
        reader.take()
        assert len(list(reader.messages())) == 1000
        reader.finish()
    assert sum("smspartner_inbox_kind" in plan for plan in plans) >= 6
    assert of_whole_tables(plans) == []


def test_the_trigger_asks_an_index(large: Ledger, engine: sa.Engine) -> None:
    for consumer, unread in {"answers": 10, "somebody new": MANY // 100, None: MANY // 100}.items():
        trigger = InboxTrigger("ledger_default", consumer=consumer)
        with explained(engine) as plans, engine.begin() as connection:
            told = trigger._seen(connection, 0)
        assert told == (MANY, {"reply": unread, "stop": unread}), consumer
        assert sum("smspartner_inbox_kind" in plan for plan in plans) >= 4
        assert of_whole_tables(plans) == []


def test_posts_are_written_by_an_index(large: Ledger, engine: sa.Engine) -> None:
    posts = [reply(f"answer {n}", f"+336{n:08}") for n in range(10)]
    posts += [report(number=f"+336{n:08}") for n in range(10)]
    with explained(engine) as plans:
        assert add(large, *posts, reply("STOP", "0600000001"), part(1, "one"), part(2, "two")).new == 22
    assert sum("Index" in plan for plan in plans) >= 5
    assert of_whole_tables(plans) == []

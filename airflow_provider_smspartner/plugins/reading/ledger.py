"""Reads the batches of sends out of ledgers: in one query for each ledger, and no number."""

from __future__ import annotations

import re
import sqlite3
import threading
import time
from collections.abc import Callable, Collection, Mapping, Sequence
from concurrent.futures import Future, ThreadPoolExecutor
from dataclasses import dataclass, field
from datetime import UTC, datetime
from decimal import Decimal
from functools import cache
from typing import TYPE_CHECKING, Any, Final
from urllib.parse import quote

from airflow.providers.common.compat.sdk import AirflowException
from sqlalchemy import create_engine, exc, select
from sqlalchemy.pool import NullPool

from airflow_provider_smspartner.exceptions import SMSPartnerError
from airflow_provider_smspartner.journal.opening import engine_of
from airflow_provider_smspartner.journal.schema import BATCHES
from airflow_provider_smspartner.plugins.facts import MOST_BATCHES, UNREADABLE, Answers, BatchFact
from airflow_provider_smspartner.plugins.reading.answers import answers_to, counts_of
from airflow_provider_smspartner.rules.sending_states import BatchState

if TYPE_CHECKING:
    from sqlalchemy.engine import Connection, Engine

PATIENCE = 5.0
"""Seconds that a page waits for all of its ledgers."""
PATIENCE_FOR_COUNTS = 1.0
"""Seconds that the overview waits for them: it is about much more."""
MOST_AT_ONCE = 2
"""How many threads a database that hangs may hold."""
MOST_THREADS = 16
"""How many threads all databases may hold that hang."""
STATES = {state.value for state in BatchState}
ASKED: Final = (
    "task",
    "ordinal",
    "tag",
    "state",
    "people",
    "rejected",
    "claimed_at",
    "accepted_at",
    "message_id",
    "segments",
    "cost",
    "currency",
)
KNOW_READ_ONLY: Final = ("postgresql", "mysql", "mariadb")
"""Databases whose transactions can be told to write nothing."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Found:
    """What a ledger says of some tasks."""

    batches: Mapping[str, Sequence[BatchFact]] = field(default_factory=dict)
    """By digest of the task, and by ordinal."""
    answers: Mapping[str, Answers] = field(default_factory=dict)
    """By digest of the task; empty where there is no inbox."""
    counts: Mapping[str, Mapping[str, int]] = field(default_factory=dict)
    """How many have answered, by digest of the task and by kind; empty where there is no inbox."""
    fault: str | None = None
    """Why it could not be read in time."""


Ask = Callable[["Connection", Collection[str]], Found]
"""What is asked of a ledger about tasks."""


def read_ledgers(wanted: Mapping[str, Collection[str]]) -> dict[str, Found]:
    """Return the batches of tasks, by the connection of their ledger.

    Airflow's own pages share the API server's threads: a database that hangs must not hold them all.

    :param wanted: digests of tasks, by connection.
    """
    return ask_all(wanted, batches_and_answers, PATIENCE)


def count_answers(wanted: Mapping[str, Collection[str]]) -> dict[str, Found]:
    """Return how many have answered to tasks, by the connection of their ledger.

    :param wanted: digests of tasks, by connection.
    """
    return ask_all(wanted, counts_alone, PATIENCE_FOR_COUNTS)


def ask_all(wanted: Mapping[str, Collection[str]], ask: Ask, patience: float) -> dict[str, Found]:
    """Ask all ledgers at once, and wait for them so many seconds in all."""
    deadline = time.monotonic() + patience
    begun = {conn_id: begin(conn_id, tasks, ask, deadline) for conn_id, tasks in wanted.items()}
    return {conn_id: ended(conn_id, reading, deadline) for conn_id, reading in begun.items()}


def begin(conn_id: str, tasks: Collection[str], ask: Ask, deadline: float) -> Future[Found] | None:
    """Have a thread ask a ledger; None when those that may are all waiting for it."""
    place = place_at(conn_id)
    if not place.acquire(timeout=max(0.0, deadline - time.monotonic())):
        return None
    reading = readers().submit(ask_ledger, conn_id, tasks, ask)
    reading.add_done_callback(lambda _: place.release())
    return reading


def ended(conn_id: str, reading: Future[Found] | None, deadline: float) -> Found:
    """Return what a ledger has said by the deadline."""
    if reading is not None:
        try:
            return reading.result(max(0.0, deadline - time.monotonic()))
        except TimeoutError:
            reading.cancel()
    return Found(fault=f"connection {conn_id!r} has not answered for {PATIENCE:g} seconds")


@cache
def readers() -> ThreadPoolExecutor:
    """Return the threads that wait for ledgers."""
    return ThreadPoolExecutor(MOST_THREADS, "smspartner-ledger")


@cache
def place_at(conn_id: str) -> threading.BoundedSemaphore:
    """Return what keeps a ledger that hangs from holding all threads."""
    return threading.BoundedSemaphore(MOST_AT_ONCE)


def batches_and_answers(connection: Connection, tasks: Collection[str]) -> Found:
    """Ask for the batches of tasks, and for what people have answered."""
    columns = BATCHES.c
    query = (
        select(*(columns[name] for name in ASKED))
        .where(columns.task.in_(sorted(tasks)), columns.people + columns.rejected > 0)
        .order_by(columns.ordinal)
        .limit(MOST_BATCHES)
    )
    rows = connection.execute(query).all()
    batches = {task: [batch_of(row) for row in rows if row.task == task] for task in tasks}
    return Found(batches=batches, answers=answers_to(connection, tasks))


def counts_alone(connection: Connection, tasks: Collection[str]) -> Found:
    """Ask how many have answered."""
    return Found(counts=counts_of(connection, tasks))


def ask_ledger(conn_id: str, tasks: Collection[str], ask: Ask) -> Found:
    """Ask a ledger about tasks, and change nothing in it."""
    try:
        engine = read_only(engine_of(conn_id))
        try:
            with engine.connect() as connection:
                write_nothing(connection)
                return ask(connection, tasks)
        finally:
            engine.dispose()
    except SMSPartnerError as error:
        return Found(fault=str(error))
    except (exc.SQLAlchemyError, AirflowException) as error:
        # the words of a driver may name a host or a user
        return Found(fault=f"connection {conn_id!r} cannot be read ({type(error).__name__})")


def read_only(engine: Engine) -> Engine:
    """Return an engine that makes no file: opening a SQLite database that is not there would."""
    if engine.dialect.name != "sqlite":
        return engine
    path = re.sub("^/+", "/", str(engine.url.database or "").removeprefix("file:"))
    engine.dispose()
    return create_engine(
        "sqlite://",
        creator=lambda: sqlite3.connect(f"file:{quote(path)}?mode=ro", uri=True),
        poolclass=NullPool,
        hide_parameters=True,
    )


def write_nothing(connection: Connection) -> None:
    """Have the database refuse every write of this transaction, before its first statement."""
    if connection.dialect.name in KNOW_READ_ONLY:
        connection.exec_driver_sql("SET TRANSACTION READ ONLY")


def batch_of(row: Any) -> BatchFact:
    """Build a batch out of its row; of one whose people were all refused for good, nobody was texted."""
    if not row.people:
        return BatchFact(ordinal=row.ordinal, state=BatchState.ABSENT.value, people=0, rejected=row.rejected)
    return BatchFact(
        ordinal=row.ordinal,
        state=row.state if row.state in STATES else UNREADABLE,
        people=row.people,
        tag=row.tag,
        claimed_at=in_utc(row.claimed_at),
        changed_at=in_utc(row.accepted_at),
        message_id=row.message_id,
        segments=row.segments or 0,
        cost=row.cost or Decimal(0),
        currency=row.currency,
        rejected=row.rejected,
    )


def in_utc(moment: datetime | None) -> datetime | None:
    """Read a time of the table: UTC, without an offset."""
    return moment.replace(tzinfo=UTC) if moment else None

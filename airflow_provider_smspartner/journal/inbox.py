"""The inbox's tables beside the ledger: what the platform posted to us, once, in the order of its commits.

A position is given inside the transaction that writes the row, out of a counter whose row stays locked until
the commit. Two receivers therefore commit in the order of their positions, and a reader who has seen one has
seen all before it: an ordinary auto-increment would let a slower transaction commit behind a reader's back.
"""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime
from functools import partial
from typing import TYPE_CHECKING, Final

from sqlalchemy import BigInteger, Boolean, Column, Index, Integer, MetaData, Table, delete, inspect, select

from airflow_provider_smspartner.journal.columns import LONGEST_ID, Exact, Moment, Words
from airflow_provider_smspartner.journal.schema import LONGEST_CONNECTION, LONGEST_NAME
from airflow_provider_smspartner.journal.table import Ledger

if TYPE_CHECKING:
    from sqlalchemy.engine import Connection

POSTS_AT_ONCE = 1000
"""Old posts of one transaction: neither a receiver nor a reader waits long for it."""
OF_INBOX: Final = MetaData()

INBOX: Final = Table(
    "smspartner_inbox",
    OF_INBOX,
    Column("position", BigInteger, primary_key=True, autoincrement=False),
    Column("receipt", Exact(36), nullable=False, unique=True),
    Column("connection", Exact(LONGEST_CONNECTION), nullable=False),
    Column("kind", Exact(16), nullable=False),
    Column("number", Exact(64), nullable=False),
    Column("text", Words, nullable=False),
    Column("message_id", Exact(LONGEST_ID)),
    Column("tag", Exact(20)),
    Column("campaign", Exact(LONGEST_NAME)),
    Column("status", Exact(16)),
    Column("happened_at", Moment),
    Column("received_at", Moment, nullable=False),
    Column("fingerprint", Exact(64), nullable=False),
    Index("smspartner_inbox_kind", "kind", "position"),
    Index("smspartner_inbox_fingerprint", "fingerprint"),
    Index("smspartner_inbox_campaign", "campaign", "position"),
    Index("smspartner_inbox_number", "number"),
    mysql_engine="InnoDB",
)
"""One row for each post; ``docs/inbox.md`` says what each column means."""

COUNTER: Final = Table(
    "smspartner_inbox_counter",
    OF_INBOX,
    Column("one", Integer, primary_key=True, autoincrement=False),
    Column("last", BigInteger, nullable=False),
    mysql_engine="InnoDB",
)
"""One row: the position that was given last."""

PARTS: Final = Table(
    "smspartner_inbox_parts",
    OF_INBOX,
    Column("connection", Exact(LONGEST_CONNECTION), primary_key=True),
    Column("number", Exact(64), primary_key=True),
    Column("reference", Exact(64), primary_key=True),
    Column("part", Integer, primary_key=True, autoincrement=False),
    Column("parts", Integer, nullable=False),
    Column("text", Words, nullable=False),
    Column("message_id", Exact(LONGEST_ID)),
    Column("given_id", Exact(64)),
    Column("happened_at", Moment),
    Column("received_at", Moment, nullable=False),
    Column("joined", Boolean, nullable=False),
    Index("smspartner_inbox_parts_open", "joined", "received_at"),
    mysql_engine="InnoDB",
)
"""Long replies, each part a post of its own, until they are joined, and a while longer to know repeats by."""

READERS: Final = Table(
    "smspartner_inbox_readers",
    OF_INBOX,
    Column("consumer", Exact(LONGEST_NAME), primary_key=True),
    Column("kind", Exact(16), primary_key=True),
    Column("position", BigInteger, nullable=False),
    Column("owner", Exact(36)),
    Column("lease_until", Moment),
    mysql_engine="InnoDB",
)
"""How far each consumer has come in each kind, and which worker of it reads at the moment."""


def forget_person(connection: Connection, *, conn_id: str, number: str) -> int:
    """Delete what a person wrote and what was reported of them, and return how many posts that were."""
    deleted = 0
    for table in (INBOX, PARTS):
        if inspect(connection).has_table(table.name):  # not all ledgers have an inbox
            theirs = table.c.number.in_((number, number.removeprefix("+")))
            of_person = delete(table).where(table.c.connection == conn_id, theirs)
            deleted += connection.execute(of_person).rowcount
    return deleted


def forget_posts(ledger: Ledger, *, conn_id: str, before: datetime) -> int:
    """Delete what was received before a moment, some posts at a time, and return how many that were."""
    deleted, last = 0, -1
    while some := ledger.transact(partial(old_posts, conn_id=conn_id, before=before, after=last)):
        deleted += ledger.transact(partial(delete_posts, positions=some))
        last = some[-1]
    return deleted + ledger.transact(partial(forget_parts, conn_id=conn_id, before=before))


def old_posts(connection: Connection, *, conn_id: str, before: datetime, after: int) -> Sequence[int]:
    """Return the positions of some old posts behind another; none in a ledger without an inbox."""
    if not inspect(connection).has_table(INBOX.name):
        return []
    position, old = INBOX.c.position, (INBOX.c.connection == conn_id, INBOX.c.received_at < before)
    query = select(position).where(position > after, *old).order_by(position).limit(POSTS_AT_ONCE)
    return connection.scalars(query).all()


def delete_posts(connection: Connection, *, positions: Sequence[int]) -> int:
    """Delete posts, and return how many there were."""
    return connection.execute(delete(INBOX).where(INBOX.c.position.in_(positions))).rowcount


def forget_parts(connection: Connection, *, conn_id: str, before: datetime) -> int:
    """Delete parts that were received before a moment, and return how many that were."""
    if not inspect(connection).has_table(PARTS.name):
        return 0
    old = (PARTS.c.connection == conn_id, PARTS.c.received_at < before)
    return connection.execute(delete(PARTS).where(*old)).rowcount

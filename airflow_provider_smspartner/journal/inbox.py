"""The inbox's tables beside the ledger: what the platform posted to us, once, in the order of its commits.

A position is given inside the transaction that writes the row, out of a counter whose row stays locked until
the commit. Two receivers therefore commit in the order of their positions, and a reader who has seen one has
seen all before it: an ordinary auto-increment would let a slower transaction commit behind a reader's back.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from sqlalchemy import BigInteger, Boolean, Column, Index, Integer, MetaData, Table, delete, inspect

from airflow_provider_smspartner.journal.columns import LONGEST_ID, Exact, Moment, Words
from airflow_provider_smspartner.journal.schema import LONGEST_CONNECTION, LONGEST_NAME

if TYPE_CHECKING:
    from sqlalchemy.engine import Connection

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

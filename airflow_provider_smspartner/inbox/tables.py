"""The inbox beside the ledger: everything the platform posted to us, once, in the order of its commits.

A position is given inside the transaction that writes the row, out of a counter whose row stays locked until
the commit. Two receivers therefore commit in the order of their positions, and a reader who has seen one has
seen all before it: an ordinary auto-increment would let a slower transaction commit behind a reader's back.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import datetime
from typing import TYPE_CHECKING, Final

from sqlalchemy import (
    BigInteger,
    Boolean,
    Column,
    DateTime,
    Index,
    Integer,
    MetaData,
    String,
    Table,
    Text,
)

from airflow_provider_smspartner.api.posts import Post
from airflow_provider_smspartner.journal.table import Ledger, open_ledger, prepare

if TYPE_CHECKING:
    from sqlalchemy.engine import Engine

METADATA: Final = MetaData()
INBOX: Final = Table(
    "smspartner_inbox",
    METADATA,
    Column("position", BigInteger, primary_key=True, autoincrement=False),
    Column("receipt", String(36), nullable=False, unique=True),
    Column("connection", String(100), nullable=False),
    Column("kind", String(8), nullable=False),
    Column("number", String(64), nullable=False),
    Column("text", Text, nullable=False),
    Column("message_id", String(64)),
    Column("tag", String(20)),
    Column("campaign", String(200)),
    Column("status", String(16)),
    Column("happened_at", DateTime),
    Column("received_at", DateTime, nullable=False),
    Column("fingerprint", String(64), nullable=False),
    Column("repeated_at", DateTime, nullable=False),
    Index("smspartner_inbox_kind", "kind", "position"),
    Index("smspartner_inbox_fingerprint", "fingerprint", "repeated_at"),
    Index("smspartner_inbox_message", "message_id"),
    Index("smspartner_inbox_number", "number"),
)
"""One row for each post; ``docs/inbox.md`` says what each column means."""
COUNTER: Final = Table(
    "smspartner_inbox_counter",
    METADATA,
    Column("id", Integer, primary_key=True, autoincrement=False),
    Column("last", BigInteger, nullable=False),
)
PARTS: Final = Table(
    "smspartner_inbox_parts",
    METADATA,
    Column("connection", String(100), primary_key=True),
    Column("number", String(64), primary_key=True),
    Column("reference", String(64), primary_key=True),
    Column("part", Integer, primary_key=True, autoincrement=False),
    Column("parts", Integer, nullable=False),
    Column("text", Text, nullable=False),
    Column("message_id", String(64)),
    Column("happened_at", DateTime),
    Column("received_at", DateTime, nullable=False),
    Column("joined", Boolean, nullable=False),
)
"""Long replies, each part a post of its own, until they are joined, and a while longer to know repeats by."""
READERS: Final = Table(
    "smspartner_inbox_readers",
    METADATA,
    Column("consumer", String(200), primary_key=True),
    Column("position", BigInteger, nullable=False),
    Column("owner", String(36)),
    Column("lease_until", DateTime),
)
"""How far each consumer has come, and which worker of it reads at the moment."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Received:
    """A post as it came in."""

    post: Post
    connection: str
    """The Airflow connection whose address it was posted to."""
    received_at: datetime
    """UTC, without an offset, as the tables hold times."""
    receipt: str
    """Names this one delivery: writing it again, after a crash, writes nothing."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Message:
    """One thing in the inbox, as a consumer reads it."""

    id: int
    """Its position: it grows, and names the message for good."""
    kind: str
    """``reply``, ``stop`` or ``report``."""
    number: str = field(repr=False)
    text: str = field(repr=False)
    message_id: str | None
    """Of our text, where the platform named it."""
    tag: str | None
    campaign: str | None
    """That the text belonged to, when it was sent with this ledger."""
    status: str | None
    """Of a report: what became of the text."""
    happened_at: datetime | None
    """UTC, aware; None where the platform did not say."""
    received_at: datetime
    """UTC, aware."""


def inbox_of(ledger_conn_id: str) -> Ledger:
    """Open the ledger behind an Airflow connection, with an inbox beside it.

    :raises InvalidMessage: the connection is none of a SQL database, or a table of such a name is another.
    :raises SMSPartnerError: the database cannot be reached, or refuses.
    """
    ledger = open_ledger(ledger_conn_id)
    create_inbox(ledger.engine)
    return ledger


def create_inbox(engine: Engine) -> None:
    """Create the inbox's tables where they are missing."""
    for table in (INBOX, COUNTER, PARTS, READERS):
        prepare(engine, table)

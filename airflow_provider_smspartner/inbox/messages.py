"""What is in the inbox: a post on its way in, and a message as a consumer reads it."""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any, Final

from airflow_provider_smspartner.api.posts import Post
from airflow_provider_smspartner.journal.inbox import COUNTER, INBOX, PARTS, READERS
from airflow_provider_smspartner.journal.opening import engine_of, prepare, prepare_table
from airflow_provider_smspartner.journal.table import PATIENCE, Ledger, closed_on_error
from airflow_provider_smspartner.rules.people import NamesPeople

if TYPE_CHECKING:
    from sqlalchemy.engine import Engine, Row

TABLES: Final = (INBOX, COUNTER, PARTS, READERS)


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
class Message(NamesPeople):
    """One thing in the inbox, as a consumer reads it."""

    id: int
    """Its position: it grows, and names the message for good."""
    kind: str
    """``reply``, ``stop`` or ``report``."""
    number: str = field(repr=False)
    """E.164 where the platform's spelling tells it, else the digits as it wrote them."""
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


def inbox_of(ledger_conn_id: str, *, patience: float = PATIENCE) -> Ledger:
    """Open the ledger behind an Airflow connection, with an inbox beside it.

    :param patience: seconds that a transaction waits for a database that is away.
    :raises InvalidMessage: the connection is none of a SQL database, or a table of such a name is another.
    :raises SMSPartnerError: the database cannot be reached, or refuses.
    """
    with closed_on_error(engine_of(ledger_conn_id)) as engine:
        return inbox_in(engine, patience=patience)


def inbox_in(engine: Engine, *, patience: float = PATIENCE) -> Ledger:
    """Return a database with the tables of an inbox; they are created where they are missing.

    Those of the ledger are among them, as reports are written there.
    """
    prepare(engine)
    for table in TABLES:
        prepare_table(engine, table)
    return Ledger(engine=engine, patience=patience)


def naive(moment: datetime | None) -> datetime | None:
    """Write a time as the tables do: UTC, without an offset."""
    return moment.astimezone(UTC).replace(tzinfo=None) if moment else None


def aware(moment: datetime | None) -> datetime | None:
    """Read a time of the tables."""
    return moment.replace(tzinfo=UTC) if moment else None


def utc_now() -> datetime:
    """Return the time as the tables hold it."""
    return datetime.now(UTC).replace(tzinfo=None)


def message(row: Row[Any]) -> Message:
    """Build a message out of its row."""
    return Message(
        id=row.position,
        kind=row.kind,
        number=row.number,
        text=row.text,
        message_id=row.message_id,
        tag=row.tag,
        campaign=row.campaign,
        status=row.status,
        happened_at=aware(row.happened_at),
        received_at=row.received_at.replace(tzinfo=UTC),
    )

"""How far consumers have come in the inbox: one worker of a consumer at a time, at least once, in order."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING, Any, Final
from uuid import uuid4

from sqlalchemy import func, insert, or_, select, update

from airflow_provider_smspartner.exceptions import SMSPartnerError
from airflow_provider_smspartner.inbox.tables import INBOX, READERS, Message, inbox_of
from airflow_provider_smspartner.journal import StaleProcess
from airflow_provider_smspartner.journal.table import Ledger

if TYPE_CHECKING:
    from sqlalchemy.engine import Connection, Row

LEASE: Final = timedelta(minutes=10)
"""How long a worker that is not heard of keeps others of its consumer out."""
AT_ONCE: Final = 500


@dataclass(slots=True, kw_only=True)
class Reader:
    """One worker of a consumer, between taking the lease and giving it back."""

    ledger: Ledger
    consumer: str
    kinds: Sequence[str]
    owner: str
    now: Callable[[], datetime]
    """Returns the time, UTC without an offset."""
    position: int = field(init=False, default=0)
    """Of the last message that was handed out."""

    def take(self) -> None:
        """Take the lease.

        :raises SMSPartnerError: another worker of this consumer reads at the moment.
        """
        self.position = self.ledger.transact(self._take)

    def _take(self, connection: Connection) -> int:
        known = select(READERS.c.position).where(READERS.c.consumer == self.consumer)
        if connection.scalar(known) is None:
            connection.execute(insert(READERS).values(consumer=self.consumer, position=0))
        free = or_(READERS.c.owner.is_(None), READERS.c.lease_until < self.now())
        if not self._change(connection, free, owner=self.owner, lease_until=self.now() + LEASE):
            raise SMSPartnerError(
                f"consumer: another worker reads as {self.consumer!r} at the moment; a later try reads "
                f"what it leaves. One that died keeps others out for {LEASE.total_seconds() / 60:.0f} minutes"
            )
        return int(connection.scalar(known) or 0)

    def messages(self) -> Iterator[Message]:
        """Yield what this consumer has not had, as far as it is there by now."""
        newest = self.ledger.transact(lambda connection: last_position(connection, self.kinds))
        while self.position < newest:
            rows = self.ledger.transact(self._page)
            for row in rows:
                if row.position > newest:
                    return
                self.position = row.position
                yield message(row)
            if not rows:
                return

    def _page(self, connection: Connection) -> Sequence[Row[Any]]:
        self._renew(connection)
        wanted = (INBOX.c.kind.in_(self.kinds), INBOX.c.position > self.position)
        return connection.execute(
            select(INBOX).where(*wanted).order_by(INBOX.c.position).limit(AT_ONCE)
        ).all()

    def _renew(self, connection: Connection) -> None:
        if not self._change(connection, READERS.c.owner == self.owner, lease_until=self.now() + LEASE):
            raise StaleProcess(
                f"consumer: another worker of {self.consumer!r} has taken over, as nothing was heard of "
                f"this one for {LEASE.total_seconds() / 60:.0f} minutes; it moves no position any more"
            )

    def finish(self) -> None:
        """Move the position behind what was handed out, and give the lease back.

        :raises StaleProcess: another worker has taken over meanwhile.
        """

        def work(connection: Connection) -> None:
            self._renew(connection)
            self._change(connection, READERS.c.owner == self.owner, position=self.position, owner=None)

        self.ledger.transact(work)

    def give_back(self) -> None:
        """Give the lease back and leave the position where it was."""
        self.ledger.transact(
            lambda connection: self._change(connection, READERS.c.owner == self.owner, owner=None)
        )

    def _change(self, connection: Connection, condition: Any, **values: Any) -> bool:
        statement = update(READERS).where(READERS.c.consumer == self.consumer, condition).values(**values)
        return connection.execute(statement).rowcount == 1


def open_reader(consumer: str, ledger_conn_id: str, kinds: Sequence[str]) -> Reader:
    """Return a worker of a consumer, which has not begun to read.

    :raises InvalidMessage: the connection is none of a SQL database, or its tables are others.
    :raises SMSPartnerError: the database cannot be reached.
    """
    return Reader(
        ledger=inbox_of(ledger_conn_id),
        consumer=consumer,
        kinds=tuple(kinds),
        owner=str(uuid4()),
        now=lambda: datetime.now(UTC).replace(tzinfo=None),
    )


def last_position(connection: Connection, kinds: Sequence[str]) -> int:
    """Return the position of the newest message of some kinds, 0 without any."""
    return int(connection.scalar(select(func.max(INBOX.c.position)).where(INBOX.c.kind.in_(kinds))) or 0)


def counts_after(connection: Connection, kinds: Sequence[str], position: int) -> dict[str, int]:
    """Count what lies behind a position, by kind."""
    wanted = (INBOX.c.kind.in_(kinds), INBOX.c.position > position)
    rows = connection.execute(select(INBOX.c.kind, func.count()).where(*wanted).group_by(INBOX.c.kind))
    return {str(kind): int(count) for kind, count in rows}


def position_of(connection: Connection, consumer: str) -> int:
    """Return how far a consumer has come, 0 before it has read for the first time."""
    return int(connection.scalar(select(READERS.c.position).where(READERS.c.consumer == consumer)) or 0)


def message(row: Row[Any]) -> Message:
    """Build a message out of its row."""

    def aware(moment: datetime | None) -> datetime | None:
        return moment.replace(tzinfo=UTC) if moment else None

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

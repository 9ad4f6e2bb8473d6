"""How far consumers have come in the inbox: one worker of a consumer at a time, at least once, in order."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import TYPE_CHECKING, Any, Final
from uuid import uuid4

from sqlalchemy import and_, func, insert, or_, select, update

from airflow_provider_smspartner.exceptions import SMSPartnerError
from airflow_provider_smspartner.inbox.messages import Message, inbox_of, message, utc_now
from airflow_provider_smspartner.journal import StaleProcess
from airflow_provider_smspartner.journal.inbox import INBOX, READERS
from airflow_provider_smspartner.journal.table import Ledger

if TYPE_CHECKING:
    from sqlalchemy.engine import Connection, Row

LEASE: Final = timedelta(minutes=5)
"""How long a worker that is not heard of keeps others of its consumer out."""
RENEW_EVERY: Final = timedelta(seconds=30)
AT_ONCE: Final = 500
MOST_COUNTED: Final = 10_000
"""An event says no higher count: it only wakes, and to count millions takes the database seconds."""


@dataclass(slots=True, kw_only=True)
class Reader:
    """One worker of a consumer, between taking the lease and giving it back."""

    ledger: Ledger
    consumer: str
    kinds: Sequence[str]
    now: Callable[[], datetime] = utc_now
    """Returns the time, UTC without an offset."""
    owner: str = field(default_factory=lambda: str(uuid4()))
    positions: dict[str, int] = field(init=False, default_factory=dict)
    """Of the last message of each kind that was handed out: a consumer that asks for another kind one day has
    not passed that kind over."""
    _renewed_at: datetime = field(init=False, default=datetime.min)

    def take(self) -> None:
        """Take the lease.

        :raises SMSPartnerError: another worker of this consumer reads at the moment.
        """
        self.positions = self.ledger.transact(self._take)

    def _take(self, connection: Connection) -> dict[str, int]:
        known = set(connection.scalars(select(READERS.c.kind).where(READERS.c.consumer == self.consumer)))
        if missing := sorted(set(self.kinds) - known):
            rows = [{"consumer": self.consumer, "kind": kind, "position": 0} for kind in missing]
            connection.execute(insert(READERS), rows)
        free = or_(READERS.c.owner.is_(None), READERS.c.lease_until < self.now())
        if not self._lease(connection, free):
            raise SMSPartnerError(
                f"consumer: another worker reads as {self.consumer!r} at the moment; a later try reads "
                f"what it leaves. One that died keeps others out for {LEASE.total_seconds() / 60:.0f} minutes"
            )
        return positions_of(connection, self.consumer, self.kinds)

    def messages(self) -> Iterator[Message]:
        """Yield what this consumer has not had, as far as it is there by now."""
        newest = max(self.ledger.transact(self._newest).values(), default=0)
        while rows := [row for row in self.ledger.transact(self._page) if row.position <= newest]:
            for row in rows:
                if self.now() - self._renewed_at >= RENEW_EVERY:
                    self.ledger.transact(self._renew)
                self.positions[row.kind] = row.position
                yield message(row)

    def _newest(self, connection: Connection) -> dict[str, int]:
        return last_positions(connection, self.kinds)

    def _page(self, connection: Connection) -> list[Row[Any]]:
        """Return the next messages; each kind is asked for by itself, which is a look into an index."""
        rows: list[Row[Any]] = []
        for kind, position in self.positions.items():
            behind = select(INBOX).where(INBOX.c.kind == kind, INBOX.c.position > position)
            rows += connection.execute(behind.order_by(INBOX.c.position).limit(AT_ONCE)).all()
        return sorted(rows, key=lambda row: row.position)[:AT_ONCE]

    def _renew(self, connection: Connection) -> None:
        if not self._lease(connection, READERS.c.owner == self.owner):
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
            for kind, position in self.positions.items():
                mine = and_(READERS.c.owner == self.owner, READERS.c.kind == kind)
                self._change(connection, mine, position=position, owner=None)

        self.ledger.transact(work)

    def give_back(self) -> None:
        """Give the lease back and leave the position where it was."""
        mine = READERS.c.owner == self.owner
        self.ledger.transact(lambda connection: self._change(connection, mine, owner=None))

    def _lease(self, connection: Connection, condition: Any) -> bool:
        """Take or keep the rows of all kinds, under a condition; False when one of them is another's."""
        now = self.now()
        of_kinds = and_(READERS.c.kind.in_(self.kinds), condition)
        changed = self._change(connection, of_kinds, owner=self.owner, lease_until=now + LEASE)
        self._renewed_at = now
        return changed == len(set(self.kinds))

    def _change(self, connection: Connection, condition: Any, **values: Any) -> int:
        statement = update(READERS).where(READERS.c.consumer == self.consumer, condition).values(**values)
        return connection.execute(statement).rowcount


def open_reader(consumer: str, ledger_conn_id: str, kinds: Sequence[str]) -> Reader:
    """Return a worker of a consumer, which has not begun to read.

    :raises InvalidMessage: the connection is none of a SQL database, or its tables are others.
    :raises SMSPartnerError: the database cannot be reached.
    """
    return Reader(ledger=inbox_of(ledger_conn_id), consumer=consumer, kinds=tuple(kinds))


# ---- questions of the trigger, each of which is a look into an index -----------------------------------


def last_positions(connection: Connection, kinds: Sequence[str]) -> dict[str, int]:
    """Return the position of the newest message of each kind, 0 without any."""
    newest = select(func.max(INBOX.c.position))
    return {kind: int(connection.scalar(newest.where(INBOX.c.kind == kind)) or 0) for kind in kinds}


def positions_of(connection: Connection, consumer: str, kinds: Sequence[str]) -> dict[str, int]:
    """Return how far a consumer has come in each kind, 0 before it has read for the first time."""
    rows = connection.execute(
        select(READERS.c.kind, READERS.c.position).where(READERS.c.consumer == consumer)
    )
    known = {row.kind: int(row.position) for row in rows}
    return {kind: known.get(kind, 0) for kind in kinds}


def counts_behind(connection: Connection, positions: dict[str, int]) -> dict[str, int]:
    """Count what lies behind the position of each kind, up to 10,000."""
    counts = {}
    for kind, position in positions.items():
        behind = select(INBOX.c.position).where(INBOX.c.kind == kind, INBOX.c.position > position)
        counted = select(func.count()).select_from(behind.limit(MOST_COUNTED).subquery())
        counts[kind] = int(connection.scalar(counted) or 0)
    return {kind: count for kind, count in counts.items() if count}

"""What is open in the ledger, and who asks for it when: a table of its own remembers the looks.

A look is leased by compare-and-swap before its request, so that two processes never ask for the same at once;
a process that dies leaves a lease that ends.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from datetime import UTC, datetime
from functools import partial
from typing import TYPE_CHECKING, Any, Final

from sqlalchemy import (
    Column,
    MetaData,
    Table,
    and_,
    delete,
    func,
    insert,
    not_,
    or_,
    select,
    update,
)

from airflow_provider_smspartner.journal.columns import Exact, Moment
from airflow_provider_smspartner.journal.opening import open_ledger, prepare_table
from airflow_provider_smspartner.journal.schema import (
    BATCHES,
    CAMPAIGNS,
    IS_AS_BATCH,
    LONGEST_CONNECTION,
    OF_CAMPAIGN,
    OF_STOP,
    PEOPLE,
)
from airflow_provider_smspartner.journal.table import Ledger, closed_on_error, moment
from airflow_provider_smspartner.rules import delivery
from airflow_provider_smspartner.rules.people import ERASED
from airflow_provider_smspartner.rules.refreshing import Open
from airflow_provider_smspartner.rules.sending_states import BatchState

if TYPE_CHECKING:
    from sqlalchemy import ColumnElement
    from sqlalchemy.engine import Connection, Row

LOOKS: Final = Table(
    "smspartner_looks",
    MetaData(),
    Column("connection", Exact(LONGEST_CONNECTION), primary_key=True),
    Column("name", Exact(64), primary_key=True),
    Column("asked_at", Moment),
    Column("lease_until", Moment),
    mysql_engine="InnoDB",
)
"""One row for each message that is asked for: when that was the last time, and until when it is leased."""
AT_ONCE: Final = 500
"""Names of one statement; some databases bind no more than 2,100 values."""
FINAL: Final = sorted(status.value for status in delivery.FINAL)
NAME: Final = func.coalesce(BATCHES.c.message_id, BATCHES.c.tag)
LEFT_AT: Final = func.coalesce(BATCHES.c.scheduled_for, BATCHES.c.accepted_at)
IS_OPEN: Final = or_(PEOPLE.c.status.is_(None), PEOPLE.c.status.not_in(FINAL))
IS_NAMED: Final = not_(PEOPLE.c.number.startswith(ERASED, autoescape=True))


def open_looks(conn_id: str) -> Ledger:
    """Open a ledger, and make its table of looks when there is none."""
    ledger = open_ledger(conn_id)
    with closed_on_error(ledger.engine) as engine:
        prepare_table(engine, LOOKS)
    return ledger


def sent(connection_id: str) -> tuple[ColumnElement[bool], ...]:
    """Return the rows of people who were texted for real through a connection, as conditions."""
    accepted = BATCHES.c.state == BatchState.ACCEPTED.value
    for_real = (CAMPAIGNS.c.connection == connection_id, CAMPAIGNS.c.sandbox.is_(False))
    return (*for_real, accepted, IS_AS_BATCH, IS_NAMED)


def read_open(connection: Connection, connection_id: str, *, since: float, now: float) -> list[Open]:
    """Return the messages that left within a time and have people without a final report."""
    within = LEFT_AT.between(moment(since), moment(now))
    columns = (NAME.label("name"), func.count().label("people"), func.min(LEFT_AT).label("left_at"))
    grouped = select(*columns).select_from(OF_CAMPAIGN)
    rows = connection.execute(grouped.where(*sent(connection_id), within, IS_OPEN).group_by(NAME)).all()
    known = select(LOOKS.c.name, LOOKS.c.asked_at).where(LOOKS.c.connection == connection_id)
    asked = {row.name: row.asked_at for row in connection.execute(known)}
    return [
        Open(
            name=row.name,
            people=row.people,
            left_at=seconds(row.left_at) or 0.0,
            asked_at=seconds(asked.get(row.name)),
        )
        for row in rows
    ]


def lease(
    connection: Connection, connection_id: str, messages: Sequence[Open], *, now: float, until: float
) -> list[Open]:
    """Take the looks at some messages, and return those that nobody else has or has had in between."""
    names = [message.name for message in messages]
    mine = LOOKS.c.connection == connection_id
    known = set(connection.scalars(select(LOOKS.c.name).where(mine, LOOKS.c.name.in_(names))))
    # A key that another process writes at the same moment is refused, and the transaction is done anew
    fresh = [message for message in messages if message.name not in known]
    if fresh:
        values = {"connection": connection_id, "asked_at": None, "lease_until": moment(until)}
        connection.execute(insert(LOOKS), [values | {"name": message.name} for message in fresh])
    taken = [message for message in messages if message.name in known]
    return fresh + [message for message in taken if _swap(connection, mine, message, now=now, until=until)]


def _swap(
    connection: Connection, mine: ColumnElement[bool], message: Open, *, now: float, until: float
) -> bool:
    seen = None if message.asked_at is None else moment(message.asked_at)
    before = LOOKS.c.asked_at.is_(None) if seen is None else LOOKS.c.asked_at == seen
    # Compare-and-swap, with the time of the last look as it was read: of two processes one asks
    # Its own, too, by the very moment: this transaction may be done anew after a lost answer
    until_own = LOOKS.c.lease_until == moment(until)
    free = or_(LOOKS.c.lease_until.is_(None), LOOKS.c.lease_until < moment(now), until_own)
    swap = update(LOOKS).where(mine, LOOKS.c.name == message.name, before, free)
    return connection.execute(swap.values(lease_until=moment(until))).rowcount == 1


def note_asked(
    connection: Connection, connection_id: str, names: Iterable[str], *, now: float | None
) -> None:
    """Write that messages were asked for, and let go of them; None: they could not be."""
    of_names = update(LOOKS).where(LOOKS.c.connection == connection_id, LOOKS.c.name.in_(list(names)))
    asked = {} if now is None else {"asked_at": moment(now)}
    # Let go after a failure, too: the next run must not wait for the lease of one that has ended
    connection.execute(of_names.values(lease_until=None, **asked))


def forget(connection: Connection, connection_id: str, *, before: float) -> None:
    """Drop what is known of messages that are not asked for any more."""
    old = and_(LOOKS.c.asked_at.is_not(None), LOOKS.c.asked_at < moment(before))
    connection.execute(delete(LOOKS).where(LOOKS.c.connection == connection_id, old))


def read_people(connection: Connection, connection_id: str, names: Sequence[str]) -> list[tuple[str, str]]:
    """Return the people of some messages without a final report, as (number, id)."""
    wanted = select(PEOPLE.c.number, BATCHES.c.message_id).select_from(OF_CAMPAIGN).distinct()
    rows = connection.execute(wanted.where(*sent(connection_id), IS_OPEN, BATCHES.c.message_id.in_(names)))
    return [(row.number, row.message_id) for row in rows]


def read_counts(ledger: Ledger, connection_id: str, messages: Sequence[Open]) -> delivery.Tally:
    """Return what has become of the people of some messages."""
    names, tallies = [message.name for message in messages], list[delivery.Tally]()
    for start in range(0, len(names), AT_ONCE):
        some = names[start : start + AT_ONCE]
        rows = ledger.transact(partial(_counted, connection_id=connection_id, names=some))
        tallies += map(tally_of, rows)
    return delivery.total(tallies)


def _counted(connection: Connection, *, connection_id: str, names: Sequence[str]) -> Sequence[Row[Any]]:
    columns = (PEOPLE.c.status, PEOPLE.c.marks, func.count().label("people"))
    grouped = select(*columns).select_from(OF_CAMPAIGN)
    ours = or_(
        BATCHES.c.message_id.in_([name for name in names if name.isdigit()]),
        and_(
            BATCHES.c.message_id.is_(None), BATCHES.c.tag.in_([name for name in names if not name.isdigit()])
        ),
    )
    return connection.execute(
        grouped.where(*sent(connection_id), ours).group_by(PEOPLE.c.status, PEOPLE.c.marks)
    ).all()


def tally_of(row: Row[Any]) -> delivery.Tally:
    """Count the people of one status."""
    delivered = row.status == delivery.DeliveryStatus.DELIVERED.value
    final = row.status in FINAL
    return delivery.Tally(
        recipients=row.people,
        delivered=row.people if delivered else 0,
        not_delivered=row.people if final and not delivered else 0,
        waiting=0 if final else row.people,
        stop=row.people if row.marks in OF_STOP else 0,
    )


def seconds(at: datetime | str | None) -> float | None:
    """Return a moment of the table in seconds since the epoch; SQLite's functions give text."""
    if at is None:
        return None
    read = datetime.fromisoformat(at) if isinstance(at, str) else at
    return read.replace(tzinfo=UTC).timestamp()

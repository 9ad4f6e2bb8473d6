"""What the platform posted to us, written once and in the order of its commits."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING, Any, Final
from uuid import NAMESPACE_URL, uuid5

from sqlalchemy import delete, insert, select, update

from airflow_provider_smspartner.api.posts import Kind, Post
from airflow_provider_smspartner.inbox.outcomes import Place, places_of, write_outcomes
from airflow_provider_smspartner.inbox.tables import COUNTER, INBOX, PARTS, Received
from airflow_provider_smspartner.journal.table import Ledger

if TYPE_CHECKING:
    from sqlalchemy import ColumnElement
    from sqlalchemy.engine import Connection

REPEATED_WITHIN: Final = timedelta(minutes=10)
"""A post like one before it is its repeat for so long, counted from the last of them.

How often the platform repeats a post that was not acknowledged is not documented; a person who sends the same
word twice within that time counts once.
"""
WHOLE_WITHIN: Final = timedelta(minutes=10)
"""A reply whose parts have not all come by then is given with a gap in the place of those missing."""
GAP: Final = " … "


@dataclass(frozen=True, slots=True, kw_only=True)
class Written:
    """What came of writing posts."""

    new: int = 0
    repeats: int = 0
    parts: int = 0
    """Parts of replies that wait for the others."""
    strangers: int = 0
    """Reports about a message that this ledger has not sent, or a number that was not in it."""


def write(ledger: Ledger, received: Sequence[Received]) -> Written:
    """Write posts, each once, in one transaction, and what they tell into the ledger.

    :raises SMSPartnerError: the database stayed away, or refused; nothing was written.
    """
    return ledger.transact(lambda connection: _write(connection, received))


def join_late(ledger: Ledger, now: datetime) -> Written:
    """Give the replies whose missing parts are not to be expected any more.

    :raises SMSPartnerError: the database stayed away, or refused; nothing was written.
    """

    def work(connection: Connection) -> Written:
        last = _lock(connection)
        late = [PARTS.c.joined.is_(False), PARTS.c.received_at < now - WHOLE_WITHIN]
        keys = select(PARTS.c.connection, PARTS.c.number, PARTS.c.reference).where(*late).distinct()
        joined = [_join(connection, _of_reply(*key)) for key in connection.execute(keys).all()]
        connection.execute(delete(PARTS).where(PARTS.c.joined, PARTS.c.received_at < now - 2 * WHOLE_WITHIN))
        return _append(connection, joined, last)

    return ledger.transact(work)


def _write(connection: Connection, received: Sequence[Received]) -> Written:
    last = _lock(connection)
    written = {one.receipt for one in received}
    seen = set(connection.scalars(select(INBOX.c.receipt).where(INBOX.c.receipt.in_(written))))
    fresh = [one for one in received if one.receipt not in seen]
    whole = [one for one in fresh if one.post.part is None]
    joined = [_take_part(connection, one) for one in fresh if one.post.part is not None]
    appended = _append(connection, [*whole, *filter(None, joined)], last)
    repeats = len(received) - appended.new - len(joined) + sum(one is not None for one in joined)
    return replace(appended, repeats=repeats, parts=sum(one is None for one in joined))


def _lock(connection: Connection) -> int:
    """Lock the counter until the commit, and return the last position: from here on nobody else writes."""
    of_all = COUNTER.c.id == 1
    if not connection.execute(update(COUNTER).where(of_all).values(last=COUNTER.c.last)).rowcount:
        connection.execute(insert(COUNTER).values(id=1, last=0))  # the primary key refuses the slower of two
    return int(connection.scalar(select(COUNTER.c.last).where(of_all)) or 0)


def _append(connection: Connection, received: Sequence[Received], last: int) -> Written:
    """Write those that are no repeats, behind the last position."""
    known = _known(connection, received)
    new: dict[int, Received] = {}
    for one in received:
        position, at = known.get(one.post.fingerprint, (0, None))
        if at is None or one.received_at - at >= REPEATED_WITHIN:
            position = last + len(new) + 1
            new[position] = one
        known[one.post.fingerprint] = (position, max(at or one.received_at, one.received_at))
    if not received:
        return Written()
    places = places_of(connection, new.values())
    latest = {position: at for position, at in known.values() if at is not None}
    if new:
        connection.execute(insert(INBOX), [_row(n, one, latest.pop(n), places) for n, one in new.items()])
        connection.execute(update(COUNTER).where(COUNTER.c.id == 1).values(last=max(new)))
    for position, at in latest.items():
        connection.execute(update(INBOX).where(INBOX.c.position == position).values(repeated_at=at))
    strangers = write_outcomes(connection, list(new.values()))
    return Written(new=len(new), repeats=len(received) - len(new), strangers=strangers)


def _known(connection: Connection, received: Iterable[Received]) -> dict[str, tuple[int, datetime | None]]:
    """Return, by fingerprint, where a post stands already and when it last came."""
    prints = {one.post.fingerprint for one in received}
    rows = connection.execute(
        select(INBOX.c.fingerprint, INBOX.c.position, INBOX.c.repeated_at)
        .where(INBOX.c.fingerprint.in_(prints))
        .order_by(INBOX.c.position)
    )
    return {row.fingerprint: (row.position, row.repeated_at) for row in rows}


def _row(position: int, one: Received, repeated_at: datetime, places: dict[str, Place]) -> dict[str, Any]:
    post = one.post
    place = places.get(post.message_id or "")
    return {
        "position": position,
        "receipt": one.receipt,
        "connection": one.connection,
        "kind": post.kind.value,
        "number": post.number,
        "text": post.text,
        "message_id": post.message_id,
        "tag": place.tag if place else post.tag,
        "campaign": place.campaign if place else None,
        "status": post.status.value if post.status else None,
        "happened_at": naive(post.happened_at),
        "received_at": one.received_at,
        "fingerprint": post.fingerprint,
        "repeated_at": repeated_at,
    }


def naive(moment: datetime | None) -> datetime | None:
    """Write a time as the tables do: UTC, without an offset."""
    return moment.astimezone(UTC).replace(tzinfo=None) if moment else None


# ---- replies in parts ----------------------------------------------------------------------------------


def _of_reply(connection: str, number: str, reference: str) -> tuple[ColumnElement[bool], ...]:
    columns = PARTS.c
    return (columns.connection == connection, columns.number == number, columns.reference == reference)


def _take_part(connection: Connection, one: Received) -> Received | None:
    """Keep a part, and return the whole reply when it was the last one missing."""
    post, part = one.post, one.post.part
    assert part is not None  # noqa: S101  # for the type checker: the caller has looked
    reply = _of_reply(one.connection, post.number, part.reference)
    rows = connection.execute(select(PARTS).where(*reply)).all()
    if rows and one.received_at - max(row.received_at for row in rows) >= 2 * WHOLE_WITHIN:
        connection.execute(delete(PARTS).where(*reply))  # phones count references in a circle
        rows = []
    if any(row.part == part.index for row in rows):
        return None
    late = any(row.joined for row in rows)
    values = {
        "connection": one.connection,
        "number": post.number,
        "reference": part.reference,
        "part": part.index,
        "parts": part.total,
        "text": post.text,
        "message_id": post.message_id,
        "happened_at": naive(post.happened_at),
        "received_at": one.received_at,
        "joined": late,
    }
    connection.execute(insert(PARTS).values(**values))
    if late:  # the reply was given without it: it follows alone, rather than the reply a second time
        return replace(one, post=replace(post, part=None))
    return _join(connection, reply) if len(rows) + 1 == part.total else None


def _join(connection: Connection, reply: tuple[ColumnElement[bool], ...]) -> Received:
    """Make one reply of its parts, with a gap where one is missing."""
    rows = connection.execute(select(PARTS).where(*reply).order_by(PARTS.c.part)).all()
    connection.execute(update(PARTS).where(*reply).values(joined=True))
    first, latest = rows[0], max(row.received_at for row in rows)
    texts = {row.part: row.text for row in rows}
    post = Post(
        kind=Kind.REPLY,
        number=first.number,
        text="".join(texts.get(n, GAP) for n in range(1, first.parts + 1)),
        message_id=first.message_id,
        happened_at=first.happened_at and first.happened_at.replace(tzinfo=UTC),
    )
    named = f"{first.connection}|{first.number}|{first.reference}|{first.received_at.isoformat()}"
    return Received(
        post=post, connection=first.connection, received_at=latest, receipt=str(uuid5(NAMESPACE_URL, named))
    )

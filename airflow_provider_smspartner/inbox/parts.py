"""Replies in parts: each part is a post of its own, kept until the reply is whole or no more will come."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta
from typing import TYPE_CHECKING, Any, Final
from uuid import NAMESPACE_URL, uuid5

from sqlalchemy import delete, insert, select, update

from airflow_provider_smspartner.api.posts import LONGEST_TEXT, Kind, Part, Post
from airflow_provider_smspartner.inbox.messages import Received, aware, naive
from airflow_provider_smspartner.journal.inbox import PARTS

if TYPE_CHECKING:
    from sqlalchemy import ColumnElement
    from sqlalchemy.engine import Connection, Row

WHOLE_WITHIN: Final = timedelta(minutes=10)
"""A reply whose parts have not all come by then is given with a gap in place of those missing."""
REUSED_AFTER: Final = timedelta(minutes=30)
"""Phones count references in a circle: a part that comes so long after the others is of another reply."""
KEPT_FOR: Final = timedelta(days=3)
"""So long parts are kept, so that one that is delivered again, out of a spool too, is known."""
GAP: Final = " … "


@dataclass(slots=True, kw_only=True)
class Whole:
    """Posts after their parts were joined."""

    posts: list[Received] = field(default_factory=list)
    parts: int = 0
    repeats: int = 0


def join_parts(connection: Connection, received: Sequence[Received]) -> Whole:
    """Keep parts, and return what is whole, in the order in which it came."""
    whole = Whole()
    for one in received:
        if one.post.part is None:
            whole.posts.append(one)
        elif (rows := known_parts(connection, one, one.post.part)) is None:
            whole.repeats += 1
        else:
            whole.parts += 1
            if joined := keep(connection, one, one.post.part, rows):
                whole.posts.append(joined)
    return whole


def known_parts(connection: Connection, one: Received, part: Part) -> Sequence[Row[Any]] | None:
    """Return the other parts of a reply, None when this one is among them."""
    reply = of_reply(one.connection, one.post.number, part.reference)
    rows = connection.execute(select(PARTS).where(*reply)).all()
    if rows and one.received_at - max(row.received_at for row in rows) >= REUSED_AFTER:
        connection.execute(delete(PARTS).where(*reply))
        return []
    return None if any(row.part == part.index for row in rows) else rows


def keep(connection: Connection, one: Received, part: Part, others: Sequence[Row[Any]]) -> Received | None:
    """Keep a part, and return the whole reply when it was the last one missing."""
    was_given = any(row.joined for row in others)
    connection.execute(insert(PARTS).values(**part_row(one, part), joined=was_given))
    if was_given:  # without it: it follows alone, rather than the whole reply a second time
        return replace(one, post=replace(one.post, part=None))
    if len(others) + 1 < part.total:
        return None
    return join(connection, of_reply(one.connection, one.post.number, part.reference))


def part_row(one: Received, part: Part) -> dict[str, Any]:
    """Return the row of a part."""
    return {
        "connection": one.connection,
        "number": one.post.number,
        "reference": part.reference,
        "part": part.index,
        "parts": part.total,
        "text": one.post.text,
        "message_id": one.post.message_id,
        "given_id": one.post.given_id,
        "happened_at": naive(one.post.happened_at),
        "received_at": one.received_at,
    }


def late_replies(connection: Connection, now: datetime) -> list[Received]:
    """Join the replies whose missing parts are not to be expected any more."""
    late = (PARTS.c.joined.is_(False), PARTS.c.received_at < now - WHOLE_WITHIN)
    keys = select(PARTS.c.connection, PARTS.c.number, PARTS.c.reference).where(*late).distinct()
    return [join(connection, of_reply(*key)) for key in connection.execute(keys).all()]


def forget_old_parts(connection: Connection, now: datetime) -> None:
    """Delete parts that nobody will deliver again."""
    connection.execute(delete(PARTS).where(PARTS.c.joined.is_(True), PARTS.c.received_at < now - KEPT_FOR))


def of_reply(connection: str, number: str, reference: str) -> tuple[ColumnElement[bool], ...]:
    """Return the parts of a reply, as conditions."""
    columns = PARTS.c
    return (columns.connection == connection, columns.number == number, columns.reference == reference)


def join(connection: Connection, reply: tuple[ColumnElement[bool], ...]) -> Received:
    """Make one reply of its parts, with a gap where one is missing."""
    rows = connection.execute(select(PARTS).where(*reply).order_by(PARTS.c.part)).all()
    connection.execute(update(PARTS).where(*reply).values(joined=True))
    first, texts = rows[0], {row.part: row.text for row in rows}
    missing = set(range(1, max(row.parts for row in rows) + 1)) - texts.keys()
    texts |= dict.fromkeys(missing, GAP)
    post = Post(
        kind=Kind.REPLY,
        number=first.number,
        text="".join(texts[n] for n in sorted(texts))[:LONGEST_TEXT],
        message_id=first.message_id,
        given_id=first.given_id,
        happened_at=aware(first.happened_at),
    )
    # The same parts make the same reply, whoever joins them and however often
    named = f"{first.connection}|{first.number}|{first.reference}|{first.received_at.isoformat()}"
    return Received(
        post=post,
        connection=first.connection,
        received_at=max(row.received_at for row in rows),
        receipt=str(uuid5(NAMESPACE_URL, named)),
    )

"""What a post tells of people whom this ledger has texted: reports and STOP, written by the sensor's rule."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any

from sqlalchemy import select, update

from airflow_provider_smspartner.api.posts import Kind
from airflow_provider_smspartner.inbox.tables import Received
from airflow_provider_smspartner.journal.table import SENDS
from airflow_provider_smspartner.rules.delivery import FINAL

if TYPE_CHECKING:
    from sqlalchemy.engine import Connection

FINAL_WORDS = frozenset(status.value for status in FINAL)


@dataclass(frozen=True, slots=True, kw_only=True)
class Place:
    """What a message was part of."""

    campaign: str
    tag: str


def places_of(connection: Connection, received: Iterable[Received]) -> dict[str, Place]:
    """Return, by message id, the campaign and tag of messages that were sent with this ledger."""
    ids = {one.post.message_id for one in received if one.post.message_id}
    if not ids:
        return {}
    columns = (SENDS.c.message_id, SENDS.c.campaign, SENDS.c.tag)
    rows = connection.execute(select(*columns).where(SENDS.c.message_id.in_(ids)).distinct())
    return {row.message_id: Place(campaign=row.campaign, tag=row.tag) for row in rows}


def write_outcomes(connection: Connection, received: Sequence[Received]) -> int:
    """Write statuses and STOP into the rows of the people, and return how many posts were about nobody.

    Final beats open, later beats earlier. A report about a message that was never sent, or about a number
    that was not in it, changes nothing: whoever knows the address could have posted it.
    """
    strangers = 0
    for one in received:
        post = one.post
        if post.kind is Kind.REPLY or (post.message_id is None and post.kind is Kind.REPORT):
            continue
        whose = [SENDS.c.connection == one.connection, SENDS.c.number == post.number]
        if post.message_id is not None:
            whose.append(SENDS.c.message_id == post.message_id)
        rows = connection.execute(select(SENDS.c.status, SENDS.c.reported_at).where(*whose)).all()
        strangers += not rows and post.kind is Kind.REPORT
        if rows and (values := outcome(one, rows[0].status, rows[0].reported_at)):
            connection.execute(update(SENDS).where(*whose).values(**values))
    return strangers


def outcome(one: Received, status: str | None, reported_at: datetime | None) -> dict[str, Any]:
    """Return what a post changes of what is known of a person; nothing when it is older news."""
    post = one.post
    if post.kind is Kind.STOP:
        return {"stop": True}
    said = post.happened_at.astimezone(UTC).replace(tzinfo=None) if post.happened_at else None
    new = (post.status in FINAL, said or datetime.min)
    if post.status is None or new < (status in FINAL_WORDS, reported_at or datetime.min):
        return {}
    return {"status": post.status.value, "reported_at": said}

"""What the platform posted to us, written once and in the order of its commits."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from typing import TYPE_CHECKING, Any, Final

from sqlalchemy import insert, or_, select, update

from airflow_provider_smspartner.inbox.correlation import Place, correlate
from airflow_provider_smspartner.inbox.messages import Received, naive
from airflow_provider_smspartner.inbox.parts import forget_old_parts, join_parts, late_replies
from airflow_provider_smspartner.journal.inbox import COUNTER, INBOX
from airflow_provider_smspartner.journal.table import Ledger

if TYPE_CHECKING:
    from sqlalchemy.engine import Connection

REPEATED_WITHIN: Final = timedelta(minutes=10)
"""A post without a date is the repeat of one like it for so long; one that has a date is it for good.

How often the platform repeats a post that was not acknowledged is not documented; a person who sends the same
word twice within that time counts once.
"""


@dataclass(frozen=True, slots=True, kw_only=True)
class Written:
    """What came of writing posts."""

    new: int = 0
    """Messages that a consumer can read; a reply in parts is one."""
    repeats: int = 0
    parts: int = 0
    """Parts of replies."""
    strangers: int = 0
    """Reports about a message that this ledger has not sent, or a number that was not in it."""


def write(ledger: Ledger, received: Sequence[Received]) -> Written:
    """Write posts, each once, in one transaction, and what they tell into the ledger.

    :raises RefusedValue: the database does not take one of them; nothing was written.
    :raises SMSPartnerError: the database stayed away, or refused; nothing was written.
    """

    def work(connection: Connection) -> Written:
        last = lock(connection)
        whole = join_parts(connection, received)
        written = append(connection, whole.posts, last)
        return replace(written, parts=whole.parts, repeats=written.repeats + whole.repeats)

    return ledger.transact(work)


def join_late(ledger: Ledger, now: datetime) -> Written:
    """Give the replies whose missing parts are not to be expected any more.

    :raises SMSPartnerError: the database stayed away, or refused; nothing was written.
    """

    def work(connection: Connection) -> Written:
        last = lock(connection)
        written = append(connection, late_replies(connection, now), last)
        forget_old_parts(connection, now)
        return written

    return ledger.transact(work)


def lock(connection: Connection) -> int:
    """Lock the counter until the commit, and return the last position: from here on nobody else writes."""
    if connection.dialect.name == "postgresql":
        # All that is asked are looks into an index. Of a new table, or one that has just grown, nothing is
        # known yet, and PostgreSQL would rather read the whole of it while everybody waits for the lock
        connection.exec_driver_sql("SET LOCAL enable_seqscan = off")
    if not connection.execute(update(COUNTER).values(last=COUNTER.c.last)).rowcount:
        connection.execute(insert(COUNTER).values(one=1, last=0))  # of two, the primary key refuses the later
    return int(connection.scalar(select(COUNTER.c.last)) or 0)


def append(connection: Connection, received: Sequence[Received], last: int) -> Written:
    """Write those that are no repeats, behind the last position."""
    new = without_repeats(connection, received)
    if new:
        correlated = correlate(connection, new)
        rows = [row(at, one, place) for at, (one, place) in enumerate(correlated.posts, last + 1)]
        connection.execute(insert(INBOX), rows)
        connection.execute(update(COUNTER).values(last=last + len(new)))
        return Written(new=len(new), repeats=len(received) - len(new), strangers=correlated.strangers)
    return Written(repeats=len(received))


def without_repeats(connection: Connection, received: Sequence[Received]) -> list[Received]:
    """Return the posts that are neither in the inbox yet nor like one before them."""
    if not received:
        return []
    known = known_posts(connection, received)
    new = []
    for one in received:
        alike = known[one.post.fingerprint]
        if not any(is_again(one, receipt, time) for receipt, time in alike):
            new.append(one)
            alike.append((one.receipt, one.received_at))
    return new


def is_again(one: Received, receipt: str, time: datetime) -> bool:
    """Tell whether a post is one of the same fingerprint over again."""
    dated = one.post.happened_at is not None
    return dated or one.receipt == receipt or abs(one.received_at - time) < REPEATED_WITHIN


def known_posts(
    connection: Connection, received: Sequence[Received]
) -> defaultdict[str, list[tuple[str, datetime]]]:
    """Return, by fingerprint, the receipts of posts like these and when they came."""
    prints = {one.post.fingerprint for one in received}
    since = min(one.received_at for one in received) - REPEATED_WITHIN
    rows = connection.execute(
        select(INBOX.c.fingerprint, INBOX.c.receipt, INBOX.c.received_at).where(
            INBOX.c.fingerprint.in_(prints),
            or_(INBOX.c.happened_at.is_not(None), INBOX.c.received_at > since),  # not each "ok" of years
        )
    )
    known = defaultdict[str, list[tuple[str, datetime]]](list)
    for fingerprint, receipt, time in rows:
        known[fingerprint].append((receipt, time))
    return known


def row(position: int, one: Received, place: Place) -> dict[str, Any]:
    """Return the row of a post."""
    post = one.post
    return {
        "position": position,
        "receipt": one.receipt,
        "connection": one.connection,
        "kind": post.kind.value,
        "number": place.number,
        "text": post.text,
        "message_id": post.message_id,
        "tag": place.tag,
        "campaign": place.campaign,
        "status": post.status.value if post.status else None,
        "happened_at": naive(post.happened_at),
        "received_at": one.received_at,
        "fingerprint": post.fingerprint,
    }

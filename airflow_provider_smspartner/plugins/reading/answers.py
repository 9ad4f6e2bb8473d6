"""Reads what people have answered to sends out of the inbox beside a ledger: bounded, and masked."""

from __future__ import annotations

from collections.abc import Collection, Sequence
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any, Final

from sqlalchemy import exc, func, inspect, select, union_all

from airflow_provider_smspartner.api.posts import Kind
from airflow_provider_smspartner.journal.inbox import INBOX
from airflow_provider_smspartner.journal.schema import BATCHES, CAMPAIGNS
from airflow_provider_smspartner.plugins.facts import MOST_SHOWN, Answer, Answers
from airflow_provider_smspartner.rules.masking import mask, mask_numbers

if TYPE_CHECKING:
    from sqlalchemy import Select
    from sqlalchemy.engine import Connection

KINDS: Final = (Kind.REPLY.value, Kind.STOP.value)
LOOKED_AT: Final = 20_000
"""Posts of each kind that are looked at, the newest ones of the whole inbox: reports, of which there is one a
phone, have no part in it."""
LONGEST_SHOWN: Final = 320
"""Characters of a reply that are shown."""


def answers_to(connection: Connection, tasks: Collection[str]) -> dict[str, Answers]:
    """Return what people have answered to tasks, by their digests; empty where there is no inbox."""
    if not inspect(connection).has_table(INBOX.name):
        return {}
    try:
        cut = is_cut(connection)
        return {task: answers_to_task(connection, task, cut=cut) for task in sorted(tasks)}
    except exc.SQLAlchemyError as error:
        # the words of a driver may name a host or a user
        return {task: Answers(fault=type(error).__name__) for task in tasks}


def answers_to_task(connection: Connection, task: str, *, cut: bool) -> Answers:
    """Return what people have answered to one task."""
    recent = recent_posts().subquery()
    of_task = BATCHES.join(CAMPAIGNS, BATCHES.c.campaign == CAMPAIGNS.c.id)
    wanted = (
        select(recent)
        .select_from(of_task.join(recent, recent.c.tag == BATCHES.c.tag))
        .where(
            BATCHES.c.task == task,
            recent.c.connection == CAMPAIGNS.c.connection,
            recent.c.campaign == CAMPAIGNS.c.campaign,
        )
        .order_by(recent.c.position.desc())
    )
    rows = connection.execute(wanted).all()
    texts = texts_of(connection, [row.position for row in rows[:MOST_SHOWN]])
    return Answers(
        times=[(moment(row), row.kind) for row in reversed(rows)],
        last=[answer(row, *texts[row.position]) for row in rows[:MOST_SHOWN] if row.position in texts],
        cut=cut,
    )


def counts_of(connection: Connection, tasks: Collection[str]) -> dict[str, dict[str, int]]:
    """Return how many have answered to tasks, by digest and kind; empty where there is no inbox."""
    if not inspect(connection).has_table(INBOX.name):
        return {}
    recent = recent_posts().subquery()
    of_task = BATCHES.join(CAMPAIGNS, BATCHES.c.campaign == CAMPAIGNS.c.id)
    counted = (
        select(BATCHES.c.task, recent.c.kind, func.count().label("people"))
        .select_from(of_task.join(recent, recent.c.tag == BATCHES.c.tag))
        .where(
            BATCHES.c.task.in_(sorted(tasks)),
            recent.c.connection == CAMPAIGNS.c.connection,
            recent.c.campaign == CAMPAIGNS.c.campaign,
        )
        .group_by(BATCHES.c.task, recent.c.kind)
    )
    found = {task: dict.fromkeys(KINDS, 0) for task in tasks}
    for row in connection.execute(counted):
        found[row.task][row.kind] = row.people
    return found


def recent_posts() -> Any:
    """Return the query of the newest posts of each kind, without their texts."""
    names = ("position", "kind", "connection", "campaign", "tag", "happened_at", "received_at")
    columns = [INBOX.c[name] for name in names]
    return union_all(*(select(newest(kind, columns).subquery()) for kind in KINDS))


def newest(kind: str, columns: Sequence[Any]) -> Select[Any]:
    """Return the query of the newest posts of one kind."""
    return select(*columns).where(INBOX.c.kind == kind).order_by(INBOX.c.position.desc()).limit(LOOKED_AT)


def is_cut(connection: Connection) -> bool:
    """Tell whether the inbox has more posts of a kind than are looked at."""
    counts = [select(func.count()).select_from(newest(kind, [INBOX.c.position]).subquery()) for kind in KINDS]
    return any((connection.scalar(each) or 0) >= LOOKED_AT for each in counts)


def texts_of(connection: Connection, positions: Collection[int]) -> dict[int, tuple[str, str]]:
    """Return number and text of some posts, masked."""
    query = select(
        INBOX.c.position, INBOX.c.number, func.substr(INBOX.c.text, 1, LONGEST_SHOWN).label("text")
    )
    rows = connection.execute(query.where(INBOX.c.position.in_(positions)))
    return {row.position: (mask(row.number), mask_numbers(row.text or "")) for row in rows}


def answer(row: Any, number: str, text: str) -> Answer:
    """Build an answer out of its row."""
    return Answer(kind=row.kind, at=moment(row), number=number, text=text)


def moment(row: Any) -> datetime:
    """Return when somebody answered, as the platform says, else when we heard."""
    at: datetime = row.happened_at or row.received_at
    return at.replace(tzinfo=UTC)

"""What posts tell of people whom this ledger has texted: reports and STOP, written by the sensor's rule."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import TYPE_CHECKING, Any, Final

from sqlalchemy import case, func, select

from airflow_provider_smspartner.api.posts import Kind, Post
from airflow_provider_smspartner.inbox.messages import Received, naive
from airflow_provider_smspartner.journal.outcomes import write_outcomes
from airflow_provider_smspartner.journal.schema import BATCHES, CAMPAIGNS, IS_AS_BATCH, OF_CAMPAIGN, PEOPLE
from airflow_provider_smspartner.rules.echoes import read_number

if TYPE_CHECKING:
    from sqlalchemy import RowMapping
    from sqlalchemy.engine import Connection

Texts = dict[tuple[str, str], list["RowMapping"]]
"""What the ledger has texted, by connection and number."""

TEXTS: Final = select(
    CAMPAIGNS.c.connection,
    CAMPAIGNS.c.campaign.label("named"),
    PEOPLE.c.number,
    PEOPLE.c.event,
    PEOPLE.c.campaign,
    BATCHES.c.tag,
    case((IS_AS_BATCH, BATCHES.c.message_id)).label("message_id"),
    case((IS_AS_BATCH, BATCHES.c.accepted_at)).label("accepted_at"),
).select_from(OF_CAMPAIGN)


@dataclass(frozen=True, slots=True, kw_only=True)
class Place:
    """What a post belongs to."""

    campaign: str | None
    tag: str | None
    number: str = field(repr=False)
    """Whom the platform means: its spelling may tell it only among the people of the message."""


@dataclass(slots=True, kw_only=True)
class Settled:
    """Posts with what they belong to."""

    posts: list[tuple[Received, Place]] = field(default_factory=list)
    strangers: int = 0
    """Reports about nobody whom this ledger has texted."""


def settle(connection: Connection, received: Sequence[Received]) -> Settled:
    """Find what posts belong to, and write statuses and STOP into the rows of the people.

    A report about a message that was never sent, or about a number that was not in it, changes nothing:
    whoever knows the address could have posted it.
    """
    settled, outcomes = Settled(), []
    meant = [number_meant(connection, one) for one in received]
    sent = texts_to(connection, set(meant))
    for one, number in zip(received, meant, strict=True):
        texts = sent.get((one.connection, number), [])
        text = next(filter(is_about(one.post), texts), None)
        settled.posts.append((one, place_of(connection, one, text, number)))
        settled.strangers += text is None and one.post.kind is Kind.REPORT
        if about := text or latest_of(texts, one.post):
            outcomes.append(outcome(one.post, about))
    write_outcomes(connection, outcomes)
    return settled


def number_meant(connection: Connection, one: Received) -> str:
    """Read a number that is no E.164 one among the people of its message: national ones of every country."""
    post = one.post
    if post.number.startswith("+") or post.message_id is None:
        return post.number
    of_people = select(PEOPLE.c.number).select_from(OF_CAMPAIGN).where(*of_message(one), IS_AS_BATCH)
    people = set(connection.scalars(of_people))
    return read_number(post.number, ours=people.__contains__) or post.number


def of_message(one: Received) -> tuple[Any, ...]:
    """Return the batch of the message that a post names, as conditions."""
    return (CAMPAIGNS.c.connection == one.connection, BATCHES.c.message_id == one.post.message_id)


def texts_to(connection: Connection, numbers: Iterable[str]) -> Texts:
    """Return what the ledger has texted to these numbers."""
    texts: Texts = {}
    for row in connection.execute(TEXTS.where(PEOPLE.c.number.in_(list(numbers)))).mappings():
        texts.setdefault((row["connection"], row["number"]), []).append(row)
    return texts


def is_about(post: Post) -> Callable[[RowMapping], bool]:
    """Return what tells whether a post is about a text; a batch that was found by its tag has no id."""

    def about(text: RowMapping) -> bool:
        if text["message_id"] is None:
            return post.tag is not None and text["tag"] == post.tag
        return bool(text["message_id"] == post.message_id)

    return about


def latest_of(texts: Iterable[RowMapping], post: Post) -> RowMapping | None:
    """Return the text that a STOP answers without naming it: to a long number, it has an id of its own."""
    if post.kind is not Kind.STOP:
        return None
    return max(texts, key=lambda text: text["accepted_at"] or datetime.min, default=None)


def place_of(connection: Connection, one: Received, text: RowMapping | None, number: str) -> Place:
    """Return what a post belongs to.

    The number of a reply need not be among those of its message: of a connection that redirects, another
    number has got the text, and its owner may answer.
    """
    if text is not None:
        return Place(campaign=text["named"], tag=text["tag"], number=number)
    if one.post.message_id is None or one.post.kind is Kind.REPORT:
        return Place(campaign=None, tag=one.post.tag, number=number)
    names = select(func.min(CAMPAIGNS.c.campaign), func.min(BATCHES.c.tag))
    of_campaign = BATCHES.join(CAMPAIGNS, BATCHES.c.campaign == CAMPAIGNS.c.id)
    row = connection.execute(names.select_from(of_campaign).where(*of_message(one))).one()
    return Place(campaign=row[0], tag=row[1] or one.post.tag, number=number)


def outcome(post: Post, text: RowMapping) -> dict[str, Any]:
    """Return what a post changes of a text."""
    return {
        **{name: text[name] for name in ("number", "event", "campaign")},
        "status": post.status.value if post.status else None,
        "reported_at": naive(post.happened_at),
        "stop": post.kind is Kind.STOP,
    }

"""What posts tell of people whom this ledger has texted: reports and STOP, written by the sensor's rule."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import TYPE_CHECKING, Any, Final

from sqlalchemy import case, func, select

from airflow_provider_smspartner.api.posts import Kind, Post
from airflow_provider_smspartner.inbox.messages import Received, naive
from airflow_provider_smspartner.journal.schema import BATCHES, CAMPAIGNS, IS_AS_BATCH, OF_CAMPAIGN, PEOPLE
from airflow_provider_smspartner.journal.statuses import write_statuses
from airflow_provider_smspartner.rules.echoes import read_number

if TYPE_CHECKING:
    from sqlalchemy import RowMapping
    from sqlalchemy.engine import Connection

Texts = dict[tuple[str, str], list["RowMapping"]]
"""What the ledger has texted, by connection and number."""
Message = tuple[str, str | None]
"""A connection, and the platform's id of a message."""

TEXTS: Final = select(
    CAMPAIGNS.c.connection,
    CAMPAIGNS.c.campaign.label("named"),
    PEOPLE.c.number,
    PEOPLE.c.event,
    PEOPLE.c.campaign,
    PEOPLE.c.batch,
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
class Correlated:
    """Posts with what they belong to."""

    posts: list[tuple[Received, Place]] = field(default_factory=list)
    strangers: int = 0
    """Reports about nobody whom this ledger has texted."""


def correlate(connection: Connection, received: Sequence[Received]) -> Correlated:
    """Find what posts belong to, and write statuses and STOP into the rows of the people.

    A report about a message that was never sent, or about a number that was not in it, changes nothing:
    whoever knows the address could have posted it.
    """
    correlated, statuses = Correlated(), []
    meant = numbers_meant(connection, received)
    sent = texts_to(connection, set(meant))
    known = [sent.get((one.connection, number), []) for one, number in zip(received, meant, strict=True)]
    about = [text_about(one.post, texts) for one, texts in zip(received, known, strict=True)]
    batches = batches_of(connection, [one for one, text in zip(received, about, strict=True) if not text])
    for one, number, texts, text in zip(received, meant, known, about, strict=True):
        is_report = one.post.kind is Kind.REPORT
        belongs_to = text or (None if is_report else batches.get(message_of(one)))
        correlated.posts.append((one, place_of(one, number, belongs_to)))
        correlated.strangers += text is None and is_report
        if texted := text or latest_of(texts, one.post):
            statuses.append(status_of(one.post, texted))
    write_statuses(connection, statuses)
    return correlated


def message_of(one: Received) -> Message:
    """Name the message that a post is about."""
    return one.connection, one.post.message_id


def numbers_meant(connection: Connection, received: Iterable[Received]) -> list[str]:
    """Read numbers in national forms, of any country, among the people of their message."""
    people: dict[Message, set[str]] = {}
    return [number_meant(connection, one, people) for one in received]


def number_meant(connection: Connection, one: Received, people: dict[Message, set[str]]) -> str:
    """Read one number; ``people`` keeps those of a message, which many reports in a row are about."""
    post, message = one.post, message_of(one)
    if post.number.startswith("+") or post.message_id is None:
        return post.number
    if message not in people:
        names = (CAMPAIGNS.c.connection == one.connection, BATCHES.c.message_id == post.message_id)
        of_people = select(PEOPLE.c.number).select_from(OF_CAMPAIGN).where(*names, IS_AS_BATCH)
        people[message] = set(connection.scalars(of_people))
    return read_number(post.number, ours=people[message].__contains__) or post.number


def batches_of(connection: Connection, received: Iterable[Received]) -> dict[Message, RowMapping]:
    """Return campaign and tag of the messages that these posts name, although not as one of their people.

    A report about somebody else than the people of a message belongs to nothing.
    """
    named = {one.post.message_id for one in received if one.post.kind is not Kind.REPORT} - {None}
    if not named:
        return {}
    columns = (CAMPAIGNS.c.connection, BATCHES.c.message_id)
    names = (func.min(CAMPAIGNS.c.campaign).label("named"), func.min(BATCHES.c.tag).label("tag"))
    of_campaign = BATCHES.join(CAMPAIGNS, BATCHES.c.campaign == CAMPAIGNS.c.id)
    wanted = select(*columns, *names).select_from(of_campaign).where(BATCHES.c.message_id.in_(named))
    rows = connection.execute(wanted.group_by(*columns)).mappings()
    return {(row["connection"], row["message_id"]): row for row in rows}


def texts_to(connection: Connection, numbers: Iterable[str]) -> Texts:
    """Return what the ledger has texted to these numbers."""
    texts: Texts = {}
    for row in connection.execute(TEXTS.where(PEOPLE.c.number.in_(list(numbers)))).mappings():
        texts.setdefault((row["connection"], row["number"]), []).append(row)
    return texts


def text_about(post: Post, texts: Iterable[RowMapping]) -> RowMapping | None:
    """Return the text that a post is about; of a batch that was found by its tag nobody knows the id."""
    for text in texts:
        if text["message_id"] is None and post.tag is not None and text["tag"] == post.tag:
            return text
        if text["message_id"] is not None and text["message_id"] == post.message_id:
            return text
    return None


def latest_of(texts: Iterable[RowMapping], post: Post) -> RowMapping | None:
    """Return the text that a STOP answers without naming it: to a long number, it has an id of its own."""
    if post.kind is not Kind.STOP:
        return None
    return max(texts, key=lambda text: text["accepted_at"] or datetime.min, default=None)


def place_of(one: Received, number: str, sent: RowMapping | None) -> Place:
    """Return what a post belongs to, by its text or by its message.

    The number of a reply need not be among those of its message: of a connection that redirects, another
    number has got the text, and its owner may answer.
    """
    if sent is None:
        return Place(campaign=None, tag=one.post.tag, number=number)
    return Place(campaign=sent["named"], tag=sent["tag"] or one.post.tag, number=number)


def status_of(post: Post, text: RowMapping) -> dict[str, Any]:
    """Return what a post changes of a text.

    A status is that of one text, and not of another that takes its place meanwhile; a STOP is the person's.
    """
    of_text = ("batch",) if post.status else ()
    return {
        **{name: text[name] for name in ("number", "event", "campaign", *of_text)},
        "status": post.status.value if post.status else None,
        "reported_at": naive(post.happened_at),
        "stop": post.kind is Kind.STOP,
    }

"""Look a batch up by its tag: who of it is on the platform, and how far.

The list of a tag may come in pages. Which pages to ask for is decided once, in a generator that yields calls
and takes their answers; a worker and an event loop each drive it in their own way.
"""

from __future__ import annotations

import logging
from collections.abc import Awaitable, Callable, Generator, Iterable
from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING, Any, TypeAlias

from airflow_provider_smspartner import api
from airflow_provider_smspartner.exceptions import NotFoundError
from airflow_provider_smspartner.hooks.aside import aside
from airflow_provider_smspartner.rules.echoes import read_number

if TYPE_CHECKING:
    from airflow_provider_smspartner.api.answers import Statuses

log = logging.getLogger(__name__)

MOST_TAG_PAGES = 501
"""A batch has at most 500 people, each page asked for brings one of them, and one more brings nobody."""

Pages: TypeAlias = "Generator[api.Call[Statuses], Statuses, Statuses]"
IsOurs = Callable[[str], bool]
"""Says whether the platform was asked to text an E.164 number."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Listing:
    """Whom the platform lists under a tag.

    Whoever is in ``numbers`` has been taken on. Who is not may be missing from the list only: that they have
    not been taken on follows from a list that is ``whole``, if from any.
    """

    numbers: frozenset[str] = field(repr=False)
    """Everybody who could be read, as E.164, because the platform may write them otherwise than we did."""
    others: frozenset[str] = field(default=frozenset(), repr=False)
    """Those among ``numbers`` whom the platform was not asked to text; empty when nobody told who is ours."""
    unreadable: int = 0
    """Rows that name nobody: without a number, masked, or in a spelling that fits several people."""
    total: int | None = None
    """How many the platform says there are; it may count rows or pages."""
    is_last: bool = False
    """Whether a further page was asked for, and brought nobody new."""

    @property
    def whole(self) -> bool:
        """Whether everybody is there, everybody could be read, and nobody else is."""
        is_short = self.total is not None and len(self.numbers) < self.total
        return self.is_last and not (is_short or self.unreadable or self.others)


def pages_of_message(message_id: str) -> Pages:
    """Ask for the reports of a message, which come in one piece."""
    listed: Statuses = yield api.bulk_status(message_id)
    return listed


def pages_of_tag(tag: str, *, enough: int | None = None) -> Pages:
    """Ask for the pages of a tag, and return them as one list of reports.

    How pages are asked for is not documented, nor what ``total`` counts: the next one is asked for until one
    brings nobody new, or the platform never stops counting.

    :param enough: so many people are all that matter; no page is asked for beyond them.
    """
    listed: Statuses = yield api.bulk_status_by_tag(tag)
    reports, seen, nameless = listed.reports, spellings_in(listed), listed.nameless
    page, is_last = 1, not (seen or nameless or listed.total)
    while not is_last and page < MOST_TAG_PAGES and (enough is None or len(seen) < enough):
        page += 1
        try:
            following = yield api.bulk_status_by_tag(tag, page=page)
        except NotFoundError:
            following = replace(listed, reports=(), nameless=0)
        if spellings_in(following) <= seen:
            # A page that only repeats others is no end by itself: the platform may overlook `page`
            is_last = not (following.reports or following.nameless) or len(seen) == listed.total
            break
        reports, seen = reports + following.reports, seen | spellings_in(following)
        nameless += following.nameless
    return replace(listed, reports=reports, nameless=nameless, is_last=is_last)


def spellings_in(listed: Statuses) -> frozenset[str]:
    """Return the distinct people of a list, as the platform writes them."""
    return frozenset(report.number for report in listed.reports)


def read_pages(call: Callable[[api.Call[Any]], Any], pages: Pages) -> Statuses:
    """Drive the generator from a worker."""
    wanted = advance(pages, None)
    while isinstance(wanted, api.Call):
        try:
            answer: Statuses | NotFoundError = call(wanted)
        except NotFoundError as error:
            answer = error
        wanted = advance(pages, answer)
    return wanted


async def aread_pages(acall: Callable[[api.Call[Any]], Awaitable[Any]], pages: Pages) -> Statuses:
    """Drive the generator from an event loop."""
    wanted = advance(pages, None)
    while isinstance(wanted, api.Call):
        try:
            answer: Statuses | NotFoundError = await acall(wanted)
        except NotFoundError as error:
            answer = error
        wanted = await aside(advance, pages, answer)
    return wanted


def advance(pages: Pages, answer: Statuses | NotFoundError | None) -> api.Call[Statuses] | Statuses:
    """Give the generator an answer, None at first, and return its next call, or the reports at its end.

    :raises NotFoundError: it has no use for that answer.
    """
    try:
        if isinstance(answer, NotFoundError):
            return pages.throw(answer)
        return next(pages) if answer is None else pages.send(answer)
    except StopIteration as end:
        listed: Statuses = end.value
        return listed


def look_up(
    call: Callable[[api.Call[Any]], Any],
    tag: str,
    *,
    ours: IsOurs | None = None,
    regions: Iterable[str] = ("FR",),
) -> Listing | None:
    """Return who is on the platform under this tag, None when it knows no such tag or lists nobody.

    A list that counts people without naming any is not empty: some of them may not have reported yet.

    :param ours: tells our people, which lets their national forms be read; see ``rules.echoes``.
    :param regions: without ``ours``: the countries that may have been texted.
    :raises SMSPartnerError: the look itself failed, which says nothing about the batch.
    """
    try:
        listed = read_pages(call, pages_of_tag(tag))
    except NotFoundError:
        return None
    found = read_listing(listed, ours=ours, regions=regions)
    if not (found.numbers or found.unreadable or found.total):
        return None
    if not found.whole:
        counts = (tag, len(found.numbers), found.total, found.unreadable, len(found.others))
        log.warning("Tag %s: %s of %s people are listed, %s cannot be read, %s are others", *counts)
    return found


def read_listing(
    listed: Statuses, *, ours: IsOurs | None = None, regions: Iterable[str] = ("FR",)
) -> Listing:
    """Read the numbers of a list, in whatever spelling the platform chose."""
    written, countries = spellings_in(listed), tuple(regions)
    read = [read_number(spelling, ours=ours, regions=countries) for spelling in written]
    numbers = frozenset(filter(None, read))
    return Listing(
        numbers=numbers,
        others=frozenset() if ours is None else frozenset(number for number in numbers if not ours(number)),
        unreadable=listed.nameless + read.count(None),
        total=listed.total,
        is_last=listed.is_last,
    )

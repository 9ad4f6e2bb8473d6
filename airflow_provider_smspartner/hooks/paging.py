"""Look a batch up by its tag: who of it is on the platform, and how far.

The list of a tag may come in pages. Which pages to ask for is decided once, in a generator that yields calls
and takes their answers; a worker and an event loop each drive it in their own way.
"""

from __future__ import annotations

import logging
from collections.abc import Awaitable, Callable, Generator
from dataclasses import dataclass, field
from typing import Any

from airflow_provider_smspartner import api
from airflow_provider_smspartner.api.answers import Statuses, StopList
from airflow_provider_smspartner.exceptions import NotFoundError, SMSPartnerError
from airflow_provider_smspartner.hooks.aside import aside
from airflow_provider_smspartner.rules import phone

log = logging.getLogger(__name__)

MOST_TAG_PAGES = 500
"""A batch has at most so many people, and each page asked for brings one."""
MOST_STOP_PAGES = 10_000

Pages = Generator[api.Call[Statuses], Statuses, Statuses]


@dataclass(frozen=True, slots=True, kw_only=True)
class Found:
    """The people whom the platform lists under a tag."""

    numbers: frozenset[str] = field(repr=False)
    """Normalised, because the platform may write them otherwise than we did."""
    complete: bool
    """Whether they are as many as the platform says there are."""


def pages_of_message(message_id: str) -> Pages:
    """Ask for the reports of a message, which come in one piece."""
    listed: Statuses = yield api.bulk_status(message_id)
    return listed


def pages_of_tag(tag: str) -> Pages:
    """Ask for the pages of a tag, and return them as one list of reports.

    How pages are asked for is not documented; the next one is asked for while people seem to be missing, and
    one that brings nobody new ends it, and so does a platform that never stops counting.
    """
    listed: Statuses = yield api.bulk_status_by_tag(tag)
    reports, numbers, page = listed.reports, numbers_in(listed), 1
    while listed.total is not None and len(numbers) < listed.total:
        page += 1
        try:
            following = yield api.bulk_status_by_tag(tag, page=page)
        except NotFoundError:
            following = Statuses(reports=())
        more = numbers | numbers_in(following)
        if more == numbers or page > MOST_TAG_PAGES:
            log.warning("Tag %s: %s of %s people are listed", tag, len(numbers), listed.total)
            break
        reports, numbers = reports + following.reports, more
    return Statuses(reports=reports, total=listed.total)


def numbers_in(listed: Statuses) -> frozenset[str]:
    """Return the distinct people of a list."""
    return frozenset(phone.comparable(report.number) for report in listed.reports)


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


def look_up(call: Callable[[api.Call[Any]], Any], tag: str) -> Found | None:
    """Return who is on the platform under this tag, None when it knows no such tag or lists nobody.

    A list that counts people without naming any is not empty: some of them may not have reported yet.

    :raises SMSPartnerError: the look itself failed, which says nothing about the batch.
    """
    try:
        listed = read_pages(call, pages_of_tag(tag))
    except NotFoundError:
        return None
    numbers = numbers_in(listed)
    if not numbers and not listed.total:
        return None
    return Found(numbers=numbers, complete=listed.total is None or len(numbers) >= listed.total)


def read_stop_list(call: Callable[[api.Call[Any]], Any]) -> frozenset[int]:
    """Return the numbers, as E.164 digits, of the people who asked for no more texts.

    :raises SMSPartnerError: the list cannot be read, or is shorter than the platform says it is: nobody may
        be texted on the strength of half a list.
    """
    listed: StopList = call(api.stop_list())
    entries, page = by_key(listed), 1
    while listed.total is not None and len(entries) < listed.total:
        page += 1
        listed = call(api.stop_list(page=page))
        if by_key(listed).keys() <= entries.keys() or page > MOST_STOP_PAGES:
            raise SMSPartnerError(
                f"exclude_stop_list: SMS Partner lists {len(entries)} of {listed.total} numbers; "
                "nothing was sent"
            )
        entries |= by_key(listed)
    numbers = map(phone.comparable, entries.values())
    return frozenset(int(number[1:]) for number in numbers if number[:1] == "+" and number[1:].isdecimal())


def by_key(listed: StopList) -> dict[str, str]:
    """Return the numbers of one page by what tells its entries apart: a page may repeat those before."""
    return {entry.id or entry.number: entry.number for entry in listed.entries}

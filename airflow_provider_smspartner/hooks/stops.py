"""The STOP list of the account: read in full, or not at all."""

from __future__ import annotations

import logging
from collections.abc import Callable, Iterable, Sequence
from datetime import datetime
from typing import Any, NamedTuple

from airflow_provider_smspartner import api
from airflow_provider_smspartner.api.answers import StopEntry, StopList
from airflow_provider_smspartner.exceptions import InvalidRequestError, NotFoundError, SMSPartnerError
from airflow_provider_smspartner.hooks.confirming import carry_confirmed
from airflow_provider_smspartner.rules.echoes import is_digits, read_number

log = logging.getLogger(__name__)

MOST_STOP_PAGES = 10_000

Carry = Callable[[api.Call[Any]], Any]


class Said(NamedTuple):
    """What an error says besides the fault: what asked for the list, and what did not happen."""

    of: str
    left: str


EXCLUDING = Said(of="exclude_stop_list", left="nothing was sent")


def read_stop_list(call: Carry, *, regions: Iterable[str] = ("FR",)) -> frozenset[int]:
    """Return the numbers, as E.164 digits, of the people who asked for no more texts.

    :param regions: the countries whose national form is read.
    :raises SMSPartnerError: the list cannot be read, or is shorter than the platform says it is, or hides
        digits: nobody may be texted on the strength of half a list.
    """
    entries, nameless = read_stop_entries(call)
    return read_stops([entry.number for entry in entries], nameless, tuple(regions))


def read_stop_dates(call: Carry, *, regions: Iterable[str] = ("FR",)) -> dict[str, datetime | None]:
    """Return since when each person, as E.164, is on the STOP list; None where the platform does not say.

    :raises SMSPartnerError: the list cannot be read in full; see ``read_stop_list``.
    """
    said, countries = Said(of="The STOP list", left="nothing was changed"), tuple(regions)
    entries, nameless = read_stop_entries(call, said)
    known = read_stops([entry.number for entry in entries], nameless, countries, said)
    read = ((read_number(entry.number, regions=countries), entry.created_at) for entry in entries)
    return {number: since for number, since in read if number and int(number[1:]) in known}


def read_stop_entries(call: Carry, said: Said = EXCLUDING) -> tuple[list[StopEntry], int]:
    """Return everybody on the STOP list, and how many of its entries name nobody.

    Its total is documented, and pages are not: unless there are exactly as many as it says, the next page is
    asked for until one brings nobody new. A platform without pages repeats the list.

    :raises SMSPartnerError: the list cannot be read, or is shorter than the platform says it is.
    """
    listed: StopList = call(api.stop_list())
    entries, nameless, total, page = by_key(listed), listed.nameless, listed.total or 0, 1
    while len(entries) + nameless != total:
        page += 1
        try:
            listed = call(api.stop_list(page=page))
        except NotFoundError:
            break
        except InvalidRequestError:
            if page > 2:  # before, it is one that knows no pages
                raise
            break
        total, following = max(total, listed.total or 0), by_key(listed)
        if following.keys() <= entries.keys():
            nameless = max(nameless, listed.nameless)
            break
        entries |= following
        nameless += listed.nameless
        if page > MOST_STOP_PAGES:
            total = max(total, len(entries) + nameless + 1)  # a list without an end has one more
            break
    if len(entries) + nameless < total:
        raise SMSPartnerError(f"{said.of}: SMS Partner lists {len(entries)} of {total} numbers; {said.left}")
    return list(entries.values()), nameless


def read_stops(
    written: Iterable[str], nameless: int, regions: Sequence[str], said: Said = EXCLUDING
) -> frozenset[int]:
    """Read the entries of the STOP list; digits that are no number of any of the countries are nobody's."""
    read = {spelling: read_number(spelling, regions=regions) for spelling in written}
    unread = [spelling for spelling, number in read.items() if number is None]
    if hidden := nameless + sum(not is_digits(spelling) for spelling in unread):
        raise SMSPartnerError(
            f"{said.of}: {hidden} of the entries that SMS Partner lists cannot be read; {said.left}"
        )
    if unread:
        log.warning("%s: %s entries are not mobile numbers and exclude nobody", said.of, len(unread))
    return frozenset(int(number[1:]) for number in read.values() if number)


def by_key(listed: StopList) -> dict[tuple[str | None, str], StopEntry]:
    """Return the entries of one page by what tells them apart: a page may repeat those before.

    By the number, too: of two people under one id, none may be overlooked.
    """
    return {(entry.id, entry.number): entry for entry in listed.entries}


def delete_stops(call: Carry, number: str) -> bool:
    """Take one person off the STOP list; False when they are not on it.

    :param number: as E.164.
    :raises SMSPartnerError: the list cannot be read, or the platform does not confirm what it has done.
    """
    entries, _ = read_stop_entries(call)
    named = [entry for entry in entries if read_number(entry.number, ours={number}.__contains__) == number]
    of_others = {entry.id for entry in entries if entry not in named}
    for id_ in dict.fromkeys(entry.id for entry in named):
        if id_ is None:
            raise SMSPartnerError("number: its entry on the STOP list has no id to name it by")
        if id_ in of_others:
            raise SMSPartnerError("number: its entry on the STOP list shares its id with somebody else's")
        carry_confirmed(call, api.stop_delete(id_))
    return bool(named)

"""How texts arrive: a message and the fates of its recipients become the rows of a status answer."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator
from datetime import datetime, timedelta
from itertools import islice

from airflow_provider_smspartner.simulator.messages import Message
from airflow_provider_smspartner.simulator.platform import Platform
from airflow_provider_smspartner.simulator.refusals import Payload
from airflow_provider_smspartner.simulator.settings import Fate

WAITING = "Waiting"


def look_at(platform: Platform, message: Message) -> list[Payload]:
    """Return the rows of one message; this counts as one look at it."""
    return _rows(platform, _listed(platform, [message]))


def look_at_page(platform: Platform, messages: Iterable[Message], *, page: int) -> list[Payload]:
    """Return one page of the rows of several messages; a look at those that the page shows."""
    size = platform.settings.page_size
    return _rows(platform, islice(_listed(platform, messages), (page - 1) * size, page * size))


def look_at_one(platform: Platform, message: Message, number: str) -> Payload | None:
    """Return the row of one recipient, None when the message has no such; a look at the message."""
    if number not in message.order.numbers:
        return None
    message.looks += 1
    return _row(platform, message, number, platform.now())


def echo(platform: Platform, number: str) -> str:
    """Write a number as this platform's answers do."""
    settings = platform.settings
    match settings.listed_numbers:
        case "digits":
            return number[1:]
        case "blank":
            return f" {number[1:]}"
        case "national":
            return national(number)
        case "masked":
            return f"{number[:4]}XXXXXX{number[-2:]}"
        case _:
            return national(number) if settings.national_numbers and number[:3] == "+33" else number


def national(number: str) -> str:
    """Write a number as people in its country do, without separators."""
    if number.startswith("+33"):
        return "0" + number[3:]
    from phonenumbers import PhoneNumberFormat, format_number, parse

    return re.sub("[^0-9]", "", format_number(parse(number), PhoneNumberFormat.NATIONAL))


def _listed(platform: Platform, messages: Iterable[Message]) -> Iterator[tuple[Message, str]]:
    most = platform.settings.list_at_most
    for message in messages:
        yield from ((message, number) for number in message.order.numbers[:most])


def _rows(platform: Platform, recipients: Iterable[tuple[Message, str]]) -> list[Payload]:
    shown = list(recipients)
    for message in {message.id: message for message, _ in shown}.values():
        message.looks += 1
    now = platform.now()
    rows = [_row(platform, message, number, now) for message, number in shown]
    return [row for row in rows if not (platform.settings.omit_waiting and row["status"] == WAITING)]


def _row(platform: Platform, message: Message, number: str, now: datetime) -> Payload:
    fate = platform.fate_of(number)
    reported_at = message.due + timedelta(seconds=fate.after_seconds)
    status = _status(platform, message, fate, reported_at <= now)
    stop = fate.stop and status != WAITING and not message.order.sandbox
    if stop:
        platform.stop(number)
    return {
        "phoneNumber": echo(platform, number),
        "status": status,
        "stopSMS": stop,
        "date": str(int((message.accepted_at if status == WAITING else reported_at).timestamp())),
    }


def _status(platform: Platform, message: Message, fate: Fate, is_time: bool) -> str:
    if message.order.sandbox:
        return "Delivered" if platform.settings.sandbox_status == "delivered" else WAITING
    arrived = fate.status is not None and is_time and message.looks > fate.after_polls
    return fate.status if fate.status is not None and arrived else WAITING

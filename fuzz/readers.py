"""What is fuzzed: each reader of bytes or text from outside, with what it is begun with.

A reader returns a value or raises an error of this package. Anything else is a finding, and so is an error
whose text holds the API key.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from types import MappingProxyType, SimpleNamespace
from typing import Any, cast
from urllib.parse import quote

from airflow_provider_smspartner import api, audience
from airflow_provider_smspartner.api.wire import Answer
from airflow_provider_smspartner.exceptions import NotFoundError, SMSPartnerError
from airflow_provider_smspartner.hooks import connection, paging, transport
from airflow_provider_smspartner.journal.task_state import TaskStateJournal
from airflow_provider_smspartner.rules import (
    echoes,
    masking,
    merge,
    phone,
    schedule,
    segments,
    sending_hours,
    values,
    writing,
)
from airflow_provider_smspartner.rules.people import Pseudonymizer
from airflow_provider_smspartner.tracking import handover
from airflow_provider_smspartner.tracking import watch as watching
from fuzz import seeds
from fuzz.posted import post
from fuzz.seeds import KEY, NUMBER

ANSWERS = Path(__file__).parents[1] / "tests" / "answers"
NOW = datetime(2030, 1, 31, 10, tzinfo=UTC)
STATUSES = (200, 400, 429, 401, 201, 503, 302)
CALLS: tuple[api.Call[Any], ...] = (
    api.send([NUMBER], "Bonjour"),
    api.bulk_send([(NUMBER, "Bonjour")]),
    api.send_survey([NUMBER], "BB1"),
    api.bulk_status("5120"),
    api.bulk_status_by_tag("batch7"),
    api.me(),
    api.stop_list(),
    api.message_cancel("5120"),
    api.send([NUMBER], "Bonjour", response_format="xml"),
    api.send_survey([NUMBER], "BB1", response_format="xml"),
    api.bulk_status("5120", response_format="xml"),
)


@dataclass(frozen=True, slots=True, kw_only=True)
class Reader:
    """One way in."""

    read: Callable[[bytes], object]
    seeds: tuple[bytes, ...]
    """Inputs to begin with."""
    words: tuple[str, ...] = ()
    """What mutations are made of, besides bytes."""


def check(name: str, data: bytes) -> None:
    """Let a reader read; what it raises, besides errors of this package that keep the key, is a finding."""
    try:
        READERS[name].read(data)
    except SMSPartnerError as error:
        told = str(error)
        if KEY in told or quote(KEY, safe="") in told:
            raise AssertionError("an error tells the key") from None


# ---- answers of the platform ---------------------------------------------------------------------


def answer(data: bytes) -> object:
    """Read an answer to any call, under any status: two bytes choose them, the rest is the body."""
    call = CALLS[data[0] % len(CALLS)] if data else CALLS[0]
    status = STATUSES[data[1] % len(STATUSES)] if len(data) > 1 else 200
    return call.read(Answer(status=status, body=data[2:], secret=KEY))


def recorded() -> tuple[bytes, ...]:
    """Return the vendor's answers as the tests have them, each to the calls that may bring it."""
    found = []
    for path in sorted(ANSWERS.glob("*.[jx]*")):
        _, status, kind = path.name.split(".")
        which = STATUSES.index(int(status))
        for index, call in enumerate(CALLS):
            if call.response_format == kind:
                found.append(bytes([index, which]) + path.read_bytes())
    return tuple(found)


def retry_after(data: bytes) -> object:
    """Read how long the platform asks to wait."""
    return transport.seconds(data.decode("latin-1"))


# ---- what people write ---------------------------------------------------------------------------


def texts(data: bytes, parts: int) -> list[str]:
    """Cut bytes into texts, which may hold half a surrogate pair, as text out of JSON may."""
    cut = data.decode("utf-8", "surrogateescape").split("\0")
    return (cut + [""] * parts)[:parts]


def number(data: bytes) -> object:
    """Read a phone number, one of a region, one of the platform, and mask what looks like one."""
    text, region = texts(data, 2)
    shown = phone.mask(text), phone.mask_numbers(text), phone.comparable(text), phone.french_mobiles([text])
    return shown, phone.normalize(text, region or "FR")


def moment(data: bytes) -> object:
    """Read a time to send at, and find the next hour that the law allows."""
    text, region = texts(data, 2)
    read = schedule.parse(text)
    return schedule.wire_time(read, now=NOW), sending_hours.next_slot(read, region=region or "FR")


def personal_text(data: bytes) -> object:
    """Take a message apart and fill it."""
    text, *values = texts(data, 4)
    template = merge.parse(text)
    return template.render((values * len(template.columns))[: len(template.columns)])


def send_arguments(data: bytes) -> object:
    """Make a send, as a DAG may ask for it."""
    text, sender, tag, url, sms_range, flags = texts(data, 6)
    segments.estimate(text), writing.wire_text(text)
    options = api.SendOptions(
        sender=sender or None,
        tag=tag or None,
        dlr_url=url or None,
        sms_range=sms_range or None,
        stop_sms="s" in flags,
        unicode="u" in flags,
    )
    return api.send([NUMBER], text, options, now=NOW)


def recipients(data: bytes) -> object:
    """Read recipients that a template turned into text, with a column to merge and without."""
    [text] = texts(data, 1)
    for columns in (audience.Columns("phone_number"), audience.Columns("phone_number", None, ("name",))):
        people = audience.gather(audience.from_given(text, columns), audience.Rules())
        audience.check_quality(people, on_invalid="skip", max_invalid_rate=1.0)
        list(people.people)
    return people


def settings(data: bytes) -> object:
    """Read a connection, which a person has filled in."""
    host, password, extra, schema, port = texts(data, 5)
    digits = int(port) if port.isascii() and port.isdecimal() and len(port) < 9 else None
    form = {"host": host, "password": password, "extra": extra, "schema": schema, "port": digits}
    return connection.read(cast(Any, SimpleNamespace(conn_id="smspartner_default", **form)))


def value(data: bytes) -> object:
    """Read a value out of a warehouse, as a field of a text and as the name of an event."""
    [text] = texts(data, 1)
    for given in (text, loaded(text)):
        for read in (values.is_missing, values.as_number, values.event_name):
            try:
                read(given)
            except SMSPartnerError:
                continue
    return values.as_text(text, "parameters"), values.as_text(loaded(text), "parameters")


def echo(data: bytes) -> object:
    """Read a number as the platform writes it, with our people at hand and without, and hide it."""
    text, region = texts(data, 2)
    of_region = echoes.read_number(text, regions=(region or "FR",))
    shown = masking.mask(text), masking.mask_numbers(text)
    return of_region, echoes.read_number(text, ours=NUMBER.__eq__), echoes.is_digits(text), shown


def failure(data: bytes) -> object:
    """Hide what the arguments of an error say of people."""
    [text] = texts(data, 1)
    error = ValueError(text, loaded(text))
    masking.mask_error(error)
    return str(error)


def pages(data: bytes) -> object:
    """Read the pages of a tag, each of them any answer; after the last one the platform knows no further."""
    answers = iter(data.split(b"\0"))

    def call(wanted: api.Call[Any]) -> Any:
        if (body := next(answers, None)) is None:
            raise NotFoundError(wanted.path, 4)
        return wanted.read(Answer(status=200, body=body, secret=KEY))

    listed = paging.look_up(call, "spring", ours=NUMBER.__eq__)
    return listed and (listed.whole, listed.numbers)


# ---- what was left for us ------------------------------------------------------------------------


def followed(data: bytes) -> object:
    """Read what the sensor is to follow, as text out of a template and as a value out of XCom."""
    [text] = texts(data, 1)
    for given in (text, loaded(text)):
        for read in (watching.watch_sent, watching.watch_ids):
            try:
                read(given, now=NOW)
            except SMSPartnerError:
                continue
    return None


def handed_over(data: bytes) -> object:
    """Read what tasks hand over to the campaign page."""
    value = loaded(texts(data, 1)[0])
    return handover.read_campaign(value), handover.read_delivery(value)


def send_log(data: bytes) -> object:
    """Read the task state store, whose values a person may have edited."""
    kept = loaded(texts(data, 1)[0])
    store: Any = SimpleNamespace(get=kept.get if isinstance(kept, dict) else lambda _: kept)
    return TaskStateJournal(store, Pseudonymizer("key", ["spring"])).load()


def loaded(text: str) -> object:
    """Return a JSON value, None for what is none."""
    try:
        return json.loads(text)
    except (ValueError, RecursionError):
        return None


READERS: Mapping[str, Reader] = MappingProxyType(
    {
        "answer": Reader(read=answer, seeds=recorded(), words=seeds.ANSWER_WORDS),
        "retry_after": Reader(read=retry_after, seeds=seeds.RETRY_AFTER),
        "number": Reader(read=number, seeds=seeds.NUMBERS),
        "value": Reader(read=value, seeds=seeds.VALUES, words=seeds.VALUE_WORDS),
        "echo": Reader(read=echo, seeds=seeds.ECHOES),
        "failure": Reader(read=failure, seeds=seeds.FAILURES),
        "pages": Reader(read=pages, seeds=seeds.PAGES, words=seeds.names_in(*seeds.PAGES)),
        "moment": Reader(read=moment, seeds=seeds.MOMENTS),
        "personal_text": Reader(read=personal_text, seeds=seeds.PERSONAL_TEXTS),
        "send_arguments": Reader(read=send_arguments, seeds=seeds.SENDS, words=seeds.SEND_WORDS),
        "recipients": Reader(read=recipients, seeds=seeds.RECIPIENTS, words=seeds.RECIPIENT_WORDS),
        "settings": Reader(read=settings, seeds=seeds.CONNECTIONS, words=tuple(connection.FIELDS)),
        "followed": Reader(read=followed, seeds=seeds.FOLLOWED, words=seeds.names_in(*seeds.FOLLOWED)),
        "handed_over": Reader(
            read=handed_over, seeds=seeds.HANDED_OVER, words=seeds.names_in(*seeds.HANDED_OVER)
        ),
        "post": Reader(read=post, seeds=seeds.POSTS, words=seeds.names_in(*seeds.POSTS)),
        "send_log": Reader(read=send_log, seeds=seeds.SEND_LOG, words=seeds.names_in(*seeds.SEND_LOG)),
    }
)

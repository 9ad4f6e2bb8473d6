"""What the platform posts to us: delivery reports, replies and STOP, in every shape that its pages show.

No I/O here, and no exception but ``InvalidPost``, whatever the bytes. Nothing is signed: what is read here is
a claim of whoever knows the address, and never a reason to text somebody who was not in the message.
"""

from __future__ import annotations

import hashlib
import json
import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime
from decimal import Decimal
from enum import StrEnum
from typing import Any, Final

from airflow_provider_smspartner.api.forms import fields_of
from airflow_provider_smspartner.api.values import moment, spelling, text_id, whole, word
from airflow_provider_smspartner.exceptions import InvalidMessage
from airflow_provider_smspartner.rules import delivery
from airflow_provider_smspartner.rules.echoes import read_number

LONGEST_TEXT: Final = 10_000
"""Characters; ten parts of an SMS hold 1,530."""
LONGEST_REFERENCE: Final = 64
MOST_PARTS: Final = 50
EARLIEST_YEAR: Final = 2000
"""What is older is no date of a text, and some databases could not keep it."""

TAG: Final = re.compile(r"[\x21-\x7e]{1,20}")
STOP: Final = re.compile(r"\W*stop\W*", re.IGNORECASE)
DIGITS: Final = re.compile(r"\+?[0-9]{4,20}")
NUMBERS: Final = ("phone_number", "phoneNumber", "phone", "msisdn", "number")
IDS: Final = ("message_id", "messageId", "msgId")
STATUSES: Final = ("status", "statut")
DATES: Final = ("date", "message-timestamp")


class InvalidPost(InvalidMessage):
    """A body that is no report, no reply and no STOP; its text holds nothing of the body."""


class Kind(StrEnum):
    """What a post is."""

    REPORT = "report"
    """A delivery report of one phone."""
    REPLY = "reply"
    """What somebody wrote back."""
    STOP = "stop"
    """Somebody asked for no more texts."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Part:
    """Where a part of a long reply belongs: each part is a post of its own."""

    reference: str
    index: int
    """From 1."""
    total: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Post:
    """One thing that the platform told us."""

    kind: Kind
    number: str = field(repr=False)
    """E.164 where the spelling tells it, else the digits that the platform wrote."""
    text: str = field(default="", repr=False)
    message_id: str | None = None
    """Of our text; a reply to a long number brings an id of its own instead."""
    given_id: str | None = None
    """The id as it was written, be it of digits or not."""
    tag: str | None = None
    status: delivery.DeliveryStatus | None = None
    happened_at: datetime | None = None
    """When the platform says it happened; replies to a short number do not say."""
    part: Part | None = None

    @property
    def fingerprint(self) -> str:
        """What two deliveries of the same post have in common."""
        happened = self.happened_at.isoformat() if self.happened_at else None
        part = (self.part.reference, self.part.index) if self.part else None
        named = [self.kind, self.number, self.text, self.given_id, self.status, happened, part]
        return hashlib.sha256(json.dumps(named).encode()).hexdigest()


def read_post(body: bytes) -> Post:
    """Read a body, JSON or form whatever its content type says.

    :raises InvalidPost: it names nobody, or tells nothing.
    """
    fields = fields_of(body)
    if fields is None:
        raise InvalidPost("The body is neither a JSON object nor a form.")
    number = number_of(first(fields, NUMBERS))
    text, status = text_of(fields.get("text")), word(first(fields, STATUSES))
    kind = kind_of(word(fields.get("type")), text, status)
    given_id = first(fields, IDS)
    return Post(
        kind=kind,
        number=number,
        text="" if kind is Kind.REPORT else text,
        message_id=text_id(given_id),
        given_id=reference_of(given_id),
        tag=tag_of(fields.get("tag")),
        status=delivery.status(status) if status and kind is Kind.REPORT else None,
        happened_at=date_of(fields),
        part=part_of(fields) if kind is not Kind.REPORT else None,
    )


def first(fields: Mapping[str, Any], names: tuple[str, ...]) -> Any:
    """Return the first of several names that says something; the vendor has three for most things."""
    return next((fields[name] for name in names if fields.get(name) not in (None, "")), None)


def number_of(value: object) -> str:
    """Read a number as the platform writes it: with "+", with a blank for it, or as bare digits."""
    written = spelling(value) or ""
    if known := read_number(written):
        return known
    digits = written.replace(" ", "")
    if not (digits.isascii() and DIGITS.fullmatch(digits)):
        raise InvalidPost("The body names no phone number.")
    return digits


def text_of(value: object) -> str:
    """Return the text of a reply. NUL is no character of any SMS, and no text of PostgreSQL."""
    if isinstance(value, int | Decimal) and not isinstance(value, bool):
        value = str(value)  # the answer "1", written without its quotes
    text = value if isinstance(value, str) else ""
    text = text[:LONGEST_TEXT].encode("utf-8", "replace").decode().replace("\0", "")
    return text


def reference_of(value: object) -> str | None:
    """Return a name of the platform's for something, in full and of characters that every database takes."""
    text = spelling(value) or ""
    return text if 0 < len(text) <= LONGEST_REFERENCE and text.isascii() and text.isprintable() else None


def tag_of(value: object) -> str | None:
    """Return a tag that may be one of ours; anything else is nobody's."""
    return value if isinstance(value, str) and TAG.fullmatch(value) else None


def date_of(fields: Mapping[str, Any]) -> datetime | None:
    """Return when it happened, if the post says so."""
    dates = (moment(fields.get(name)) for name in DATES)
    return next((date for date in dates if date and date.year >= EARLIEST_YEAR), None)


def kind_of(type_: str | None, text: str, status: str | None) -> Kind:
    """Tell what a post is by what it brings: an account may have one address for everything."""
    if (type_ or "").casefold() == "stop" or STOP.fullmatch(text):
        return Kind.STOP
    if text:
        return Kind.REPLY
    if status:
        return Kind.REPORT
    if type_:
        return Kind.REPLY
    raise InvalidPost("The body is not a delivery report, a reply or a STOP.")


def part_of(fields: Mapping[str, Any]) -> Part | None:
    """Read where a part belongs; a text in one piece has none."""
    reference = reference_of(fields.get("concat-ref"))
    index, total = whole(fields.get("concat-part")), whole(fields.get("concat-total"))
    if reference is None or index is None or total is None or not 1 <= index <= total <= MOST_PARTS:
        return None
    return Part(reference=reference, index=index, total=total) if total > 1 else None

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
from enum import StrEnum
from typing import Any, Final
from urllib.parse import parse_qsl

from airflow_provider_smspartner.api.wire import moment, parse_json, text_id, whole, word
from airflow_provider_smspartner.exceptions import InvalidMessage, InvalidPhoneNumber
from airflow_provider_smspartner.rules import delivery, phone

MOST_FIELDS: Final = 50
LONGEST_TEXT: Final = 10_000
"""Characters; ten parts of an SMS hold 1,530."""
MOST_PARTS: Final = 50

TAG: Final = re.compile(r"[\x21-\x7e]{1,20}")
NUMBERS: Final = ("phone_number", "phoneNumber", "phone", "msisdn", "number")
IDS: Final = ("message_id", "messageId", "msgId")
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
    """E.164 where it is a mobile number, else as the platform wrote it."""
    text: str = field(default="", repr=False)
    message_id: str | None = None
    """Of our text; a reply to a long number brings an id of its own instead."""
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
        named = [self.kind, self.number, self.text, self.message_id, self.status, happened, part]
        return hashlib.sha256(json.dumps(named).encode()).hexdigest()


def read_post(body: bytes) -> Post:
    """Read a body, JSON or form whatever its content type says: several clients of the vendor mix them up.

    :raises InvalidPost: it names nobody, or tells nothing.
    """
    fields = fields_of(body)
    number = number_of(first(fields, NUMBERS))
    text = cut(fields.get("text"))
    status = word(fields.get("status")) or word(fields.get("statut"))
    kind = kind_of(word(fields.get("type")), text, status)
    return Post(
        kind=kind,
        number=number,
        text="" if kind is Kind.REPORT else text,
        message_id=text_id(first(fields, IDS)),
        tag=tag_of(fields.get("tag")),
        status=delivery.status(status) if status and kind is Kind.REPORT else None,
        happened_at=next(filter(None, (moment(fields.get(name)) for name in DATES)), None),
        part=part_of(fields) if kind is not Kind.REPORT else None,
    )


def fields_of(body: bytes) -> Mapping[str, Any]:
    """Return the fields of a body."""
    try:
        text = body.decode().strip()
        if text[:1] == "{":
            fields = parse_json(text.encode())
        else:
            fields = dict(parse_qsl(text, keep_blank_values=True, max_num_fields=MOST_FIELDS))
    except ValueError:  # no UTF-8, or more fields than any post has
        fields = None
    if not isinstance(fields, dict) or not fields:
        raise InvalidPost("The body is neither a JSON object nor a form.")
    return fields


def first(fields: Mapping[str, Any], names: tuple[str, ...]) -> Any:
    """Return the first of several names that says something; the vendor has three for most things."""
    return next((fields[name] for name in names if fields.get(name) not in (None, "")), None)


def number_of(value: object) -> str:
    """Read a number as the platform writes it: with "+", with blanks for it, or as bare digits."""
    written = str(value).strip() if isinstance(value, str | int) and not isinstance(value, bool) else ""
    digits = written.removeprefix("+").replace(" ", "")
    if not (digits.isascii() and digits.isdigit() and 4 <= len(digits) <= 20):
        raise InvalidPost("The body names no phone number.")
    known = phone.comparable(written)
    if known.startswith("+") or written.startswith("0"):
        return known
    try:
        return phone.normalize(f"+{digits}")  # msisdn comes without its plus sign, of every country
    except InvalidPhoneNumber:
        return digits


def tag_of(value: object) -> str | None:
    """Return a tag that may be one of ours; anything else is nobody's."""
    return value if isinstance(value, str) and TAG.fullmatch(value) else None


def cut(value: object) -> str:
    """Return the text of a reply. NUL is no character of any SMS, and no text of PostgreSQL."""
    text = value if isinstance(value, str) else ""
    text = text.encode("utf-8", "replace").decode().replace("\0", "")
    return text[:LONGEST_TEXT]


def kind_of(type_: str | None, text: str, status: str | None) -> Kind:
    """Tell what a post is by what it brings: an account may have one address for everything."""
    if (type_ or "").casefold() == "stop" or text.strip().casefold() == "stop":
        return Kind.STOP
    if text or type_:
        return Kind.REPLY
    if status:
        return Kind.REPORT
    raise InvalidPost("The body is no delivery report, no reply and no STOP.")


def part_of(fields: Mapping[str, Any]) -> Part | None:
    """Read where a part belongs; a text in one piece has none."""
    reference = text_id(fields.get("concat-ref"))
    index, total = whole(fields.get("concat-part")), whole(fields.get("concat-total"))
    if reference is None or index is None or total is None or not 1 <= index <= total <= MOST_PARTS:
        return None
    return Part(reference=reference, index=index, total=total) if total > 1 else None

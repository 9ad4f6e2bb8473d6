"""Answers of SMS Partner as they arrive: bytes in, named fields or a typed error out.

No I/O here, and no exception but ours, whatever the bytes. The vendor's contradictions are settled in this
file: ids are text, costs are ``Decimal``, and success is ``success is True`` with what the call must bring.
"""

from __future__ import annotations

import json
import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import MAXYEAR, MINYEAR, UTC, datetime
from decimal import Decimal, InvalidOperation
from typing import TYPE_CHECKING, Any, NoReturn
from urllib.parse import quote

from airflow_provider_smspartner.exceptions import APIError, OutcomeUnknownError, Problem, RateLimitError
from airflow_provider_smspartner.rules.phone import mask_numbers
from airflow_provider_smspartner.rules.schedule import PARIS

if TYPE_CHECKING:
    from xml.etree.ElementTree import Element

LARGEST_XML = 1024 * 1024  # bytes; 500 reports are some 80 KB, nested tags take a hundred times their size
DEEPEST_XML = 8  # the vendor's answers have four levels; more is not theirs
ID = re.compile(r"(?=.*[1-9])[0-9A-Za-z][0-9A-Za-z_-]{0,63}")  # "null" and "0" name nothing
HTML = re.compile(rb"[\s\xef\xbb\xbf]{0,99}<(?:!doctype\s+html|html)\b", re.IGNORECASE)
HIGHEST_CODE = 9_999  # 992 is the vendor's highest; a longer one may be a phone number in the wrong place
LONGEST_TEXT = 300
MOST_PROBLEMS = 20


@dataclass(frozen=True, slots=True, kw_only=True)
class Answer:
    """What came back over HTTP."""

    status: int
    """The HTTP status. It alone never means that a text was sent, or that none was."""
    body: bytes = field(repr=False)
    retry_after: float | None = None
    """Seconds the platform asked us to wait, when it said so."""
    secret: str = field(default="", repr=False)
    """The API key, so that an echo of it can be struck from what the platform says."""


@dataclass(frozen=True, slots=True, kw_only=True)
class XmlNames:
    """Names for the nameless entries of an XML answer, in the order of the vendor's samples."""

    fields: tuple[str, ...]
    row_fields: tuple[str, ...] = ()
    """Names inside the rows of the last field, when that is a list."""


def decode(answer: Answer, path: str, xml: XmlNames | None, *, repeatable: bool) -> Mapping[str, Any]:
    """Return the fields of a successful answer.

    :raises APIError: the platform said no; the map of codes of the endpoint names the class.
    :raises OutcomeUnknownError: nobody can tell from this answer what the platform did.
    """
    refuse_untrusted_status(answer, path)
    fields = parse(answer.body, xml) or {}
    success, code = fields.get("success"), error_code(fields.get("code"))
    if success is True and answer.status < 300:
        return fields
    # A no that brings a message id may be a sent message, and so may a yes under a status that says no
    contradicts = success is True or (not repeatable and names_message(fields))
    reasons = problems(fields, answer)
    if answer.status == 429 and not contradicts:
        raise RateLimitError(path, code, reasons, answer.retry_after)
    if success is not False or contradicts:
        untrusted(path, answer, "neither a clear yes nor a clear no")
    # 500 is documented as "could not be queued", which is no promise that it was not
    if open_codes := {code, *(reason.code for reason in reasons)} & {200, 500}:
        untrusted(path, answer, f"a refusal with code {open_codes.pop()}")
    raise APIError(path, code, reasons)


def names_message(fields: Mapping[str, Any]) -> bool:
    """Tell whether an answer names a message, even in a form that we could not use."""
    given = (fields.get(name) for name in ("message_id", "messageId", "msgId"))
    return any(value.strip(" 0") if isinstance(value, str) else value for value in given)


def refuse_untrusted_status(answer: Answer, path: str) -> None:
    """Refuse the statuses whose bodies come from something other than the API."""
    if 300 <= answer.status < 400:
        untrusted(path, answer, "a redirect, which is never followed")
    if answer.status >= 500 or answer.status < 200:
        untrusted(path, answer, "an error of the server")


def untrusted(path: str, answer: Answer, what: str) -> NoReturn:
    """Raise the error that says the outcome is open, without a word of the body."""
    raise OutcomeUnknownError(
        f"{path} answered with HTTP {answer.status} and {what} ({len(answer.body)} bytes): "
        f"whether SMS Partner acted on the request is unknown{suspect(answer)}"
    )


def suspect(answer: Answer) -> str:
    """Return what to check when the answer is one of a web server, not of the API."""
    page = HTML.match(answer.body) if answer.status < 500 else None  # a 5xx is trouble at the right place
    if answer.status != 404 and page is None:
        return ""
    return ". This is no answer of its API: check the path of the connection's API URL, which ends in /v1"


# ---- bytes to fields -----------------------------------------------------------------------------


def parse(body: bytes, xml: XmlNames | None) -> Mapping[str, Any] | None:
    """Return the named fields of a body, or None when it is not what the vendor documents."""
    fields = parse_json(body) if xml is None else parse_xml(body, xml)
    return fields if isinstance(fields, dict) else None


def parse_json(body: bytes) -> object:
    """Return what the JSON text holds, None when it is none; numbers with a point are ``Decimal``."""
    try:
        return json.loads(body, parse_float=amount_or_fault, parse_constant=fault)
    except (ValueError, RecursionError):
        return None


def fault(text: str) -> NoReturn:
    """Refuse NaN and Infinity, which are no JSON."""
    raise ValueError(f"{text} is not JSON")


def amount_or_fault(text: str) -> Decimal:
    """Read a number with a point or an exponent."""
    try:
        return Decimal(text)
    except InvalidOperation:
        raise ValueError("a number out of every range") from None


def parse_xml(body: bytes, names: XmlNames) -> dict[str, Any] | None:
    """Name the positional entries of ``<result>``: the XML of SMS Partner carries no names.

    Source: the XML samples of the survey, the single send and the bulk-status pages.
    """
    if len(body) > LARGEST_XML:
        return None
    from xml.etree.ElementTree import ParseError

    from defusedxml.ElementTree import fromstring  # hardly anybody asks for XML: loaded with the first one

    try:
        # As text, so that the encoding is UTF-8 whatever the bytes declare
        root: Element = fromstring(body.decode())
    except (ParseError, ValueError):  # an entity is a ValueError too
        return None
    entries = values(root)
    if root.tag != "result" or not isinstance(entries, list) or len(entries) < 2:
        return None
    success = {"true": True, "1": True, "false": False, "0": False}.get(str(entries[0]).lower())
    if success is False:
        return refusal_from_xml(entries)
    fields = dict(zip(names.fields, entries, strict=False))
    last = names.fields[-1]
    if names.row_fields and last in fields:
        rows = fields[last] or []  # an entry without children is a list of nobody
        fields[last] = [named(row, names.row_fields) for row in rows] if isinstance(rows, list) else None
    return {**fields, "success": success}


def refusal_from_xml(entries: Sequence[Any]) -> dict[str, Any]:
    """Give an XML refusal the names of its JSON twin."""
    fields: dict[str, Any] = {"success": False, "code": entries[1]}
    reason = entries[2] if len(entries) > 2 else None
    if isinstance(reason, list):
        fields["errors"] = [named(item, ("elementId", "message")) for item in reason]
    else:
        fields["message"] = reason
        # Where a sentence belongs, a bare number is the id of a message, as in a success
        fields["message_id"] = whole(reason)
    return fields


def named(row: object, names: tuple[str, ...]) -> dict[str, Any]:
    """Pair the entries of one row with their names; what is no row is an empty one."""
    return dict(zip(names, row, strict=False)) if isinstance(row, list) else {}


def values(entry: Element, depth: int = 0) -> list[Any] | str:
    """Return the text of a leaf, or the list of what an entry holds."""
    if depth > DEEPEST_XML or not len(entry):
        return (entry.text or "").strip()
    return [values(child, depth + 1) for child in entry]


# ---- refusals ------------------------------------------------------------------------------------


def problems(fields: Mapping[str, Any], answer: Answer) -> tuple[Problem, ...]:
    """Return the reasons of a refusal; the vendor writes them in five shapes, under two names."""
    found: list[Problem] = []
    for items in (fields.get("errors"), fields.get("error")):
        for item in items if isinstance(items, list) else [items]:
            if item:
                found.append(problem(item, answer))
            if len(found) == MOST_PROBLEMS:
                return tuple(found)
    if not found and isinstance(fields.get("message"), str):
        found.append(problem(fields["message"], answer))
    return tuple(found)


def problem(item: object, answer: Answer) -> Problem:
    """Read one reason, given as a sentence or as a mapping."""
    if not isinstance(item, dict):
        return Problem(message=sentence(item, answer), number=number_in(item))
    element, said = item.get("elementId"), item.get("message")
    number = item.get("phoneNumber")
    return Problem(
        message=sentence(said, answer),
        element=field_name(element, answer) if isinstance(element, str) else None,
        code=error_code(item.get("code")),
        number=number[:LONGEST_TEXT] if isinstance(number, str) else number_in(said),
    )


def field_name(element: str, answer: Answer) -> str:
    """Turn ``children[sender].data``, the path of a form, into ``sender``."""
    match = re.search(r"children\[(\w{1,40})\]", element)
    return sentence(match[1] if match else element, answer)


def sentence(said: object, answer: Answer) -> str:
    """Return the vendor's words in one printable line, without full numbers and without our key."""
    text = said if isinstance(said, str) else "" if said is None else type(said).__name__
    if answer.secret:
        text = spellings(answer.secret).sub("***", text)
    line = "".join(char if char.isprintable() else " " for char in text[:LONGEST_TEXT])
    return mask_numbers(" ".join(line.split())) or "no text"


def spellings(secret: str) -> re.Pattern[str]:
    """Match the key, each of its characters as it is or percent-encoded: URL libraries differ in which."""
    forms = (f"(?:{re.escape(char)}|{quote(char, safe='', errors='replace')})" for char in secret)
    return re.compile("".join(forms), re.IGNORECASE)


def number_in(said: object) -> str | None:
    """Return the number that a sentence quotes in parentheses, as in "not valid (922264)"."""
    match = re.search(r"\((\+?[\d .-]{3,24})\)", said[:LONGEST_TEXT]) if isinstance(said, str) else None
    return match[1].strip() if match else None


# ---- single values -------------------------------------------------------------------------------


def text_id(value: object) -> str | None:
    """Return an id as text; the API writes it as a number here and as text there. 0 and "" are none."""
    if isinstance(value, str):
        text = value.strip()
        return text if ID.fullmatch(text) else None
    number = whole(value)
    return str(number) if number else None


def whole(value: object) -> int | None:
    """Return a count or a code given as a number or as digits, else None."""
    if isinstance(value, str) and re.fullmatch(r"\s*[0-9]{1,18}\s*", value):
        return int(value)
    return value if isinstance(value, int) and not isinstance(value, bool) and 0 <= value < 10**18 else None


def error_code(value: object) -> int | None:
    """Return the API's own code of an error, given as a number or as digits, else None."""
    code = whole(value)
    return code if code is not None and code <= HIGHEST_CODE else None


def amount(value: object) -> Decimal | None:
    """Return an amount of money given as a number or as text, else None. Never a binary float."""
    if isinstance(value, Decimal):
        return value if value.is_finite() and -18 < value.adjusted() < 18 else None
    if isinstance(value, str) and re.fullmatch(r"\s*-?[0-9]{1,18}(\.[0-9]{1,18})?\s*", value):
        return Decimal(value.strip())
    if isinstance(value, int) and not isinstance(value, bool) and abs(value) < 10**18:
        return Decimal(value)
    return None


def word(value: object) -> str | None:
    """Return a short text, else None."""
    return value.strip()[:LONGEST_TEXT] or None if isinstance(value, str) else None


def flag(value: object) -> bool:
    """Read a flag that comes as true, 1, "1" or "true"; everything else is no."""
    return value is True or value == 1 or (isinstance(value, str) and value.strip().lower() in ("1", "true"))


def moment(value: object) -> datetime | None:
    """Read a date given as epoch seconds (number or text) or as ``Y-m-d H:i:s`` in Paris time."""
    text = value.strip() if isinstance(value, str) else ""
    try:
        seconds = whole(value)
        read = datetime.fromtimestamp(seconds, UTC) if seconds else datetime.fromisoformat(text)
    except (ValueError, OverflowError, OSError):
        return None
    if not MINYEAR < read.year < MAXYEAR:  # a change of zone must not leave the calendar
        return None
    return read if read.tzinfo else read.replace(tzinfo=PARIS)

"""Answers of SMS Partner as they arrive: bytes in, named fields or a typed error out.

No I/O here, and no exception but ours, whatever the bytes. The vendor's contradictions are settled in this
file: ids are text, costs are ``Decimal``, and success is ``success is True`` with what the call must bring.
"""

from __future__ import annotations

import json
import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from decimal import Decimal, InvalidOperation
from types import MappingProxyType
from typing import Any, NoReturn

from airflow_provider_smspartner.api.entries import XmlNames, parse_xml
from airflow_provider_smspartner.api.problems import may_hold, problems, strike
from airflow_provider_smspartner.api.values import error_code, text_id
from airflow_provider_smspartner.exceptions import APIError, OutcomeUnknownError, RateLimitError

NAMES_OF_MESSAGE = ("message_id", "messageId", "msgId")
HTML = re.compile(rb"[\s\xef\xbb\xbf]{0,99}<(?:!doctype\s+html|html)\b", re.IGNORECASE)


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


def decode(answer: Answer, path: str, xml: XmlNames | None, *, repeatable: bool) -> Mapping[str, Any]:
    """Return the fields of a successful answer.

    :raises APIError: the platform said no; the map of codes of the endpoint names the class.
    :raises OutcomeUnknownError: nobody can tell from this answer what the platform did.
    """
    refuse_untrusted_status(answer, path)
    fields = parse(answer.body, xml) or {}
    success, code = fields.get("success"), error_code(fields.get("code"))
    if success is True and answer.status < 300:
        harmless = xml is None and not may_hold(answer.body, answer.secret)
        return fields if harmless else strike(fields, answer.secret)
    # A no that brings a message id may be a sent message, and so may a yes under a status that says no
    contradicts = success is True or (not repeatable and names_message(fields))
    reasons = problems(fields, answer.secret)
    if answer.status == 429 and not contradicts:
        raise RateLimitError(path, code, reasons, answer.retry_after)
    if success is not False or contradicts:
        untrusted(path, answer, "neither a clear yes nor a clear no", fields)
    # 500 is documented as "could not be queued", which is no promise that it was not
    if open_codes := {code, *(reason.code for reason in reasons)} & {200, 500}:
        untrusted(path, answer, f"a refusal with code {open_codes.pop()}", fields)
    raise APIError(path, code, reasons)


def message_named(fields: Mapping[str, Any]) -> str | None:
    """Return the message that an answer names in a form that we could use."""
    return next((id_ for name in NAMES_OF_MESSAGE if (id_ := text_id(fields.get(name)))), None)


def names_message(fields: Mapping[str, Any]) -> bool:
    """Tell whether an answer names a message, even in a form that we could not use."""
    given = map(fields.get, NAMES_OF_MESSAGE)
    return any(value.strip(" 0") if isinstance(value, str) else value for value in given)


def refuse_untrusted_status(answer: Answer, path: str) -> None:
    """Refuse the statuses whose bodies come from something other than the API."""
    if 300 <= answer.status < 400:
        untrusted(path, answer, "a redirect, which is never followed")
    if answer.status >= 500 or answer.status < 200:
        untrusted(path, answer, "an error of the server")


def untrusted(
    path: str, answer: Answer, what: str, fields: Mapping[str, Any] = MappingProxyType({})
) -> NoReturn:
    """Raise the error that says the outcome is open, without a word of the body but the message it names."""
    error = OutcomeUnknownError(
        f"{path} answered with HTTP {answer.status} and {what} ({len(answer.body)} bytes): "
        f"whether SMS Partner acted on the request is unknown{suspect(answer)}"
    )
    error.message_id = message_named(fields)
    raise error


def suspect(answer: Answer) -> str:
    """Return what to check when the answer is one of a web server, not of the API."""
    page = HTML.match(answer.body) if answer.status < 500 else None  # a 5xx is trouble at the right place
    if answer.status != 404 and page is None:
        return ""
    return ". This is not an answer of its API: check the path of the connection's API URL, which ends in /v1"


# ---- bytes to fields -----------------------------------------------------------------------------


def parse(body: bytes, xml: XmlNames | None) -> Mapping[str, Any] | None:
    """Return the named fields of a body, or None when it is not what the vendor documents."""
    fields = parse_json(body) if xml is None else parse_xml(body, xml)
    return fields if isinstance(fields, dict) else None


def parse_json(body: bytes) -> object:
    """Return what the JSON text holds, None when it is none; numbers with a point are ``Decimal``."""
    try:
        return json.loads(body, parse_float=Decimal, parse_constant=fault)
    except (ValueError, RecursionError, InvalidOperation):  # the last for a number out of every range
        return None


def fault(text: str) -> NoReturn:
    """Refuse NaN and Infinity, which are no JSON."""
    raise ValueError(f"{text} is not JSON")

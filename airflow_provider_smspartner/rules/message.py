"""What the fields of a send may hold, checked before any request.

Every refusal is an ``InvalidMessage`` whose sentence names the argument, the value's fault and the remedy.
A value is never echoed in full: people do put phone numbers and secrets into the wrong argument.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from typing import NoReturn
from urllib.parse import urlsplit

from airflow_provider_smspartner.exceptions import InvalidMessage
from airflow_provider_smspartner.rules.links import losses
from airflow_provider_smspartner.rules.segments import (
    LOW_COST_LIMIT,
    MAX_SEGMENTS,
    Estimate,
    estimate,
)

_SENDER_RULE = (
    "SMS Partner takes 3 to 11 letters, digits or spaces, without accents; "
    'an empty text ("") asks for the operators\' short code'
)
_NAMED_CHARACTERS = 5


def check_message(
    message: str, *, unicode: bool = False, low_cost: bool = False, stop_sms: bool = False
) -> None:
    """Refuse a message that SMS Partner would refuse, charge double or garble, as ``measure`` does."""
    measure(message, unicode=unicode, low_cost=low_cost, stop_sms=stop_sms)


def measure(
    message: str, *, unicode: bool = False, low_cost: bool = False, stop_sms: bool = False
) -> Estimate:
    """Return what a message becomes and counts, or refuse one that SMS Partner would refuse or garble.

    Limits: 10 segments (code 52), and 160 units and no STOP mention for a low-cost text (code 42). The STOP
    mention of other texts takes room too, but its length is not published. Nothing inside a link may be
    among what is replaced.

    Vendor pages: "Single Send" and "Special Characters" of docpartner.dev.
    """
    check_is_text(message, argument="message")
    size = estimate(message, unicode=unicode)
    may_change = unicode or size.unsupported or size.text != message
    if may_change:
        _check_braces(message)
    if not size.text.strip():
        _refuse("message", "is empty, or blank once SMS Partner has replaced its characters; write a text")
    _check_characters(size)
    _check_length(size)
    if may_change:
        _check_links(message, unicode=unicode)
    if low_cost:
        _check_low_cost(size, stop_sms=stop_sms)
    return size


def _check_braces(message: str) -> None:
    if braces := re.findall("[{}]", message):
        _refuse(
            "message",
            f'holds "{braces[0]}", which SMS Partner turns into a parenthesis: write the text without braces;'
            " SendSmsOperator fills {column} from each row before it sends",
        )


def _check_links(message: str, *, unicode: bool) -> None:
    if not (lost := losses(message, unicode=unicode)):
        return
    named = _named([char for loss in lost for char in loss.written])
    if any(loss.in_host and loss.instead for loss in lost):
        remedy = "write the name of its host in the xn-- form"
    elif forms := [loss.instead for loss in lost if loss.instead]:
        remedy = f"write the percent form instead ({', '.join(dict.fromkeys(forms))})"
    else:
        remedy = "remove it"
    _refuse("message", f"holds a link with {named}, which would not arrive as it is written; {remedy}")


def _check_characters(size: Estimate) -> None:
    if size.unsupported:
        gsm = size.encoding == "GSM-7"
        remedy = "remove them, or set unicode=True (70 characters per SMS)" if gsm else "remove them"
        _refuse("message", f"holds characters that cannot be sent: {_named(size.unsupported)}; {remedy}")


def _check_length(size: Estimate) -> None:
    if size.segments > MAX_SEGMENTS:
        _refuse(
            "message",
            f"counts {size.units} characters, which takes {size.segments} SMS; shorten it to {MAX_SEGMENTS} "
            "(1530 characters, or 670 with unicode=True)",
        )


def _check_low_cost(size: Estimate, *, stop_sms: bool) -> None:
    if stop_sms:
        _refuse(
            "stop_sms",
            "does not exist for low-cost texts; write NoPub=STOP at the end of the message instead",
        )
    if size.units > LOW_COST_LIMIT:
        _refuse(
            "message",
            f"counts {size.units} characters; a low-cost text has at most {LOW_COST_LIMIT}: shorten it, or "
            'choose sms_range="premium"',
        )


def check_sender(sender: str) -> None:
    """Refuse a sender's name that is not 3 to 11 ASCII letters, digits or spaces.

    "" is allowed: the text then comes from a short code of the operators (36xxx).
    """
    if sender == "":
        return
    check_is_text(sender, argument="sender")
    if foreign := re.findall("[^A-Za-z0-9 ]", sender):
        _refuse("sender", f"holds {_named(foreign)}; {_SENDER_RULE}")
    if sender != sender.strip():
        _refuse("sender", f"begins or ends with a space; {_SENDER_RULE}")
    if not 3 <= len(sender) <= 11:
        _refuse("sender", f"{_quoted(sender)} has {_characters(sender)}; {_SENDER_RULE}")


def check_tag(tag: str, *, longest: int = 20) -> None:
    """Refuse a campaign's tag that is not 1 to ``longest`` lower-case ASCII characters without white space.

    SMS Partner takes 20 characters; a caller that appends something to the tag passes what is left.
    """
    check_is_text(tag, argument="tag")
    if re.search(r"\s", tag):
        _refuse("tag", "holds white space; join its words, with a hyphen for instance")
    if foreign := re.findall("[^!-~]", tag):
        _refuse("tag", f"holds {_named(foreign)}; only unaccented letters, digits and signs are taken")
    if capitals := re.findall("[A-Z]", tag):
        _refuse("tag", f"holds capitals ({_named(capitals)}); write it in lower case")
    if not 1 <= len(tag) <= longest:
        _refuse("tag", f"{_quoted(tag)} has {_characters(tag)}; it takes 1 to {longest}")


def check_url(url: str, *, argument: str) -> None:
    """Refuse a callback address that is not an absolute http or https URL.

    ``argument`` is the name the sentence gives it, such as ``dlr_url``. User names and passwords are
    refused; a secret belongs into the path or the query, which no sentence shows.
    """
    check_is_text(url, argument=argument)
    if re.search(r"[\s\x00-\x20\x7f]", url):
        _refuse(argument, "holds white space or a control character; percent-encode it")
    try:
        parts = urlsplit(url)
        host, _ = parts.hostname, parts.port
    except ValueError:
        host = None
    if host is None or parts.scheme not in ("http", "https"):
        _refuse(argument, "is not an absolute http or https address; write it like https://example.org/path")
    if "@" in parts.netloc:
        _refuse(argument, "holds a user name or a password; put a secret into its path or query instead")


def check_survey_id(survey_id: str) -> None:
    """Refuse a survey's identifier (``sondageIdent``) that is empty or holds white space."""
    check_is_text(survey_id, argument="survey_id")
    if not survey_id or re.search(r"\s", survey_id):
        _refuse("survey_id", "is empty or holds white space; copy it from your SMS Partner account")


def check_message_id(message_id: str | int) -> str:
    """Return the platform's identifier of a send as text, or refuse what is not made of digits."""
    text = str(message_id) if type(message_id) is int else message_id
    if not isinstance(text, str) or not re.fullmatch("[0-9]+", text):
        _refuse("message_id", "is not made of digits only; pass what the send returned, such as 5120")
    return text


def range_code(sms_range: str | None) -> int | None:
    """Translate the range of a send to ``gamme`` on the wire: premium 1, low cost 2, None is not sent."""
    match sms_range:
        case None:
            return None
        case "premium":
            return 1
        case "low_cost":
            return 2
        case _:
            _refuse("sms_range", 'is unknown; choose "premium", "low_cost" or None')


def check_is_text(value: object, *, argument: str) -> None:
    """Refuse a value of another type: Python would print it, and people would be sent that."""
    if not isinstance(value, str):
        _refuse(argument, f"is not text but of type {type(value).__name__}; pass a str")


def _refuse(argument: str, fault: str) -> NoReturn:
    raise InvalidMessage(f"{argument}: {fault}")


def _named(characters: Sequence[str]) -> str:
    distinct = list(dict.fromkeys(characters))
    names = [f"U+{ord(char):04X} {char if char.isprintable() else ''}".strip() for char in distinct]
    rest = len(names) - _NAMED_CHARACTERS
    return ", ".join(names[:_NAMED_CHARACTERS]) + (f" and {rest} more" if rest > 0 else "")


def _quoted(value: str) -> str:
    return f'"{value[:4]}…"' if len(value) > 4 else f'"{value}"'


def _characters(value: str) -> str:
    return "1 character" if len(value) == 1 else f"{len(value)} characters"

"""The endpoints that send: one text, a survey, or personal texts, to at most 500 people.

No I/O here: ``SMSPartnerHook.call`` and ``SMSPartnerHook.acall`` carry a ``Call``. Every constraint that the
vendor documents is checked when the value is made, so a ``Call`` that exists is one that may be sent.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping, Sequence
from datetime import datetime
from typing import Any, Final, TypeVar

from airflow_provider_smspartner.api import answers
from airflow_provider_smspartner.api.call import SENDING, Call, Reader, ResponseFormat
from airflow_provider_smspartner.api.entries import XmlNames
from airflow_provider_smspartner.api.evidence import check_whole
from airflow_provider_smspartner.api.options import PLAIN, SendOptions, when_and_tag
from airflow_provider_smspartner.exceptions import InvalidMessage
from airflow_provider_smspartner.rules import phone
from airflow_provider_smspartner.rules.batches import check_batch
from airflow_provider_smspartner.rules.masking import E164
from airflow_provider_smspartner.rules.message import check_survey_id, check_tag

S = TypeVar("S", bound=answers.Sent)

NUMBERS: Final = re.compile(f"{E164.pattern}(?:,{E164.pattern})*")

SENT_XML = XmlNames(fields=("success", "code", "message_id", "nb_sms", "cost", "currency"))


def send(
    recipients: Sequence[str],
    message: str,
    options: SendOptions = PLAIN,
    *,
    now: datetime | None = None,
    response_format: ResponseFormat = "json",
) -> Call[answers.Sent]:
    """One text to at most 500 people (``POST /send``, the vendor's page "Single Send").

    :param recipients: distinct E.164 numbers, see ``rules.phone.normalize``.
    :param now: what counts as the present when ``send_at`` is checked; the clock by default.
    :raises InvalidMessage: a constraint of the vendor's page does not hold.
    """
    text = options.written(message)
    fields = {"phoneNumbers": joined(recipients), "message": text, **options.fields(now=now)}
    reader = covering(recipients, answers.sent, sandbox=options.sandbox, is_one_text=True)
    return sending("/send", fields, reader, response_format, SENT_XML)


def bulk_send(
    texts: Sequence[tuple[str, str]],
    options: SendOptions = PLAIN,
    *,
    now: datetime | None = None,
    written: bool = False,
) -> Call[answers.BulkSent]:
    """Personal texts, as (number, message), to at most 500 people (``POST /bulk-send``).

    :param written: the messages are what ``SendOptions.write`` has made of others, and leave as they are.
    :raises InvalidMessage: a constraint of the vendor's page does not hold.
    """
    recipients = [number for number, _ in texts]
    joined(recipients)
    messages = [message if written else options.written(message) for _, message in texts]
    rows = [
        {"phoneNumber": number, "message": text} for number, text in zip(recipients, messages, strict=True)
    ]
    reader = covering(recipients, answers.bulk_sent, sandbox=options.sandbox)
    return sending("/bulk-send", {"SMSList": rows, **options.fields(now=now)}, reader)


def send_survey(
    recipients: Sequence[str],
    survey_id: str,
    *,
    tag: str | None = None,
    send_at: datetime | None = None,
    now: datetime | None = None,
    response_format: ResponseFormat = "json",
) -> Call[answers.Sent]:
    """A survey to at most 500 people (``POST /sondage/to/send``, the vendor's page "Survey Send").

    The endpoint knows no sender, range, STOP mention, unicode, URLs or sandbox.

    :raises InvalidMessage: a constraint of the vendor's page does not hold.
    """
    check_survey_id(survey_id)
    if tag is not None:
        check_tag(tag)
    fields = {"phoneNumbers": joined(recipients), "sondageIdent": survey_id} | when_and_tag(tag, send_at, now)
    return sending("/sondage/to/send", fields, covering(recipients, answers.sent), response_format, SENT_XML)


def sending(
    path: str,
    fields: Mapping[str, Any],
    reader: Reader[S],
    response_format: ResponseFormat = "json",
    xml: XmlNames | None = None,
) -> Call[S]:
    """Make a call that must never be repeated blindly."""
    return Call(
        method="POST",
        path=path,
        fields=fields,
        reader=reader,
        errors=SENDING,
        repeatable=False,
        response_format=response_format,
        xml=xml,
    )


def joined(recipients: Sequence[str]) -> str:
    """Return the numbers as the wire wants them, checked."""
    if isinstance(recipients, str):
        raise InvalidMessage("recipients: is one text; pass a list of numbers, be it a list of one")
    check_batch(recipients)
    text = ",".join(map(str, recipients))
    # All in one pass, as each is good next to always; a comma more than that would be two numbers in one
    if NUMBERS.fullmatch(text) and text.count(",") == len(recipients) - 1:
        return text
    return ",".join(phone.check_number(number, argument="recipients") for number in recipients)


def covering(
    recipients: Sequence[str],
    read: Callable[[Mapping[str, Any]], S | None],
    *,
    sandbox: bool = False,
    is_one_text: bool = False,
) -> Reader[S]:
    """Read a success that must be the answer to a request to these people."""

    def reader(fields: Mapping[str, Any]) -> S | None:
        sent = read(fields)
        if sent is not None:
            check_whole(sent, recipients, sandbox=sandbox, is_one_text=is_one_text)
        return sent

    return reader

"""The endpoints that send: one text, a survey, or personal texts, to at most 500 people.

No I/O here: ``SMSPartnerHook.call`` and ``SMSPartnerHook.acall`` carry a ``Call``. Every constraint that the
vendor documents is checked when the value is made, so a ``Call`` that exists is one that may be sent.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import Any, Final, TypeVar

from airflow_provider_smspartner.api import answers
from airflow_provider_smspartner.api.call import SENDING, Call, Reader, ResponseFormat
from airflow_provider_smspartner.api.entries import XmlNames
from airflow_provider_smspartner.api.evidence import check_whole
from airflow_provider_smspartner.exceptions import InvalidMessage
from airflow_provider_smspartner.rules import phone
from airflow_provider_smspartner.rules.arguments import boolean
from airflow_provider_smspartner.rules.batches import check_batch
from airflow_provider_smspartner.rules.masking import E164
from airflow_provider_smspartner.rules.message import (
    check_sender,
    check_survey_id,
    check_tag,
    check_url,
    range_code,
)
from airflow_provider_smspartner.rules.schedule import parse, wire_time
from airflow_provider_smspartner.rules.writing import Written, write

S = TypeVar("S", bound=answers.Sent)

NUMBERS: Final = re.compile(f"{E164.pattern}(?:,{E164.pattern})*")

SENT_XML = XmlNames(fields=("success", "code", "message_id", "nb_sms", "cost", "currency"))


@dataclass(frozen=True, slots=True, kw_only=True)
class SendOptions:
    """What a send may say besides its text; checked when made (the vendor's page "Single Send").

    :raises InvalidMessage: a constraint does not hold; the sentence names the argument.
    """

    sender: str | None = None
    """3 to 11 letters, digits or spaces; "" asks for the operators' short code, None says nothing."""
    tag: str | None = None
    """At most 20 characters, lower case, without spaces."""
    sms_range: str | None = None
    """"premium" or "low_cost" (``gamme`` 1 or 2); premium is the platform's default."""
    send_at: datetime | None = None
    """Aware. Goes out in Paris time, rounded up to the platform's grid of five minutes."""
    stop_sms: bool = False
    """Ask for the STOP mention, which marketing texts must carry."""
    unicode: bool = False
    """70 characters a segment, any character; SMS Partner must have enabled it for the account."""
    dlr_url: str | None = field(default=None, repr=False)
    """Where the platform posts delivery reports."""
    response_url: str | None = field(default=None, repr=False)
    """Where the platform posts replies. Neither is shown: the path of an inbox is a secret."""
    sandbox: bool = False
    """Nothing is sent, nothing is billed."""

    def __post_init__(self) -> None:
        for switch in ("stop_sms", "unicode", "sandbox"):
            boolean(getattr(self, switch), switch)
        range_code(self.sms_range)
        if self.sender is not None:
            check_sender(self.sender)
        if self.tag is not None:
            check_tag(self.tag)
        for argument in ("response_url", "dlr_url"):
            if (url := getattr(self, argument)) is not None:
                check_url(url, argument=argument)

    def check_message(self, message: str) -> None:
        """Refuse a text that these options cannot carry."""
        self.written(message)

    def write(self, messages: Sequence[str]) -> list[Written | InvalidMessage]:
        """Return each text as it stands in a request, or why these options cannot carry it."""
        low_cost = self.sms_range == "low_cost"
        return write(messages, unicode=self.unicode, low_cost=low_cost, stop_sms=self.stop_sms)

    def written(self, message: str) -> str:
        """Return a text as it stands in a request, or refuse one that these options cannot carry."""
        [found] = self.write([message])
        if isinstance(found, InvalidMessage):
            raise found
        return found[0]

    def fields(self, *, now: datetime | None) -> dict[str, Any]:
        """Return these options under their names on the wire; what is not set is left out."""
        given = {
            "gamme": range_code(self.sms_range),
            "sender": self.sender,
            "urlResponse": self.response_url,
            "urlDlr": self.dlr_url,
            "isStopSms": 1 if self.stop_sms else None,
            "isUnicode": 1 if self.unicode else None,
            "sandbox": 1 if self.sandbox else None,
        }
        set_fields = {name: value for name, value in given.items() if value is not None}
        return set_fields | when_and_tag(self.tag, self.send_at, now)


PLAIN = SendOptions()


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


def when_and_tag(tag: str | None, send_at: datetime | None, now: datetime | None) -> dict[str, Any]:
    """Return the fields that every send knows: its tag and its time."""
    fields: dict[str, Any] = {} if tag is None else {"tag": tag}
    if send_at is not None:
        wire = wire_time(parse(send_at), now=now or datetime.now(UTC))
        fields |= {"scheduledDeliveryDate": wire.date, "time": wire.hour, "minute": wire.minute}
    return fields

"""Every endpoint of SMS Partner as a value: the fields to send, and how to read the answer.

No I/O here: ``SMSPartnerHook.call`` and ``SMSPartnerHook.acall`` carry a ``Call``. Every constraint that the
vendor documents is checked when the value is made, so a ``Call`` that exists is one that may be sent.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import Any, Generic, Literal, NoReturn, TypeVar

from airflow_provider_smspartner.api import answers
from airflow_provider_smspartner.api.wire import Answer, XmlNames, decode, text_id, untrusted
from airflow_provider_smspartner.exceptions import (
    APIError,
    AuthenticationError,
    InsufficientCreditError,
    InvalidMessage,
    InvalidPhoneNumber,
    InvalidRequestError,
    NotFoundError,
    OutsideSendingHoursError,
    RateLimitError,
    StopListError,
)
from airflow_provider_smspartner.rules import phone
from airflow_provider_smspartner.rules.arguments import boolean
from airflow_provider_smspartner.rules.batches import check_batch
from airflow_provider_smspartner.rules.message import (
    check_message,
    check_message_id,
    check_sender,
    check_survey_id,
    check_tag,
    check_url,
    range_code,
    wire_text,
)
from airflow_provider_smspartner.rules.schedule import parse, wire_time

T = TypeVar("T")
ResponseFormat = Literal["json", "xml"]
Reader = Callable[[Mapping[str, Any]], T | None]
ErrorMap = Mapping[int, type[APIError]]

# Codes mean different things on different endpoints, so each has its own map.
# Source: the vendor's page of error codes, and the lists at the foot of each endpoint's page.
ACCOUNT: ErrorMap = dict.fromkeys((1, 10, 20, 30, 40, 96), AuthenticationError)
SENDING: ErrorMap = {
    **ACCOUNT,
    **dict.fromkeys((2, 3, 9, *range(42, 53), 55, 90, 992), InvalidRequestError),
    **dict.fromkeys((11, 13), InsufficientCreditError),
    **dict.fromkeys((14, 15), StopListError),
    **dict.fromkeys((22, 23), OutsideSendingHoursError),
    4: NotFoundError,
}
READING: ErrorMap = {
    **ACCOUNT,
    **dict.fromkeys((2, 3, 9, 50), InvalidRequestError),
    4: NotFoundError,
}

SENT_XML = XmlNames(fields=("success", "code", "message_id", "nb_sms", "cost", "currency"))
STATUS_XML = XmlNames(
    fields=("success", "code", "message_id", "StatutResponse_List"),
    row_fields=("phoneNumber", "status", "stopSMS", "date"),
)


@dataclass(frozen=True, slots=True, kw_only=True)
class Call(Generic[T]):
    """One request to SMS Partner, as a value."""

    method: Literal["GET", "POST"]
    path: str
    fields: Mapping[str, Any] = field(repr=False)
    """What goes on the wire besides the key; may hold phone numbers."""
    reader: Reader[T] = field(repr=False)
    """Turns the fields of a success into a value, None when what the call must bring is missing."""
    errors: ErrorMap = field(repr=False)
    repeatable: bool
    """Whether sending it twice does no harm. It does not follow from the verb: cancelling is a GET."""
    response_format: ResponseFormat = "json"
    xml: XmlNames | None = field(default=None, repr=False)

    def __post_init__(self) -> None:
        if self.response_format not in ("json", "xml"):
            raise InvalidMessage(f'response_format: {self.response_format!r} is neither "json" nor "xml"')
        if self.response_format == "xml" and self.xml is None:
            raise InvalidMessage(f'response_format: XML answers of {self.path} have no names; use "json"')

    def encode(self, api_key: str) -> dict[str, Any]:
        """Return the JSON body of a POST, or the query of a GET."""
        return {"apiKey": api_key, **self.payload()}

    def payload(self) -> dict[str, Any]:
        """Return the same without the key, which joins a request at the last moment."""
        wanted = {"_format": "xml"} if self.response_format == "xml" else {}
        return {**self.fields, **wanted}

    def read(self, answer: Answer) -> T:
        """Return the value that the answer stands for.

        :raises APIError: the platform said no, so nothing was done; a subclass says why.
        :raises OutcomeUnknownError: nobody can tell from this answer what the platform did.
        """
        try:
            xml = self.xml if self.response_format == "xml" else None
            fields = decode(answer, self.path, xml, repeatable=self.repeatable)
        except RateLimitError:
            raise
        except APIError as refusal:
            self._refuse(refusal)
        value = self.reader(fields)
        if value is None:
            untrusted(self.path, answer, "a success that lacks what it must bring")
        return value

    def _refuse(self, refusal: APIError) -> NoReturn:
        """Raise the refusal under the name that its code has on this endpoint."""
        items = {problem.code for problem in refusal.problems}
        # Under an envelope such as 55 the items are more precise; they decide when they agree
        codes = (*(items if len(items) == 1 else ()), refusal.code)
        name = next((self.errors[code] for code in codes if code in self.errors), APIError)
        raise name(refusal.path, refusal.code, refusal.problems) from None


# ---- sending -------------------------------------------------------------------------------------


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
    dlr_url: str | None = None
    """Where the platform posts delivery reports."""
    response_url: str | None = None
    """Where the platform posts replies."""
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
        low_cost = self.sms_range == "low_cost"
        check_message(message, unicode=self.unicode, low_cost=low_cost, stop_sms=self.stop_sms)

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
    options.check_message(message)
    fields = {"phoneNumbers": joined(recipients), "message": wire_text(message), **options.fields(now=now)}
    return sending("/send", fields, answers.sent, response_format, SENT_XML)


def bulk_send(
    texts: Sequence[tuple[str, str]], options: SendOptions = PLAIN, *, now: datetime | None = None
) -> Call[answers.BulkSent]:
    """Personal texts, as (number, message), to at most 500 people (``POST /bulk-send``).

    :raises InvalidMessage: a constraint of the vendor's page does not hold.
    """
    joined([number for number, _ in texts])
    for _, message in texts:
        options.check_message(message)
    rows = [{"phoneNumber": number, "message": wire_text(message)} for number, message in texts]
    return sending("/bulk-send", {"SMSList": rows, **options.fields(now=now)}, answers.bulk_sent)


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
    return sending("/sondage/to/send", fields, answers.sent, response_format, SENT_XML)


def sending(
    path: str,
    fields: Mapping[str, Any],
    reader: Reader[T],
    response_format: ResponseFormat = "json",
    xml: XmlNames | None = None,
) -> Call[T]:
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
    for number in recipients:
        if not re.fullmatch(r"\+[1-9][0-9]{6,14}", str(number)):
            raise InvalidPhoneNumber(
                f"recipients: {phone.mask(str(number))} is not an E.164 number; "
                "rules.phone.normalize makes one out of what people type"
            )
    return ",".join(recipients)


def when_and_tag(tag: str | None, send_at: datetime | None, now: datetime | None) -> dict[str, Any]:
    """Return the fields that every send knows: its tag and its time."""
    fields: dict[str, Any] = {} if tag is None else {"tag": tag}
    if send_at is not None:
        wire = wire_time(parse(send_at), now=now or datetime.now(UTC))
        fields |= {"scheduledDeliveryDate": wire.date, "time": wire.hour, "minute": wire.minute}
    return fields


# ---- asking --------------------------------------------------------------------------------------


def bulk_status(message_id: str | int, *, response_format: ResponseFormat = "json") -> Call[answers.Statuses]:
    """The delivery reports of one message (``GET /bulk-status``, the vendor's page "Status by ID")."""
    wanted = check_message_id(message_id)

    def read(fields: Mapping[str, Any]) -> answers.Statuses | None:
        # An answer about another message says nothing about ours
        return answers.statuses(fields) if text_id(fields.get("message_id")) in (None, wanted) else None

    query = {"messageId": wanted}
    return asking("/bulk-status", query, read, response_format=response_format, xml=STATUS_XML)


def bulk_status_by_tag(tag: str, *, page: int = 1) -> Call[answers.Statuses]:
    """One page of the delivery reports of all messages with this tag (``GET /bulk-status-by-tag``).

    How a further page is asked for is not documented; ``page`` is what the vendor's other lists use.
    """
    check_tag(tag)
    query: dict[str, Any] = {"tag": tag} if page == 1 else {"tag": tag, "page": page}
    return asking("/bulk-status-by-tag", query, answers.statuses)


def me() -> Call[answers.Account]:
    """The account behind the key and its credit (``GET /me``)."""
    return asking("/me", {}, answers.account)


def stop_list(*, page: int = 1) -> Call[answers.StopList]:
    """The people who asked for no more texts (``GET /stop-sms/list``)."""
    return asking("/stop-sms/list", {} if page == 1 else {"page": page}, answers.stop_entries)


def message_cancel(message_id: str | int) -> Call[bool]:
    """Cancel a scheduled send, at the latest five minutes before its time (``GET /message-cancel``).

    Refusals are plain ``APIError``: code 5 already cancelled, 6 too late, 7 or 11 already sent.
    """
    return Call(
        method="GET",
        path="/message-cancel",
        fields={"messageId": check_message_id(message_id)},
        reader=lambda _: True,
        errors=READING,
        repeatable=False,
    )


def asking(
    path: str,
    query: Mapping[str, Any],
    reader: Reader[T],
    *,
    response_format: ResponseFormat = "json",
    xml: XmlNames | None = None,
) -> Call[T]:
    """Make a call that only reads, and so may be repeated."""
    return Call(
        method="GET",
        path=path,
        fields=query,
        reader=reader,
        errors=READING,
        repeatable=True,
        response_format=response_format,
        xml=xml,
    )

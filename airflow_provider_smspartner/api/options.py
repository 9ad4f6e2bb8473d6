"""What a send may say besides its text and its people; a DAG file needs this much of the API, and no more."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import Any

from airflow_provider_smspartner.exceptions import InvalidMessage
from airflow_provider_smspartner.rules.arguments import boolean
from airflow_provider_smspartner.rules.message import (
    check_is_text,
    check_sender,
    check_tag,
    check_url,
    range_code,
)
from airflow_provider_smspartner.rules.schedule import parse, wire_time
from airflow_provider_smspartner.rules.writing import Written, write


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
        check_is_text(message, argument="message")
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


def when_and_tag(tag: str | None, send_at: datetime | None, now: datetime | None) -> dict[str, Any]:
    """Return the fields that every send knows: its tag and its time."""
    fields: dict[str, Any] = {} if tag is None else {"tag": tag}
    if send_at is not None:
        wire = wire_time(parse(send_at), now=now or datetime.now(UTC))
        fields |= {"scheduledDeliveryDate": wire.date, "time": wire.hour, "minute": wire.minute}
    return fields

"""The sentences of errors in the reader's language. Pure.

A task hands over the sentence of its error as its log has it, in English. What a campaign's author meets
most is a message here, with fields for what varies; any other sentence is quoted as it is.
"""

from __future__ import annotations

import re
from datetime import datetime
from decimal import Decimal
from functools import cache
from string import Formatter
from typing import Final

from airflow_provider_smspartner.plugins.drawing import words
from airflow_provider_smspartner.plugins.drawing.language import mark, say

SENTENCES: Final = (
    mark("{count} of {total} people got the text, a rate of {rate}; min_delivery_rate is {least}"),
    mark("{count} of {total} people answered STOP, a rate of {rate}; max_stop_rate is {most}"),
    mark("At the deadline the API could not be read: {why}"),
    mark(
        "recipients: {count} of {total} rows cannot be texted ({example}), which is more than "
        "max_invalid_rate={rate}; is phone_column the right column? Nothing was sent"
    ),
    mark(
        "recipients: {count} of {total} rows cannot be texted ({example}); is phone_column the right column?"
    ),
    mark(
        'recipients: {count} of {total} rows cannot be texted ({example}), and on_invalid="fail"; '
        "nothing was sent"
    ),
    mark("max_recipients: {count} people, and {most} are allowed; nothing was sent"),
    mark(
        "recipients: {count} people, and connection {connection} allows {most} (Max recipients); nothing"
        " was sent"
    ),
    mark("min_recipients: {count} people, and at least {least} are expected; nothing was sent"),
    mark(
        "max_cost: {count} people and {segments} segments, about {cost}, and {most} is allowed; nothing was "
        "sent by this try"
    ),
    mark(
        "recipients: {count} people and {segments} segments, about {cost}, and the account has {balance}; "
        "top it up and clear the task. Nothing was sent by this try"
    ),
    mark(
        "max_rejected_rate: SMS Partner has refused {count} of the first {total} people, and {most} are "
        "allowed. The last reason was: {why}. These refusals are not final: fix what it names, or raise "
        "max_rejected_rate, and clear the task; it tries everybody who was refused again"
    ),
    mark("send_at: {moment} is {ago} in the past; give a later moment, or none to send now"),
    mark(
        "send_at: {moment} was more than an hour ago, and {count} people are left; give another send_at "
        "to text them"
    ),
    mark(
        "sending_hours: {moment} is outside the hours in which SMS Partner sends marketing texts; the "
        "next slot is {slot}. Nothing was sent"
    ),
    mark(
        "max_run_age: this scheduled run was due at {moment}, more than {age} ago, and would text people"
        " for a day gone by; nothing was sent. Give another max_run_age, None for no limit, or set "
        "catchup=False"
    ),
    mark(
        "smspartner_conn_id: connection {connection} is not defined, or Airflow cannot read it; create "
        "it with type smspartner, or set AIRFLOW_CONN_{name}"
    ),
    mark("warehouse_conn_id: connection {connection} is not defined; create it, or set AIRFLOW_CONN_{name}"),
    mark("ledger_conn_id: connection {connection} is not defined; create it, or name another one"),
    mark("The conn_id `{connection}` isn't defined"),
    mark("SMS Partner refused {path} (code {code}): {why} (connection {connection})"),
    mark("SMS Partner refused {path} (code {code}): {why}"),
    mark("The warehouse has not answered the query ({kind}: {why})"),
    mark("The warehouse has not answered the query ({kind})"),
    mark("An error that this package does not foresee has stopped the task ({kind})"),
    mark(
        "{request} never left this machine ({error}): check the API URL of connection {connection}, DNS, "
        "proxy variables and firewall. Repeating it is safe"
    ),
)
"""The sentences of the rest of the package and of Airflow, without the full stop at their end."""


FIGURE: Final = re.compile(r"(?!0\d)\d{1,9}(\.\d{1,6})?", re.ASCII)
AMOUNT: Final = re.compile(r"(\d{1,9}(?:\.\d{1,6})?) ([A-Z]{3})", re.ASCII)
MOMENT: Final = re.compile(r"(?:19|20)\d\d-\d\d-[0-2]\dT[0-2]\d:\d\d:\d\d(\.\d{6})?[+-]\d\d:\d\d", re.ASCII)


def in_words(sentence: str) -> str:
    """Return the sentence of an error in the reader's language, or quote it."""
    text = sentence.rstrip(". ")
    for message in SENTENCES:
        if found := pattern(message).fullmatch(text):
            return say(message, **{name: written(value) for name, value in found.groupdict().items()})
    return say("{sentence}", sentence=text)


def written(value: str) -> str:
    """Write a value of a sentence as the rest of the page writes its like: a count, an amount, a moment."""
    if FIGURE.fullmatch(value):
        return words.figure(Decimal(value))
    if amount := AMOUNT.fullmatch(value):
        return words.money(Decimal(amount[1]), amount[2])
    if (moment := MOMENT.fullmatch(value)) is not None:
        try:
            return words.minute(datetime.fromisoformat(moment[0]))
        except ValueError:  # it has the form of one, and is none
            return value
    return value


@cache
def pattern(message: str) -> re.Pattern[str]:
    """Return what a sentence looks like that was made of a message."""
    parts = ""
    for literal, name, _, _ in Formatter().parse(message):
        parts += re.escape(literal) + (f"(?P<{name}>.+?)" if name else "")
    return re.compile(parts, re.DOTALL)

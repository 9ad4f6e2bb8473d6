"""What is needed of rows besides their numbers: what each is about, and the text of its own."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Final, NamedTuple

from airflow_provider_smspartner.audience.rows import Rules
from airflow_provider_smspartner.exceptions import InvalidMessage
from airflow_provider_smspartner.rules.people import LONGEST_EVENT
from airflow_provider_smspartner.rules.values import check_characters, event_name
from airflow_provider_smspartner.rules.writing import Written

NO_TEXT: Final[Written] = ("", 0)


class Contents(NamedTuple):
    """Of some rows: what each is about, and its text, or why it has none."""

    events: Sequence[str]
    texts: Sequence[Written | InvalidMessage]

    def __repr__(self) -> str:
        return f"Contents({len(self.events)})"


def contents_of(others: Sequence[Sequence[object]], rules: Rules) -> Contents:
    """Read what some rows hold besides their numbers."""
    if not rules.events:
        return Contents([""] * len(others), written(others, rules))
    events = [read_event(row[0]) for row in others]
    texts = written([row[1:] for row in others], rules)
    both = [
        event if isinstance(event, InvalidMessage) else text
        for event, text in zip(events, texts, strict=True)
    ]
    return Contents(["" if isinstance(event, InvalidMessage) else event for event in events], both)


def written(rows: Sequence[Sequence[object]], rules: Rules) -> Sequence[Written | InvalidMessage]:
    """Return the text of each row."""
    return [NO_TEXT] * len(rows) if rules.write is None else rules.write(rows)


def read_event(value: object) -> str | InvalidMessage:
    """Return the one spelling of an event, or why it names nothing, or more than a ledger can keep."""
    try:
        event = event_name(value) or ""
        check_event(event)
    except InvalidMessage as error:
        return error
    return event


def check_event(event: str) -> None:
    """Refuse an event that names nothing, or more than a ledger can keep."""
    if not event.strip():
        raise InvalidMessage("its event column is empty")
    if len(event) > LONGEST_EVENT:
        raise InvalidMessage(f"its event has {len(event)} characters, and the ledger keeps {LONGEST_EVENT}")
    check_characters(event, "its event")

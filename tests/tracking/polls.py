"""Answers of the platform about deliveries, and whole polls of them."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from datetime import UTC, datetime, timedelta
from typing import Any

from airflow_provider_smspartner.api.answers import Statuses
from airflow_provider_smspartner.exceptions import NotFoundError, SMSPartnerError
from airflow_provider_smspartner.rules.delivery import DeliveryStatus, Report
from airflow_provider_smspartner.tracking.progress import Poll, Progress
from airflow_provider_smspartner.tracking.watch import Watch

SENT_AT = datetime(2026, 11, 20, 10, 0, tzinfo=UTC)  # a Friday
NOW = SENT_AT + timedelta(minutes=1)
MISSING = NotFoundError("/bulk-status", 4)

Answer = Statuses | SMSPartnerError


def statuses(*words: str, first: int = 0, stop: bool = False) -> Statuses:
    """An answer with a row for each word, of distinct people."""
    return Statuses(
        reports=tuple(
            Report(number=f"+336{first + n:08}", status=DeliveryStatus(word), stop=stop, reported_at=None)
            for n, word in enumerate(words)
        )
    )


def progress(counts: Mapping[str, int | None], **watch: Any) -> Progress:
    return Progress(watch=Watch(counts=counts, since=SENT_AT, **watch))


def learn(
    known: Progress, answers: Iterable[tuple[str, Answer]], *, now: datetime, last: bool = False
) -> None:
    """One whole poll."""
    poll = Poll()
    for name, answer in answers:
        poll.note(answer)
        known.take(name, answer, now=now)
    known.conclude(poll, now=now, last=last)

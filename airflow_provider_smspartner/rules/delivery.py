"""Delivery: what the platform reports of each phone, and the verdict over many."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime
from enum import StrEnum
from typing import Final

from airflow_provider_smspartner.exceptions import InvalidMessage
from airflow_provider_smspartner.rules.people import NamesPeople
from airflow_provider_smspartner.rules.phone import comparable


class DeliveryStatus(StrEnum):
    """What became of one text, in the platform's own words."""

    DELIVERED = "delivered"
    """The phone has it."""
    NOT_DELIVERED = "not delivered"
    """The operator gave up: the phone does not exist, stayed off too long or refused it."""
    KO = "ko"
    """It failed before it reached an operator."""
    WAITING = "waiting"
    """It is on its way, or held until its hour."""
    UNKNOWN = "unknown"
    """The platform used a word that we do not know; the text counts as on its way."""


FINAL: Final = frozenset({DeliveryStatus.DELIVERED, DeliveryStatus.NOT_DELIVERED, DeliveryStatus.KO})
"""After one of these nothing more is expected from the phone."""

_WORDS: Final = {member.value: member for member in DeliveryStatus}
_LONG_AGO: Final = datetime.min.replace(tzinfo=UTC)


@dataclass(frozen=True, slots=True, kw_only=True)
class Report(NamesPeople):
    """One row of the platform's delivery list."""

    number: str = field(repr=False)
    """The recipient, in whichever spelling the platform chose; kept out of every text."""
    status: DeliveryStatus
    """What became of the text."""
    stop: bool
    """Whether this person answered STOP."""
    reported_at: datetime | None
    """When the operator said so, an aware time; None when the row brought none."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Tally:
    """Recipients counted by outcome; delivered, not delivered and waiting always add up to all of them."""

    recipients: int = 0
    """People the text was sent to."""
    delivered: int = 0
    """People who have it."""
    not_delivered: int = 0
    """People who will not get it: not delivered, or ko."""
    waiting: int = 0
    """People without a final report yet, or without any."""
    stop: int = 0
    """People who answered STOP, whatever became of their text."""

    @property
    def delivery_rate(self) -> float | None:
        """Delivered per recipient, 0 to 1; None when the text was sent to nobody."""
        return self.delivered / self.recipients if self.recipients else None

    @property
    def final(self) -> int:
        """People whose report is final."""
        return self.delivered + self.not_delivered

    @property
    def is_final(self) -> bool:
        """Whether as many final reports came as people were sent to; true when that was nobody."""
        return self.waiting == 0


def status(word: str) -> DeliveryStatus:
    """Read the platform's word in any case and spacing; one we do not know is UNKNOWN."""
    return _WORDS.get(" ".join(word.casefold().split()), DeliveryStatus.UNKNOWN)


def tally(reports: Iterable[Report], *, recipients: int | None) -> Tally:
    """Count the reports of one message, which was sent to so many recipients.

    A person counts once, in whatever order and however often rows come: national and international spelling
    of a number are one person, a final status beats an open one, the later of two final ones holds, and one
    STOP is enough. People without a row are waiting. ``recipients`` may be None where nobody remembers how
    many they were: then they are those whom the platform lists.

    The platform's list never makes more of them: when it holds more people than ``recipients``, those
    delivered are counted first, then those not delivered, and the surplus is left out.

    A negative ``recipients`` raises InvalidMessage.
    """
    return tally_and_dates(reports, recipients=recipients)[0]


def tally_and_dates(reports: Iterable[Report], *, recipients: int | None) -> tuple[Tally, Sequence[datetime]]:
    """Count as ``tally`` does, and return when those delivered had their text, as far as it is known."""
    if recipients is not None and recipients < 0:
        raise InvalidMessage(f"recipients: {recipients} people cannot have been sent a text; give 0 or more")
    latest: dict[str, Report] = {}
    stopped: set[str] = set()
    for report in reports:
        person = comparable(report.number)
        latest[person] = max(latest.get(person, report), report, key=_weight)
        if report.stop:
            stopped.add(person)
    everyone = len(latest) if recipients is None else recipients
    final = [report for report in latest.values() if report.status in FINAL]
    arrived = [report.reported_at for report in final if report.status is DeliveryStatus.DELIVERED]
    delivered = min(len(arrived), everyone)
    decided = min(len(final), everyone)
    counted = Tally(
        recipients=everyone,
        delivered=delivered,
        not_delivered=decided - delivered,
        waiting=everyone - decided,
        stop=min(len(stopped), everyone),
    )
    return counted, sorted(filter(None, arrived))[:delivered]


def total(tallies: Iterable[Tally]) -> Tally:
    """Add the tallies of several messages; those of none are all zeros."""
    counted = list(tallies)
    return Tally(
        recipients=sum(one.recipients for one in counted),
        delivered=sum(one.delivered for one in counted),
        not_delivered=sum(one.not_delivered for one in counted),
        waiting=sum(one.waiting for one in counted),
        stop=sum(one.stop for one in counted),
    )


def _weight(report: Report) -> tuple[bool, datetime, bool]:
    """Final before open, later before earlier, and delivered before the rest when nothing else tells."""
    delivered = report.status is DeliveryStatus.DELIVERED
    return (report.status in FINAL, report.reported_at or _LONG_AGO, delivered)

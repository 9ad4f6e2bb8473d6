"""Looks at the delivery of many messages, against polling each every minute; on a clock of our own."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from datetime import UTC, datetime, timedelta

from airflow_provider_smspartner.api.answers import Statuses
from airflow_provider_smspartner.rules.delivery import DeliveryStatus, Report
from airflow_provider_smspartner.tracking.progress import Progress
from airflow_provider_smspartner.tracking.watch import Watch
from benchmarks.numbers import e164
from benchmarks.table import Figure, Sizes, spell

COMMAND = "python -m benchmarks polling"
MESSAGES = 2_000
WATCHED = timedelta(hours=48)
FIRST_LOOK, EVERY = 15, 60
"""Seconds: the sensor's default, and what a sensor that knows no better does."""
CALLS_TARGET, LATE_TARGET = 1 / 20, 1.5
START = datetime(2031, 1, 6, 9, tzinfo=UTC)


def figures(sizes: Sizes) -> Iterator[Figure]:
    """Count the calls when no message gets final, and how late a delivery of minutes is known."""
    names = [str(n) for n in range(MESSAGES)]
    calls, _ = watch(dict.fromkeys(names, WATCHED))
    polling = MESSAGES * WATCHED // timedelta(seconds=EVERY)
    share = calls / polling
    yield Figure(
        what=f"status calls for {MESSAGES:,} messages that stay open over 48 h",
        measured=f"1/{polling / calls:.1f}",
        against=f"polling each every {EVERY} s ({polling:,} calls; ours {calls:,})",
        target=f"≤ 1/{1 / CALLS_TARGET:.0f}",
        met=share <= CALLS_TARGET,
        command=COMMAND,
    )
    delivered = {name: timedelta(seconds=60 + n * 3540 / MESSAGES) for n, name in enumerate(names)}
    late = max(watch({name: when})[1][name] / when for name, when in delivered.items())
    yield Figure(
        what="a delivery that takes 1 to 60 minutes is known as final",
        measured=f"after {spell(late, '×')} the delivery time, at worst",
        against=f"the delivery itself, over {MESSAGES:,} delivery times",
        target=f"≤ {LATE_TARGET} ×",
        met=late <= LATE_TARGET,
        command=COMMAND,
    )


def watch(delivered_after: Mapping[str, timedelta]) -> tuple[int, dict[str, timedelta]]:
    """Follow messages for 48 hours; return the calls made and when each was known to be final."""
    progress = Progress(watch=Watch(counts=dict.fromkeys(delivered_after, 1), since=START, began=START))
    now, calls, known = START, 0, dict[str, timedelta]()
    number = next(e164(1))
    while progress.open_ids and now - START < WATCHED:
        asked = progress.open_ids
        calls += len(asked)
        for name in asked:
            progress.take(name, statuses(number, now - START >= delivered_after[name]), now=now)
        known |= dict.fromkeys(progress.ended - known.keys(), now - START)
        now += timedelta(seconds=progress.wait(FIRST_LOOK, now=now))
    return calls, known


def statuses(number: str, delivered: bool) -> Statuses:
    """Return what the platform lists of a message to one person."""
    status = DeliveryStatus.DELIVERED if delivered else DeliveryStatus.WAITING
    return Statuses(reports=(Report(number=number, status=status, stop=False, reported_at=None),))

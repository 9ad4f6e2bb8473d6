"""When a send may leave: what ``send_at`` and ``sending_hours`` make of it."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from datetime import UTC, datetime, timedelta

from airflow.providers.common.compat.sdk import AirflowFailException

from airflow_provider_smspartner import api
from airflow_provider_smspartner.exceptions import InvalidMessage, OutsideSendingHoursError
from airflow_provider_smspartner.operators.orders import Hours, Log
from airflow_provider_smspartner.rules import schedule
from airflow_provider_smspartner.rules.schedule import PARIS
from airflow_provider_smspartner.rules.sending_hours import next_slot

LATEST = timedelta(hours=1)
"""How late a later try may still send what was scheduled."""


class HoursOver(InvalidMessage):
    """The hours ended while a send was under way; this batch has not left."""


def moment_of(send_at: str | datetime | None, *, later_try: bool, log: Log) -> datetime | None:
    """Return the moment to send at, on the platform's grid.

    A later try may come when it is past: what is left then goes at once, if it is not an hour late.
    """
    if send_at is None:
        return None
    moment, now = schedule.parse(send_at), datetime.now(UTC)
    if not later_try:
        schedule.wire_time(moment, now=now)
    elif moment < now:
        log.warning(
            "send_at has passed: this try sends what is left at once, unless it is more than an hour late"
        )
    return schedule.round_up(moment)


def within_hours(
    options: api.SendOptions, hours: Hours, *, wait: Callable[[datetime], None] | None, log: Log
) -> api.SendOptions:
    """Move a send into the hours in which a marketing text may leave, as ``sending_hours`` says.

    :param wait: ends this part of the try until a slot; None for a dry run, which waits for nothing.
    """
    now = datetime.now(UTC)
    moment = max(options.send_at or now, now)
    slot = next_slot(moment, region=hours.region)
    if hours.rule == "platform" or slot == moment:
        return options
    if options.send_at and now - next_slot(options.send_at, region=hours.region) > LATEST:
        return options  # another slot would be later still: refused, unless nobody is left
    if hours.rule == "fail":
        raise InvalidMessage(
            f"sending_hours: {moment.astimezone(PARIS):%Y-%m-%d %H:%M} is outside the hours in which "
            f"SMS Partner sends marketing texts; the next slot is {slot.isoformat()}. Nothing was sent"
        )
    if hours.rule == "schedule" or options.send_at:
        log.info("Scheduled for %s, the next allowed slot", slot.isoformat())
        return replace(options, send_at=schedule.round_up(slot))
    if wait is not None:
        wait(slot)
    return options


def slot_for_rest(
    error: OutsideSendingHoursError | HoursOver, hours: Hours, send_at: datetime | None, rest: str
) -> datetime:
    """Return when a send goes on that the hour has ended: by our own reckoning, or by the platform's.

    :raises AirflowFailException: ``sending_hours`` says so.
    """
    now = datetime.now(UTC)
    asked = max(send_at or now, now)
    slot = next_slot(asked, region=hours.region)
    if slot == asked:  # a holiday that we do not know, or hours of the account's own
        slot = next_slot(asked + timedelta(hours=12), region=hours.region)
    if hours.rule == "fail":
        raise AirflowFailException(f"{error}; the next slot is {slot.isoformat()}.{rest}") from error
    return slot


def refuse_late(left: int, send_at: datetime) -> None:
    """Let a person decide about a schedule that a later try has missed by more than an hour."""
    if left:
        raise InvalidMessage(
            f"send_at: {send_at.astimezone(PARIS).isoformat()} was more than an hour ago, and {left} "
            "people are left; give another send_at to text them"
        )


def check_hour(now: datetime, *, region: str) -> None:
    """Stop a long send when the hours end: what is left goes in the next slot."""
    if next_slot(now, region=region) != now:
        raise HoursOver("sending_hours: they ended before everybody was texted")

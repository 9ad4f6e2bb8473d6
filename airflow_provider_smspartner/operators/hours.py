"""When a send may leave: the part of the operators that keeps to ``send_at`` and ``sending_hours``."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime, timedelta
from typing import Any

from airflow.providers.common.compat.sdk import AirflowFailException

from airflow_provider_smspartner import api
from airflow_provider_smspartner.exceptions import InvalidMessage, OutsideSendingHoursError
from airflow_provider_smspartner.rules import schedule
from airflow_provider_smspartner.rules.schedule import PARIS
from airflow_provider_smspartner.rules.sending_hours import next_slot
from airflow_provider_smspartner.tasks.templates import RendersOnlyTheAuthor

LATEST = timedelta(hours=1)
"""How late a later try may still send what was scheduled."""


class HoursOver(InvalidMessage):
    """The hours ended while a send was under way; this batch has not left."""


class KeepsHours(RendersOnlyTheAuthor):
    """An operator that sends within the hours in which marketing texts may leave."""

    send_at: str | datetime | None
    sending_hours: str
    sending_region: str
    only_dry_run: bool
    _execution: int

    def _when(self, *, later_try: bool) -> datetime | None:
        """Return the moment to send at, on the platform's grid.

        A later try may come when it is past: what is left then goes at once, if it is not an hour late.
        """
        if self.send_at is None:
            return None
        moment, now = schedule.parse(self.send_at), datetime.now(UTC)
        if not later_try:
            schedule.wire_time(moment, now=now)
        elif moment < now:
            self.log.warning(
                "send_at is past on this try: what is left is sent at once, unless it is an hour late"
            )
        return schedule.round_up(moment)

    def _within_hours(self, options: api.SendOptions) -> api.SendOptions:
        """Move a send into the hours in which a marketing text may leave, as ``sending_hours`` says."""
        now = datetime.now(UTC)
        moment = max(options.send_at or now, now)
        slot = next_slot(moment, region=self.sending_region)
        if self.sending_hours == "platform" or slot == moment:
            return options
        if options.send_at and now - next_slot(options.send_at, region=self.sending_region) > LATEST:
            return options  # another slot would be later still: refused, unless nobody is left
        if self.sending_hours == "fail":
            raise InvalidMessage(
                f"sending_hours: {moment.astimezone(PARIS):%Y-%m-%d %H:%M} is outside the hours in which "
                f"SMS Partner sends marketing texts; the next slot is {slot.isoformat()}. Nothing was sent"
            )
        if self.sending_hours == "schedule" or options.send_at:
            self.log.info("Scheduled for %s, the next allowed slot", slot.isoformat())
            return replace(options, send_at=schedule.round_up(slot))
        if not self.only_dry_run:
            self._wait_until(slot, "resume")
        return options

    def _wait_until(self, slot: datetime, method: str, **kwargs: Any) -> None:
        """Defer to a slot; the audience is evaluated then, so that opt-outs until then count."""
        from airflow.providers.standard.triggers.temporal import DateTimeTrigger

        self.log.info("Waiting for the next allowed slot, %s", slot.isoformat())
        if self._execution:
            kwargs["execution"] = self._execution
        self.defer(trigger=DateTimeTrigger(moment=slot), method_name=method, kwargs=kwargs)

    def _wait_with_rest(
        self, error: OutsideSendingHoursError | HoursOver, send_at: datetime | None, rest: str
    ) -> None:
        """Defer in the middle of a send, because of the hour: by our own reckoning, or by the platform's."""
        now = datetime.now(UTC)
        asked = max(send_at or now, now)
        slot = next_slot(asked, region=self.sending_region)
        if slot == asked:  # a holiday that we do not know, or hours of the account's own
            slot = next_slot(asked + timedelta(hours=12), region=self.sending_region)
        if self.sending_hours == "fail":
            raise AirflowFailException(f"{error}; the next slot is {slot.isoformat()}.{rest}") from error
        self.log.warning("%s.%s", error, rest)
        moved = {} if send_at is None else {"send_at": slot.astimezone(UTC)}
        self._wait_until(slot, "resume_rest", **moved)

    def _refuse_late(self, left: int, send_at: datetime) -> None:
        """Let a person decide about a schedule that a later try has missed by more than an hour."""
        if left:
            raise InvalidMessage(
                f"send_at: {send_at.astimezone(PARIS).isoformat()} is more than an hour past, and {left} "
                "people are left; give another send_at to send to them"
            )


def check_hour(now: datetime, *, region: str) -> None:
    """Stop a long send when the hours end: what is left goes in the next slot."""
    if next_slot(now, region=region) != now:
        raise HoursOver("sending_hours: they ended before everybody was sent to")

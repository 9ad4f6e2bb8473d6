"""When a scheduled text leaves: an aware moment becomes the date, hour and minute that SMS Partner reads.

The platform's clock is Europe/Paris and its grid has 5 minutes. A moment is rounded up, never down.
"""

from __future__ import annotations

from contextlib import suppress
from dataclasses import dataclass
from datetime import MAXYEAR, MINYEAR, UTC, datetime, timedelta
from math import ceil
from zoneinfo import ZoneInfo

from airflow_provider_smspartner.exceptions import InvalidMessage

PARIS = ZoneInfo("Europe/Paris")
GRID = timedelta(minutes=5)


@dataclass(frozen=True, slots=True, kw_only=True)
class WireTime:
    """A send time as the API writes it."""

    date: str
    """``scheduledDeliveryDate``: dd/mm/YYYY."""
    hour: int
    """``time``: 0 to 23. The vendor's table knows a 24 too, which could mean either midnight."""
    minute: int
    """``minute``: 0, 5, … 55."""
    moment: datetime
    """The moment that these three mean, in Europe/Paris."""


def parse(value: str | datetime, *, argument: str = "send_at") -> datetime:
    """Read a moment: an aware datetime as it is, or ISO 8601 text with an offset.

    Raises InvalidMessage, which names ``argument``, for anything else; a moment without an offset is
    refused because two readers would take it for two different hours.
    """
    moment = _read(value, argument)
    if moment.utcoffset() is None:
        raise InvalidMessage(
            f"{argument}: {moment.isoformat()} has no UTC offset; add one, such as +01:00, or a tzinfo"
        )
    # so that no change of zone can leave the calendar
    if not MINYEAR < moment.year < MAXYEAR:
        raise InvalidMessage(f"{argument}: {moment.year} is not a year to send a text in; check the date")
    return moment


def _read(value: str | datetime, argument: str) -> datetime:
    if isinstance(value, datetime):
        return value
    if isinstance(value, str):
        with suppress(ValueError):
            return datetime.fromisoformat(value.strip())
    raise InvalidMessage(
        f"{argument}: is neither an aware datetime nor ISO 8601 text; write it like 2030-01-31T10:00:00+01:00"
    )


def in_utc(moment: datetime, *, argument: str = "send_at") -> datetime:
    """Return the same instant as a plain datetime in UTC (pendulum's arithmetic is not the standard one)."""
    utc = parse(moment, argument=argument).astimezone(UTC)
    return datetime(*utc.timetuple()[:6], utc.microsecond, tzinfo=UTC)


def round_up(moment: datetime) -> datetime:
    """Return the first moment of the 5-minute grid that is not earlier, in UTC.

    Every offset of Europe/Paris is a multiple of 5 minutes, so that the grid of UTC is the grid of Paris,
    through both clock changes.
    """
    utc = in_utc(moment)
    beyond = timedelta(minutes=utc.minute % 5, seconds=utc.second, microseconds=utc.microsecond)
    return utc - beyond + GRID if beyond else utc


def wire_time(moment: datetime, *, now: datetime) -> WireTime:
    """Translate a moment to the fields of a scheduled send, rounded up to the 5-minute grid.

    Raises InvalidMessage when the moment is earlier than ``now``. In the hour that the clocks repeat in
    autumn the wire cannot tell the first 02:30 from the second: the platform decides which one it means,
    and that may be an hour off.

    Vendor page: "Single Send" of docpartner.dev; the time zone is observed, not published.
    """
    late = in_utc(now, argument="now") - in_utc(moment)
    if late > timedelta(0):
        ago = timedelta(seconds=ceil(late.total_seconds()))
        raise InvalidMessage(
            f"send_at: {moment.isoformat()} is {ago} in the past; give a later moment, or none to send now"
        )
    paris = round_up(moment).astimezone(PARIS)
    return WireTime(date=f"{paris:%d/%m/%Y}", hour=paris.hour, minute=paris.minute, moment=paris)

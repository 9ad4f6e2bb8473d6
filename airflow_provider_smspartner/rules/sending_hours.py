"""When may a marketing SMS leave?

French law and SMS Partner agree on 8:00 to 20:00, Monday to Saturday, never on a public holiday.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date, datetime, time, timedelta
from functools import cache
from types import MappingProxyType
from zoneinfo import ZoneInfo

from airflow_provider_smspartner.exceptions import InvalidMessage
from airflow_provider_smspartner.rules.arguments import one_of
from airflow_provider_smspartner.rules.countries import meant
from airflow_provider_smspartner.rules.schedule import in_utc

OPENS = time(8)
"""The first minute of a sending day, local time."""
CLOSES = time(20)
"""The first minute after it."""
_SUNDAY = 7


@dataclass(frozen=True, slots=True, kw_only=True)
class Region:
    """A part of France with its own clock or its own holidays."""

    zone: str
    """Name of its time zone in the IANA database."""
    subdivision: str | None = None
    """Its code in the ``holidays`` library; None for the holidays that all of France has."""


_ALSACE = Region(zone="Europe/Paris", subdivision="6AE")

REGIONS: Mapping[str, Region] = MappingProxyType(
    {
        "FR": Region(zone="Europe/Paris"),
        "FR-57": Region(zone="Europe/Paris", subdivision="57"),
        "FR-67": _ALSACE,
        "FR-68": _ALSACE,
        "FR-6AE": _ALSACE,
        "GP": Region(zone="America/Guadeloupe", subdivision="971"),
        "MQ": Region(zone="America/Martinique", subdivision="972"),
        "GF": Region(zone="America/Cayenne", subdivision="973"),
        "RE": Region(zone="Indian/Reunion", subdivision="974"),
        "YT": Region(zone="Indian/Mayotte", subdivision="976"),
        "PM": Region(zone="America/Miquelon", subdivision="PM"),
        "BL": Region(zone="America/St_Barthelemy", subdivision="BL"),
        "MF": Region(zone="America/Marigot", subdivision="MF"),
        "WF": Region(zone="Pacific/Wallis", subdivision="WF"),
        "PF": Region(zone="Pacific/Tahiti", subdivision="PF"),
        "NC": Region(zone="Pacific/Noumea", subdivision="NC"),
        "TF": Region(zone="Indian/Kerguelen", subdivision="TF"),
    }
)
"""The accepted regions.

Mainland: FR. Alsace-Moselle, which has two holidays more: FR-57 (Moselle), FR-67 (Bas-Rhin), FR-68
(Haut-Rhin), FR-6AE (Alsace, which is both). Overseas: ISO 3166 codes; PF is on Tahiti's clock.
"""


def next_slot(moment: datetime, *, region: str = "FR") -> datetime:
    """Return the first legal moment for a marketing text: ``moment`` itself when it is legal.

    Legal is 8:00 <= local time < 20:00 on a day that is neither a Sunday nor a public holiday of the
    region, all by the region's own clock. A later slot is an 8:00, in the region's zone.
    Raises InvalidMessage for a region that is not in REGIONS and for a moment without a UTC offset.

    Vendor page: "Single Send" of docpartner.dev (texts outside these hours are held until the next 8:00).
    """
    place = _region(region)
    zone = ZoneInfo(place.zone)
    local = in_utc(moment, argument="moment").astimezone(zone)
    day = local.date()
    if _is_open(day, place) and OPENS <= local.time() < CLOSES:
        return moment
    if local.time() >= OPENS:
        day += timedelta(days=1)
    while not _is_open(day, place):
        day += timedelta(days=1)
    return datetime.combine(day, OPENS, tzinfo=zone)


def check_region(name: object, argument: str) -> str:
    """Return a region's name.

    :raises InvalidMessage: it is not in REGIONS; the right one is named where it is known.
    """
    try:
        return one_of(name, REGIONS, argument)
    except InvalidMessage as error:
        raise InvalidMessage(f"{error}{meant(name, REGIONS)}") from None


def _region(name: str) -> Region:
    if name not in REGIONS:
        raise InvalidMessage(f'region: "{name}" is unknown; choose one of {", ".join(REGIONS)}')
    return REGIONS[name]


def _is_open(day: date, place: Region) -> bool:
    return day.isoweekday() != _SUNDAY and day not in _holidays(place.subdivision, day.year)


@cache
def _holidays(subdivision: str | None, year: int) -> frozenset[date]:
    import holidays  # slow to import, and most sends never need it

    return frozenset(holidays.country_holidays("FR", subdiv=subdivision, years=year))

"""Tests for rules.sending_hours: the first moment at which a marketing text may leave."""

from __future__ import annotations

from datetime import UTC, date, datetime, time, timedelta
from zoneinfo import ZoneInfo

import pendulum
import pytest
from hypothesis import given
from hypothesis import strategies as st

from airflow_provider_smspartner.exceptions import InvalidMessage
from airflow_provider_smspartner.rules.sending_hours import REGIONS, next_slot

PARIS = ZoneInfo("Europe/Paris")


def local(text: str, zone: str = "Europe/Paris") -> datetime:
    return datetime.fromisoformat(text).replace(tzinfo=ZoneInfo(zone))


@pytest.mark.parametrize(
    ("moment", "slot"),
    [
        ("2026-11-20T08:00", "2026-11-20T08:00"),
        ("2026-11-20T19:59:59.999999", "2026-11-20T19:59:59.999999"),
        ("2026-11-20T20:00", "2026-11-21T08:00"),
        ("2026-11-20T07:59:59", "2026-11-20T08:00"),
        ("2026-11-20T00:00", "2026-11-20T08:00"),
        ("2026-11-21T10:00", "2026-11-21T10:00"),  # a Saturday
        ("2026-11-21T20:00", "2026-11-23T08:00"),
        ("2026-11-22T12:00", "2026-11-23T08:00"),  # a Sunday
        ("2026-05-01T12:00", "2026-05-02T08:00"),  # Labour Day
        ("2026-07-13T21:00", "2026-07-15T08:00"),  # the eve of 14 July
        ("2026-04-04T20:00", "2026-04-07T08:00"),  # Easter, Sunday and Monday
        ("2026-12-24T20:00", "2026-12-26T08:00"),
        ("2027-12-31T20:00", "2028-01-03T08:00"),  # over New Year, a Saturday, and a Sunday
        ("2026-03-28T23:00", "2026-03-30T08:00"),  # clocks go forward on that Sunday
        ("2026-10-24T23:00", "2026-10-26T08:00"),  # clocks go back
        ("2027-03-28T02:30", "2027-03-30T08:00"),  # a clock reading that does not exist, and Easter
    ],
)
def test_mainland(moment: str, slot: str) -> None:
    assert next_slot(local(moment)) == local(slot)


@pytest.mark.parametrize(
    ("region", "zone", "moment", "slot"),
    [
        ("FR", "Europe/Paris", "2026-12-26T10:00", "2026-12-26T10:00"),
        ("FR-57", "Europe/Paris", "2026-12-26T10:00", "2026-12-28T08:00"),
        ("FR-67", "Europe/Paris", "2026-12-26T10:00", "2026-12-28T08:00"),
        ("FR-68", "Europe/Paris", "2026-04-03T10:00", "2026-04-04T08:00"),  # Good Friday
        ("FR-6AE", "Europe/Paris", "2026-04-03T10:00", "2026-04-04T08:00"),
        # the days on which the abolition of slavery is remembered
        ("GP", "America/Guadeloupe", "2026-05-27T10:00", "2026-05-28T08:00"),
        ("MQ", "America/Martinique", "2026-05-22T10:00", "2026-05-23T08:00"),
        ("GF", "America/Cayenne", "2026-06-10T10:00", "2026-06-11T08:00"),
        ("RE", "Indian/Reunion", "2027-12-20T10:00", "2027-12-21T08:00"),
        ("YT", "Indian/Mayotte", "2026-04-27T10:00", "2026-04-28T08:00"),
        ("BL", "America/St_Barthelemy", "2026-10-09T10:00", "2026-10-10T08:00"),
        ("MF", "America/Marigot", "2026-05-28T10:00", "2026-05-29T08:00"),
        ("NC", "Pacific/Noumea", "2026-09-24T10:00", "2026-09-25T08:00"),  # Citizenship Day
        ("WF", "Pacific/Wallis", "2026-07-29T10:00", "2026-07-30T08:00"),  # Territory Day
        ("PF", "Pacific/Tahiti", "2026-03-05T10:00", "2026-03-06T08:00"),  # Missionary Day
        ("PM", "America/Miquelon", "2026-07-14T10:00", "2026-07-15T08:00"),
        ("TF", "Indian/Kerguelen", "2026-07-14T10:00", "2026-07-15T08:00"),
    ],
)
def test_each_region_has_its_own_clock_and_holidays(region: str, zone: str, moment: str, slot: str) -> None:
    assert next_slot(local(moment, zone), region=region) == local(slot, zone)
    # the end of an ordinary day, by the clock of the region
    end = local("2026-02-10T19:59:59", zone)
    assert next_slot(end, region=region) == end
    assert next_slot(end + timedelta(seconds=1), region=region) == local("2026-02-11T08:00", zone)


def test_holiday_is_counted_by_the_clock_of_the_region() -> None:
    # already 14 July in Nouméa, still the 13th in Paris
    moment = datetime(2026, 7, 13, 22, 0, tzinfo=UTC)
    assert next_slot(moment, region="NC") == local("2026-07-15T08:00", "Pacific/Noumea")
    assert next_slot(moment) == local("2026-07-15T08:00")
    assert next_slot(datetime(2026, 7, 13, 12, 0, tzinfo=UTC)) == datetime(2026, 7, 13, 12, 0, tzinfo=UTC)


def test_legal_moment_comes_back_itself_in_any_zone() -> None:
    for moment in (datetime(2026, 11, 20, 9, tzinfo=UTC), pendulum.datetime(2026, 11, 20, 9)):
        assert next_slot(moment) is moment


@pytest.mark.parametrize("region", ["", "fr", "DE", "FR-75", "France"])
def test_unknown_region_lists_the_known_ones(region: str) -> None:
    with pytest.raises(InvalidMessage, match=r"^region: .*choose one of FR, FR-57, .*GP, .*TF$"):
        next_slot(datetime(2026, 11, 20, tzinfo=UTC), region=region)


def test_naive_moment_is_refused() -> None:
    with pytest.raises(InvalidMessage, match=r"^moment: .* has no UTC offset"):
        next_slot(datetime(2026, 11, 20, 10))


@given(
    st.datetimes(datetime(2020, 1, 1), datetime(2040, 1, 1), timezones=st.just(UTC)),
    st.sampled_from(sorted(REGIONS)),
)
def test_slot_is_legal_near_and_stays(moment: datetime, region: str) -> None:
    slot = next_slot(moment, region=region)
    there = slot.astimezone(ZoneInfo(REGIONS[region].zone))
    assert time(8) <= there.time() < time(20)
    assert there.isoweekday() != 7
    assert (there.month, there.day) not in {
        (1, 1),
        (5, 1),
        (5, 8),
        (7, 14),
        (8, 15),
        (11, 1),
        (11, 11),
        (12, 25),
    }
    # the longest pause: an evening before two holidays and a Sunday
    assert timedelta(0) <= slot - moment <= timedelta(days=4)
    assert next_slot(slot, region=region) == slot


def test_every_open_day_of_a_year_is_found() -> None:
    days = [date(2026, 1, 1) + timedelta(days=n) for n in range(365)]
    noons = [datetime.combine(day, time(12), tzinfo=PARIS) for day in days]
    closed = [noon for noon in noons if next_slot(noon) != noon]
    # 52 Sundays, and 11 holidays of which 1 November is a Sunday in 2026
    assert len(closed) == 52 + 10

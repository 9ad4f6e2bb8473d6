"""Tests for rules.schedule: the moment that was asked for and the fields that the wire carries."""

from __future__ import annotations

from contextlib import suppress
from datetime import UTC, date, datetime, timedelta, timezone
from zoneinfo import ZoneInfo

import pendulum
import pytest
from hypothesis import given
from hypothesis import strategies as st

from airflow_provider_smspartner.exceptions import InvalidMessage
from airflow_provider_smspartner.rules.schedule import in_utc, parse, round_up, wire_time

PARIS = ZoneInfo("Europe/Paris")
LONG_AGO = datetime(2020, 1, 1, tzinfo=UTC)

# Around each change: the last and first moments in UTC, and the Paris clock that the wire carries.
WIRE = [
    ("2026-11-20T09:00:00Z", "20/11/2026", 10, 0),
    ("2026-11-20T10:00:00+01:00", "20/11/2026", 10, 0),
    ("2026-11-20T10:00:00.000001+01:00", "20/11/2026", 10, 5),
    ("2026-11-20T10:04:59+01:00", "20/11/2026", 10, 5),
    ("2026-11-20T10:05:00+01:00", "20/11/2026", 10, 5),
    ("2026-11-20T14:45:00+05:45", "20/11/2026", 10, 0),
    ("2026-11-20T23:55:00+01:00", "20/11/2026", 23, 55),
    ("2026-11-20T23:55:01+01:00", "21/11/2026", 0, 0),
    ("2026-12-31T23:56:00+01:00", "01/01/2027", 0, 0),
    ("2028-02-28T23:59:00+01:00", "29/02/2028", 0, 0),
    ("2026-03-29T00:55:00Z", "29/03/2026", 1, 55),
    ("2026-03-29T00:56:00Z", "29/03/2026", 3, 0),
    ("2026-03-29T01:00:00Z", "29/03/2026", 3, 0),
    ("2026-10-25T00:55:00Z", "25/10/2026", 2, 55),
    ("2026-10-25T00:56:00Z", "25/10/2026", 2, 0),
    ("2026-10-25T01:55:00Z", "25/10/2026", 2, 55),
    ("2026-10-25T01:56:00Z", "25/10/2026", 3, 0),
    ("2027-03-28T00:59:59Z", "28/03/2027", 3, 0),
    ("2027-10-31T00:59:59Z", "31/10/2027", 2, 0),
    ("2027-10-31T01:59:59Z", "31/10/2027", 3, 0),
]


@pytest.mark.parametrize(("asked", "day", "hour", "minute"), WIRE)
def test_wire_time(asked: str, day: str, hour: int, minute: int) -> None:
    wire = wire_time(parse(asked), now=LONG_AGO)
    assert (wire.date, wire.hour, wire.minute) == (day, hour, minute)


@given(
    st.datetimes(datetime(2021, 1, 1), datetime(2099, 1, 1)),
    st.timezones() | st.sampled_from([UTC, PARIS, timezone(timedelta(hours=-3, minutes=-30))]),
)
def test_wire_reads_back_as_the_moment_never_early(naive: datetime, zone: ZoneInfo) -> None:
    asked = naive.replace(tzinfo=zone)
    wire = wire_time(asked, now=LONG_AGO)
    read = datetime.strptime(f"{wire.date} {wire.hour}:{wire.minute}", "%d/%m/%Y %H:%M")
    # `fold` is what the wire cannot carry: it only matters in the hour that autumn repeats
    assert read.replace(tzinfo=PARIS, fold=wire.moment.fold) == wire.moment
    assert timedelta(0) <= in_utc(wire.moment) - in_utc(asked) < timedelta(minutes=5)
    assert (wire.minute % 5, wire.moment.second, wire.moment.microsecond) == (0, 0, 0)
    assert round_up(wire.moment) == in_utc(wire.moment)


@pytest.mark.parametrize(
    ("late", "said"),
    [
        (timedelta(microseconds=1), "is 0:00:01 in the past"),
        (timedelta(hours=2, minutes=5), "is 2:05:00 in the past"),
        (timedelta(days=3), "is 3 days, 0:00:00 in the past"),
    ],
)
def test_past_is_refused_and_says_how_far(late: timedelta, said: str) -> None:
    now = datetime(2026, 10, 25, 2, 30, tzinfo=PARIS, fold=1)
    with pytest.raises(InvalidMessage, match=f"^send_at: .* {said}; give a later moment"):
        wire_time(in_utc(now) - late, now=now)
    assert wire_time(now, now=now).moment == now


def test_first_of_the_repeated_hours_is_past_in_the_second() -> None:
    first, second = (datetime(2026, 10, 25, 2, 30, tzinfo=PARIS, fold=fold) for fold in (0, 1))
    with pytest.raises(InvalidMessage, match="is 1:00:00 in the past"):
        wire_time(first, now=second)


@pytest.mark.parametrize(
    "value",
    [
        "2026-11-20T10:00:00+01:00",
        " 2026-11-20 10:00:00+01:00\n",
        "2026-11-20T09:00:00Z",
        "20261120T090000Z",
        datetime(2026, 11, 20, 10, tzinfo=PARIS),
        pendulum.datetime(2026, 11, 20, 10, tz="Europe/Paris"),
    ],
)
def test_parse(value: str | datetime) -> None:
    assert parse(value) == datetime(2026, 11, 20, 9, tzinfo=UTC)
    assert type(in_utc(parse(value))) is datetime


@pytest.mark.parametrize(
    ("value", "sentence"),
    [
        ("2026-11-20T10:00:00", "2026-11-20T10:00:00 has no UTC offset; add one"),
        ("2026-11-20", "2026-11-20T00:00:00 has no UTC offset; add one"),
        (datetime(2026, 11, 20, 10), "has no UTC offset; add one"),
        (
            "tomorrow",
            "is neither an aware datetime nor ISO 8601 text; write it like 2030-01-31T10:00:00+01:00",
        ),
        ("", "is neither an aware datetime"),
        ("20/11/2026 10:00", "is neither an aware datetime"),
        ("\ud800", "is neither an aware datetime"),
        (b"2026-11-20T10:00:00Z", "is neither an aware datetime"),
        (1795165200, "is neither an aware datetime"),
        (date(2026, 11, 20), "is neither an aware datetime"),
        (None, "is neither an aware datetime"),
        ("9999-12-31T23:59:59Z", "9999 is not a year"),
        ("0001-01-01T00:00:00+14:00", "1 is not a year"),
    ],
)
def test_parse_refuses(value: str, sentence: str) -> None:
    with pytest.raises(InvalidMessage, match=r"^start: ") as refusal:
        parse(value, argument="start")
    assert sentence in str(refusal.value)


@pytest.mark.parametrize("bad", ["moment", "now"])
def test_naive_datetimes_are_refused(bad: str) -> None:
    moments = {"moment": LONG_AGO, "now": LONG_AGO} | {bad: datetime(2026, 1, 1)}
    with pytest.raises(InvalidMessage, match="has no UTC offset"):
        wire_time(moments["moment"], now=moments["now"])


@given(st.text())
def test_any_text_is_a_moment_or_a_refusal(text: str) -> None:
    with suppress(InvalidMessage):
        assert parse(text).utcoffset() is not None

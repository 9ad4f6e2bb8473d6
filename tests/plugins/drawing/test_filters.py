"""What a reader asks to see of the campaigns: what can be asked, and what is none of it."""

from __future__ import annotations

from datetime import UTC, date, datetime, timedelta
from zoneinfo import ZoneInfo

import pytest

from airflow_provider_smspartner.plugins.drawing.campaigns import campaign_row
from airflow_provider_smspartner.plugins.drawing.filters import Filters, filters_of
from airflow_provider_smspartner.plugins.drawing.language import Reader, read_by
from tests.plugins.facts import AT, batch, follow, run, send, told

WHOLE = {
    "dag_id": "sale",
    "connection": "c",
    "outcome": "bad",
    "since": "2026-11-01",
    "until": "2026-11-30",
}


def test_what_is_asked_for_is_read_and_asked_for_again() -> None:
    wanted = filters_of(WHOLE)

    assert wanted.asked() == WHOLE
    assert (wanted.since, wanted.until) == (date(2026, 11, 1), date(2026, 11, 30))
    assert filters_of({}) == Filters()


@pytest.mark.parametrize("name", ["outcome", "since", "until"])
@pytest.mark.parametrize(
    "odd", ["<b>", "0000-00-00", "9999-12-31", "0001-01-01", "good\x00", "٣", "9" * 5000]
)
def test_what_is_no_choice_counts_as_none(name: str, odd: str) -> None:
    assert filters_of({name: odd}) == Filters()


def test_days_are_those_of_the_readers_clock() -> None:
    with read_by(Reader(zone=ZoneInfo("Asia/Tokyo"))):
        since, until = filters_of(WHOLE).period(AT)

    assert since.astimezone(UTC) == datetime(2026, 10, 31, 15, tzinfo=UTC)
    assert until.astimezone(UTC) == datetime(2026, 11, 30, 15, tzinfo=UTC)


@pytest.mark.parametrize(
    ("asked", "since"),
    [({}, AT - timedelta(days=30)), ({"until": "2026-06-30"}, datetime(2026, 5, 30, 22, tzinfo=UTC))],
)
def test_without_a_first_day_it_is_thirty_days(asked: dict[str, str], since: datetime) -> None:
    assert filters_of(asked).period(AT)[0].astimezone(UTC) == since


@pytest.mark.parametrize(
    ("asked", "shown"),
    [
        ({}, ["good", "bad", "live"]),
        ({"outcome": "bad"}, ["bad"]),
        ({"connection": "c"}, ["good", "bad", "live"]),
        ({"connection": "other"}, []),
        ({"connection": "c", "outcome": "live"}, ["live"]),
    ],
)
def test_runs_are_chosen_by_connection_and_outcome(asked: dict[str, str], shown: list[str]) -> None:
    done = send("success", campaign=told(), result={"recipients": 1500, "batches": 3})
    tasks = [[done, follow()], [send("failed", [batch(0)], told())], [send("running", [batch(0)], told())]]
    rows = [campaign_row(run(*some), now=AT) for some in tasks]

    assert [row.pill.tone for row in rows if filters_of(asked).wants(row)] == shown

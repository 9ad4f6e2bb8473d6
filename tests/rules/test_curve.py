"""Delivered over time: which step a moment belongs to, and what a curve of few points still says."""

from __future__ import annotations

import itertools
from collections import Counter
from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from airflow_provider_smspartner.rules.curve import STEPS, arrivals, earliest, points, step

NOON = datetime(2026, 11, 20, 12, tzinfo=UTC)
COUNTED = st.dictionaries(st.sampled_from(STEPS), st.integers(1, 9), max_size=len(STEPS)).map(Counter)


def test_a_curve_has_at_most_sixty_points_and_reaches_beyond_any_wait() -> None:
    assert len(STEPS) <= 60
    assert STEPS[0] == 0
    assert STEPS[-1] > timedelta(days=14).total_seconds()
    assert all(later <= max(earlier * 1.3, 10) for earlier, later in itertools.pairwise(STEPS))


@pytest.mark.parametrize(
    ("seconds", "expected"),
    [(-3600, 0), (0, 0), (0.1, 5), (5, 5), (5.1, 6), (60, 73), (3600, 4039), (1e9, STEPS[-1])],
)
def test_a_moment_belongs_to_the_first_step_that_is_not_before_it(seconds: float, expected: int) -> None:
    assert step(seconds) == expected


@pytest.mark.parametrize(
    ("seconds", "expected"),
    [
        ([], {}),
        ([1, 4, 5, 6], {5: 3, 6: 1}),
        ([-86_400, -1], {0: 2}),
        ([601, 86_400], {678: 2}),  # a clock that is ahead of ours: they were seen ten minutes after noon
    ],
)
def test_moments_outside_of_the_watch_are_moved_to_its_ends(
    seconds: list[int], expected: dict[int, int]
) -> None:
    moments = [NOON + timedelta(seconds=at) for at in seconds]

    assert arrivals(moments, since=NOON, now=NOON + timedelta(minutes=10)) == expected


def test_zones_do_not_matter() -> None:
    moment = datetime.fromisoformat("2026-11-20T14:00:30+02:00")

    assert arrivals([moment], since=NOON, now=NOON + timedelta(hours=1)) == {30: 1}


@given(COUNTED, st.floats(0, 1e7))
def test_a_curve_rises_to_everybody_and_never_passes_the_moment_of_the_count(
    counted: Counter[int], until: float
) -> None:
    drawn = points(counted, until=until)

    moments, people = [at for at, _ in drawn], [many for _, many in drawn]
    assert moments == sorted(set(moments))
    assert people == sorted(set(people))
    assert people[-1:] == ([counted.total()] if counted else [])
    assert all(0 <= at <= until + 1 for at in moments)


def test_a_point_says_how_many_had_their_text_by_then() -> None:
    assert points({0: 1, 30: 2, 73: 3}, until=60) == [(0, 1), (30, 3), (60, 6)]
    assert points({0: 4}, until=-5) == [(0, 4)]


@given(COUNTED, st.integers(-3, 600))
def test_the_earliest_are_taken_first(counted: Counter[int], most: int) -> None:
    kept = earliest(counted, most)

    assert kept.total() == max(0, min(most, counted.total()))
    left = counted - kept
    assert not kept or not left or max(kept) <= min(left)

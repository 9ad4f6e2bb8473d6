"""Plots: well-formed pictures whose shapes stay inside and say in words what they show."""

from __future__ import annotations

import re
from itertools import accumulate

import pytest
from defusedxml.ElementTree import fromstring
from hypothesis import given
from hypothesis import strategies as st

from airflow_provider_smspartner.plugins.drawing import plots

COUNTS = st.integers(0, 2_000_000)
STEPS = st.lists(st.tuples(st.floats(0, 4e6), st.integers(0, 100_000)), max_size=60)


def part(label: str, count: int) -> plots.Part:
    return plots.Part(label=label, count=count, kind="good")


@given(counts=st.lists(COUNTS, min_size=1, max_size=4), below=COUNTS)
def test_a_bar_is_full_and_shows_everybody(counts: list[int], below: int) -> None:
    parts = [part(f"part {n}", count) for n, count in enumerate(counts)]

    picture = fromstring(plots.bar(parts, title="What became of it", below=part("STOP", below)))

    shares = [rect for rect in picture.iter("rect") if rect.get("class") == "good" and rect.get("y") == "0"]
    assert len(shares) == sum(1 for count in counts if count)
    assert all(float(rect.get("width", "")) > 0.5 for rect in shares)
    assert sum(float(rect.get("width", "")) for rect in shares) == pytest.approx(
        100 if shares else 0, abs=0.1
    )
    assert picture.findtext("title") == "What became of it"
    assert f"STOP: {below:,}" in (picture.findtext("desc") or "")


@given(steps=STEPS, total=COUNTS)
def test_a_curve_stays_in_its_picture(steps: list[tuple[float, int]], total: int) -> None:
    seconds = sorted(second for second, _ in steps)
    points = list(zip(seconds, accumulate(people for _, people in steps), strict=True))

    picture = fromstring(plots.curve(points, total=total, title="By when", kind="good"))

    line = next(path.get("d", "") for path in picture.iter("path") if path.get("class") == "line good")
    numbers = [float(number) for number in re.findall(r"-?\d+\.\d+", line)]
    assert all(0 <= number <= plots.WIDTH for number in numbers)
    levels = [float(number) for number in re.findall(r"V(-?\d+\.\d+)", line)]
    assert all(0 <= level <= plots.HEIGHT for level in levels)
    assert levels == sorted(levels, reverse=True)
    ticks = list(picture.iter("text"))
    assert 1 <= len(ticks) <= 12


def test_a_curve_says_what_it_shows() -> None:
    picture = fromstring(plots.curve([(60, 500), (3600, 1170)], total=1200, title="By when", kind="good"))

    assert picture.findtext("desc") == "1,170 of 1,200 after 1 h"


@given(points=st.lists(st.tuples(st.floats(0, 1e6), COUNTS), max_size=900), most=st.integers(2, 300))
def test_thinning_keeps_the_end(points: list[tuple[float, int]], most: int) -> None:
    thinned = plots.thinned(points, most=most)

    assert len(thinned) <= most + 1
    assert thinned[-1:] == points[-1:]
    assert set(thinned) <= set(points)


def test_a_title_is_text() -> None:
    assert "&lt;script&gt;" in plots.bar([part("a", 1)], title="<script>")


def test_a_short_curve_has_no_lone_tick() -> None:
    assert plots.times(0.4) == []
    assert plots.times(2) == [0, 1]

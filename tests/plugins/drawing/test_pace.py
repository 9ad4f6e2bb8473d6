"""How fast a send goes is said when the last minutes tell it, and how long the rest takes."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta

import pytest

from airflow_provider_smspartner.plugins.drawing.pace import pace
from airflow_provider_smspartner.plugins.drawing.verdict import verdict
from airflow_provider_smspartner.plugins.facts import BatchFact, TaskFact
from tests.plugins.facts import AT, batch, send, told


def at(seconds: float, ordinal: int = 0, state: str = "accepted") -> BatchFact:
    moment = AT + timedelta(seconds=seconds)
    return batch(ordinal, state, claimed_at=moment - timedelta(seconds=1), changed_at=moment)


def said(*batches: BatchFact, after: float, left: int = 5000, state: str = "running") -> str:
    task = send(state, batches, told(10_000), logged=True)
    return pace([task], left=left, now=AT + timedelta(seconds=after))


@pytest.mark.parametrize(
    ("batches", "after", "text"),
    [
        ([at(0), at(10)], 19, " About 3,000 people a minute; 1 min 40 s to go at this pace."),
        ([at(0), at(1), at(2)], 5, " About 15,000 people a minute; 20 s to go at this pace."),
        ([at(-4000), at(0), at(10)], 19, " About 3,000 people a minute; 1 min 40 s to go at this pace."),
        ([at(0), at(200)], 600, ""),
        ([at(0)], 60, ""),
        ([at(0), at(0.5)], 1, ""),
        ([at(0), at(10, state="unknown")], 19, ""),
        ([at(0), at(10, state="absent")], 19, ""),
        ([at(100), at(110)], 19, ""),
    ],
)
def test_the_last_minutes_tell_the_pace(batches: list[BatchFact], after: float, text: str) -> None:
    assert said(*batches, after=after) == text


@pytest.mark.parametrize("state", ["deferred", "failed", "success", "up_for_retry", None])
def test_a_send_that_is_not_at_work_has_no_pace(state: str | None) -> None:
    task: TaskFact = replace(send("running", [at(0), at(10)], told()), state=state)

    assert pace([task], left=500, now=AT + timedelta(seconds=20)) == ""


def test_when_nobody_is_left_nothing_is_said() -> None:
    assert said(at(0), at(10), after=19, left=0) == ""


def test_shards_are_one_pace_and_the_verdict_tells_it() -> None:
    shards = [
        replace(send("running", [at(0), at(10)], told(1500), logged=True), map_index=n) for n in range(2)
    ]

    told_ = verdict(shards, now=AT + timedelta(seconds=19))

    assert told_.sentence == (
        "2,000 of 3,000 people have been texted so far. About 6,000 people a minute; 10 s to go at this pace."
    )

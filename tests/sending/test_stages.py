"""How a send ends: a stop counts once, wherever it comes, and is never lost."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from airflow_provider_smspartner.sending.stages import (
    HAS_BEGUN,
    IS_WAITED_FOR,
    TRANSITIONS,
    End,
    Progress,
    Stage,
)

ENDINGS = {End.SUCCESS, End.FAILURE}


def stage_after(*events: End) -> Stage:
    progress = Progress()
    for event in events:
        progress.add(event)
    return progress.stage


@given(st.integers(0, 3), st.sampled_from([None, End.SUCCESS, End.FAILURE]), st.integers(0, 3))
def test_a_stop_counts_unless_it_comes_after_a_success(before: int, end: End | None, after: int) -> None:
    stops_that_count = before if end is End.SUCCESS else before + after

    stage = stage_after(*[End.STOP] * before, *([end] if end else []), *[End.STOP] * after)

    assert (stage in HAS_BEGUN) == (stops_that_count > 0)
    assert (stage in IS_WAITED_FOR) == (end is End.FAILURE)


@pytest.mark.parametrize("stage", Stage)
def test_a_stop_may_come_in_every_stage_and_nothing_else_comes_twice(stage: Stage) -> None:
    assert (stage, End.STOP) in TRANSITIONS
    again = TRANSITIONS[stage, End.STOP]
    assert TRANSITIONS[again, End.STOP] is again
    assert not [end for end in ENDINGS if (TRANSITIONS.get((stage, end)), end) in TRANSITIONS]


def test_every_stage_is_reached() -> None:
    assert {Stage.SENDING, *TRANSITIONS.values()} == set(Stage)

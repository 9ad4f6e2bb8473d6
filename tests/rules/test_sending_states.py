"""The life of a batch: which event moves it where, and which states keep its people back."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from airflow_provider_smspartner.rules.sending_states import (
    OPEN,
    TRANSITIONS,
    BatchState,
    Event,
    ImpossibleTransition,
    after,
)

FREE = {BatchState.ABSENT, BatchState.CANCELLED}
"""States whose people may be texted again."""


@given(st.lists(st.sampled_from(Event), max_size=8))
def test_people_are_free_only_after_an_event_that_says_so(events: list[Event]) -> None:
    state, freed = BatchState.CLAIMED, False
    for event in events:
        if (state, event) not in TRANSITIONS:
            continue
        state = after(state, event)
        freed = event in {Event.NEVER_LEFT, Event.NOT_FOUND, Event.RESEND, Event.CANCEL}
        assert (state in FREE) == freed


@pytest.mark.parametrize("state", BatchState)
@pytest.mark.parametrize("event", Event)
def test_a_step_that_the_table_lacks_is_an_error(state: BatchState, event: Event) -> None:
    if (state, event) in TRANSITIONS:
        assert after(state, event) in BatchState
    else:
        with pytest.raises(ImpossibleTransition, match=state.value):
            after(state, event)


def test_a_look_by_tag_gets_every_open_batch_out_of_its_state() -> None:
    for state in OPEN:
        assert after(state, Event.FOUND) is BatchState.ACCEPTED
        assert after(state, Event.NOT_FOUND) is BatchState.ABSENT


def test_what_was_accepted_goes_out_again_only_after_a_cancellation_that_was_intended_before() -> None:
    assert [event for state, event in TRANSITIONS if state is BatchState.ACCEPTED] == [Event.INTENT]
    assert [state for state, event in TRANSITIONS if event is Event.CANCEL] == [BatchState.CANCELLING]
    assert not [state for state, _ in TRANSITIONS if state in FREE]


def test_whatever_the_platform_answers_ends_a_cancellation() -> None:
    ends = {TRANSITIONS[step] for step in TRANSITIONS if step[0] is BatchState.CANCELLING}
    assert ends == {BatchState.CANCELLED, BatchState.ACCEPTED}
    assert BatchState.CANCELLING not in OPEN | FREE

"""What a page advises for what did not come to an end."""

from __future__ import annotations

import pytest

from airflow_provider_smspartner.plugins.drawing.advice import HAPPENED, advice
from airflow_provider_smspartner.plugins.drawing.story import run_story
from airflow_provider_smspartner.plugins.facts import UNREADABLE
from airflow_provider_smspartner.rules.sending_states import BatchState
from tests.plugins.facts import AT, batch, one, run, send, told


@pytest.mark.parametrize("state", [*BatchState, UNREADABLE])
def test_whoever_must_act_is_told_what_to_do(state: str) -> None:
    said = advice(state, at_work=False, tries_again=False)

    assert (said is not None) == (state not in (BatchState.ACCEPTED, BatchState.ABSENT))
    if said is not None:
        assert said.urgent == (state != BatchState.CANCELLED)
        assert "lear" in said.todo  # the task, or clearing it


@pytest.mark.parametrize("state", HAPPENED)
def test_nobody_is_sent_to_work_that_goes_on_by_itself(state: str) -> None:
    again = advice(state, at_work=False, tries_again=True)
    working = advice(state, at_work=True, tries_again=False)

    assert again is not None
    assert "nothing to do now" in again.todo
    assert not again.urgent
    assert (working is not None) == (state in (BatchState.UNKNOWN, UNREADABLE))
    assert working is None or not working.urgent


def test_every_state_of_a_batch_has_its_line() -> None:
    states = [*BatchState, UNREADABLE]

    groups = one(send("failed", [batch(n, state) for n, state in enumerate(states)], told())).groups

    assert [group.state for group in groups] == states
    assert all(group.meaning for group in groups)


def test_every_batch_that_needs_attention_is_listed() -> None:
    batches = [batch(n, "accepted") for n in range(1990)]
    batches += [
        batch(1990 + n, state) for n, state in enumerate(("unknown", "claimed", "refused", "unknown"))
    ]

    story = one(send("failed", batches, told(1_000_000)))

    assert sorted(b.ordinal for trouble in story.troubles for b in trouble.batches) == [
        1990,
        1991,
        1992,
        1993,
    ]
    assert [trouble.people for trouble in story.troubles] == [1000, 500, 500]
    figure = run_story(run(send("failed", batches, told()), state="failed"), now=AT).figures[-1]
    assert (figure.label, figure.value) == ("Needs attention", "2,000 people")


@pytest.mark.parametrize(
    ("state", "step"),
    [
        ("failed", "Fix the cause"),
        ("up_for_retry", "Airflow starts it again by itself"),
        ("success", None),
    ],
)
def test_a_failure_has_a_next_step(state: str, step: str | None) -> None:
    todo = one(send(state, [batch(0)], told())).todo

    assert (todo or "").startswith(step or "")
    assert (todo is None) == (step is None)

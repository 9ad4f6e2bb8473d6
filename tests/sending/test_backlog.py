"""Who of an audience is left to send to, whenever it turns out what became of earlier tries' batches."""

from __future__ import annotations

from itertools import chain, islice

import pytest
from hypothesis import given
from hypothesis import strategies as st

from airflow_provider_smspartner.journal import Batch
from airflow_provider_smspartner.rules.people import Person, Pseudonymizer
from airflow_provider_smspartner.sending.backlog import Backlog

RECOGNISER = Pseudonymizer("secret", ["campaign"])
EVERYBODY = [Person(f"+336{number:08}", text=f"Hello {number}") for number in range(6)]
ANN, BOB, EVE, *_ = EVERYBODY


def backlog() -> Backlog:
    return Backlog(RECOGNISER.hash)


def batch_of(*people: Person) -> Batch:
    """A batch of an earlier try: its people are known as hashes only."""
    return Batch(ordinal=0, tag="tag", hashes=RECOGNISER.hashes(people))


def test_a_first_try_goes_to_everybody_in_their_order() -> None:
    assert list(backlog().newcomers(EVERYBODY)) == EVERYBODY


def test_who_is_done_is_left_out() -> None:
    left = backlog()
    left.finish(RECOGNISER.hashes([ANN, EVE]))

    assert list(left.newcomers([ANN, BOB, EVE])) == [BOB]
    assert [left.is_done(person) for person in (ANN, BOB, EVE)] == [True, False, True]


def test_to_finish_nobody_or_hold_nobody_leaves_a_first_try_as_it_is() -> None:
    left = backlog()
    left.finish(b"")
    left.hold(batch_of())

    assert list(left.newcomers(EVERYBODY)) == EVERYBODY


@pytest.mark.parametrize(("free", "again"), [(True, [(ANN, BOB)]), (False, [])])
def test_who_was_held_goes_again_with_their_text_when_it_is_known_that_they_are_free(
    free: bool, again: list[tuple[Person, ...]]
) -> None:
    left, earlier = backlog(), batch_of(ANN, BOB)
    left.hold(earlier)

    assert list(left.newcomers([ANN, BOB, EVE])) == [EVE]
    assert not left.again
    left.release(earlier, free=free)

    assert list(left.again) == again


SOME = st.sets(st.sampled_from(EVERYBODY))
EARLIER = st.lists(st.tuples(SOME, st.booleans(), st.integers(0, 2)), max_size=4)
"""Batches of earlier tries: who was in them, whether they are free, and how many people are read before."""


@given(EARLIER, SOME)
def test_everybody_goes_once_whom_no_earlier_batch_has_texted_whenever_that_is_known(
    earlier: list[tuple[set[Person], bool, int]], done: set[Person]
) -> None:
    left, sent = backlog(), list[Person]()
    left.finish(RECOGNISER.hashes(done))
    batches = [(batch_of(*people), free, ahead) for people, free, ahead in earlier]
    for batch, _, _ in batches:
        left.hold(batch)

    reader = left.newcomers(EVERYBODY)
    for batch, free, ahead in batches:
        sent += islice(reader, ahead)
        if not free:
            left.finish(batch.hashes)
        left.release(batch, free=free)
    sent += chain(reader, *left.again)

    texted = done.union(*(people for people, free, _ in earlier if not free))
    assert sorted(sent) == [person for person in EVERYBODY if person not in texted]


@pytest.mark.parametrize(
    ("people", "sizes"),
    [
        ([], []),
        (EVERYBODY[:4], [3, 1]),
        ([Person("+33612345678", "order 1"), Person("+33612345678", "order 2")], [1, 1]),
    ],
)
def test_who_goes_again_does_so_in_groups_that_fit_a_request_here_of_three(
    people: list[Person], sizes: list[int]
) -> None:
    left = backlog()
    left.send_again(people)

    assert [len(group) for group in left.again] == sizes
    assert [*chain(*left.again)] == people

"""Which messages are asked for now, and in how few requests."""

from __future__ import annotations

from bisect import bisect_left
from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from airflow_provider_smspartner.rules.refreshing import Open, requests_for

MINUTE = 60.0


@pytest.mark.parametrize(
    ("asked_at", "wait"),
    [
        (0.0, 55),
        (137.0, 55),
        (1_000.0, 400),
        (27_000.0, 10_800),
        (100_000.0, 10_800),
    ],
)
def test_the_wait_for_the_next_look_grows_with_the_message_between_a_minute_and_three_hours(
    asked_at: float, wait: float
) -> None:
    left_at = 2_000_000_000.0
    message = Open(name="1", people=1, left_at=left_at, asked_at=left_at + asked_at)

    assert not message.is_due(left_at + asked_at + wait - 0.5)
    assert message.is_due(left_at + asked_at + wait)


def test_a_message_that_nobody_has_asked_for_is_due_at_once() -> None:
    assert Open(name="1", people=1, left_at=100.0).is_due(100.0)


def next_look(message: Open, *, after: int, last: int) -> int:
    """Return the minute in which a message that was asked for in another one is due again."""
    return bisect_left(range(last), True, after + 1, key=lambda minute: message.is_due(minute * MINUTE))


@pytest.mark.parametrize("people", [1, 7, 500])
def test_two_thousand_messages_for_two_days_take_a_twentieth_of_asking_each_minute(people: int) -> None:
    """Nobody ever reports: the dearest case. In simulated time, with a run each minute."""
    last, requests = 48 * 60, 0
    due: dict[int, list[Open]] = {}
    for number in range(2_000):  # within an hour
        message = Open(name=str(number), people=people, left_at=1.8 * number)
        due.setdefault(int(message.left_at // MINUTE) + 1, []).append(message)

    for minute in range(last):
        asked = [replace(message, asked_at=minute * MINUTE) for message in due.pop(minute, ())]
        requests += len(requests_for(asked))
        for message in asked:
            due.setdefault(next_look(message, after=minute, last=last), []).append(message)

    assert due.keys() == {last}
    assert 2_000 * people / 500 <= requests <= 2_000 * last / 20


@pytest.mark.parametrize(
    ("people", "fewest"), [(1, 4), (7, 29), (250, 1_000), (251, 2_000), (499, 2_000), (500, 2_000)]
)
def test_messages_of_one_size_take_as_few_requests_as_can_be(people: int, fewest: int) -> None:
    messages = [Open(name=str(number), people=people, left_at=0.0) for number in range(2_000)]

    assert len(requests_for(messages)) == fewest


IDS, TAGS = st.integers(1, 10**6).map(str), st.from_regex(r"[a-z]{3}-\d", fullmatch=True)
SIZES = st.sampled_from([1, 30, 249, 250, 251, 499, 500, 501])
MESSAGES = st.lists(
    st.builds(Open, name=IDS | TAGS, people=SIZES, left_at=st.just(0.0)),
    unique_by=lambda message: message.name,
)


@given(MESSAGES)
def test_each_message_is_named_once_and_none_with_others_that_a_request_has_no_room_for(
    messages: list[Open],
) -> None:
    requests = requests_for(messages)

    assert sorted(one.name for request in requests for one in request) == sorted(one.name for one in messages)
    for request in requests:
        if len(request) > 1:
            assert all(one.has_id for one in request)
            assert sum(one.people for one in request) <= 500

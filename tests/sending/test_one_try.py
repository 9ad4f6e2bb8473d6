"""One try: lost answers and requests, a slow platform, a platform that is down."""

from __future__ import annotations

from collections import deque
from typing import Any

import pytest

from airflow_provider_smspartner.exceptions import (
    APIConnectionError,
    OutcomeUnknownError,
)
from airflow_provider_smspartner.simulator import Settings
from faults.campaign import VERIFY_TIMEOUT, people
from faults.fates import UNKNOWN, Fate
from faults.world import LONGEST_REQUEST
from tests.sending.conftest import (
    EVERYBODY,
    RICH,
    assert_everyone_once,
    campaign,
    every_log,
)


@every_log
@pytest.mark.parametrize("concurrency", [1, 4])
@pytest.mark.parametrize("fate", [fate for fate in Fate if fate is not Fate.UNREACHABLE])
def test_a_single_fault_is_settled_within_the_try(log: str, concurrency: int, fate: Fate) -> None:
    sent = campaign(log, concurrency=concurrency)
    sent.line.fates = deque([Fate.ANSWERED, fate])

    assert_everyone_once(sent, sent.attempt(EVERYBODY))


@every_log
@pytest.mark.parametrize("concurrency", [1, 4])
def test_everyone_is_texted_once_when_every_answer_is_lost(log: str, concurrency: int) -> None:
    sent = campaign(log, concurrency=concurrency)
    sent.line.always = Fate.ANSWER_LOST

    outcome = sent.attempt(EVERYBODY)

    assert_everyone_once(sent, outcome)
    assert (outcome.message_ids, len(outcome.tags)) == ([], 7)


@every_log
def test_a_request_that_arrives_when_the_client_has_given_up_is_waited_for(log: str) -> None:
    sent = campaign(log)
    sent.line.fates = deque([Fate.LATE])
    sent.line.arrives_after = LONGEST_REQUEST + VERIFY_TIMEOUT - 1
    carry = sent.line.carry

    def start_late(call: Any) -> Any:
        if call.method == "POST":  # a request starts within five seconds of its claim
            sent.clock.pause(4.9)
        return carry(call)

    sent.line.carry = start_late  # type: ignore[method-assign]
    sent.pause = lambda seconds: sent.clock.pause(min(seconds, 1.0))
    assert_everyone_once(sent, sent.attempt(people(3)), people(3))


@pytest.mark.parametrize(
    "settings",
    [
        Settings(balance=RICH, tag_delay=VERIFY_TIMEOUT),
        Settings(balance=RICH, page_size=2),
        Settings(balance=RICH, unknown_tag="empty"),
        Settings(balance=RICH, national_numbers=True),
    ],
)
@pytest.mark.parametrize("fate", sorted(UNKNOWN))
def test_a_platform_that_is_slow_or_lists_in_its_own_way_is_understood(
    settings: Settings, fate: Fate
) -> None:
    sent = campaign(settings=settings)
    sent.line.fates = deque([Fate.ANSWERED, fate, fate])

    assert_everyone_once(sent, sent.attempt(EVERYBODY))


def test_a_list_that_counts_people_and_names_none_is_not_empty() -> None:
    sent = campaign(settings=Settings(balance=RICH, omit_waiting=True))
    sent.stage.deliver(after_seconds=LONGEST_REQUEST + 2 * VERIFY_TIMEOUT)
    sent.line.fates = deque([Fate.ANSWER_LOST])

    with pytest.raises(OutcomeUnknownError):
        sent.attempt(people(3))
    assert_everyone_once(sent, sent.finish(people(3)), people(3))


@pytest.mark.parametrize("concurrency", [1, 4])
def test_after_three_unknown_outcomes_nothing_starts_until_one_is_settled(concurrency: int) -> None:
    sent = campaign(concurrency=concurrency)
    sent.line.fates = deque([Fate.REQUEST_LOST] * 3)
    posts: list[int] = []

    def pause(seconds: float) -> None:
        posts.append(len(sent.line.posts))
        sent.clock.pause(seconds)

    sent.pause = pause
    assert_everyone_once(sent, sent.attempt(EVERYBODY))

    assert posts[0] <= 3 + concurrency
    assert posts.count(posts[0]) > 10


def test_requests_that_never_arrive_end_the_try_and_not_in_a_circle() -> None:
    sent = campaign(concurrency=4)
    sent.line.always = Fate.REQUEST_LOST

    with pytest.raises(OutcomeUnknownError, match="does not seem to get them"):
        sent.attempt(EVERYBODY)
    assert_everyone_once(sent, sent.finish(EVERYBODY))


@every_log
def test_a_platform_that_cannot_be_reached_is_for_a_later_try(log: str) -> None:
    sent = campaign(log)
    sent.line.fates = deque([Fate.ANSWERED, Fate.UNREACHABLE])

    with pytest.raises(APIConnectionError):
        sent.attempt(EVERYBODY)
    assert_everyone_once(sent, sent.finish(EVERYBODY))


@every_log
def test_a_look_that_fails_is_for_a_later_try(log: str) -> None:
    sent = campaign(log)
    sent.line.fates = deque([Fate.ANSWERED, Fate.ANSWER_LOST, Fate.REQUEST_LOST])
    sent.line.lost_looks = 2  # the first look of a first try may fail; those after it may not

    assert isinstance(sent.attempt_anyway(EVERYBODY), OutcomeUnknownError)
    assert_everyone_once(sent, sent.finish(EVERYBODY))


def test_a_first_try_does_not_depend_on_looks() -> None:
    sent = campaign()
    sent.line.lost_looks = 100

    assert_everyone_once(sent, sent.attempt(EVERYBODY))

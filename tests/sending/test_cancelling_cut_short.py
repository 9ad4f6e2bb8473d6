"""Cancelling that is cut short: by a crash, by another try, by an answer that does not come."""

from __future__ import annotations

import itertools
import time
from collections import deque

import pytest

from airflow_provider_smspartner.exceptions import NeedsPerson, OutcomeUnknownError
from airflow_provider_smspartner.sending import shutdown
from airflow_provider_smspartner.simulator import Settings
from airflow_provider_smspartner.simulator.stage import Stage
from faults.campaign import DURABLE, Campaign
from faults.fates import FATES_OF_CANCELS, Fate
from faults.store import Store
from tests.sending.conftest import (
    BATCHES,
    EVERYBODY,
    RICH,
    assert_everyone_once,
    campaign,
    every_durable_log,
    finish_later,
    kill_at,
    scheduled,
    stop_second_try,
    texts,
)
from tests.sending.moments import (
    FIRST_REQUESTS_OUT,
    FROM_LOOKING_TO_SENDING,
    ONE_LOOK_OR_WRITE,
    REBUILDING,
    STILL_REBUILDING,
)
from tests.thorough import stride


@every_durable_log
@pytest.mark.parametrize("hours_later", [0, 2])
def test_a_task_that_dies_at_any_step_of_cancelling_texts_everybody_once(log: str, hours_later: int) -> None:
    for step in itertools.count(1, stride(29, 3) if log == "ledger" else stride(7)):
        sent = scheduled(log, concurrency=4)
        sent.attempt(EVERYBODY)
        stop_second_try(sent, dies_at=step)
        if not sent.process.dead:
            break
        sent.clock.pause(3600 * hours_later)  # then it is too late for what was not cancelled before
        assert_everyone_once(sent, finish_later(sent))
    assert len(sent.line.cancels) == 2 * BATCHES  # asked, and asked again whether it is so
    assert step > 2 * BATCHES


@every_durable_log
def test_a_task_that_dies_while_the_next_try_finishes_cancelling_texts_everybody_once(log: str) -> None:
    for step in itertools.count(1, stride(37, 3) if log == "ledger" else stride(7)):
        sent = scheduled(log, concurrency=4)
        sent.attempt(EVERYBODY)
        sent.line.fates_of_cancels = deque([Fate.REQUEST_LOST] * 2 * BATCHES)
        stop_second_try(sent)
        sent.attempt_anyway(EVERYBODY, dies_at=step)
        if not sent.process.dead:
            break
        assert_everyone_once(sent, finish_later(sent))
    assert step > 4 * BATCHES


@pytest.mark.parametrize("log", [*DURABLE, "ledger alone"])
def test_a_process_that_another_try_has_replaced_cancels_nothing(log: str) -> None:
    for step in FROM_LOOKING_TO_SENDING:
        sent = scheduled(log)

        def clear_and_stop(sent: Campaign = sent) -> None:
            replaced = sent.sending
            assert replaced is not None
            sent.attempt(EVERYBODY)
            replaced.kill()

        sent.meanwhile = (step, clear_and_stop)
        sent.attempt_anyway(EVERYBODY)

        assert not sent.line.cancels
        assert_everyone_once(sent, finish_later(sent))


@pytest.mark.parametrize("log", DURABLE)
def test_a_try_that_begins_at_any_step_of_cancelling_texts_everybody_once(log: str) -> None:
    for step in itertools.count(1, stride(7) if log == "task state" else stride(19, 4)):
        sent = scheduled(log)
        sent.attempt(EVERYBODY)
        sent.meanwhile = (step, lambda sent=sent: sent.attempt_anyway(EVERYBODY))
        stop_second_try(sent)
        assert_everyone_once(sent, finish_later(sent))
        if sent.tries == 3 and step > 5 * BATCHES:  # the other try has not begun
            break


@every_durable_log
@pytest.mark.parametrize("fate", FATES_OF_CANCELS)
def test_whatever_becomes_of_a_request_that_cancels_everybody_is_texted_once(log: str, fate: Fate) -> None:
    for skip in range(0, BATCHES, stride(BATCHES - 1)):
        sent = scheduled(log)
        sent.attempt(EVERYBODY)
        sent.line.fates_of_cancels = deque([Fate.ANSWERED] * skip + [fate] * 2)

        stop_second_try(sent)

        sent.line.fates_of_cancels = deque([fate] * 2)
        sent.text = "Corrected"
        outcome = sent.finish(EVERYBODY)
        assert set(texts(sent).values()) == {"Corrected"}
        assert_everyone_once(sent, outcome)


@every_durable_log
def test_nobody_is_sent_to_while_the_platform_cannot_be_asked(log: str) -> None:
    sent = scheduled(log)
    sent.attempt(EVERYBODY)
    sent.line.fates_of_cancels = deque([Fate.ANSWER_LOST] * 4 * BATCHES)
    stop_second_try(sent)
    posts = len(sent.line.posts)

    with pytest.raises(OutcomeUnknownError):
        sent.attempt(EVERYBODY)

    assert len(sent.line.posts) == posts
    assert_everyone_once(sent, finish_later(sent))


def test_another_campaign_run_leaves_people_out_whose_cancellation_is_open() -> None:
    sent = scheduled("ledger")
    sent.attempt(EVERYBODY)
    sent.line.fates_of_cancels = deque([Fate.REQUEST_LOST] * 2 * BATCHES)
    stop_second_try(sent)

    store, tries = sent.store, sent.tries
    sent.name = sent.instance = ("another run",)
    sent.store, sent.tries = Store(), 0
    assert sent.attempt(EVERYBODY).excluded == len(EVERYBODY)

    sent.name = sent.instance = ("campaign",)
    sent.store, sent.tries = store, tries
    assert_everyone_once(sent, finish_later(sent))


@every_durable_log
def test_a_log_that_is_still_being_rebuilt_does_not_pass_for_whole(log: str) -> None:
    for step in range(REBUILDING, STILL_REBUILDING, stride(4)):
        sent = campaign(log)
        sent.attempt(EVERYBODY)
        sent.store.clear()
        kill_at(sent, step)
        sent.attempt_anyway(EVERYBODY, dies_at=step + ONE_LOOK_OR_WRITE)

        assert_everyone_once(sent, finish_later(sent))


@pytest.mark.parametrize("log", DURABLE)
def test_an_answer_that_comes_after_the_last_moment_is_cancelled_by_the_next_try(
    log: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(shutdown, "LAST_SECONDS", -1.0)  # there is time for the intention only
    sent = scheduled(log, concurrency=4)
    kill_at(sent, FIRST_REQUESTS_OUT[log], then=lambda: time.sleep(0.2))
    sent.attempt_anyway(EVERYBODY)
    assert not sent.line.cancels
    on_platform = len(sent.line.posts)

    sent.text = "Corrected"
    outcome = finish_later(sent)

    assert len(sent.line.cancels) == 2 * on_platform > 0
    assert set(texts(sent).values()) == {"Corrected"}
    assert_everyone_once(sent, outcome)


@every_durable_log
@pytest.mark.parametrize("another_account", [False, True])
def test_only_the_account_that_was_asked_to_cancel_says_what_became_of_it(
    log: str, another_account: bool
) -> None:
    sent = scheduled(log)
    sent.attempt(EVERYBODY)
    sent.line.fates_of_cancels = deque([Fate.ANSWER_LOST] * 4 * BATCHES)
    stop_second_try(sent)
    sent.line.fates_of_cancels.clear()
    ours, secret = sent.stage, sent.secret
    sent.secret = "a changed key"
    if another_account:
        sent.line.stage = Stage(Settings(balance=RICH), clock=sent.clock.utc)
        with pytest.raises(NeedsPerson, match="put the former one back"):
            sent.attempt(EVERYBODY)
        assert not sent.line.stage.platform.messages
        sent.line.stage, sent.secret = ours, secret

    assert_everyone_once(sent, finish_later(sent))

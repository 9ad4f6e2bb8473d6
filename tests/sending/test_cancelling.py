"""Scheduled campaigns whose task is stopped: what waits is taken back, and sent once by a later try."""

from __future__ import annotations

import itertools
import threading
import time
from collections import deque
from collections.abc import Callable, Iterator
from typing import Any

import pytest
from airflow.providers.common.compat.sdk import AirflowFailException

from airflow_provider_smspartner import withdrawal
from airflow_provider_smspartner.exceptions import OutcomeUnknownError, SMSPartnerError
from airflow_provider_smspartner.plan import Outcome
from airflow_provider_smspartner.rules.people import Person
from airflow_provider_smspartner.send_log import SendLog
from airflow_provider_smspartner.simulator import Settings
from airflow_provider_smspartner.simulator.stage import Stage
from faults.campaign import DURABLE, Campaign, with_ledger
from faults.world import Crash, Fate, Process
from tests.sending.conftest import EVERYBODY, RICH, assert_everyone_once, campaign
from tests.thorough import stride

IN_AN_HOUR = 3600.0
DAY = 86_400.0
BATCHES = 7

every_durable_log = pytest.mark.parametrize("log", DURABLE)


def scheduled(log: str, **arguments: Any) -> Campaign:
    """A campaign of texts that the platform is to send in an hour."""
    if log == "ledger alone":
        return Campaign(with_ledger_alone, settings=Settings(balance=RICH), send_in=IN_AN_HOUR, **arguments)
    return campaign(log, send_in=IN_AN_HOUR, **arguments)


def with_ledger_alone(campaign: Campaign, process: Process) -> SendLog:
    """Remember in a table, on an Airflow without a task state store."""
    log = with_ledger(campaign, process)
    log._log._fence = None  # type: ignore[attr-defined]
    return log


def kill_at(sent: Campaign, step: int, then: Callable[[], object] = int) -> None:
    """Have the next try stopped at one of its steps."""

    def kill() -> None:
        assert sent.sending is not None
        sent.sending.kill()
        then()

    sent.meanwhile = (step, kill)


def stop_second_try(sent: Campaign, dies_at: int | None = None) -> BaseException | None:
    """Run a try that finds everything sent and scheduled, and is stopped."""

    def everybody() -> Iterator[str]:
        assert sent.sending is not None
        sent.sending.kill()
        yield from EVERYBODY

    try:
        sent.attempt(everybody(), dies_at=dies_at)
    except (Crash, SMSPartnerError) as error:
        return error
    return None


def finish_later(sent: Campaign) -> Outcome:
    """Try again until it succeeds, and wait until everything has left."""
    outcome = sent.finish(EVERYBODY)
    sent.clock.pause(DAY)
    return outcome


def texts(sent: Campaign) -> dict[str, str]:
    """Return what each person has read, when everything has left."""
    sent.clock.pause(DAY)
    return {text.number: text.text for text in sent.stage.sent}


@every_durable_log
@pytest.mark.parametrize("concurrency", [1, 4])
def test_a_task_that_is_stopped_at_any_step_takes_back_what_it_has_scheduled(
    log: str, concurrency: int
) -> None:
    for step in itertools.count(8, stride(19, 3)):
        sent = scheduled(log, concurrency=concurrency)
        kill_at(sent, step)

        stopped = sent.attempt_anyway(EVERYBODY)

        if sent.process.meanwhile:  # it has never come to this step
            break
        assert isinstance(stopped, SMSPartnerError)
        assert all(message.cancelled for message in sent.stage.platform.messages.values())
        sent.text = "Corrected"
        outcome = sent.finish(EVERYBODY)
        assert set(texts(sent).values()) == {"Corrected"}
        assert_everyone_once(sent, outcome)
    assert step > 30


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
    assert len(sent.line.cancels) == BATCHES
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
    for step in range(8, 40, 8):
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
@pytest.mark.parametrize("fate", [fate for fate in Fate if fate is not Fate.UNTRUE_NO])
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


@every_durable_log
def test_what_is_due_too_soon_stays_and_is_named(log: str, caplog: pytest.LogCaptureFixture) -> None:
    sent = scheduled(log)
    sent.attempt(EVERYBODY)
    sent.line.fates_of_cancels = deque([Fate.ANSWERED] * 2 + [Fate.REQUEST_LOST] * 2 * BATCHES)
    stop_second_try(sent)
    sent.clock.pause(IN_AN_HOUR - 299)
    sent.text = "Corrected"
    caplog.clear()

    outcome = finish_later(sent)

    said = [record.getMessage() for record in caplog.records]
    assert any(
        line.startswith("Not cancelled, so these texts leave or have left: 5 batches") for line in said
    )
    assert sorted(texts(sent).values()) == ["Corrected"] * 6 + ["Hello"] * 14
    assert_everyone_once(sent, outcome)


@every_durable_log
def test_the_log_says_what_was_cancelled_and_what_was_not(log: str, caplog: pytest.LogCaptureFixture) -> None:
    sent = scheduled(log)
    sent.line.fates = deque([Fate.ANSWER_LOST])  # found by its tag, and so without a message id
    sent.attempt(EVERYBODY)
    sent.line.fates_of_cancels = deque([Fate.REQUEST_LOST] * 2)
    caplog.clear()

    stop_second_try(sent)

    said = [record.getMessage() for record in caplog.records]
    for begin in (
        "Cancelled on the platform: 5 batches, 14 people, tags ",
        "Not known to be cancelled, the next try asks again: 1 batches, 3 people, tags ",
        "Not cancelled, so these texts leave or have left: 1 batches, 3 people, tags ",
    ):
        assert any(line.startswith(begin) for line in said), (begin, said)


@pytest.mark.parametrize("log", [*DURABLE, "neither"])
def test_what_is_not_scheduled_or_not_remembered_is_not_cancelled(log: str) -> None:
    sent = scheduled(log) if log == "neither" else campaign(log)
    sent.attempt(EVERYBODY)

    stop_second_try(sent)

    assert not sent.line.cancels
    assert_everyone_once(sent, finish_later(sent))


@every_durable_log
def test_only_what_is_scheduled_is_cancelled_in_a_task_that_did_both(log: str) -> None:
    sent = campaign(log)
    sent.attempt(EVERYBODY[:9])
    sent.send_at = sent.clock.now() + IN_AN_HOUR
    sent.attempt(EVERYBODY)

    stop_second_try(sent)

    assert sum(message.cancelled for message in sent.stage.platform.messages.values()) == 4
    assert_everyone_once(sent, finish_later(sent))


def test_another_campaign_run_leaves_people_out_whose_cancellation_is_open() -> None:
    sent = scheduled("ledger")
    sent.attempt(EVERYBODY)
    sent.line.fates_of_cancels = deque([Fate.REQUEST_LOST] * 2 * BATCHES)
    stop_second_try(sent)

    sent.name, tries = ("another run",), sent.tries
    assert sent.attempt(EVERYBODY).excluded == len(EVERYBODY)

    sent.name = ("campaign",)
    assert sent.tries > tries
    assert_everyone_once(sent, finish_later(sent))


@every_durable_log
def test_a_stop_after_a_time_out_waits_until_it_has_cancelled(log: str) -> None:
    sent = scheduled(log)
    sent.attempt(EVERYBODY)

    def everybody() -> Iterator[str]:
        yield from EVERYBODY
        raise KeyboardInterrupt  # as Airflow's time-out: no Exception, at any line

    with pytest.raises(KeyboardInterrupt):
        sent.attempt(everybody())
    assert sent.sending is not None
    sent.sending.kill()

    assert all(message.cancelled for message in sent.stage.platform.messages.values())
    assert_everyone_once(sent, finish_later(sent))


@every_durable_log
def test_a_stop_after_success_cancels_nothing(log: str) -> None:
    sent = scheduled(log)
    outcome = sent.attempt(EVERYBODY)
    assert sent.sending is not None

    sent.sending.kill()

    assert not sent.line.cancels
    sent.clock.pause(DAY)
    assert_everyone_once(sent, outcome)


@every_durable_log
def test_a_log_that_is_still_being_rebuilt_does_not_pass_for_whole(log: str) -> None:
    for step in range(2, 24, stride(4)):
        sent = campaign(log)
        sent.attempt(EVERYBODY)
        sent.store.clear()
        kill_at(sent, step)
        sent.attempt_anyway(EVERYBODY, dies_at=step + 2)

        assert_everyone_once(sent, finish_later(sent))


@pytest.mark.parametrize("log", DURABLE)
def test_an_answer_that_comes_after_the_last_moment_is_cancelled_by_the_next_try(
    log: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(withdrawal, "LONGEST", -1.0)  # there is time for the intention only
    sent = scheduled(log, concurrency=4)
    kill_at(sent, 48 if log == "ledger" else 12, then=lambda: time.sleep(0.2))
    sent.attempt_anyway(EVERYBODY)
    assert not sent.line.cancels
    on_platform = len(sent.line.posts)

    sent.text = "Corrected"
    outcome = finish_later(sent)

    assert len(sent.line.cancels) == on_platform > 0
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
        with pytest.raises(AirflowFailException, match="put the former one back"):
            sent.attempt(EVERYBODY)
        assert not sent.line.stage.platform.messages
        sent.line.stage, sent.secret = ours, secret

    assert_everyone_once(sent, finish_later(sent))


@pytest.mark.parametrize("log", [*DURABLE, "neither"])
def test_a_stop_that_comes_when_all_is_sent_and_nothing_can_be_taken_back_is_no_failure(log: str) -> None:
    sent = campaign(log)

    with sent.begin() as sending:
        outcome = sending.run(map(Person, EVERYBODY))
        sending.kill()

    assert not sent.line.cancels
    assert_everyone_once(sent, outcome)


def test_a_stop_waits_for_nothing_that_the_interrupted_thread_may_hold() -> None:
    sent = campaign()
    with sent.begin() as sending:
        with sending._halt._cond:  # type: ignore[attr-defined]  # as while it begins to wait
            handler = threading.Thread(target=sending.kill, daemon=True)
            handler.start()
            handler.join(10)
            assert not handler.is_alive()
        assert sending._halt.wait(10)

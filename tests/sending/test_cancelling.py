"""Scheduled campaigns whose task is stopped: what waits is taken back, and sent once by a later try."""

from __future__ import annotations

import itertools
import threading
from collections import deque
from collections.abc import Iterator

import pytest

from airflow_provider_smspartner.exceptions import SMSPartnerError
from airflow_provider_smspartner.rules.people import Person
from faults.campaign import DURABLE
from faults.fates import Fate
from tests.sending.conftest import (
    BATCHES,
    DAY,
    EVERYBODY,
    IN_AN_HOUR,
    assert_everyone_once,
    campaign,
    every_durable_log,
    finish_later,
    kill_at,
    scheduled,
    stop_second_try,
    texts,
)
from tests.thorough import stride


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
def test_what_is_due_too_soon_stays_and_is_named(log: str, caplog: pytest.LogCaptureFixture) -> None:
    sent = scheduled(log)
    sent.attempt(EVERYBODY)
    sent.line.fates_of_cancels = deque([Fate.ANSWERED] * 4 + [Fate.REQUEST_LOST] * 2 * BATCHES)
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

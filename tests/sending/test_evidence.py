"""When a list proves that somebody is not on the platform: what may be hidden, may lag, or may slip."""

from __future__ import annotations

from collections import deque
from collections.abc import Iterator
from datetime import timedelta
from decimal import Decimal

import pytest

from airflow_provider_smspartner.exceptions import (
    InsufficientCreditError,
    NeedsPerson,
    SMSPartnerError,
)
from airflow_provider_smspartner.journal import CLOCK_MARGIN
from airflow_provider_smspartner.simulator import Settings
from airflow_provider_smspartner.simulator.messages import Message
from airflow_provider_smspartner.simulator.platform import Platform
from faults.campaign import VERIFY_TIMEOUT, Campaign, people
from faults.changes import empty_ledger, restore_ledger
from faults.fates import Fate
from faults.world import Crash
from tests.airflow_versions import needs_task_state_store
from tests.sending.conftest import (
    DAY,
    EVERYBODY,
    IN_AN_HOUR,
    RICH,
    TWO_OF_THEM,
    assert_everyone_once,
    campaign,
    every_log,
    logs,
    scheduled,
)
from tests.sending.moments import (
    A_FEW_SENT_BY_A_SECOND_TRY,
    BEFORE_ANYTHING,
    CLAIMING_OR_VERIFYING,
    NOTHING_LEFT,
    VERIFYING,
)
from tests.thorough import stride


def lose_all_answers(sent: Campaign) -> None:
    """Have everything sent by a try that hears of nothing."""
    sent.line.always = Fate.ANSWER_LOST
    sent.attempt_anyway(EVERYBODY)
    sent.line.always = None


def assert_fails_until_it_can_be_seen(sent: Campaign) -> None:
    """Fail unless a try ends in an error while texts wait, and a later one finds them all."""
    assert isinstance(sent.attempt_anyway(EVERYBODY), SMSPartnerError)
    sent.clock.pause(DAY)
    assert_everyone_once(sent, sent.finish(EVERYBODY))


def unseen_before_it_leaves(monkeypatch: pytest.MonkeyPatch, *, seconds: float = 0.0) -> None:
    """Have the platform list what waits there only so long after it has left."""
    tagged = Platform.tagged

    def listed(platform: Platform, tag: str) -> Iterator[Message]:
        for message in tagged(platform, tag):
            if message.due + timedelta(seconds=seconds) <= platform.now():
                yield message

    monkeypatch.setattr(Platform, "tagged", listed)


@every_log
def test_what_waits_on_the_platform_is_not_taken_for_absent(
    log: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    unseen_before_it_leaves(monkeypatch)
    sent = campaign(log, send_in=IN_AN_HOUR)
    lose_all_answers(sent)

    assert_fails_until_it_can_be_seen(sent)


@every_log
def test_a_task_that_died_before_its_journal_began_is_told_when_to_be_cleared_and_of_no_store_that_it_has(
    log: str,
) -> None:
    sent = campaign(log, send_in=IN_AN_HOUR)
    assert isinstance(sent.attempt_anyway(EVERYBODY, dies_at=BEFORE_ANYTHING), Crash)

    error = str(sent.attempt_anyway(EVERYBODY))

    assert "Clear the task after 2026-11-20 14:06 (Paris)" in error
    assert ("With Airflow's task state store" in error) == (log == "neither")
    assert ("before they began the journal, or it was cleared" in error) == (log != "neither")
    sent.clock.pause(DAY)
    assert_everyone_once(sent, sent.finish(EVERYBODY))


@needs_task_state_store
@pytest.mark.parametrize("log", ["task state", "ledger"])
def test_a_rolled_key_that_shows_nothing_yet_is_told_from_when_it_will(
    log: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    unseen_before_it_leaves(monkeypatch)
    sent = scheduled(log)
    sent.attempt(EVERYBODY)
    sent.secret = "another key"

    with pytest.raises(NeedsPerson, match=r"clear it after 2026-11-20 14:06 \(Paris\)"):
        sent.attempt(EVERYBODY)
    sent.clock.pause(DAY)

    assert_everyone_once(sent, sent.attempt(EVERYBODY))


def test_a_ledger_alone_does_not_take_for_absent_what_waits_on_the_platform(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    unseen_before_it_leaves(monkeypatch)
    sent = scheduled("ledger alone")
    lose_all_answers(sent)

    assert_fails_until_it_can_be_seen(sent)


@pytest.mark.parametrize("log", logs("task state", "ledger", "ledger alone"))
def test_a_time_that_is_taken_away_makes_nothing_absent_that_waits(
    log: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    unseen_before_it_leaves(monkeypatch)
    sent = scheduled(log)
    sent.line.always = Fate.ANSWER_LOST
    sent.attempt_anyway(EVERYBODY)
    sent.line.always, sent.send_at = None, None

    error = sent.attempt_anyway(EVERYBODY)
    assert isinstance(error, SMSPartnerError)
    assert sent.sending is not None
    assert "Wait until 2026-11-20 14:06 (Paris)" in sent.sending.explain()
    sent.clock.pause(DAY)

    assert_everyone_once(sent, sent.finish(EVERYBODY))


@pytest.mark.parametrize("log", logs("task state", "ledger", "ledger alone"))
def test_what_left_at_once_vouches_for_nothing_that_waits(log: str, monkeypatch: pytest.MonkeyPatch) -> None:
    unseen_before_it_leaves(monkeypatch)
    sent = scheduled(log)
    sent.line.always = Fate.ANSWER_LOST
    sent.attempt_anyway(EVERYBODY[:6])
    sent.send_at = None
    sent.attempt_anyway(EVERYBODY, dies_at=A_FEW_SENT_BY_A_SECOND_TRY)
    sent.line.always = None
    assert sent.stage.texts_per_number()

    assert_fails_until_it_can_be_seen(sent)


@needs_task_state_store
def test_a_time_that_is_taken_away_makes_nothing_absent_that_a_lost_ledger_knew(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    unseen_before_it_leaves(monkeypatch)
    sent = scheduled("ledger")
    lose_all_answers(sent)
    empty_ledger(sent)
    sent.send_at = None

    assert_fails_until_it_can_be_seen(sent)


@needs_task_state_store
def test_what_a_memory_knows_vouches_for_no_list_that_hides_what_waits() -> None:
    sent = campaign("ledger", settings=Settings(balance=RICH, list_scheduled=False), send_in=IN_AN_HOUR)
    for _ in range(2):
        sent.line.fates = deque(TWO_OF_THEM)
        sent.attempt_anyway(EVERYBODY)
    restore_ledger(sent, before=2)

    assert isinstance(sent.attempt_anyway(EVERYBODY), SMSPartnerError)
    sent.clock.pause(DAY)
    assert_everyone_once(sent, sent.finish(EVERYBODY))


@every_log
def test_a_no_of_a_gateway_makes_nothing_absent_that_waits_unseen(log: str) -> None:
    one_batch = people(2)
    for step in (None, *range(NOTHING_LEFT, VERIFYING, stride(5))):
        sent = campaign(log, settings=Settings(balance=RICH, list_scheduled=False), send_in=IN_AN_HOUR)
        sent.line.fates = deque([Fate.UNTRUE_NO])
        sent.attempt_anyway(one_batch, dies_at=step)
        assert isinstance(sent.attempt_anyway(one_batch), SMSPartnerError)
        sent.clock.pause(DAY)

        assert_everyone_once(sent, sent.finish(one_batch), one_batch)


@every_log
def test_a_no_of_the_platform_itself_is_believed_of_what_waits_unseen(log: str) -> None:
    sent = campaign(log, settings=Settings(balance=Decimal(0), list_scheduled=False), send_in=IN_AN_HOUR)
    with pytest.raises(InsufficientCreditError):
        sent.attempt(EVERYBODY)
    sent.stage.settings = Settings(balance=RICH, list_scheduled=False)
    sent.stage.platform.balance = RICH

    if log == "neither":  # it cannot know of the no, and has to wait until what waits can be seen
        sent.clock.pause(DAY)
    sent.attempt(EVERYBODY)
    sent.clock.pause(DAY)
    assert sent.stage.texts_per_number() == dict.fromkeys(EVERYBODY, 1)


@every_log
def test_the_waiting_time_counts_from_the_release(log: str, monkeypatch: pytest.MonkeyPatch) -> None:
    unseen_before_it_leaves(monkeypatch, seconds=90)
    sent = campaign(log, send_in=IN_AN_HOUR)
    lose_all_answers(sent)
    sent.clock.pause((sent.send_at or 0) - sent.clock.now() + 20)

    assert_everyone_once(sent, sent.finish(EVERYBODY))


@every_log
def test_what_is_held_for_the_night_is_not_taken_for_absent(
    log: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    sent = campaign(log)
    morning = sent.clock.now() + 10 * IN_AN_HOUR
    sent.release = lambda moment: max(moment, morning)
    monkeypatch.setattr(sent.line, "blind", True)
    sent.line.fates = deque([Fate.ANSWER_LOST, Fate.UNREACHABLE])
    sent.attempt_anyway(EVERYBODY)

    assert isinstance(sent.attempt_anyway(EVERYBODY), SMSPartnerError)
    assert not sent.doubles
    sent.clock.pause(DAY)

    assert_everyone_once(sent, sent.finish(EVERYBODY))


@every_log
@pytest.mark.parametrize(("behind", "tag_delay"), [(CLOCK_MARGIN - 10, VERIFY_TIMEOUT), (400, 0), (400, 6)])
def test_a_clock_that_is_behind_shortens_no_waiting_time(log: str, behind: float, tag_delay: float) -> None:
    one_batch = people(2)
    for step in range(NOTHING_LEFT, CLAIMING_OR_VERIFYING, stride(4)):
        sent = campaign(log, settings=Settings(balance=RICH, tag_delay=tag_delay))
        sent.line.always = Fate.LATE
        sent.now = lambda clock=sent.clock: clock.now() - behind  # type: ignore[misc]
        sent.attempt_anyway(one_batch, dies_at=step)
        sent.now, sent.line.always = sent.clock.now, None

        assert_everyone_once(sent, sent.finish(one_batch), one_batch)

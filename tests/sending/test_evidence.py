"""When a list proves that somebody is not on the platform: what may be hidden, may lag, or may slip."""

from __future__ import annotations

from collections import Counter, deque
from collections.abc import Iterator
from datetime import timedelta
from decimal import Decimal
from typing import Any

import pytest

from airflow_provider_smspartner import api
from airflow_provider_smspartner.exceptions import (
    InsufficientCreditError,
    NeedsPerson,
    NotFoundError,
    SMSPartnerError,
)
from airflow_provider_smspartner.journal import CLOCK_MARGIN
from airflow_provider_smspartner.simulator import Settings
from airflow_provider_smspartner.simulator.messages import Message
from airflow_provider_smspartner.simulator.platform import Platform
from faults.campaign import VERIFY_TIMEOUT, Campaign, people
from faults.changes import delete_run, empty_ledger, restore_ledger
from faults.world import Crash, Fate, FateOfLook
from tests.airflow_versions import needs_task_state_store
from tests.sending.conftest import (
    DAY,
    EVERYBODY,
    IN_AN_HOUR,
    OUT_OF_THE_WORLD,
    RICH,
    TWO_OF_THEM,
    assert_everyone_once,
    campaign,
    every_log,
    half_sent,
    logs,
    scheduled,
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


# ---- what cannot be seen --------------------------------------------------------------------------


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
    assert isinstance(sent.attempt_anyway(EVERYBODY, dies_at=1), Crash)

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
    for step in (None, *range(4, 40, stride(5))):
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
    for step in range(4, 24, stride(4)):
        sent = campaign(log, settings=Settings(balance=RICH, tag_delay=tag_delay))
        sent.line.always = Fate.LATE
        sent.now = lambda clock=sent.clock: clock.now() - behind  # type: ignore[misc]
        sent.attempt_anyway(one_batch, dies_at=step)
        sent.now, sent.line.always = sent.clock.now, None

        assert_everyone_once(sent, sent.finish(one_batch), one_batch)


# ---- absence takes more than one look -------------------------------------------------------------


@every_log
def test_an_untrue_no_is_not_believed_while_the_list_lags(log: str) -> None:
    sent = campaign(log, settings=Settings(balance=RICH, tag_delay=1))
    sent.line.fates = deque([Fate.ANSWERED, Fate.UNTRUE_NO, Fate.UNTRUE_NO])

    assert_everyone_once(sent, sent.attempt(EVERYBODY))


@every_log
@pytest.mark.parametrize("slips", range(1, 9))
def test_one_look_that_slips_doubles_nobody(log: str, slips: int) -> None:
    sent = campaign(log)
    sent.line.fates = deque([Fate.ANSWER_LOST, Fate.ANSWERED, Fate.ANSWER_LOST])
    sent.attempt_anyway(EVERYBODY, dies_at=26)
    sent.clock.pause(1000)
    look, looks = sent.line._look, iter(range(1, 10_000))

    def slip(call: Any) -> Any:
        if next(looks) == slips:
            raise NotFoundError(call.path, 4)
        return look(call)

    sent.line._look = slip  # type: ignore[method-assign]

    assert_everyone_once(sent, sent.finish(EVERYBODY))


@pytest.mark.parametrize("slips", [2, 3, 4])
def test_a_walk_that_was_seen_to_slip_is_repeated_until_it_tells_nothing_new(slips: int) -> None:
    sent = half_sent("neither")
    sent.clock.pause(1000)
    look, left = sent.line._look, Counter({sent.tag_of(0): 1, sent.tag_of(1): slips})

    def slip(call: Any) -> Any:
        if left[tag := str(call.fields["tag"])]:
            left[tag] -= 1
            raise NotFoundError(call.path, 4)
        return look(call)

    sent.line._look = slip  # type: ignore[method-assign]

    assert_everyone_once(sent, sent.finish(EVERYBODY))


def test_a_deleted_run_whose_first_batch_was_refused_is_found_all_the_same() -> None:
    sent = campaign(concurrency=2)
    sent.line.fates = deque([Fate.THROTTLED, Fate.ANSWERED])
    sent.attempt(EVERYBODY)
    delete_run(sent)

    assert_everyone_once(sent, sent.attempt(EVERYBODY))


@pytest.mark.parametrize(("size", "concurrency"), [(2, 1), (3, 1), (3, 4), (20, 1), (20, 2), (20, 4)])
def test_a_deleted_run_is_found_although_each_batch_of_its_first_claim_had_a_bad_number(
    size: int, concurrency: int
) -> None:
    everybody = people(size)
    bad = everybody[0 : 3 * 2 * concurrency : 3]  # which the platform does not name, so that halves go again
    sent = campaign(concurrency=concurrency)
    sent.stage.add_to_stop_list(*bad)
    sent.attempt(everybody)
    delete_run(sent)

    outcome = sent.attempt(everybody)

    good = [number for number in everybody if number not in bad]
    assert_everyone_once(sent, outcome, good, rejected=len(bad))


@every_log
def test_a_deleted_run_whose_first_ordinals_were_all_refused_is_known_to_a_ledger_alone(log: str) -> None:
    sent = campaign(log)
    sent.line.fates = deque([Fate.THROTTLED] * 4)  # one more than a first try looks for
    sent.attempt(EVERYBODY)
    delete_run(sent)

    sent.attempt(EVERYBODY)

    assert bool(sent.doubles) is (log != "ledger")


@needs_task_state_store
@pytest.mark.parametrize("fate", [FateOfLook.LOST, FateOfLook.SLIPS, FateOfLook.THROTTLED])
def test_a_deleted_run_is_found_although_its_first_try_died_while_it_looked(fate: FateOfLook) -> None:
    sent = campaign()
    sent.attempt(EVERYBODY)
    delete_run(sent)
    assert isinstance(sent.attempt_anyway(EVERYBODY, dies_at=8), Crash)
    sent.line.fates_of_looks = deque([fate])
    sent.attempt_anyway(EVERYBODY)

    assert_everyone_once(sent, sent.finish(EVERYBODY))


@every_log
def test_an_audience_of_unknown_size_is_looked_for_as_far_as_it_may_have_been_claimed(log: str) -> None:
    sent = campaign(log, concurrency=2)
    sent.line.fates = deque([Fate.REQUEST_LOST] * 3)
    sent.attempt(iter(EVERYBODY))
    delete_run(sent)

    assert_everyone_once(sent, sent.attempt(iter(EVERYBODY)))


@every_log
def test_a_gateway_that_overlooks_the_tag_ends_the_task_for_good(
    log: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    sent = campaign(log)
    sent.line.carry(api.send([OUT_OF_THE_WORLD], "Hello", api.SendOptions(tag="somebody")))
    tagged = Platform.tagged
    monkeypatch.setattr(Platform, "tagged", lambda platform, tag: tagged(platform, "somebody"))

    with pytest.raises(NeedsPerson, match="the same 1 people under tag"):
        sent.attempt(EVERYBODY)
    assert sent.line.looks < 10
    assert set(sent.stage.texts_per_number()) == {OUT_OF_THE_WORLD}

"""Absence takes more than one look: a list that slips or lags, and what a deleted run has sent."""

from __future__ import annotations

from collections import Counter, deque
from typing import Any

import pytest

from airflow_provider_smspartner import api
from airflow_provider_smspartner.exceptions import (
    NeedsPerson,
    NotFoundError,
)
from airflow_provider_smspartner.simulator import Settings
from airflow_provider_smspartner.simulator.platform import Platform
from faults.campaign import people
from faults.changes import delete_run
from faults.fates import Fate, FateOfLook
from faults.world import Crash
from tests.airflow_versions import needs_task_state_store
from tests.sending.conftest import (
    EVERYBODY,
    OUT_OF_THE_WORLD,
    RICH,
    assert_everyone_once,
    campaign,
    every_log,
    half_sent,
)
from tests.sending.moments import CLAIMING_SENDING_OR_VERIFYING, TAGS_FOUND


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
    sent.attempt_anyway(EVERYBODY, dies_at=CLAIMING_SENDING_OR_VERIFYING)
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
    assert isinstance(sent.attempt_anyway(EVERYBODY, dies_at=TAGS_FOUND), Crash)
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

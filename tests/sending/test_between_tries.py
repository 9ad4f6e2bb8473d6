"""Between two tries everything may change: what is carried over, and what fails until it is put back."""

from __future__ import annotations

from collections import deque

import pytest
from airflow.providers.common.compat.sdk import AirflowFailException

from airflow_provider_smspartner.exceptions import (
    NeedsPerson,
)
from airflow_provider_smspartner.journal.table import Ledger
from faults.campaign import LOGS
from faults.changes import delete_run, empty_ledger, restore_ledger
from faults.fates import Fate
from faults.world import Crash
from tests.airflow_versions import needs_task_state_store
from tests.sending.conftest import (
    EVERYBODY,
    TWO_OF_THEM,
    assert_everyone_once,
    campaign,
    half_sent,
)
from tests.sending.moments import A_FEW_SENT_BY_A_SECOND_TRY, BEFORE_ANYTHING


@needs_task_state_store
@pytest.mark.parametrize("log", ["task state", "ledger"])
def test_another_connection_fails_for_good_and_putting_it_back_sends_the_rest(log: str) -> None:
    sent = half_sent(log)
    sent.name, sent.connection = ("another",), "second_account"

    for_good = (NeedsPerson, AirflowFailException)
    with pytest.raises(for_good, match=r"smspartner_conn_id.*'smspartner_default'.*'second_account'"):
        sent.attempt(EVERYBODY)
    sent.name, sent.connection = ("campaign",), "smspartner_default"

    assert_everyone_once(sent, sent.finish(EVERYBODY))


@needs_task_state_store
def test_a_ledger_that_is_added_forgets_nobody() -> None:
    sent = half_sent("task state")
    sent.open_log = LOGS["ledger"]
    sent.line.fates = deque(TWO_OF_THEM)
    sent.attempt_anyway(EVERYBODY)

    assert_everyone_once(sent, sent.finish(EVERYBODY))


@needs_task_state_store
def test_a_ledger_that_was_added_by_a_try_that_died_forgets_nothing_of_the_store() -> None:
    for dies_at in range(BEFORE_ANYTHING, A_FEW_SENT_BY_A_SECOND_TRY):
        sent = half_sent("task state")
        sent.open_log = LOGS["ledger"]
        if not isinstance(sent.attempt_anyway(EVERYBODY, dies_at=dies_at), Crash):
            break
        sent.user_tag = "autumn"

        assert_everyone_once(sent, sent.finish(EVERYBODY))
    assert dies_at > 20


@needs_task_state_store
@pytest.mark.parametrize("deleted", [False, True])
def test_a_store_that_is_lost_after_a_ledger_was_added_forgets_nobody(deleted: bool) -> None:
    sent = half_sent("task state")
    sent.open_log = LOGS["ledger"]
    sent.line.fates = deque(TWO_OF_THEM)
    sent.attempt_anyway(EVERYBODY)
    sent.store.clear()
    sent.tries *= not deleted

    assert_everyone_once(sent, sent.finish(EVERYBODY))
    sent.line.looks = 0
    sent.attempt(EVERYBODY)
    assert not sent.line.looks


@needs_task_state_store
def test_a_ledger_that_was_added_knows_of_a_deleted_run_although_nobody_was_claimed_in_it() -> None:
    sent = campaign("task state")
    sent.line.fates = deque([Fate.THROTTLED] * 4)  # further than a first try looks
    sent.attempt(EVERYBODY)
    sent.open_log = LOGS["ledger"]
    sent.attempt(EVERYBODY)
    delete_run(sent)

    assert_everyone_once(sent, sent.attempt(EVERYBODY))


@needs_task_state_store
def test_a_ledger_that_was_added_is_not_taken_for_lost_because_nobody_was_claimed_in_it() -> None:
    sent = campaign("task state")
    sent.attempt(EVERYBODY)
    sent.open_log = LOGS["ledger"]
    sent.attempt(EVERYBODY)
    sent.line.looks = 0

    assert_everyone_once(sent, sent.attempt(EVERYBODY))
    assert not sent.line.looks


@needs_task_state_store
def test_a_ledger_that_is_taken_away_has_to_be_put_back() -> None:
    sent = half_sent("ledger")
    sent.open_log = LOGS["task state"]

    with pytest.raises(NeedsPerson, match="ledger_conn_id"):
        sent.attempt(EVERYBODY)
    sent.open_log = LOGS["ledger"]

    assert_everyone_once(sent, sent.finish(EVERYBODY))


@needs_task_state_store
def test_another_ledger_in_its_place_is_noticed() -> None:
    sent = campaign("ledger")
    first = sent.ledger = Ledger(engine=sent.ledger.engine, identity="first", pause=sent.pause)
    sent.line.fates = deque(TWO_OF_THEM)
    sent.attempt_anyway(EVERYBODY)
    del sent.ledger
    sent.ledger = Ledger(engine=sent.ledger.engine, identity="second", pause=sent.pause)

    with pytest.raises(NeedsPerson, match=r"ledger_conn_id.*first.*second"):
        sent.attempt(EVERYBODY)
    sent.ledger = first

    assert_everyone_once(sent, sent.finish(EVERYBODY))


@needs_task_state_store
def test_a_ledger_that_was_emptied_is_lost_and_not_new() -> None:
    sent = campaign("ledger")
    sent.line.fates = deque([*[Fate.THROTTLED] * 4, *[Fate.ANSWERED] * 2, Fate.UNREACHABLE])
    sent.attempt_anyway(EVERYBODY)
    assert sent.stage.texts_per_number()
    empty_ledger(sent)

    assert_everyone_once(sent, sent.finish(EVERYBODY))


@needs_task_state_store
@pytest.mark.parametrize("deleted", [False, True])
def test_a_ledger_that_was_restored_from_an_older_copy_forgets_nobody(deleted: bool) -> None:
    sent = half_sent("ledger")
    sent.line.fates = deque(TWO_OF_THEM)
    sent.attempt_anyway(EVERYBODY)
    restore_ledger(sent, before=2)
    if deleted:
        delete_run(sent)

    outcome = sent.finish(EVERYBODY)

    # With the store goes the last that could know better than the copy
    assert bool(sent.doubles) is deleted
    assert outcome.recipients + len(sent.doubles) == sum(sent.texts.values())


@needs_task_state_store
@pytest.mark.parametrize("concurrency", [1, 4])
def test_an_older_copy_of_a_ledger_that_lacks_the_last_claim_alone_is_noticed(concurrency: int) -> None:
    sent = campaign("ledger", concurrency=concurrency)
    sent.attempt(EVERYBODY)
    restore_ledger(sent, before=len(sent.stage.platform.messages) - 1)

    assert_everyone_once(sent, sent.attempt(EVERYBODY))


@needs_task_state_store
@pytest.mark.parametrize("fate", [Fate.THROTTLED, Fate.REQUEST_LOST])
def test_batches_that_have_lost_their_people_are_begun_again(fate: Fate) -> None:
    sent = campaign("ledger", concurrency=2)
    sent.line.fates = deque([*[fate] * 2, Fate.UNREACHABLE])
    sent.attempt_anyway(EVERYBODY)
    empty_ledger(sent)

    assert_everyone_once(sent, sent.attempt(EVERYBODY))


@needs_task_state_store
def test_after_a_ledger_was_emptied_another_tag_has_to_be_put_back() -> None:
    sent = half_sent("ledger")
    empty_ledger(sent)
    sent.user_tag = "autumn"

    with pytest.raises(NeedsPerson, match=r"^tag: .*None.*'autumn'"):
        sent.attempt(EVERYBODY)
    sent.user_tag = None

    assert_everyone_once(sent, sent.finish(EVERYBODY))


@needs_task_state_store
def test_a_run_with_a_ledger_that_is_deleted_and_made_again_goes_on() -> None:
    sent = half_sent("ledger")
    delete_run(sent)

    assert_everyone_once(sent, sent.attempt(EVERYBODY))

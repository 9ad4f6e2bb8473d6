"""Between two tries everything may change: what is carried over, and what fails until it is put back."""

from __future__ import annotations

import random
from collections import deque
from dataclasses import replace
from typing import Any

import pytest
from airflow.providers.common.compat.sdk import AirflowFailException

from airflow_provider_smspartner.exceptions import (
    NeedsPerson,
)
from airflow_provider_smspartner.journal.table import Ledger
from airflow_provider_smspartner.simulator import Settings
from airflow_provider_smspartner.simulator.stage import Stage
from faults.campaign import LOGS, people
from faults.changes import change_account, delete_run, empty_ledger, restore_ledger
from faults.fates import Fate
from faults.world import Crash
from tests.airflow_versions import needs_task_state_store
from tests.sending.conftest import (
    EVERYBODY,
    RICH,
    TWO_OF_THEM,
    assert_everyone_once,
    campaign,
    half_sent,
)
from tests.sending.moments import A_FEW_SENT, A_FEW_SENT_BY_A_SECOND_TRY, BEFORE_ANYTHING, WALKING_TAGS


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
def test_a_ledger_whose_store_is_lost_still_knows_the_account() -> None:
    sent = campaign("ledger", concurrency=1)
    sent.line.fates = deque([Fate.ANSWERED, Fate.ANSWER_LOST, Fate.UNREACHABLE])
    sent.attempt_anyway(EVERYBODY)
    sent.store.clear()  # as clearing a task does from Airflow 3.4 on
    put_back = change_account(sent, random.Random(0))

    with pytest.raises(NeedsPerson, match="API key"):
        sent.attempt(EVERYBODY)
    put_back()

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


@needs_task_state_store
@pytest.mark.parametrize("emptied", [False, True])
@pytest.mark.parametrize("dies_at", [None, *WALKING_TAGS])
def test_a_ledger_is_not_read_with_the_key_of_another_account(emptied: bool, dies_at: int | None) -> None:
    sent = campaign("ledger", concurrency=2)
    sent.line.fates = deque([Fate.ANSWER_LOST, Fate.ANSWER_LOST, Fate.UNREACHABLE])
    sent.attempt_anyway(EVERYBODY)
    if emptied:
        empty_ledger(sent)
    ours, secret = sent.stage, sent.secret
    sent.line.stage, sent.secret = Stage(Settings(balance=RICH), clock=sent.clock.utc), "another key"
    if dies_at:
        sent.attempt_anyway(EVERYBODY, dies_at=dies_at)  # under one name of the owner, say
    with pytest.raises(NeedsPerson, match="former key back"):
        sent.attempt(EVERYBODY)
    assert not sent.line.stage.texts_per_number()
    sent.line.stage, sent.secret = ours, secret

    assert_everyone_once(sent, sent.finish(EVERYBODY))


@needs_task_state_store
def test_a_ledger_is_read_with_a_rolled_key_once_it_shows_something_of_the_task() -> None:
    sent = campaign("ledger", concurrency=2)
    sent.line.fates = deque([Fate.ANSWERED, Fate.ANSWER_LOST, Fate.UNREACHABLE])
    sent.attempt_anyway(EVERYBODY)
    sent.secret = "another key"

    assert_everyone_once(sent, sent.attempt(EVERYBODY))


@needs_task_state_store
@pytest.mark.parametrize("log", ["task state", "ledger"])
def test_two_accounts_never_share_a_memory_though_everybody_of_the_first_has_a_text(log: str) -> None:
    sent, newcomers = campaign(log), people(2, start=100)
    sent.attempt(EVERYBODY)
    ours, secret = sent.stage, sent.secret
    sent.line.stage, sent.secret = Stage(Settings(balance=RICH), clock=sent.clock.utc), "another key"

    for _ in range(2):
        with pytest.raises(NeedsPerson, match="former key back"):
            sent.attempt([*EVERYBODY, *newcomers])
    assert not sent.line.stage.texts_per_number()
    sent.line.stage, sent.secret = ours, secret

    everybody = [*EVERYBODY, *newcomers]
    assert_everyone_once(sent, sent.finish(everybody), everybody)


@needs_task_state_store
@pytest.mark.parametrize("named", [True, False])
def test_the_key_of_another_account_finds_nothing_and_is_not_believed(
    named: bool, monkeypatch: pytest.MonkeyPatch
) -> None:
    sent = campaign()
    sent.line.always = Fate.ANSWER_LOST
    sent.attempt_anyway(EVERYBODY, dies_at=A_FEW_SENT)
    assert sent.stage.texts_per_number()
    sent.line.always = None
    ours, secret = sent.stage, sent.secret
    sent.line.stage, sent.secret = Stage(Settings(balance=RICH), clock=sent.clock.utc), "another key"
    with monkeypatch.context() as patch:
        if named:
            patch.setattr(sent, "account_name", lambda needed: "backup@example.org")
        with pytest.raises(NeedsPerson, match=r"former (one|key) back|Restore the former one"):
            sent.attempt(EVERYBODY)
    assert not sent.line.stage.texts_per_number()
    sent.line.stage, sent.secret = ours, secret
    assert_everyone_once(sent, sent.finish(EVERYBODY))


@needs_task_state_store
@pytest.mark.parametrize("whole", [True, False])
def test_after_a_rolled_key_a_list_counts_only_when_it_names_as_many_as_were_accepted(
    whole: bool, monkeypatch: pytest.MonkeyPatch
) -> None:
    sent = half_sent("task state")
    secret, sent.secret = sent.secret, "another key"
    if not whole:
        look = sent.line._look

        def short(call: Any) -> Any:
            listed = look(call)
            return replace(listed, reports=listed.reports[:2], total=None)

        with monkeypatch.context() as patch:
            patch.setattr(sent.line, "_look", short)
            with pytest.raises(NeedsPerson, match=r"in full \(2 of 3\).*former one back"):
                sent.attempt(EVERYBODY)
        sent.secret = secret
    assert not sent.doubles

    assert_everyone_once(sent, sent.finish(EVERYBODY))

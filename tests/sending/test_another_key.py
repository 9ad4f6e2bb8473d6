"""A key that changes between two tries: a rolled one goes on, and one of another account is not believed."""

from __future__ import annotations

import random
from collections import deque
from dataclasses import replace
from typing import Any

import pytest

from airflow_provider_smspartner.exceptions import (
    NeedsPerson,
)
from airflow_provider_smspartner.simulator import Settings
from airflow_provider_smspartner.simulator.stage import Stage
from faults.campaign import people
from faults.changes import change_account, empty_ledger
from faults.fates import Fate
from tests.airflow_versions import needs_task_state_store
from tests.sending.conftest import (
    EVERYBODY,
    RICH,
    assert_everyone_once,
    campaign,
    half_sent,
)
from tests.sending.moments import A_FEW_SENT, WALKING_TAGS


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

"""Later tries: crashes, people who come and go, lost stores, changed keys and tags."""

from __future__ import annotations

import itertools
import json
from collections import deque

import pytest

from airflow_provider_smspartner.exceptions import (
    NeedsPerson,
    OutcomeUnknownError,
    SMSPartnerError,
)
from airflow_provider_smspartner.simulator import Settings
from faults.campaign import people
from faults.fates import UNKNOWN, Fate
from faults.world import Crash
from tests.airflow_versions import needs_task_state_store
from tests.sending.conftest import (
    EVERYBODY,
    RICH,
    assert_everyone_once,
    campaign,
    every_log,
)
from tests.sending.moments import A_FEW_SENT, BEFORE_ANYTHING, ONE_SENT_AGAIN, TWO_OR_THREE_SENT
from tests.thorough import stride


@every_log
@pytest.mark.parametrize("concurrency", [1, 4])
def test_a_process_may_die_between_any_two_of_its_steps(log: str, concurrency: int) -> None:
    for step in itertools.count(1, stride(23, 3) if log == "ledger" else stride(7)):  # it has many steps
        sent = campaign(log, concurrency=concurrency)
        sent.line.fates = deque([Fate.ANSWERED, Fate.ANSWER_LOST, Fate.THROTTLED])
        crash = sent.attempt_anyway(EVERYBODY, dies_at=step)
        assert_everyone_once(sent, sent.attempt(EVERYBODY))
        if crash is None:
            break
        assert isinstance(crash, Crash)
    assert step > 20


@every_log
def test_a_refused_batch_that_went_out_again_does_not_go_a_third_time_after_a_crash(log: str) -> None:
    for step in range(BEFORE_ANYTHING, ONE_SENT_AGAIN, stride(17, 3) if log == "ledger" else stride(7)):
        sent = campaign(log, concurrency=2)
        sent.line.fates = deque([Fate.THROTTLED, Fate.THROTTLED])
        sent.attempt_anyway(people(6), dies_at=step)
        sent.line.lost_looks = 1
        sent.attempt_anyway(people(6))

        assert_everyone_once(sent, sent.finish(people(6)), people(6))


def test_people_of_two_open_batches_go_again_only_when_neither_arrived() -> None:
    sent = campaign()
    sent.line.fates = deque([Fate.THROTTLED])
    sent.attempt(people(3))
    # As if a write had come late, and another one never
    refused = json.dumps({"state": "refused"})
    sent.store.database.execute("UPDATE store SET value = ? WHERE key = 'batch:000000'", (refused,))
    sent.store.database.execute("DELETE FROM store WHERE key = 'batch:000001'")

    assert_everyone_once(sent, sent.attempt(people(3)), people(3))


@every_log
def test_a_later_try_texts_who_came_and_leaves_out_who_went(log: str) -> None:
    sent = campaign(log)
    sent.line.fates = deque([Fate.ANSWERED, Fate.REQUEST_LOST, Fate.UNREACHABLE])
    sent.attempt_anyway(EVERYBODY)
    texted = set(sent.stage.texts_per_number())
    newcomers = people(2, start=50)
    left = [number for number in EVERYBODY if number not in texted][::2]
    now = [*newcomers, *(number for number in reversed(EVERYBODY) if number not in left)]

    outcome = sent.finish(now)

    assert_everyone_once(sent, outcome, list(texted | set(now)))


def test_a_later_try_with_nobody_left_still_says_what_the_earlier_ones_sent() -> None:
    sent = campaign()
    sent.line.fates = deque([Fate.ANSWERED, Fate.ANSWER_LOST, Fate.UNREACHABLE])
    sent.attempt_anyway(EVERYBODY)  # one more batch may leave before the failure of the third is seen

    outcome = sent.finish([])
    texted = sorted(sent.stage.texts_per_number())
    assert {*EVERYBODY[:6]} <= {*texted} < {*EVERYBODY}
    assert_everyone_once(sent, outcome, texted)


@pytest.mark.parametrize("fate", [Fate.ANSWERED, *sorted(UNKNOWN)])
def test_a_store_that_was_emptied_is_made_up_for_by_tags(fate: Fate) -> None:
    sent = campaign(concurrency=2)
    sent.line.fates = deque([fate, Fate.ANSWERED, fate])
    sent.attempt_anyway(EVERYBODY, dies_at=A_FEW_SENT)
    sent.store.clear()
    sent.line.lost_looks = 3

    assert isinstance(sent.attempt_anyway(EVERYBODY), OutcomeUnknownError)
    assert_everyone_once(sent, sent.finish(EVERYBODY))


def test_a_run_that_was_deleted_and_made_anew_leaves_out_whom_the_first_texted() -> None:
    sent = campaign()
    sent.attempt_anyway(EVERYBODY, dies_at=A_FEW_SENT)
    sent.store.clear()
    sent.tries = 0

    assert_everyone_once(sent, sent.attempt(EVERYBODY))


def test_a_tag_whose_people_are_not_listed_in_full_is_for_a_person() -> None:
    sent = campaign(settings=Settings(balance=RICH, page_size=2, ignore_page=True))
    sent.attempt_anyway(EVERYBODY, dies_at=A_FEW_SENT)
    sent.store.clear()

    with pytest.raises(NeedsPerson, match="in full"):
        sent.attempt(EVERYBODY)
    assert not sent.doubles


def test_a_send_that_is_stopped_while_it_waits_for_a_lost_log_forgets_nothing() -> None:
    sent = campaign()
    sent.line.fates = deque([Fate.REQUEST_LOST, Fate.LATE, Fate.UNREACHABLE])
    sent.attempt_anyway(EVERYBODY)
    sent.store.clear()

    def stop(seconds: float) -> None:
        assert sent.sending is not None
        sent.sending.stop()

    sent.pause = stop
    with pytest.raises(SMSPartnerError):
        sent.attempt(EVERYBODY)
    sent.pause = sent.clock.pause

    assert_everyone_once(sent, sent.finish(EVERYBODY))


def test_a_changed_key_lets_the_tags_tell_who_was_texted() -> None:
    sent = campaign()
    sent.stage.add_to_stop_list(EVERYBODY[0])
    sent.line.fates = deque([*[Fate.ANSWERED] * 4, Fate.LATE, Fate.UNREACHABLE])
    sent.attempt_anyway(EVERYBODY)
    sent.secret = "another"

    assert_everyone_once(sent, sent.finish(EVERYBODY), EVERYBODY[1:], rejected=1)


def test_a_key_that_is_changed_and_changed_back_mixes_nobody_up() -> None:
    sent = campaign()
    for secret in ("one", "another", "one"):
        sent.secret = secret
        sent.line.fates = deque([Fate.ANSWERED, Fate.ANSWER_LOST, Fate.UNREACHABLE])
        sent.attempt_anyway(EVERYBODY)

    assert_everyone_once(sent, sent.finish(EVERYBODY))


@needs_task_state_store
def test_a_tag_that_renders_otherwise_on_the_next_try_hides_nothing() -> None:
    sent = campaign()
    sent.user_tag = "monday"
    sent.line.fates = deque([Fate.ANSWERED, Fate.ANSWER_LOST])
    sent.attempt_anyway(EVERYBODY, dies_at=TWO_OR_THREE_SENT)
    sent.user_tag = "tuesday"

    assert_everyone_once(sent, sent.finish(EVERYBODY))


@needs_task_state_store
def test_another_connection_or_sandbox_flag_on_a_later_try_is_for_a_person() -> None:
    sent = campaign()
    sent.attempt_anyway(EVERYBODY, dies_at=A_FEW_SENT)
    sent.name = ("another connection",)

    with pytest.raises(NeedsPerson, match="Restore the former one"):
        sent.attempt(EVERYBODY)
    sent.name = ("campaign",)

    assert_everyone_once(sent, sent.finish(EVERYBODY))

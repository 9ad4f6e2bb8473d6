"""Batches of which nobody knows: absent or only not found, and what the author of the DAG wants."""

from __future__ import annotations

from collections import deque

import pytest

from airflow_provider_smspartner import api
from airflow_provider_smspartner.exceptions import (
    NeedsPerson,
    OutcomeUnknownError,
    SMSPartnerError,
)
from airflow_provider_smspartner.simulator import Settings
from faults.campaign import VERIFY_TIMEOUT, people
from faults.fates import UNKNOWN, Fate
from tests.airflow_versions import needs_task_state_store
from tests.sending.conftest import (
    EVERYBODY,
    OUT_OF_THE_WORLD,
    RICH,
    assert_everyone_once,
    campaign,
    every_log,
    logs,
)
from tests.sending.moments import BEFORE_ANYTHING, ONE_OR_TWO_SENT


def test_not_found_is_no_proof_when_the_look_does_not_find_what_is_there() -> None:
    sent = campaign()
    sent.line.fates = deque([Fate.ANSWERED, Fate.ANSWER_LOST])
    sent.line.blind = True

    with pytest.raises(OutcomeUnknownError):
        sent.attempt(EVERYBODY)
    assert not sent.doubles
    assert sent.sending is not None
    assert f"{sent.tag_of(1)} (3 people)" in sent.sending.explain()
    assert_everyone_once(sent, sent.finish(EVERYBODY))


def test_looks_for_an_unknown_batch_come_further_apart() -> None:
    sent, waits = campaign(), list[float]()
    sent.line.fates = deque([Fate.REQUEST_LOST])

    def pause(seconds: float) -> None:
        waits.append(seconds)
        sent.clock.pause(seconds)

    sent.pause = pause

    sent.attempt(EVERYBODY[:3])

    assert waits[:6] == [1, 2, 4, 8, 15, 15]


@every_log
@pytest.mark.parametrize("lost", [1, 3])
def test_a_list_that_shows_nobody_doubles_one_batch_at_most_where_nothing_vouches_for_it(
    log: str, lost: int
) -> None:
    sent = campaign(log)
    sent.line.fates = deque([Fate.ANSWER_LOST] * lost)
    sent.line.blind = True

    error = sent.attempt_anyway(EVERYBODY[: 3 * lost])

    assert isinstance(error, OutcomeUnknownError) is (lost > 1)
    assert sent.doubles == dict.fromkeys(EVERYBODY[:3], 2)


@every_log
@pytest.mark.parametrize("tag_delay", [0, 200])
def test_what_nobody_got_goes_again_within_the_try_although_nothing_vouches_for_the_list(
    log: str, tag_delay: float
) -> None:
    sent = campaign(log, settings=Settings(balance=RICH, tag_delay=tag_delay), concurrency=4)
    sent.line.fates = deque([Fate.REQUEST_LOST] * 7)

    assert_everyone_once(sent, sent.attempt(EVERYBODY))


@pytest.mark.parametrize("log", logs("task state", "ledger"))
def test_without_a_batch_that_is_there_for_sure_an_invisible_one_stays_unknown(log: str) -> None:
    sent = campaign(log, invisible=True)
    sent.line.fates = deque([Fate.REQUEST_LOST])

    with pytest.raises(OutcomeUnknownError):
        sent.attempt(people(3))
    with pytest.raises(SMSPartnerError):
        sent.attempt(people(3))
    assert not sent.stage.texts_per_number()


@every_log
def test_the_id_in_an_answer_that_is_not_believed_stands_for_no_later_request(log: str) -> None:
    sent = campaign(log)
    sent.line.fates = deque([Fate.SHORT, Fate.ANSWERED, Fate.ANSWERED, Fate.STALE_ID])

    outcome = sent.attempt(EVERYBODY)

    assert sent.line.met[Fate.STALE_ID.value] == 1
    assert_everyone_once(sent, outcome)


@every_log
@pytest.mark.parametrize("is_found", [True, False])
def test_a_bare_yes_may_be_the_answer_that_an_earlier_request_lacks(log: str, is_found: bool) -> None:
    sent = campaign(log)
    sent.line.fates = deque([Fate.ANSWER_LOST, *[Fate.ANSWERED] * (3 * is_found), Fate.STALE_ID])
    sent.meanwhile = (
        BEFORE_ANYTHING,
        lambda: setattr(sent.line, "settled_id", "5001"),
    )  # that of the first batch

    assert_everyone_once(sent, sent.attempt(EVERYBODY))


def test_a_bare_yes_is_believed_while_no_answer_is_missing() -> None:
    sent = campaign()
    sent.line.fates = deque([Fate.STALE_ID])
    sent.meanwhile = (BEFORE_ANYTHING, lambda: setattr(sent.line, "settled_id", "777"))

    outcome = sent.attempt(EVERYBODY)

    assert outcome.message_ids[0] == "777"
    assert outcome.recipients == len(EVERYBODY)


@every_log
@pytest.mark.parametrize("fills_up", [True, False])
def test_whom_a_list_leaves_out_is_not_texted_again_and_counts_as_unknown(log: str, fills_up: bool) -> None:
    sent = campaign(log, settings=Settings(balance=RICH, list_at_most=2))
    sent.line.fates = deque([Fate.ANSWER_LOST])
    if fills_up:
        whole = Settings(balance=RICH)
        sent.clock.after(VERIFY_TIMEOUT / 2, lambda: setattr(sent.stage, "settings", whole))

    outcome = sent.attempt(EVERYBODY)

    assert sent.stage.texts_per_number() == dict.fromkeys(EVERYBODY, 1)
    unknown = 0 if fills_up else 1
    assert (outcome.recipients, outcome.unknown) == (len(EVERYBODY) - unknown, unknown)


@pytest.mark.parametrize("later", [False, pytest.param(True, marks=needs_task_state_store)])
def test_other_people_under_our_tag_end_the_task_for_good(later: bool) -> None:
    sent = campaign(concurrency=1)
    # Beyond the tags that a first try looks for: those it would take for its own, of a run made again
    options = api.SendOptions(tag=sent.tag_of(4))
    sent.line.carry(api.send([OUT_OF_THE_WORLD], "Hello", options))
    sent.line.fates = deque([*[Fate.ANSWERED] * 4, Fate.REQUEST_LOST])
    if later:
        sent.attempt_anyway(EVERYBODY, dies_at=ONE_OR_TWO_SENT)
        sent.clock.pause(1000)
        sent.line.fates = deque([Fate.REQUEST_LOST] * 9)  # how far the dead one came is the threads' affair

    with pytest.raises(NeedsPerson, match="holds other people"):
        sent.attempt(EVERYBODY)
    assert not sent.doubles


@needs_task_state_store
@pytest.mark.parametrize("fate", sorted(UNKNOWN))
def test_on_unknown_fail_gives_up_at_once_and_verify_takes_it_up(fate: Fate) -> None:
    sent = campaign(on_unknown="fail")
    sent.line.fates = deque([Fate.ANSWERED, fate])

    for _ in range(2):
        with pytest.raises(NeedsPerson):
            sent.attempt(EVERYBODY)
        assert sent.sending is not None
        assert 'Set on_unknown="verify" and clear' in sent.sending.explain()
    assert len(sent.line.posts) <= 3
    sent.on_unknown = "verify"

    assert_everyone_once(sent, sent.attempt(EVERYBODY))


def test_on_unknown_resend_sends_again_at_the_price_of_doubles() -> None:
    sent = campaign(on_unknown="resend")
    sent.line.fates = deque([Fate.ANSWERED, Fate.ANSWER_LOST, Fate.REQUEST_LOST])

    sent.attempt(EVERYBODY)

    assert set(sent.stage.texts_per_number()) == set(EVERYBODY)
    assert sent.doubles == dict.fromkeys(EVERYBODY[3:6], 2)


@pytest.mark.parametrize("concurrency", [1, 4])
def test_on_unknown_resend_does_not_text_people_for_ever(concurrency: int) -> None:
    sent = campaign(on_unknown="resend", concurrency=concurrency)
    sent.line.always = Fate.ANSWER_LOST

    with pytest.raises(OutcomeUnknownError):
        sent.attempt(people(3))
    assert max(sent.stage.texts_per_number().values()) <= 4

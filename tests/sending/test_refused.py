"""Refusals: bad numbers, a pause that is asked for, no money, a key that is revoked."""

from __future__ import annotations

import math
from collections import deque
from collections.abc import Callable, Sequence
from decimal import Decimal
from typing import Any

import pytest

from airflow_provider_smspartner.exceptions import (
    AuthenticationError,
    InsufficientCreditError,
    OutcomeUnknownError,
    RateLimitError,
)
from airflow_provider_smspartner.rules import batches
from airflow_provider_smspartner.simulator import Settings
from airflow_provider_smspartner.simulator.orders import Order
from airflow_provider_smspartner.simulator.platform import Platform
from airflow_provider_smspartner.simulator.refusals import by_code
from faults.campaign import people
from faults.fates import Fate, FateOfLook
from tests.sending.conftest import (
    EVERYBODY,
    RICH,
    assert_everyone_once,
    campaign,
    every_log,
)
from tests.sending.moments import CLAIMED, REFUSAL_KNOWN


@pytest.mark.parametrize("number_faults", ["elements", "items"])
@pytest.mark.parametrize("bad", [1, 3])
def test_bad_numbers_stop_nobody_else_and_cost_few_requests(
    number_faults: Any, bad: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(batches, "BATCH_LIMIT", 500)
    everybody = people(1_000)
    sent = campaign(settings=Settings(balance=RICH, number_faults=number_faults), concurrency=4)
    stopped = everybody[100 : 100 + 150 * bad : 150]
    sent.stage.add_to_stop_list(*stopped)

    outcome = sent.attempt(everybody)

    good = [number for number in everybody if number not in stopped]
    assert_everyone_once(sent, outcome, good, rejected=bad)
    assert len(sent.line.posts) <= 2 + 2 * bad * math.ceil(math.log2(500))


def test_every_number_that_a_sentence_names_leaves_without_a_request_more(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    sent = campaign(settings=Settings(balance=RICH, number_faults="sentence"))
    bad = EVERYBODY[1:3]
    monkeypatch.setattr(
        "airflow_provider_smspartner.simulator.platform.Platform.accept", unpriced(bad, Platform.accept)
    )

    outcome = sent.attempt(EVERYBODY)

    assert_everyone_once(sent, outcome, [one for one in EVERYBODY if one not in bad], rejected=2)
    assert len(sent.line.posts) == 7 + 1


def unpriced(bad: Sequence[str], accept: Callable[..., Any]) -> Callable[..., Any]:
    """Let the platform know no price for some numbers, which it names in one sentence, without "+"."""

    def refuse(platform: Platform, order: Order) -> Any:
        if named := [number[1:] for number in order.numbers if number in bad]:
            raise by_code(13, f"Aucun prix par défaut pour les numéros ({', '.join(named)})")
        return accept(platform, order)

    return refuse


@every_log
@pytest.mark.parametrize("written", ["plus", "digits", "national"])
def test_whom_an_accepted_request_names_as_left_out_is_rejected(log: str, written: Any) -> None:
    settings = Settings(balance=RICH, stop_numbers="skip", name_left_out=True, listed_numbers=written)
    sent = campaign(log, settings=settings)
    sent.stage.add_to_stop_list(EVERYBODY[4])
    good = [number for number in EVERYBODY if number != EVERYBODY[4]]

    outcome = sent.attempt(EVERYBODY)

    assert_everyone_once(sent, outcome, good, rejected=1)
    assert sorted(outcome.counts.values()) == [2, 2, *[3] * 5]
    assert sent.attempt(EVERYBODY).recipients == len(good)


@every_log
def test_the_refused_are_not_asked_for_again_by_a_later_try(log: str) -> None:
    sent = campaign(log)
    sent.stage.add_to_stop_list(EVERYBODY[4])
    good = [number for number in EVERYBODY if number != EVERYBODY[4]]
    sent.attempt_anyway(EVERYBODY, dies_at=REFUSAL_KNOWN)

    outcome = sent.finish(EVERYBODY)

    assert_everyone_once(sent, outcome, good, rejected=1)


@every_log
@pytest.mark.parametrize("many", [1, 3])
def test_whoever_a_no_was_untrue_of_counts_as_texted_once_a_later_try_has_found_them(
    log: str, many: int
) -> None:
    sent, everybody = campaign(log), people(many)
    sent.line.fates = deque([Fate.UNTRUE_NUMBER])
    sent.line.fates_of_looks = deque([*[FateOfLook.ANSWERED] * 3, FateOfLook.LOST])

    with pytest.raises(OutcomeUnknownError, match="look got no answer"):
        sent.attempt(everybody)

    assert_everyone_once(sent, sent.finish(everybody), everybody)


def test_a_pause_that_the_platform_asks_for_is_kept() -> None:
    sent = campaign()
    sent.line.fates = deque([Fate.ANSWERED, *[Fate.THROTTLED] * 5])
    start = sent.clock.now()

    assert_everyone_once(sent, sent.attempt(EVERYBODY))
    assert sent.clock.now() - start >= 20


def test_a_platform_that_is_always_busy_is_for_a_later_try() -> None:
    sent = campaign(concurrency=4)
    sent.line.always = Fate.THROTTLED

    with pytest.raises(RateLimitError):
        sent.attempt(EVERYBODY)
    assert_everyone_once(sent, sent.finish(EVERYBODY))


@every_log
@pytest.mark.parametrize("concurrency", [1, 4])
def test_when_the_money_is_out_a_top_up_lets_the_next_try_send_the_rest(log: str, concurrency: int) -> None:
    sent = campaign(log, settings=Settings(balance=Decimal("0.50")), concurrency=concurrency)

    with pytest.raises(InsufficientCreditError):
        sent.attempt(EVERYBODY)
    before = sent.stage.texts_per_number()
    assert 0 < len(before) < len(EVERYBODY)
    sent.stage.credits = RICH

    assert_everyone_once(sent, sent.attempt(EVERYBODY))


def test_a_key_that_is_revoked_in_the_middle_stops_at_once() -> None:
    sent = campaign()
    sent.meanwhile = (CLAIMED, lambda: setattr(sent.stage, "api_key", "another-key"))

    with pytest.raises(AuthenticationError):
        sent.attempt(EVERYBODY)
    assert len(sent.line.posts) < 7
    sent.stage.api_key = sent.line.key

    assert_everyone_once(sent, sent.attempt(EVERYBODY))

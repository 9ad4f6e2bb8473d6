"""The brake on refusals: a platform that refuses most people refuses whomever, and nobody is lost by it."""

from __future__ import annotations

import pytest

from airflow_provider_smspartner.exceptions import (
    NeedsPerson,
)
from tests.sending.conftest import (
    EVERYBODY,
    assert_everyone_once,
    campaign,
    every_log,
)


@every_log
def test_when_most_people_are_refused_the_send_stops_and_asks_again_later(log: str) -> None:
    sent = campaign(log)
    sent.max_rejected_rate = 0.5
    sent.stage.add_to_stop_list(*EVERYBODY)

    with pytest.raises(NeedsPerson, match="max_rejected_rate: SMS Partner has refused"):
        sent.attempt(EVERYBODY)
    assert len(sent.line.posts) < len(EVERYBODY)
    sent.stage.platform.stops.clear()

    assert_everyone_once(sent, sent.finish(EVERYBODY))


def test_one_batch_alone_is_not_judged_by_its_refusals() -> None:
    sent = campaign()
    sent.max_rejected_rate = 0.5
    sent.stage.add_to_stop_list(*EVERYBODY[:3])

    assert sent.attempt(EVERYBODY[:3]).rejected == 3


def test_a_few_refusals_stop_nothing() -> None:
    sent = campaign(concurrency=4)
    sent.max_rejected_rate = 0.5
    sent.stage.add_to_stop_list(*EVERYBODY[::3])

    outcome = sent.attempt(EVERYBODY)
    assert outcome.rejected == len(EVERYBODY[::3])

"""When the delivery sensor ends before the last report, and which rates it judges then."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

import pytest
from airflow.providers.common.compat.sdk import AirflowFailException

from airflow_provider_smspartner.exceptions import DeliveryFailed
from tests.sensors.story import ANN, BOB, EVE, START, ZOE, Story

ALL = (ANN, BOB, EVE, ZOE)


@pytest.mark.parametrize("share", [0.75, 0.6, 0.1])
def test_it_ends_when_enough_reports_are_final(story: Story, share: float) -> None:
    story.sim.deliver(ZOE, status=None)
    story.sim.deliver(ANN, after_polls=2)

    result = story.wait(sent=story.send(*ALL), settled=share)

    assert (result["recipients"], result["waiting"]) == (4, 2 if share == 0.1 else 1) or share == 0.1
    assert story.clock.now - START < timedelta(minutes=5)


def test_until_then_it_waits_for_its_deadline(story: Story) -> None:
    story.sim.deliver(ZOE, status=None)

    result = story.wait(sent=story.send(*ALL), settled=0.76, timeout=3600)

    assert result["waiting"] == 1
    assert story.clock.now - START >= timedelta(hours=1)


def test_every_message_has_been_read_before_it_ends(story: Story) -> None:
    sent = [story.send(*ALL[:3]), story.send(ZOE)]
    story.sim.faults.add("/bulk-status", "error_before", skip=1, times=8)  # with the repeats of the hook

    result = story.wait(sent=sent, settled=0.5)

    assert (result["delivered"], result["waiting"]) == (4, 0)


@pytest.mark.parametrize(
    ("rates", "words"),
    [
        (
            {"min_delivery_rate": 0.7},
            r"2 of 3 people got the text, a rate of 0.667; min_delivery_rate is 0.7",
        ),
        ({"max_stop_rate": 0.3}, r"1 of 3 people answered STOP, a rate of 0.333; max_stop_rate is 0.3"),
    ],
)
def test_rates_are_those_of_the_final_reports_then(story: Story, rates: dict[str, Any], words: str) -> None:
    story.sim.deliver(ANN, status="KO")
    story.sim.deliver(BOB, stop=True)
    story.sim.deliver(ZOE, status=None)

    with pytest.raises(DeliveryFailed, match=words) as failure:
        story.wait(sent=story.send(*ALL), settled=0.75, **rates)

    assert isinstance(failure.value, AirflowFailException)


def test_rates_that_hold_over_the_final_reports_pass(story: Story) -> None:
    story.sim.deliver(BOB, stop=True)
    story.sim.deliver(ZOE, status=None)

    result = story.wait(sent=story.send(*ALL), settled=0.75, min_delivery_rate=1, max_stop_rate=0.34)

    assert (result["delivered"], result["stop"], result["delivery_rate"]) == (3, 1, 0.75)


@pytest.mark.parametrize(("most", "passes"), [(0, False), (0.2, False), (0.25, True), (1, True)])
def test_the_stop_rate_is_judged_at_the_end_of_every_wait(story: Story, most: float, passes: bool) -> None:
    story.sim.deliver(BOB, stop=True)
    sent = story.send(*ALL)

    if passes:
        assert story.wait(sent=sent, max_stop_rate=most)["stop"] == 1
    else:
        with pytest.raises(DeliveryFailed, match="max_stop_rate"):
            story.wait(sent=sent, max_stop_rate=most)


def test_nobody_passes_every_rate(story: Story) -> None:
    result = story.wait(sent=[], settled=0.5, min_delivery_rate=1, max_stop_rate=0)

    assert (result["recipients"], story.looks) == (0, 0)


def test_a_sandbox_settles_nothing(story: Story) -> None:
    with pytest.raises(AirflowFailException, match=r"settled: .*sandbox.*omit settled"):
        story.wait(sent=story.send(ANN, sandbox=True), settled=0.5)

    assert story.looks == 0

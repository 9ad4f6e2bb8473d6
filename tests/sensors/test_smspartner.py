"""The delivery sensor: one story of the platform, one result in each mode."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta
from typing import Any

import pytest
from airflow.providers.common.compat.sdk import AirflowFailException

from airflow_provider_smspartner.exceptions import DeliveryFailed
from airflow_provider_smspartner.hooks.smspartner import SMSPartnerHook
from tests.sensors.conftest import Logs
from tests.sensors.story import ANN, BOB, EVE, START, TWO_DAYS, ZOE, Story

# ---- one story, one result -------------------------------------------------------------------------


def test_a_delivery_that_is_final_at_once_needs_one_look_and_no_wait(story: Story) -> None:
    story.sim.deliver(BOB, status="Not delivered")
    story.sim.deliver(EVE, status="KO", stop=True)

    result = story.wait(sent=story.send(ANN, BOB, EVE))

    assert result == {
        "messages": 1,
        "recipients": 3,
        "delivered": 1,
        "not_delivered": 2,
        "waiting": 0,
        "stop": 1,
        "delivery_rate": 1 / 3,
    }
    assert (story.looks, story.clock.naps) == (1, [])


def test_reports_that_come_after_some_looks_are_waited_for(story: Story) -> None:
    story.sim.deliver(after_polls=3)

    result = story.wait(sent=story.send(ANN, BOB))

    assert (result["delivered"], result["delivery_rate"], story.looks) == (2, 1.0, 4)
    assert 15 <= story.clock.naps[0] <= 18


def test_a_report_that_comes_a_day_late_is_counted(story: Story) -> None:
    story.sim.deliver(ANN, after_seconds=86_400)

    result = story.wait(sent=story.send(ANN, BOB))

    assert result["delivered"] == 2
    assert timedelta(days=1) <= story.clock.now - START <= timedelta(days=1, minutes=31)
    assert max(story.clock.naps) <= 1800
    assert story.looks < 70


@pytest.mark.parametrize("omit_waiting", [False, True])
def test_phones_that_never_report_count_as_waiting_and_fail_nothing(
    story: Story, logs: Logs, omit_waiting: bool
) -> None:
    story.sim.settings = replace(story.sim.settings, omit_waiting=omit_waiting)
    story.sim.deliver(BOB, EVE, status=None)

    result = story.wait(sent=story.send(ANN, BOB, EVE))

    assert (result["recipients"], result["delivered"], result["waiting"]) == (3, 1, 2)
    assert timedelta(0) <= story.clock.now - START - TWO_DAYS < timedelta(minutes=31)
    assert "2 of 3 people have no final report" in logs()


def test_several_results_are_watched_together(story: Story) -> None:
    story.sim.deliver(BOB, after_polls=2)

    result = story.wait(sent=[story.send(ANN), story.send(BOB, EVE), None])

    assert (result["messages"], result["recipients"], result["delivered"]) == (2, 3, 3)


def test_a_batch_without_an_id_is_watched_by_its_tag_through_all_pages(story: Story) -> None:
    story.sim.settings = replace(story.sim.settings, page_size=2)
    story.sim.deliver(EVE, after_polls=2)
    SMSPartnerHook().send_sms("Hello", [ANN, BOB, EVE], tag="noel-1")
    other = story.send(ZOE)
    found = other | {"message_ids": [], "tags": ["noel-1"], "counts": {"noel-1": 3}}

    result = story.wait(sent=[found, other])

    assert (result["messages"], result["recipients"], result["delivered"]) == (2, 4, 4)


@pytest.mark.parametrize("message_ids", [5001, "5001", [5001], ("5001", 5001), "['5001']", "{{ 5001 }}"])
def test_bare_ids_are_watched_until_their_rows_are_final(story: Story, message_ids: object) -> None:
    story.sim.deliver(BOB, after_polls=1)
    assert story.send(ANN, BOB)["message_ids"] == ["5001"]

    result = story.wait(message_ids=message_ids)

    assert (result["messages"], result["recipients"], result["delivered"]) == (1, 2, 2)


def test_bare_ids_have_their_deadline_counted_from_the_first_look(story: Story) -> None:
    story.sim.deliver(status=None)
    message_ids = story.send(ANN)["message_ids"]
    story.clock.sleep(86_400)

    result = story.wait(message_ids=message_ids, timeout=3600)

    assert result["waiting"] == 1
    assert timedelta(days=1, hours=1) <= story.clock.now - START <= timedelta(days=1, hours=1, minutes=31)


def test_a_sandbox_send_is_looked_at_once(story: Story) -> None:
    story.sim.settings = replace(story.sim.settings, sandbox_status="waiting")

    result = story.wait(sent=story.send(ANN, sandbox=True), min_delivery_rate=1)

    assert (result["recipients"], result["waiting"], story.looks) == (1, 1, 1)


@pytest.mark.parametrize("sent", [[], {"message_ids": [], "counts": {}, "scheduled_for": None}])
def test_nothing_sent_is_zeros_at_once(story: Story, sent: Any) -> None:
    sent = sent and {**sent, "sent_at": START.isoformat(), "sandbox": False}

    result = story.wait(sent=sent, min_delivery_rate=1)

    assert (result.pop("delivery_rate"), set(result.values()), story.looks) == (None, {0}, 0)


def test_more_rows_than_people_make_no_more_people(story: Story) -> None:
    sent = story.send(ANN, BOB)

    result = story.wait(sent=sent | {"counts": dict.fromkeys(sent["counts"], 1)})

    assert (result["recipients"], result["delivered"]) == (1, 1)


def test_fewer_rows_than_people_are_waited_for_until_the_deadline(story: Story) -> None:
    sent = story.send(ANN)

    result = story.wait(sent=sent | {"counts": dict.fromkeys(sent["counts"], 3)}, timeout=3600)

    assert (result["recipients"], result["delivered"], result["waiting"]) == (3, 1, 2)


# ---- the rate --------------------------------------------------------------------------------------


@pytest.mark.parametrize("least", [0, 0.5])
def test_a_rate_that_is_reached_passes(story: Story, least: float) -> None:
    story.sim.deliver(BOB, status="KO")

    assert story.wait(sent=story.send(ANN, BOB), min_delivery_rate=least)["delivery_rate"] == 0.5


@pytest.mark.parametrize(("status", "timeout"), [("KO", 3600), (None, 3600)])
def test_a_rate_that_is_missed_fails_for_good(story: Story, status: str | None, timeout: float) -> None:
    story.sim.deliver(BOB, status=status)

    with pytest.raises(DeliveryFailed, match=r"1 of 2 people.*0.500.*min_delivery_rate is 0.51") as failure:
        story.wait(sent=story.send(ANN, BOB), min_delivery_rate=0.51, timeout=timeout)

    assert isinstance(failure.value, AirflowFailException)

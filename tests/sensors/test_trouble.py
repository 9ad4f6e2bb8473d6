"""What each failure on the way becomes, and what a failure shows."""

from __future__ import annotations

import json
from datetime import timedelta
from typing import Any

import pytest
from airflow.providers.common.compat.sdk import (
    AirflowFailException,
    AirflowSensorTimeout,
    AirflowSkipException,
)

from airflow_provider_smspartner.exceptions import SMSPartnerError
from tests.conftest import Connect
from tests.sensors.conftest import Logs
from tests.sensors.story import ANN, BOB, EVE, HOUR, START, Story, ends_after


def test_an_id_that_appears_within_the_first_hour_is_waited_for(story: Story) -> None:
    sent = story.send(ANN)
    story.sim.faults.add("/bulk-status", "refuse", code=4, times=4)

    result = story.wait(sent=sent)

    assert (result["delivered"], story.looks) == (1, 5)


def test_an_id_that_is_unknown_after_an_hour_is_given_up(story: Story) -> None:
    story.sim.faults.add("/bulk-status", "refuse", code=4, times=None)

    result = story.wait(sent=story.send(ANN, BOB))

    assert (result["recipients"], result["waiting"]) == (2, 2)
    assert HOUR <= story.clock.now - START <= HOUR + timedelta(minutes=31)


def test_an_api_that_cannot_be_read_for_some_minutes_is_borne(story: Story) -> None:
    sent = story.send(ANN)
    ends_after(story, timedelta(minutes=9))

    assert story.wait(sent=sent)["delivered"] == 1
    assert story.clock.now - START >= timedelta(minutes=9)


def test_an_api_that_cannot_be_read_for_fifteen_minutes_fails_the_try(story: Story) -> None:
    sent = story.send(ANN)
    ends_after(story, timedelta(hours=2))

    with pytest.raises(SMSPartnerError, match="/bulk-status") as failure:
        story.wait(sent=sent)

    assert not isinstance(failure.value, AirflowFailException)  # so that a retry looks again
    assert timedelta(minutes=15) <= story.clock.now - START <= timedelta(minutes=25)


def test_blips_that_are_hours_apart_are_no_outage(story: Story) -> None:
    story.sim.deliver(status=None)
    sent = story.send(ANN)
    due = [START + timedelta(hours=hours) for hours in (40, 42, 44)]

    def blip() -> None:
        if due and story.clock.now >= due[0]:
            story.sim.faults.add("/bulk-status", "error_before", times=4)  # one look, with its repetitions
            del due[0]

    story.clock.meanwhile = blip

    assert story.wait(sent=sent)["waiting"] == 1
    assert due == []


def test_an_api_that_cannot_be_read_at_the_deadline_is_a_timeout(story: Story) -> None:
    sent = story.send(ANN)
    ends_after(story, timedelta(hours=2))

    with pytest.raises(AirflowSensorTimeout, match=r"deadline.*/bulk-status"):
        story.wait(sent=sent, timeout=600)


def test_a_last_look_after_long_trouble_is_a_timeout_too(story: Story) -> None:
    sent = story.send(ANN)
    ends_after(story, timedelta(hours=2))

    with pytest.raises(AirflowSensorTimeout, match="deadline"):
        story.wait(sent=sent, timeout=1200, poke_interval=1200)


def test_a_key_that_is_refused_fails_for_good(story: Story, connect: Connect) -> None:
    sent = story.send(ANN)
    connect(story.sim.url, key="another+key/")

    with pytest.raises(AirflowFailException, match="code 10") as failure:
        story.wait(sent=sent)

    assert (story.looks, story.clock.naps) == (1, [])
    assert "another" not in str(failure.value)


def test_a_key_that_is_withdrawn_while_waiting_fails_for_good(story: Story) -> None:
    story.sim.deliver(status=None)
    sent = story.send(ANN)
    story.clock.meanwhile = lambda: setattr(story.sim, "api_key", "a-new-key")

    with pytest.raises(AirflowFailException, match="code 10"):
        story.wait(sent=sent)

    assert story.looks == 2


def test_a_connection_that_is_missing_fails_at_once(story: Story) -> None:
    with pytest.raises(
        AirflowFailException, match="smspartner_conn_id: connection 'elsewhere' is not defined"
    ):
        story.wait(sent=story.send(ANN), smspartner_conn_id="elsewhere")

    assert story.clock.naps == []


@pytest.mark.parametrize("trouble", ["rate", "key", "deadline", "outage", "text"])
def test_soft_fail_skips_instead(story: Story, connect: Connect, trouble: str) -> None:
    sent: Any = story.send(ANN)
    arguments: dict[str, Any] = {}
    if trouble == "rate":
        sent = sent | {"counts": dict.fromkeys(sent["counts"], 2)}
        arguments = {"min_delivery_rate": 1, "timeout": 60}
    elif trouble == "key":
        connect(story.sim.url, key="another")
    elif trouble == "text":
        sent = "nothing"
    else:
        ends_after(story, timedelta(hours=2))
        arguments = {"timeout": 600} if trouble == "deadline" else {}

    with pytest.raises(AirflowSkipException):
        story.wait(sent=sent, soft_fail=True, **arguments)


def test_no_log_and_no_result_shows_a_number_or_the_key(story: Story, logs: Logs) -> None:
    story.sim.deliver(ANN, status="KO")
    story.sim.deliver(BOB, after_polls=2)
    sent = story.send(ANN, BOB, EVE)
    story.sim.faults.add("/bulk-status", "error_before", times=9)

    result = story.wait(sent=sent)

    told = logs() + json.dumps(result)
    assert "/bulk-status" in told
    assert not [secret for secret in ("60000000", story.sim.api_key) if secret in told]

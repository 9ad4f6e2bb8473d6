"""The delivery sensor: one story of the platform, one result in each mode, and what each failure becomes."""

from __future__ import annotations

import json
from collections.abc import Callable
from dataclasses import replace
from datetime import timedelta
from typing import Any

import pytest
from airflow.providers.common.compat.sdk import (
    AirflowFailException,
    AirflowSensorTimeout,
    AirflowSkipException,
    TaskDeferred,
)

from airflow_provider_smspartner.exceptions import DeliveryFailed, InvalidMessage, SMSPartnerError
from airflow_provider_smspartner.hooks.smspartner import SMSPartnerHook
from airflow_provider_smspartner.sensors.smspartner import DeliveryStatusSensor
from tests.conftest import Connect
from tests.sensors.story import START, Clock, Story

ANN, BOB, EVE, ZOE = (f"+3360000000{n}" for n in range(1, 5))
TWO_DAYS, HOUR = timedelta(hours=48), timedelta(hours=1)
Logs = Callable[[], str]


@pytest.fixture
def logs(caplog: pytest.LogCaptureFixture, capfd: pytest.CaptureFixture[str]) -> Logs:
    """Return all that was logged so far, wherever to."""
    caplog.set_level("DEBUG")
    return lambda: caplog.text + "".join(capfd.readouterr())


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


# ---- from when, until when -------------------------------------------------------------------------


def test_a_scheduled_send_is_waited_for_from_its_own_time_on(story: Story) -> None:
    story.sim.deliver(status=None)
    scheduled = START + timedelta(days=3)

    story.wait(sent=story.send(ANN, scheduled_for=scheduled.isoformat()), timeout=3600)

    assert scheduled + HOUR <= story.clock.now <= scheduled + HOUR + timedelta(minutes=31)
    assert story.clock.naps[0] == 3 * 86_400 + 15


def test_a_marketing_send_is_waited_for_from_the_next_allowed_hour_on(story: Story) -> None:
    story.sim.deliver(status=None)
    night = START.replace(hour=22)

    story.wait(sent=story.send(ANN, sent_at=night.isoformat(), stop_sms=True), timeout=3600)

    morning = START.replace(hour=7) + timedelta(days=1)  # 8:00 in Paris
    assert morning + HOUR <= story.clock.now <= morning + HOUR + timedelta(minutes=31)


def test_a_deadline_that_has_passed_leaves_one_look(story: Story) -> None:
    story.sim.deliver(status=None)
    sent = story.send(ANN)
    story.clock.sleep(3600)

    assert story.wait(sent=sent, timeout=timedelta(hours=1))["waiting"] == 1
    assert story.looks == 1


def test_the_poke_interval_is_the_least_wait(story: Story) -> None:
    story.sim.deliver(after_polls=2)

    story.wait(sent=story.send(ANN), poke_interval=timedelta(hours=1))

    assert story.clock.naps == [3600, 3600]


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


# ---- trouble ---------------------------------------------------------------------------------------


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


def ends_after(story: Story, trouble: timedelta) -> None:
    """Let the API come back when it has been unreadable for so long."""

    def end() -> None:
        if story.clock.now >= START + trouble:
            story.sim.faults.clear()

    story.clock.meanwhile = end
    story.sim.faults.add("/bulk-status", "error_before", times=None)


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


# ---- the arguments ---------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        ({}, "sent: give either sent"),
        ({"sent": {}, "message_ids": []}, "sent: give either sent"),
        ({"sent": {}, "min_delivery_rate": 95}, "min_delivery_rate: 95 is not between 0 and 1"),
        ({"sent": {}, "min_delivery_rate": -0.1}, "min_delivery_rate: -0.1"),
    ],
)
def test_a_mistake_in_the_dag_is_refused_when_the_dag_is_parsed(
    arguments: dict[str, Any], words: str
) -> None:
    with pytest.raises(InvalidMessage, match=words):
        DeliveryStatusSensor(task_id="wait", **arguments)


@pytest.mark.parametrize("arguments", [{"sent": "{{ sent }}"}, {"message_ids": "{{ sent }}"}])
@pytest.mark.parametrize("value", ["", "None", "nothing", "[+33600000001, 'x']"])
def test_a_mistake_in_a_template_fails_for_good(story: Story, arguments: dict[str, str], value: str) -> None:
    rendered = dict.fromkeys(arguments, value)

    with pytest.raises(AirflowFailException, match=r"sent: |message_ids?: "):
        story.wait(**rendered)

    assert story.looks == 0


def test_defaults_are_those_of_the_contract() -> None:
    sensor = DeliveryStatusSensor(task_id="wait", sent={})

    assert (sensor.deferrable, sensor.poke_interval, sensor.timeout) == (True, 15, 48 * 3600)
    assert (sensor.mode, sensor.min_delivery_rate, sensor.soft_fail) == ("reschedule", None, False)


def test_what_operators_return_is_templated(clock: Clock) -> None:
    sensor = DeliveryStatusSensor(task_id="wait", sent="{{ {'message_ids': [a]} }}")
    ids = DeliveryStatusSensor(task_id="wait_ids", message_ids=["{{ a }}", 5121])

    context: Any = {"a": 5120}

    sensor.render_template_fields(context)
    ids.render_template_fields(context)

    assert (sensor.sent, ids.message_ids) == ("{'message_ids': [5120]}", ["5120", 5121])


# ---- deferring -------------------------------------------------------------------------------------


def test_the_first_look_is_in_the_worker_and_the_trigger_knows_the_deadline(story: Story) -> None:
    story.sim.deliver(after_polls=1)
    sensor = DeliveryStatusSensor(task_id="wait", sent=story.send(ANN), timeout=7200)
    context: Any = {"ti": None}

    with pytest.raises(TaskDeferred) as deferral:
        sensor.execute(context)

    arguments = deferral.value.trigger.serialize()[1]
    assert story.looks == 1
    assert arguments["deadline"] == (START + timedelta(hours=2)).isoformat()
    assert deferral.value.timeout == timedelta(hours=3)
    assert deferral.value.method_name == "execute_complete"


@pytest.mark.parametrize("event", [None, {}, {"status": "?"}])
def test_a_trigger_that_brings_nothing_is_a_failure(event: Any, clock: Clock) -> None:
    sensor = DeliveryStatusSensor(task_id="wait", message_ids="5120")
    context: Any = {"ti": None}

    with pytest.raises(SMSPartnerError, match="without a result"):
        sensor.execute_complete(context, event)

"""The delivery sensor between its worker and its trigger."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

import pytest
from airflow.providers.common.compat.sdk import TaskDeferred

from airflow_provider_smspartner.exceptions import SMSPartnerError
from airflow_provider_smspartner.sensors.smspartner import DeliveryStatusSensor
from airflow_provider_smspartner.simulator import Simulator
from tests.sensors.story import ANN, BOB, START, TWO_DAYS, Clock, Story


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


def test_a_wait_of_two_days_keeps_its_deadline_over_all_deferrals(sim: Simulator, clock: Clock) -> None:
    sim.deliver(BOB, status=None)
    story = Story(sim, clock, "deferrable")

    result = story.wait(sent=[story.send(ANN), story.send(BOB)])

    arguments = [deferral.trigger.serialize()[1] for deferral in story.deferrals]
    assert (result["messages"], result["delivered"], result["waiting"]) == (2, 1, 1)
    assert {given["deadline"] for given in arguments} == {(START + TWO_DAYS).isoformat()}
    assert {given["began"] for given in arguments} == {START.isoformat()}
    assert [given["counts"] for given in arguments] == [{"5002": 1}] * len(arguments)
    assert timedelta(0) <= clock.now - START - TWO_DAYS < timedelta(minutes=1)
    assert max(clock.naps) <= 1800
    assert story.looks < 130
    assert len(story.told) == 1 + 3 + 7 + 1  # the first look, 1, 10 and 60 minutes, every 6 hours, the end


def test_a_task_that_resumes_after_its_deadline_still_leaves_the_trigger_an_hour(clock: Clock) -> None:
    sensor = DeliveryStatusSensor(task_id="wait", message_ids="5120")
    past = (START - timedelta(days=1)).isoformat()
    again = {
        "smspartner_conn_id": "smspartner_default",
        "counts": {"5120": 1},
        "since": past,
        "deadline": past,
        "poke_interval": 15,
    }
    context: Any = {"ti": None}

    with pytest.raises(TaskDeferred) as deferral:
        sensor.execute_complete(context, ended() | {"again": again})

    assert deferral.value.timeout == timedelta(hours=1)


def ended(**result: Any) -> dict[str, Any]:
    """The event of a trigger of the first versions."""
    counts = {**dict.fromkeys(("messages", "recipients", "delivered"), 1), "delivery_rate": 1.0}
    rest = dict.fromkeys(("not_delivered", "waiting", "stop"), 0)
    return {"result": counts | rest | result, "failure": None, "hopeless": False, "unreadable": None}


def test_an_event_of_the_first_versions_is_still_understood(clock: Clock) -> None:
    sensor = DeliveryStatusSensor(task_id="wait", message_ids="5120")
    context: Any = {"ti": None}

    assert sensor.execute_complete(context, ended())["delivered"] == 1


@pytest.mark.parametrize("event", [None, {}, {"status": "?"}])
def test_a_trigger_that_brings_nothing_is_a_failure(event: Any, clock: Clock) -> None:
    sensor = DeliveryStatusSensor(task_id="wait", message_ids="5120")
    context: Any = {"ti": None}

    with pytest.raises(SMSPartnerError, match="without a result"):
        sensor.execute_complete(context, event)

"""What the delivery sensor is given: defaults, templates, and mistakes."""

from __future__ import annotations

from typing import Any

import pytest
from airflow.providers.common.compat.sdk import AirflowFailException

from airflow_provider_smspartner.exceptions import InvalidMessage
from airflow_provider_smspartner.sensors.smspartner import DeliveryStatusSensor
from tests.sensors.story import Clock, Story


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

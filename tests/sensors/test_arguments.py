"""What the delivery sensor is given: defaults, templates, and mistakes."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest
from airflow.providers.common.compat.sdk import AirflowFailException
from airflow.sdk import DAG

from airflow_provider_smspartner.exceptions import InvalidMessage
from airflow_provider_smspartner.operators.smspartner import SendSmsOperator
from airflow_provider_smspartner.sensors.smspartner import DeliveryStatusSensor
from tests.sensors.conftest import Logs
from tests.sensors.story import ANN, BOB, Clock, Story


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        ({}, "sent: give either sent"),
        ({"sent": {}, "message_ids": []}, "sent: give either sent"),
        ({"sent": {}, "min_delivery_rate": 95}, "min_delivery_rate: 95 is not between 0 and 1"),
        ({"sent": {}, "min_delivery_rate": -0.1}, "min_delivery_rate: -0.1"),
        ({"sent": {}, "timeout": -1}, "timeout: -1"),
    ],
)
def test_a_mistake_in_the_dag_is_refused_when_the_dag_is_parsed(
    arguments: dict[str, Any], words: str
) -> None:
    with pytest.raises(InvalidMessage, match=f"^wait: {words}"):
        DeliveryStatusSensor(task_id="wait", **arguments)


@pytest.mark.parametrize("arguments", [{"sent": "{{ sent }}"}, {"message_ids": "{{ sent }}"}])
@pytest.mark.parametrize("value", ["", "None", "nothing", "[+33600000001, 'x']"])
def test_a_mistake_in_a_template_fails_for_good(story: Story, arguments: dict[str, str], value: str) -> None:
    rendered: dict[str, Any] = dict.fromkeys(arguments, value)

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


@pytest.mark.parametrize(
    ("said", "given", "expected"),
    [
        (None, {}, True),
        ("True", {}, True),
        ("False", {}, False),
        ("False", {"deferrable": True}, True),
        ("True", {"deferrable": False}, False),
        (None, {"deferrable": False}, False),
    ],
)
def test_airflows_configuration_says_whether_it_defers(
    monkeypatch: pytest.MonkeyPatch, said: str | None, given: dict[str, Any], expected: bool
) -> None:
    if said:
        monkeypatch.setenv("AIRFLOW__OPERATORS__DEFAULT_DEFERRABLE", said)

    assert DeliveryStatusSensor(task_id="wait", sent={}, **given).deferrable is expected


def test_the_false_that_airflow_writes_into_its_file_is_no_choice(tmp_path: Path) -> None:
    env = {**os.environ, "AIRFLOW_HOME": str(tmp_path)}
    env.pop("AIRFLOW_CONFIG", None)
    asked = (
        "from airflow import configuration\n"
        "configuration.write_default_airflow_configuration_if_needed().read(configuration.AIRFLOW_CONFIG)\n"
        "from airflow.providers.common.compat.sdk import conf\n"
        "from airflow_provider_smspartner.sensors.smspartner import DeliveryStatusSensor\n"
        "print(conf.getboolean('operators', 'default_deferrable'))\n"
        "print(DeliveryStatusSensor(task_id='wait', sent={}).deferrable)\n"
    )

    answer = subprocess.run(
        [sys.executable, "-c", asked], env=env, check=True, capture_output=True, text=True
    )

    assert "\ndefault_deferrable = false\n" in (tmp_path / "airflow.cfg").read_text().lower()
    assert answer.stdout.splitlines()[-2:] == ["False", "True"]


@pytest.mark.parametrize("sent", [None, [None], [None, None]])
def test_a_send_that_was_skipped_is_zeros_and_said(story: Story, sent: Any, logs: Logs) -> None:
    result = story.wait(sent="{{ output }}", pulled={"sent": sent})

    assert (result.pop("delivery_rate"), set(result.values()), story.looks) == (None, {0}, 0)
    assert f"No result came from {len(sent or [0])} of the sends" in logs()


def test_a_send_that_was_skipped_does_not_hide_the_others(story: Story, logs: Logs) -> None:
    result = story.wait(sent=[story.send(ANN), None])

    assert result["delivered"] == 1
    assert "No result came from 1 of the sends" in logs()


def test_an_operator_stands_for_its_output(clock: Clock) -> None:
    with DAG("campaign"):
        one, two, three = (SendSmsOperator(task_id=f"send_{n}", message="Hi", recipients=ANN) for n in "123")
        many = SendSmsOperator.partial(task_id="many", message="Hi").expand(recipients=[ANN, BOB])
        alone = DeliveryStatusSensor(task_id="alone", sent=one)
        mapped = DeliveryStatusSensor(task_id="mapped", sent=many)
        several = DeliveryStatusSensor(task_id="several", sent=[two, three.output])

    assert alone.sent == one.output
    assert alone.upstream_task_ids == {"send_1"}
    assert mapped.upstream_task_ids == {"many"}
    assert several.upstream_task_ids == {"send_2", "send_3"}

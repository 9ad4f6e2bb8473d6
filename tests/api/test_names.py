"""The names of the API: each is there when it is asked for, and a DAG file loads next to none of them."""

from __future__ import annotations

import subprocess
import sys

import pytest

from airflow_provider_smspartner import api

PARSED = """
import sys
from airflow_provider_smspartner.operators.smspartner import SendSmsOperator
from airflow_provider_smspartner.sensors.smspartner import DeliveryStatusSensor
SendSmsOperator(task_id="send", message="Hello", recipients=["+33600000001"])
print(*(name for name in sys.modules if name.startswith("airflow_provider_smspartner.api.")))
"""


def test_each_name_is_there_and_the_same_each_time() -> None:
    assert {name: getattr(api, name) for name in api.__all__} == {
        name: getattr(api, name) for name in api.HOMES
    }


def test_what_answers_hold_is_there_too() -> None:
    code = "from airflow_provider_smspartner import api; print(api.answers.Sent.__name__, api.options.PLAIN)"
    done = subprocess.run([sys.executable, "-c", code], stdout=subprocess.PIPE, text=True, check=True)

    assert done.stdout.startswith("Sent SendOptions(")


def test_another_name_is_not() -> None:
    with pytest.raises(AttributeError, match=r"airflow_provider_smspartner\.api.*'cancel'"):
        api.cancel  # noqa: B018  # to ask for it is all there is to do


def test_a_dag_file_loads_the_options_alone() -> None:
    done = subprocess.run([sys.executable, "-c", PARSED], stdout=subprocess.PIPE, text=True, check=True)

    assert done.stdout.split() == ["airflow_provider_smspartner.api.options"]

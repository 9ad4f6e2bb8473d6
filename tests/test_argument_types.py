"""Every argument of every class that a DAG calls: a wrong type is refused by the argument's name at once."""

from __future__ import annotations

import inspect
from collections.abc import Iterator
from datetime import timedelta
from typing import Any

import pytest

from airflow_provider_smspartner.exceptions import InvalidMessage
from airflow_provider_smspartner.hooks.smspartner import SMSPartnerHook
from airflow_provider_smspartner.notifications.smspartner import SMSPartnerNotifier
from airflow_provider_smspartner.operators.smspartner import (
    RefreshStatusesOperator,
    SendSmsOperator,
    SendSurveyOperator,
    StopListOperator,
)
from airflow_provider_smspartner.sensors.smspartner import DeliveryStatusSensor

THING = object()
NO_TEXT: tuple[Any, ...] = (5, True, b"x", ["x"], THING)
NO_SWITCH: tuple[Any, ...] = ("false", "true", "", "{{ params.x }}", 0, 1, THING)
NO_NUMBER: tuple[Any, ...] = ("0.5", "{{ params.x }}", True, [1], b"1", THING)
WRONG: dict[str, tuple[Any, ...]] = {
    **dict.fromkeys(
        (
            "exclude_stop_list",
            "durable",
            "allow_backfill",
            "cancel_on_kill",
            "dry_run",
            "stop_sms",
            "unicode",
        ),
        (*NO_SWITCH, None),
    ),
    **dict.fromkeys(("sandbox", "deferrable"), NO_SWITCH),
    "soft_fail": (*NO_SWITCH, None),
    **dict.fromkeys(
        ("max_invalid_rate", "max_rejected_rate", "verify_timeout", "concurrency"), (*NO_NUMBER, None)
    ),
    **dict.fromkeys(("min_delivery_rate", "max_stop_rate"), (*NO_NUMBER, 1.1)),
    "share": (
        *NO_NUMBER,
        *NO_TEXT,
        0.1,
        (),
        (0,),
        (0, 0.5, 1),
        ("0", "1"),
        (0, None),
        (False, True),
        (0, 1.1),
    ),
    "settled": (*NO_NUMBER, None, 0, 1.1),
    **dict.fromkeys(("poke_interval", "timeout"), (*NO_NUMBER, None)),
    **dict.fromkeys(("max_recipients", "min_recipients", "max_cost"), ("many", True, [1], THING)),
    "at_most": ("many", True, [1], THING, ("3", timedelta(1)), (3, 7), (0, timedelta(1)), (1, timedelta(0))),
    "period": ("1", None, True, [1], THING),
    **dict.fromkeys(
        ("sql", "push_sql", "warehouse_conn_id", "campaign", "ledger_conn_id", "event_column", "key"), NO_TEXT
    ),
    **dict.fromkeys(("tag", "sender", "dlr_url", "response_url"), NO_TEXT),
    **dict.fromkeys(
        ("smspartner_conn_id", "phone_column", "message", "survey_id", "table"), (*NO_TEXT, None, "", " ")
    ),
    "parameters": (5, True, b"x", "Lyon", THING),
    "recipients": (True, 0.5, b"x", THING),
    "default_region": (*NO_TEXT, None, "UK", "fr", ""),
    "sending_region": (*NO_TEXT, None, "UK", "fr", "", {}),
    "countries": (*NO_TEXT, "FR", [], ["UK"], ["fr"], [""], [5]),
    "send_at": (5, True, b"x", ["x"], "", THING),
    **dict.fromkeys(("on_invalid", "sending_hours", "on_unknown"), (*NO_TEXT, None, "x", {})),
    "sms_range": (*NO_TEXT, "x", {}),
    "younger_than": (*NO_NUMBER, None, 5, timedelta(0), timedelta(days=31)),
    "max_run_age": (5, True, "1 day", timedelta(0)),
    "sent": (5, True, 0.5, b"x", THING),
    "message_ids": (True, 0.5, b"x", THING),
}
TO_ANN = {"task_id": "t", "recipients": "+33600000001"}
IN_LEDGER = {"ledger_conn_id": "ledger_default", "campaign": "sale"}
QUERY = {"task_id": "t", "sql": "SELECT 1", "warehouse_conn_id": "warehouse_default"}
CLASSES: dict[type[Any], dict[str, Any]] = {
    SendSmsOperator: {"message": "Hello"} | TO_ANN,
    SendSurveyOperator: {"survey_id": "s-1"} | TO_ANN,
    RefreshStatusesOperator: {"task_id": "t", "ledger_conn_id": "ledger_default"},
    StopListOperator: {"task_id": "t", "warehouse_conn_id": "warehouse_default", "table": "stops"},
    DeliveryStatusSensor: {"task_id": "t", "message_ids": "5120"},
    SMSPartnerNotifier: {"message": "Hello", "recipients": "+33600000001"},
    SMSPartnerHook: {},
}
NEEDED: dict[str, dict[str, Any]] = {
    **dict.fromkeys(("campaign", "event_column"), IN_LEDGER),
    "parameters": QUERY,
    "sent": {"task_id": "t"},
}
"""What an argument goes with."""
NAMELESS = (SMSPartnerNotifier, SMSPartnerHook)
"""Their sentences begin with the argument."""
ELSEWHERE = {"self", "kwargs"}


def arguments_of(cls: type[Any]) -> Iterator[str]:
    """Every argument that is ours, those of base classes included."""
    ours = (base for base in cls.__mro__ if base.__module__.startswith("airflow_provider_smspartner"))
    for base in ours:
        if "__init__" in vars(base):
            yield from inspect.signature(vars(base)["__init__"]).parameters.keys() - ELSEWHERE
    if cls is DeliveryStatusSensor:
        yield "soft_fail"  # Airflow's, and in our docs


CASES = sorted({(cls.__name__, argument) for cls in CLASSES for argument in arguments_of(cls)})
BY_NAME = {cls.__name__: cls for cls in CLASSES}


def given(cls: type[Any], argument: str) -> dict[str, Any]:
    """Arguments with which all is well, but for the one in question."""
    rest = dict(CLASSES[cls])
    if cls in (SendSmsOperator, SendSurveyOperator):
        if argument in ("sql", "warehouse_conn_id", "parameters"):
            del rest["recipients"]
            rest |= QUERY
        if argument in ("campaign", "ledger_conn_id", "event_column", "at_most"):
            rest |= IN_LEDGER
    if cls is SMSPartnerNotifier and argument in ("ledger_conn_id", "key", "period", "at_most"):
        rest |= {"at_most": 3, "ledger_conn_id": "ledger_default"}
    if argument == "sent":
        del rest["message_ids"]
    return rest


@pytest.mark.parametrize(("name", "argument"), CASES)
def test_a_wrong_type_is_refused_by_name_when_the_dag_is_parsed(name: str, argument: str) -> None:
    cls = BY_NAME[name]
    rest = given(cls, argument)

    for value in WRONG[argument]:
        if value is None and argument == "ledger_conn_id":
            continue
        # A DAG has several sends: their sentences begin with the task
        task = "t: " if cls not in NAMELESS else ""
        with pytest.raises(InvalidMessage, match=f"^{task}{argument}: "):
            cls(**rest | {argument: value})


def test_with_the_right_types_nothing_is_refused() -> None:
    for name, argument in CASES:
        cls = BY_NAME[name]
        assert cls(**{"sent": []} | given(cls, argument) if argument == "sent" else given(cls, argument))

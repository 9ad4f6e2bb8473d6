"""What is only to be looked at is pushed when it can be, and a task never fails for it."""

from __future__ import annotations

from types import SimpleNamespace
from typing import Any

import pytest
from airflow.sdk.exceptions import AirflowRuntimeError, ErrorType
from airflow.sdk.execution_time.comms import ErrorResponse

from airflow_provider_smspartner.tasks.xcom import push


def context(push: Any) -> Any:
    return {"ti": SimpleNamespace(xcom_push=push)}


def test_a_value_is_pushed_under_its_key() -> None:
    pushed: dict[str, Any] = {}

    push(context(lambda key, value: pushed.update({key: value})), "smspartner_delivery", {"final": True})

    assert pushed == {"smspartner_delivery": {"final": True}}


@pytest.mark.parametrize(
    "trouble",
    [AirflowRuntimeError(ErrorResponse(error=kind)) for kind in ErrorType] + [PermissionError("a bucket")],
    ids=str,
)
def test_what_cannot_be_pushed_is_said_without_its_value(
    trouble: Exception, caplog: pytest.LogCaptureFixture
) -> None:
    def refuse(**_: Any) -> None:
        raise trouble

    push(context(refuse), "smspartner_delivery", "secret")

    assert "XCom smspartner_delivery could not be pushed" in caplog.text
    assert type(trouble).__name__ in caplog.text
    assert "secret" not in caplog.text


def test_a_mistake_of_ours_is_not_hidden() -> None:
    def refuse(**_: Any) -> None:
        raise TypeError("not JSON")

    with pytest.raises(TypeError):
        push(context(refuse), "smspartner_delivery", object())


@pytest.mark.parametrize("outside", [{}, {"ti": None}])
def test_outside_of_airflow_there_is_nowhere_to_push(outside: Any) -> None:
    push(outside, "smspartner_delivery", {})

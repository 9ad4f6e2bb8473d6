"""Whatever an author's template raises, and whatever an error says of itself: the alert arrives."""

from __future__ import annotations

from typing import Any

import pytest
from airflow.sdk import DAG
from airflow.sdk.exceptions import AirflowRuntimeError, ErrorType
from airflow.sdk.execution_time.comms import ErrorResponse

from airflow_provider_smspartner.notifications.smspartner import SMSPartnerNotifier
from airflow_provider_smspartner.simulator import Simulator
from tests.notifications.conftest import ANN, BOB, Tell


def fails(kind: type[Exception]) -> Any:
    raise kind("the macro's own")


class Mute(Exception):
    """An error that cannot say anything."""

    def __str__(self) -> str:
        raise RuntimeError("no words")


class Wordless(Exception):
    """An error whose words are none."""

    def __str__(self) -> Any:
        return None


@pytest.mark.parametrize("kind", [RuntimeError, OSError, RecursionError, ImportError, AssertionError])
@pytest.mark.parametrize("argument", ["message", "sender", "tag"])
def test_a_macro_that_fails_takes_no_alert_along(
    kind: type[Exception], argument: str, sim: Simulator
) -> None:
    dag = DAG("nightly", user_defined_macros={"fails": lambda: fails(kind)})
    given: dict[str, Any] = {"message": "late", argument: "{{ fails() }}"}

    SMSPartnerNotifier(recipients=ANN, **given)({"dag": dag})

    assert [text.text for text in sim.sent] == ["Airflow alert, nightly" if argument == "message" else "late"]


def test_a_variable_that_is_not_defined_takes_no_alert_along(sim: Simulator) -> None:
    class Variables:
        def __getattr__(self, name: str) -> Any:
            raise AirflowRuntimeError(ErrorResponse(error=ErrorType.VARIABLE_NOT_FOUND, detail={"key": name}))

    SMSPartnerNotifier("Failed: {{ var.value.nope }}", ANN)(
        {"dag": DAG("nightly"), "var": {"value": Variables()}}
    )

    assert [text.text for text in sim.sent] == ["Airflow alert, nightly"]


@pytest.mark.parametrize("error", [Mute(), Wordless()])
@pytest.mark.parametrize("message", ["{{ exception }}", "{{ nope }}"])
def test_an_error_without_words_is_told_by_its_class(message: str, error: Exception, sim: Simulator) -> None:
    SMSPartnerNotifier(message, ANN)({"dag": DAG("nightly"), "exception": error})

    assert [type(error).__name__ in text.text for text in sim.sent] == [True]


def test_a_template_that_names_nobody_keeps_nobody_else_from_the_alert(
    sim: Simulator, tell: Tell, logged: pytest.LogCaptureFixture
) -> None:
    tell("late", [ANN, "{{ on_call }}", BOB])

    assert {text.number for text in sim.sent} == {ANN, BOB}
    assert "recipients: its template cannot be rendered here: 'on_call' is undefined" in logged.text


def test_numbers_in_lists_of_any_depth_are_told(sim: Simulator, tell: Tell) -> None:
    tell("late", [["{{ on_call }}", [ANN]], [BOB]])

    assert {text.number for text in sim.sent} == {ANN, BOB}


@pytest.mark.parametrize("key", ["a\udc80", "a\0b", "k" * 5_000])
def test_a_key_that_no_column_can_keep_is_counted_all_the_same(
    key: str, sim: Simulator, ledger: dict[str, Any]
) -> None:
    for _ in range(2):
        SMSPartnerNotifier("late", ANN, key="{{ shop }}", **ledger | {"at_most": 1})(
            {"dag": DAG("nightly"), "shop": key}
        )

    assert len(sim.sent) == 1

"""A task that stops tells why, once: to the campaign page, and at the end of its log."""

from __future__ import annotations

import sqlite3
import traceback
from contextlib import closing
from datetime import UTC, datetime, timedelta
from types import SimpleNamespace
from typing import Any

import pytest
from airflow.exceptions import AirflowRescheduleException
from airflow.providers.common.compat.sdk import (
    AirflowFailException,
    AirflowSkipException,
    TaskDeferred,
)
from airflow.providers.standard.triggers.temporal import DateTimeTrigger

from airflow_provider_smspartner.exceptions import InvalidMessage
from airflow_provider_smspartner.tasks.failures import no_useless_retry
from airflow_provider_smspartner.tasks.telling import telling
from airflow_provider_smspartner.tracking.stops import FAILURE_KEY, WAIT_KEY, read_failure, read_wait

LATER = datetime.now(UTC).replace(microsecond=0) + timedelta(days=1)


@pytest.fixture
def pushed() -> dict[str, Any]:
    return {}


@pytest.fixture
def context(pushed: dict[str, Any]) -> Any:
    return {"ti": SimpleNamespace(xcom_push=lambda key, value: pushed.update({key: value}))}


def deep(depth: int) -> None:
    if depth:
        deep(depth - 1)
    raise InvalidMessage("tag: it is odd")


def ask() -> None:
    with closing(sqlite3.connect(":memory:")) as database:
        database.execute("SELECT phone_number FROM peopel")


def test_a_failure_is_told_with_its_counts(context: Any, pushed: dict[str, Any]) -> None:
    with pytest.raises(AirflowFailException), telling(context, lambda: {"invalid": 30}), no_useless_retry():
        deep(0)

    told = read_failure(pushed[FAILURE_KEY])
    assert told is not None
    assert (told.kind, told.argument, told.counts) == ("InvalidMessage", "tag", {"invalid": 30})


def test_the_log_ends_with_our_sentence_and_holds_it_once(context: Any) -> None:
    with pytest.raises(AirflowFailException) as failed, telling(context), no_useless_retry():
        deep(16)

    text = "".join(traceback.format_exception(failed.value))
    assert text.count("tag: it is odd") == 1
    assert text.splitlines()[-1].endswith("tag: it is odd")
    assert text.count("File ") < 6


def test_a_wait_is_told_until_when(context: Any, pushed: dict[str, Any]) -> None:
    with pytest.raises(TaskDeferred), telling(context):
        raise TaskDeferred(trigger=DateTimeTrigger(moment=LATER), method_name="resume")

    wait = read_wait(pushed[WAIT_KEY])
    assert wait is not None
    assert wait.until == LATER


@pytest.mark.parametrize(
    "error",
    [AirflowSkipException("no"), AirflowRescheduleException(LATER), KeyboardInterrupt(), SystemExit()],
)
def test_what_is_no_failure_passes_untold(context: Any, pushed: dict[str, Any], error: BaseException) -> None:
    with pytest.raises(type(error)), telling(context):
        raise error

    assert pushed == {}


def test_an_error_of_somebody_else_is_told_and_keeps_its_frames(context: Any, pushed: dict[str, Any]) -> None:
    with (
        pytest.raises(sqlite3.OperationalError) as failed,
        telling(context, lambda: {"rows": 0}),
        no_useless_retry(),
    ):
        ask()

    told = read_failure(pushed[FAILURE_KEY])
    assert told is not None
    assert told.sentence == (
        "The warehouse has not answered the query (OperationalError: no such table: peopel)"
    )
    assert told.counts == {"rows": 0}
    assert failed.traceback[-1].name == "ask"


def test_outside_airflow_nothing_is_told() -> None:
    with pytest.raises(InvalidMessage), telling({}):
        deep(0)

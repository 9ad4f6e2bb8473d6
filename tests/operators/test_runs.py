"""Runs that catch up with days gone by."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from types import SimpleNamespace
from typing import Any

import pytest
from airflow.providers.common.compat.sdk import AirflowFailException
from airflow.utils.types import DagRunType

from airflow_provider_smspartner.exceptions import InvalidMessage
from airflow_provider_smspartner.simulator import Simulator
from tests.operators.conftest import ANN, MakeTask, Run, SetClock, left_to_the_trigger, sms, survey

DAY = timedelta(days=1)


def run_of(age: timedelta, kind: object = DagRunType.SCHEDULED, **times: Any) -> Any:
    """A run that was due so long ago."""
    moment = datetime.now(UTC) - age
    return SimpleNamespace(run_type=kind, **({"run_after": moment, "logical_date": moment - 7 * DAY} | times))


@pytest.mark.parametrize("make", [sms, survey])
@pytest.mark.parametrize("kind", [DagRunType.SCHEDULED, "scheduled"])
def test_a_scheduled_run_of_days_ago_texts_nobody(make: Any, kind: object, run: Run, sim: Simulator) -> None:
    with pytest.raises(AirflowFailException, match="max_run_age: this scheduled run was due at"):
        run(make(), dag_run=run_of(2 * DAY, kind))

    assert not sim.requests


def test_a_run_without_the_time_after_which_it_may_run_is_judged_by_its_interval(
    run: Run, sim: Simulator
) -> None:
    old = run_of(DAY, run_after=None, data_interval_end=datetime.now(UTC) - 2 * DAY)

    with pytest.raises(AirflowFailException, match="max_run_age"):
        run(sms(), dag_run=old)


@pytest.mark.parametrize(
    ("arguments", "due"),
    [
        ({}, run_of(23 * DAY / 24)),
        ({}, run_of(9 * DAY, DagRunType.MANUAL)),
        ({}, run_of(9 * DAY, DagRunType.ASSET_TRIGGERED)),
        ({"max_run_age": None}, run_of(9 * DAY)),
        ({"max_run_age": 10 * DAY}, run_of(9 * DAY)),
        ({"allow_backfill": True}, run_of(9 * DAY)),
    ],
)
def test_other_runs_and_those_that_are_wanted_send(
    arguments: dict[str, Any], due: Any, run: Run, sim: Simulator
) -> None:
    run(sms(**arguments), dag_run=due)

    assert sim.texts_per_number() == {ANN: 1}


def test_a_later_try_or_a_cleared_task_of_an_old_run_sends(task: MakeTask, sim: Simulator) -> None:
    sim.faults.add("/send", "refuse", code=11)
    send = task(sms)
    with pytest.raises(AirflowFailException):
        send.attempt(dag_run=run_of(DAY / 2))

    send.attempt(dag_run=run_of(9 * DAY))

    assert sim.texts_per_number() == {ANN: 1}


def test_a_run_that_began_in_time_sends_after_its_wait(
    task: MakeTask, sim: Simulator, clock: SetClock
) -> None:
    clock("2031-01-31T23:00:00+01:00")
    send = task(lambda: sms(sending_hours="wait"))
    due = SimpleNamespace(run_type="scheduled", run_after=datetime.fromisoformat("2031-01-31T22:00:00+01:00"))
    deferred = left_to_the_trigger(lambda: send.attempt(dag_run=due))
    clock("2031-02-03T08:00:00+01:00")

    send.resume(deferred, dag_run=due)

    assert sim.texts_per_number() == {ANN: 1}


@pytest.mark.parametrize("age", [timedelta(), -DAY, 86_400, "1 day"])
def test_an_age_is_a_timedelta(age: Any) -> None:
    with pytest.raises(InvalidMessage, match=r"\bmax_run_age: "):
        sms(max_run_age=age)

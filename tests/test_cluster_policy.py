"""A local Airflow starts by an event what waits for one, and nothing by the clock."""

from __future__ import annotations

from datetime import timedelta

import pytest
from airflow.sdk import DAG, Asset

from scripts.cluster_policy import dag_policy


@pytest.mark.parametrize("schedule", ["@hourly", "0 10 * * *", timedelta(minutes=1), None])
def test_the_clock_starts_nothing(schedule: str | timedelta | None) -> None:
    dag = DAG("timed", schedule=schedule)
    dag_policy(dag)
    assert not dag.timetable.can_be_scheduled


@pytest.mark.parametrize("schedule", [[Asset("inbox")], Asset("inbox") | Asset("other")])
def test_an_event_starts_what_waits_for_it(schedule: list[Asset]) -> None:
    dag = DAG("woken", schedule=schedule)
    before = dag.timetable
    dag_policy(dag)
    assert dag.timetable is before

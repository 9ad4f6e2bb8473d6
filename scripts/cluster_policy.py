"""The ``airflow_local_settings`` of a local Airflow: the clock starts no DAG, the event of an asset does.

Airflow's ``[scheduler] use_job_schedule`` cannot tell the two apart: switched off, it starts no run for an
event either, however many there are.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from airflow.sdk import DAG


def dag_policy(dag: DAG) -> None:
    """Take the schedule of a DAG away unless it waits for assets."""
    from airflow.sdk import DAG  # not above: Airflow reads this file before that can be imported

    if not dag.timetable.asset_condition:
        dag.timetable = DAG("never", schedule=None).timetable

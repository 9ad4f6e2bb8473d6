"""Adds to the campaigns of an overview how many people have answered, where their DAG names its ledger.

Each ledger is asked once, about all of them; what it cannot tell in time is left out.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace
from typing import TYPE_CHECKING, Final

from airflow_provider_smspartner.plugins.facts import RunFact, TaskFact
from airflow_provider_smspartner.plugins.reading.dags import Version, named_ledgers
from airflow_provider_smspartner.plugins.reading.ledger import count_answers
from airflow_provider_smspartner.plugins.reading.runs import ledger_name, said_ledger

if TYPE_CHECKING:
    from sqlalchemy.orm import Session

MOST_VERSIONS: Final = 20
"""Versions of DAGs that are looked into, those of the newest runs: each may be large."""


def with_answered(session: Session, runs: Sequence[RunFact]) -> list[RunFact]:
    """Return runs, the newest first, with the answers to their sends counted."""
    asking = [(run, task) for run in runs for task in run.tasks if task.sends and said_ledger(task)]
    versions = list(dict.fromkeys((run.dag_id, task.version) for run, task in asking))[:MOST_VERSIONS]
    named: dict[tuple[str, Version, str], str] = {}
    for dag_id, version in versions:
        found = named_ledgers(session, dag_id, [version])
        named |= {(dag_id, *where): conn_id for where, conn_id in found.items()}
    wanted: dict[str, set[str]] = {}
    for run, task in asking:
        if conn_id := named.get((run.dag_id, task.version, task.task_id)):
            wanted.setdefault(conn_id, set()).add(ledger_name((run.dag_id, run.run_id), task))
    told = count_answers(wanted).values()
    counts = {task: count for ledger in told for task, count in ledger.counts.items()}
    if not counts:
        return list(runs)
    return [replace(run, tasks=[counted(run, task, counts) for task in run.tasks]) for run in runs]


def counted(run: RunFact, task: TaskFact, counts: Mapping[str, Mapping[str, int]]) -> TaskFact:
    """Return a task with the answers to it counted."""
    if not (task.sends and said_ledger(task)):
        return task
    return replace(task, answered=counts.get(ledger_name((run.dag_id, run.run_id), task)))

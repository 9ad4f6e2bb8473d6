"""Reads the campaigns of some days out of Airflow's database, in a handful of queries."""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterable, Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from typing import TYPE_CHECKING, Any, Final

from airflow.models.dagrun import DagRun
from airflow.models.taskinstance import TaskInstance
from airflow.models.xcom import XComModel
from sqlalchemy import and_, exists, null, select

from airflow_provider_smspartner.plugins.facts import RunFact, TaskFact
from airflow_provider_smspartner.plugins.reading.answered import with_answered
from airflow_provider_smspartner.plugins.reading.runs import of_row, place, pushed_at
from airflow_provider_smspartner.plugins.reading.store import Notes, read_store
from airflow_provider_smspartner.plugins.reading.texts import RENDERED
from airflow_provider_smspartner.plugins.reading.xcoms import KEYS, RESULT_KEY, read_xcoms

if TYPE_CHECKING:
    from sqlalchemy.orm import Session

RUNS_PER_PAGE: Final = 500
COLUMNS: Final = (DagRun.id, DagRun.dag_id, DagRun.run_id, DagRun.state, DagRun.start_date)
MOST_NOTES: Final = 20_000
"""Rows of the store that are read for sends without a result; a send of a million people has 2,000."""


@dataclass(frozen=True, slots=True, kw_only=True)
class History:
    """One page of campaigns, newest first."""

    runs: Sequence[RunFact]
    dag_ids: Sequence[str]
    """All DAGs of the user with a campaign in these days."""
    page: int
    more: bool
    """Whether older ones follow."""


def read_history(
    session: Session,
    *,
    readable: Callable[[Collection[str]], Collection[str]],
    since: datetime,
    until: datetime,
    dag_id: str | None = None,
    page: int = 1,
) -> History:
    """Return a page of the campaigns that began in a period.

    :param readable: leaves of some DAGs those that the user may read.
    """
    ours = exists().where(XComModel.dag_run_id == DagRun.id, XComModel.key.in_(KEYS))
    recent = (DagRun.start_date >= since, DagRun.start_date < until, ours)
    dag_ids = sorted(readable(session.scalars(select(DagRun.dag_id).where(*recent).distinct()).all()))
    wanted = [known for known in dag_ids if dag_id in (None, "", known)]
    rows = session.execute(
        select(*COLUMNS)
        .where(*recent, DagRun.dag_id.in_(wanted))
        .order_by(DagRun.start_date.desc(), DagRun.id.desc())
        .offset((page - 1) * RUNS_PER_PAGE)
        .limit(RUNS_PER_PAGE + 1)
    ).all()
    runs = with_answered(session, facts_of(session, rows[:RUNS_PER_PAGE]))
    return History(runs=runs, dag_ids=dag_ids, page=page, more=len(rows) > len(runs))


def read_last(session: Session, dag_id: str, *, most: int) -> list[RunFact]:
    """Return the last runs of a DAG that sent or followed something, newest first."""
    ours = exists().where(XComModel.dag_run_id == DagRun.id, XComModel.key.in_(KEYS))
    rows = session.execute(
        select(*COLUMNS)
        .where(DagRun.dag_id == dag_id, DagRun.start_date.is_not(None), ours)
        .order_by(DagRun.start_date.desc(), DagRun.id.desc())
        .limit(most)
    ).all()
    return facts_of(session, rows)


def facts_of(session: Session, rows: Sequence[Any]) -> list[RunFact]:
    """Return runs with their tasks."""
    tasks = read_tasks(session, rows)
    return [
        RunFact(
            dag_id=row.dag_id,
            run_id=row.run_id,
            state=row.state,
            after=row.start_date,
            tasks=tasks.get(row.id, []),
        )
        for row in rows
    ]


def read_tasks(session: Session, runs: Sequence[Any]) -> dict[int, list[TaskFact]]:
    """Return the tasks of ours of many runs, by run."""
    ids = [row.id for row in runs]
    pushed = read_xcoms(session, ids, KEYS)
    ours = {task_id for places in pushed.values() for task_id, _ in places}
    # Of those tasks only: what others return may be a whole audience
    results = read_xcoms(session, ids, [RESULT_KEY], ours)
    found: dict[int, list[TaskFact]] = {}
    for row in task_rows(session, ids, ours):
        of_run, where = pushed.get(row.run, {}), (row.task_id, row.map_index)
        if where in of_run:
            task = of_row(row, pushed_at(where, of_run, results.get(row.run, {})))
            found.setdefault(row.run, []).append(task)
    return with_notes_of(session, found)


def task_rows(session: Session, runs: Sequence[int], tasks: Iterable[str]) -> Sequence[Any]:
    """Return the instances of some tasks in many runs, without their texts, which only a run's page shows."""
    ti = TaskInstance
    of_run = and_(ti.dag_id == DagRun.dag_id, ti.run_id == DagRun.run_id)
    return session.execute(
        select(DagRun.id.label("run"), ti.task_id, ti.map_index, ti.operator, ti.state)
        .add_columns(ti.try_number, ti.max_tries, ti.start_date, ti.end_date)
        .add_columns(ti.dag_version_id, null().label(RENDERED.key))
        .join(DagRun, of_run)
        .where(DagRun.id.in_(runs), ti.task_id.in_(sorted(tasks)))
        .order_by(ti.task_id, ti.map_index)
    ).all()


def with_notes_of(session: Session, tasks: dict[int, list[TaskFact]]) -> dict[int, list[TaskFact]]:
    """Add to sends without a result what the store holds of them: they run, or have failed."""
    open_runs = [run for run, some in tasks.items() if any(t.sends and t.result is None for t in some)]
    notes = read_store(session, open_runs, most=MOST_NOTES)
    return {
        run: [with_known(task, notes.get(run, {}).get(place(task))) for task in some]
        for run, some in tasks.items()
    }


def with_known(task: TaskFact, notes: Notes | None) -> TaskFact:
    """Add what the store holds of a send; of one with a ledger it holds nothing."""
    in_ledger = bool(task.campaign and task.campaign.ledger)
    if notes is None or in_ledger or task.result is not None:
        return task
    return replace(task, batches=notes.known(), logged=True)

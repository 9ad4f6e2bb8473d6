"""Reads a run out of Airflow's database, in a handful of queries that write nothing."""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import replace
from typing import TYPE_CHECKING, Any, Final

from airflow.models.dagrun import DagRun
from airflow.models.taskinstance import TaskInstance
from airflow.models.xcom import XComModel
from sqlalchemy import or_, select

from airflow_provider_smspartner.plugins.facts import RunFact, TaskFact
from airflow_provider_smspartner.plugins.reading.ledger import read_ledger
from airflow_provider_smspartner.plugins.reading.store import HAS_STORE, read_store
from airflow_provider_smspartner.tracking.handover import (
    CAMPAIGN_KEY,
    COUNTS,
    DELIVERY_KEY,
    Delivery,
    read_campaign,
    read_delivery,
)

if TYPE_CHECKING:
    from sqlalchemy.orm import Session

Where = tuple[str, int]
"""Task id and map index."""

SENDERS: Final = ("SendSmsOperator", "SendSurveyOperator")
FOLLOWERS: Final = ("DeliveryStatusSensor",)
LINK_KEY: Final = "_link_CampaignPageLink"
"""Pushed by every task of ours, those of a DAG author's own class too, before it does anything."""
KEYS: Final = (CAMPAIGN_KEY, DELIVERY_KEY, LINK_KEY)
RESULT_KEY: Final = "return_value"


def read_run(
    session: Session, *, dag_id: str, run_id: str, task_id: str | None = None, map_index: int | None = None
) -> RunFact | None:
    """Return a run, or one task of it; None when there is no such run."""
    found = session.execute(
        select(DagRun.id, DagRun.state, DagRun.run_after).where(
            DagRun.dag_id == dag_id, DagRun.run_id == run_id
        )
    ).one_or_none()
    if found is None:
        return None
    xcoms = read_xcoms(session, [found.id], KEYS).get(found.id, {})
    remembered = read_store(session, [found.id]).get(found.id, {})
    tasks = [
        of_row(row, xcoms.get((row.task_id, row.map_index), {}))
        for row in task_rows(session, dag_id, run_id, {name for name, _ in (*xcoms, *remembered)})
        if task_id in (None, row.task_id) and map_index in (None, row.map_index)
    ]
    results = read_xcoms(session, [found.id], [RESULT_KEY], {task.task_id for task in tasks})
    tasks = [with_result(task, results.get(found.id, {}).get(place(task), {})) for task in tasks]
    return RunFact(
        dag_id=dag_id,
        run_id=run_id,
        state=found.state,
        after=found.run_after,
        tasks=[with_batches(session, found.id, task, remembered) for task in tasks],
        has_store=HAS_STORE,
    )


def place(task: TaskFact) -> Where:
    """Return where a task's values lie."""
    return (task.task_id, task.map_index)


def task_rows(session: Session, dag_id: str, run_id: str, known: Iterable[str]) -> Sequence[Any]:
    """Return the task instances that are ours by their class, or by what they left."""
    ti = TaskInstance
    return session.execute(
        select(
            ti.task_id,
            ti.map_index,
            ti.operator,
            ti.state,
            ti.try_number,
            ti.max_tries,
            ti.start_date,
            ti.end_date,
        )
        .where(ti.dag_id == dag_id, ti.run_id == run_id)
        .where(or_(ti.operator.in_((*SENDERS, *FOLLOWERS)), ti.task_id.in_(sorted(set(known)))))
        .order_by(ti.start_date.is_(None), ti.start_date, ti.task_id, ti.map_index)
    ).all()


def read_xcoms(
    session: Session, runs: Sequence[int], keys: Sequence[str], tasks: Iterable[str] | None = None
) -> dict[int, dict[Where, dict[str, Any]]]:
    """Return what tasks have pushed, by run, task and key."""
    x = XComModel
    query = select(x.dag_run_id, x.task_id, x.map_index, x.key, x.value)
    query = query.where(x.dag_run_id.in_(runs), x.key.in_(keys))
    if tasks is not None:
        query = query.where(x.task_id.in_(sorted(tasks)))
    found: dict[int, dict[Where, dict[str, Any]]] = {}
    for run, task_id, map_index, key, value in session.execute(query):
        found.setdefault(run, {}).setdefault((task_id, map_index), {})[key] = plain(value)
    return found


def plain(value: Any) -> Any:
    """Return a value of XCom as JSON; `dags test` stores it as JSON in JSON."""
    if not isinstance(value, str):
        return value
    try:
        return json.loads(value)
    except ValueError:
        return value


def of_row(row: Any, pushed: Mapping[str, Any]) -> TaskFact:
    """Build a task out of its row and what it handed over."""
    follows = row.operator in FOLLOWERS or (row.operator not in SENDERS and DELIVERY_KEY in pushed)
    return TaskFact(
        task_id=row.task_id,
        map_index=row.map_index,
        sends=not follows,
        state=row.state,
        try_number=row.try_number,
        most_tries=row.max_tries + 1,
        started=row.start_date,
        ended=row.end_date,
        campaign=read_campaign(pushed.get(CAMPAIGN_KEY)),
        delivery=read_delivery(pushed.get(DELIVERY_KEY)),
    )


def with_result(task: TaskFact, pushed: Mapping[str, Any]) -> TaskFact:
    """Add what a task returned, when it is a result of ours."""
    result = pushed.get(RESULT_KEY)
    if not isinstance(result, Mapping):
        return task
    if "delivery_rate" in result and set(COUNTS) <= result.keys():
        return replace(task, sends=False, delivery=task.delivery or at_the_end(task, result))
    return replace(task, result=result) if task.sends and "batches" in result else task


def at_the_end(task: TaskFact, result: Mapping[str, Any]) -> Delivery | None:
    """Build the hand-over of a task that made none, such as one of an older version."""
    if task.ended is None:
        return None
    began = task.started or task.ended
    value = {"at": task.ended.isoformat(), "since": began.isoformat(), "final": True, "curve": []}
    return read_delivery({**value, "result": result})


def with_batches(session: Session, run: int, task: TaskFact, remembered: Mapping[Where, Any]) -> TaskFact:
    """Add the batches of a send: the store's, else the ledger's."""
    if not task.sends:
        return task
    if (notes := remembered.get(place(task))) is not None:
        batches = notes.batches(session, run, finished=task.state == "success")
        in_ledger = bool(task.campaign and task.campaign.ledger)
        logged = bool(batches) or not in_ledger
        task = replace(task, batches=batches, logged=logged, cancelling=notes.cancelling)
        if batches:
            return task
    if task.campaign and task.campaign.ledger and task.campaign.task:
        batches, fault = read_ledger(task.campaign.ledger, task.campaign.task)
        return replace(task, batches=batches, logged=fault is None, ledger_fault=fault)
    return task

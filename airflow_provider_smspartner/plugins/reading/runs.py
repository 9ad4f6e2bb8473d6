"""Reads a run out of Airflow's database, in a handful of queries that write nothing."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import replace
from typing import TYPE_CHECKING, Any, Final

from airflow.models.dagrun import DagRun
from airflow.models.taskinstance import TaskInstance
from sqlalchemy import or_, select

from airflow_provider_smspartner.journal.eligibility import digest
from airflow_provider_smspartner.plugins.facts import RunFact, TaskFact
from airflow_provider_smspartner.plugins.reading.dags import named_ledgers
from airflow_provider_smspartner.plugins.reading.ledger import Found, read_ledgers
from airflow_provider_smspartner.plugins.reading.store import HAS_STORE, Notes, read_store
from airflow_provider_smspartner.plugins.reading.texts import OF_TASK, RENDERED, text_of
from airflow_provider_smspartner.plugins.reading.xcoms import (
    KEYS,
    RESULT_KEY,
    Pushed,
    Returned,
    Said,
    Where,
    read_xcoms,
    said_in,
)
from airflow_provider_smspartner.tasks.identity import Identity
from airflow_provider_smspartner.tracking.handover import CAMPAIGN_KEY, DELIVERY_KEY, Delivery, read_delivery
from airflow_provider_smspartner.tracking.stops import FAILURE_KEY, WAIT_KEY

if TYPE_CHECKING:
    from sqlalchemy.orm import Session

SENDERS: Final = ("SendSmsOperator", "SendSurveyOperator")
FAILED: Final = ("failed", "up_for_retry")
FOLLOWERS: Final = ("DeliveryStatusSensor",)
ASKERS: Final = ("ApprovalOperator", "HITLOperator", "HITLBranchOperator", "HITLEntryOperator")
ASKING: Final = ("deferred", "awaiting_input")
MOST_ASKING: Final = 10
HANDED_OVER: Final = (CAMPAIGN_KEY, DELIVERY_KEY, FAILURE_KEY, WAIT_KEY)
NOT_NAMED: Final = "the DAG does not name its connection in so many words, and a page opens no other"


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
    ours = {name for name, _ in (*xcoms, *remembered)}
    found_rows = task_rows(session, dag_id, run_id, ours, shard=map_index or 0)
    rows = [
        row
        for row in found_rows
        if row.operator not in ASKERS
        and task_id in (None, row.task_id)
        and map_index in (None, row.map_index)
    ]
    results = read_xcoms(session, [found.id], [RESULT_KEY], {row.task_id for row in rows}).get(found.id, {})
    tasks = [of_row(row, pushed_at((row.task_id, row.map_index), xcoms, results)) for row in rows]
    tasks = [with_notes(session, found.id, task, remembered.get(place(task))) for task in tasks]
    return RunFact(
        dag_id=dag_id,
        run_id=run_id,
        state=found.state,
        after=found.run_after,
        tasks=with_ledgers(session, (dag_id, run_id), tasks),
        asking=[(row.task_id, row.map_index) for row in found_rows if row.operator in ASKERS][:MOST_ASKING],
        has_store=HAS_STORE,
    )


def pushed_at(where: Where, *xcoms: Mapping[Where, Pushed]) -> Pushed:
    """Return all that one task has pushed."""
    return {key: text for of_run in xcoms for key, text in of_run.get(where, {}).items()}


def place(task: TaskFact) -> Where:
    """Return where a task's values lie."""
    return (task.task_id, task.map_index)


def task_rows(
    session: Session, dag_id: str, run_id: str, known: Iterable[str], *, shard: int
) -> Sequence[Any]:
    """Return the task instances that are ours by their class or by what they left, and who asks a person.

    :param shard: of a mapped send, the one whose text is read.
    """
    ti = TaskInstance
    asks = ti.operator.in_(ASKERS) & ti.state.in_(ASKING)
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
            ti.dag_version_id,
            RENDERED,
        )
        .outerjoin(RENDERED.class_, OF_TASK & ti.map_index.in_((-1, shard)))
        .where(ti.dag_id == dag_id, ti.run_id == run_id)
        .where(or_(ti.operator.in_((*SENDERS, *FOLLOWERS)), ti.task_id.in_(sorted(set(known))), asks))
        .order_by(ti.start_date.is_(None), ti.start_date, ti.task_id, ti.map_index)
    ).all()


def of_row(row: Any, pushed: Pushed) -> TaskFact:
    """Build a task out of its row and what it has pushed."""
    follows = row.operator in FOLLOWERS or (row.operator not in SENDERS and DELIVERY_KEY in pushed)
    said = {key: said_in(key, pushed[key]) for key in HANDED_OVER if key in pushed}
    wait = value_of(said, WAIT_KEY) if row.state == "deferred" else None
    told: dict[str, Any] = {
        "sends": not follows,
        "delivery": value_of(said, DELIVERY_KEY),
        "elsewhere": any(each.elsewhere for each in said.values()),
        "illegible": any(each.illegible for each in said.values()),
    }
    if RESULT_KEY in pushed:
        told |= returned(row, told, said_in(RESULT_KEY, pushed[RESULT_KEY]))
    return TaskFact(
        task_id=row.task_id,
        map_index=row.map_index,
        state=row.state,
        try_number=row.try_number,
        most_tries=row.max_tries + 1,
        started=row.start_date,
        ended=row.end_date,
        campaign=value_of(said, CAMPAIGN_KEY),
        failure=value_of(said, FAILURE_KEY) if row.state in FAILED else None,
        waits_until=wait.until if wait else None,
        text=None if follows else text_of(row),
        version=row.dag_version_id,
        **told,
    )


def value_of(said: Mapping[str, Said], key: str) -> Any:
    """Return what a task has handed over under a key; None for nothing of ours."""
    return said[key].value if key in said else None


def returned(row: Any, told: Mapping[str, Any], said: Said) -> dict[str, Any]:
    """Return what changes in a task by what it returned."""
    if said.value is None:
        return {"elsewhere": True} if said.elsewhere else {"illegible": True}
    result: Returned = said.value
    if result.counts is not None:
        delivery = told["delivery"] or at_the_end(row, result.counts)
        return {"sends": False, "delivery": delivery, "illegible": told["illegible"] or delivery is None}
    if not (told["sends"] and result.sent):
        return {}
    return {"result": result.result, "illegible": told["illegible"] or result.result is None}


def at_the_end(row: Any, result: Mapping[str, Any]) -> Delivery | None:
    """Build the hand-over of a task that made none, such as one of an older version."""
    if row.end_date is None:
        return None
    began = row.start_date or row.end_date
    value = {"at": row.end_date.isoformat(), "since": began.isoformat(), "final": True, "curve": []}
    return read_delivery({**value, "result": result})


def with_notes(session: Session, run: int, task: TaskFact, notes: Notes | None) -> TaskFact:
    """Add the batches of a send that the store holds."""
    if not task.sends or notes is None:
        return task
    batches = notes.batches(session, run, finished=task.state == "success")
    in_ledger = bool(task.campaign and task.campaign.ledger)
    logged = bool(batches) or not in_ledger
    return replace(task, batches=batches, logged=logged, cancelling=notes.cancelling)


def with_ledgers(session: Session, run: tuple[str, str], tasks: Sequence[TaskFact]) -> list[TaskFact]:
    """Add the batches of sends of which a ledger holds them, where the DAG names that ledger."""
    asking = [task for task in tasks if task.sends and not task.batches and said_ledger(task)]
    named = named_ledgers(session, run[0], {task.version for task in asking})
    ledgers = {place(task): named.get((task.version, task.task_id)) for task in asking}
    wanted: dict[str, set[str]] = {}
    for task in asking:
        if conn_id := ledgers[place(task)]:
            wanted.setdefault(conn_id, set()).add(ledger_name(run, task))
    found = read_ledgers(wanted)
    return [
        with_ledger(task, run, found.get(ledgers[place(task)] or "")) if place(task) in ledgers else task
        for task in tasks
    ]


def with_ledger(task: TaskFact, run: tuple[str, str], found: Found | None) -> TaskFact:
    """Add what a ledger says of a send; None for one that the DAG does not name."""
    if found is None:
        return replace(task, ledger_fault=NOT_NAMED)
    name = ledger_name(run, task)
    return replace(
        task,
        batches=found.batches.get(name, ()),
        answers=found.answers.get(name),
        logged=found.fault is None,
        ledger_fault=found.fault,
    )


def said_ledger(task: TaskFact) -> str | None:
    """Return the connection of the ledger as the task has said it: to be told, not to be opened."""
    return task.campaign.ledger if task.campaign else None


def ledger_name(run: tuple[str, str], task: TaskFact) -> str:
    """Return what the ledger's rows of a task are found by.

    Made of the task's address, and not read out of an XCom, it can name no other task.
    """
    told = task.campaign
    address = (*run, task.task_id, str(task.map_index))
    if told is None:
        return digest(address)
    identity = Identity(
        connection=told.connection,
        sandbox=told.sandbox,
        task=address,
        iteration=told.iteration,
        operator=told.operator,
        execution=told.execution,
    )
    return digest(identity.name)

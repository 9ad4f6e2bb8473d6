"""Reads a run out of Airflow's database, in a handful of queries that write nothing."""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import replace
from typing import TYPE_CHECKING, Any, Final

from airflow.models.dagrun import DagRun
from airflow.models.taskinstance import TaskInstance
from airflow.models.xcom import XComModel
from sqlalchemy import Text, case, cast, func, or_, select

from airflow_provider_smspartner.journal.eligibility import digest
from airflow_provider_smspartner.plugins.facts import RunFact, TaskFact
from airflow_provider_smspartner.plugins.reading.dags import named_ledgers
from airflow_provider_smspartner.plugins.reading.ledger import Found, read_ledgers
from airflow_provider_smspartner.plugins.reading.store import HAS_STORE, Notes, read_store
from airflow_provider_smspartner.plugins.reading.texts import OF_TASK, RENDERED, text_of
from airflow_provider_smspartner.tasks.identity import Identity
from airflow_provider_smspartner.tracking.handover import (
    CAMPAIGN_KEY,
    COUNTS,
    DELIVERY_KEY,
    Delivery,
    read_campaign,
    read_delivery,
    read_result,
)
from airflow_provider_smspartner.tracking.stops import FAILURE_KEY, WAIT_KEY, read_failure, read_wait

if TYPE_CHECKING:
    from sqlalchemy.orm import Session

Where = tuple[str, int]
"""Task id and map index."""

SENDERS: Final = ("SendSmsOperator", "SendSurveyOperator")
FAILED: Final = ("failed", "up_for_retry")
FOLLOWERS: Final = ("DeliveryStatusSensor",)
ASKERS: Final = ("ApprovalOperator", "HITLOperator", "HITLBranchOperator", "HITLEntryOperator")
ASKING: Final = ("deferred", "awaiting_input")
MOST_ASKING: Final = 10
LINK_KEY: Final = "_link_CampaignPageLink"
"""Pushed by every task of ours, those of a DAG author's own class too, before it does anything."""
KEYS: Final = (CAMPAIGN_KEY, DELIVERY_KEY, FAILURE_KEY, WAIT_KEY, LINK_KEY)
RESULT_KEY: Final = "return_value"
LARGEST: Final = 2_000_000
"""Characters of a value that is read; the result of a million people has 60,000."""
NOT_NAMED: Final = "the DAG does not name its connection in so many words, and a page opens no other"
ILLEGIBLE: Final = object()
"""Stands for a value that is too large, or that no JSON can be made of."""


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
    tasks = [of_row(row, xcoms.get((row.task_id, row.map_index), {})) for row in rows]
    results = read_xcoms(session, [found.id], [RESULT_KEY], {task.task_id for task in tasks})
    tasks = [with_result(task, results.get(found.id, {}).get(place(task), {})) for task in tasks]
    tasks = [with_notes(session, found.id, task, remembered.get(place(task))) for task in tasks]
    versions = {(row.task_id, row.map_index): row.dag_version_id for row in rows}
    return RunFact(
        dag_id=dag_id,
        run_id=run_id,
        state=found.state,
        after=found.run_after,
        tasks=with_ledgers(session, (dag_id, run_id), tasks, versions),
        asking=[(row.task_id, row.map_index) for row in found_rows if row.operator in ASKERS][:MOST_ASKING],
        has_store=HAS_STORE,
    )


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


def read_xcoms(
    session: Session, runs: Sequence[int], keys: Sequence[str], tasks: Iterable[str] | None = None
) -> dict[int, dict[Where, dict[str, Any]]]:
    """Return what tasks have pushed, by run, task and key."""
    x = XComModel
    # As text: a value that no JSON can be made of must not fail the rows beside it
    text = cast(x.value, Text)
    bounded = case((text.is_(None), "null"), (func.length(text) <= LARGEST, text), else_="")
    query = select(x.dag_run_id, x.task_id, x.map_index, x.key, bounded)
    query = query.where(x.dag_run_id.in_(runs), x.key.in_(keys))
    if tasks is not None:
        query = query.where(x.task_id.in_(sorted(tasks)))
    found: dict[int, dict[Where, dict[str, Any]]] = {}
    for run, task_id, map_index, key, value in session.execute(query):
        found.setdefault(run, {}).setdefault((task_id, map_index), {})[key] = plain(value)
    return found


def plain(text: str) -> Any:
    """Return a value of XCom as JSON; `dags test` stores it as JSON in JSON."""
    try:
        value = json.loads(text)
        return json.loads(value) if isinstance(value, str) and value[:1] in ("{", "[") else value
    except (ValueError, RecursionError):
        return ILLEGIBLE


def of_row(row: Any, pushed: Mapping[str, Any]) -> TaskFact:
    """Build a task out of its row and what it handed over."""
    follows = row.operator in FOLLOWERS or (row.operator not in SENDERS and DELIVERY_KEY in pushed)
    readers = {
        CAMPAIGN_KEY: read_campaign,
        DELIVERY_KEY: read_delivery,
        FAILURE_KEY: read_failure,
        WAIT_KEY: read_wait,
    }
    read: dict[str, Any] = {key: read(pushed.get(key)) for key, read in readers.items()}
    unread = [pushed[key] for key, value in read.items() if value is None and key in pushed]
    wait = read[WAIT_KEY] if row.state == "deferred" else None
    return TaskFact(
        task_id=row.task_id,
        map_index=row.map_index,
        sends=not follows,
        state=row.state,
        try_number=row.try_number,
        most_tries=row.max_tries + 1,
        started=row.start_date,
        ended=row.end_date,
        campaign=read[CAMPAIGN_KEY],
        delivery=read[DELIVERY_KEY],
        failure=read[FAILURE_KEY] if row.state in FAILED else None,
        waits_until=wait.until if wait else None,
        text=None if follows else text_of(row),
        elsewhere=any(map(is_elsewhere, unread)),
        illegible=not all(map(is_elsewhere, unread)),
    )


def is_elsewhere(value: Any) -> bool:
    """Tell whether a value is the address of another: an XCom backend may keep values in an object store.

    It is not followed: whoever may write an XCom could have the page read anybody's.
    """
    return isinstance(value, str) and "://" in value


def with_result(task: TaskFact, pushed: Mapping[str, Any]) -> TaskFact:
    """Add what a task returned, when it is a result of ours."""
    result = pushed.get(RESULT_KEY)
    if is_elsewhere(result):
        return replace(task, elsewhere=True)
    if result is ILLEGIBLE:
        return replace(task, illegible=True)
    if not isinstance(result, Mapping):
        return task
    if "delivery_rate" in result and set(COUNTS) <= result.keys():
        delivery = task.delivery or at_the_end(task, result)
        return replace(task, sends=False, delivery=delivery, illegible=task.illegible or delivery is None)
    if not (task.sends and "batches" in result):
        return task
    read = read_result(result)
    return replace(task, result=read, illegible=task.illegible or read is None)


def at_the_end(task: TaskFact, result: Mapping[str, Any]) -> Delivery | None:
    """Build the hand-over of a task that made none, such as one of an older version."""
    if task.ended is None:
        return None
    began = task.started or task.ended
    value = {"at": task.ended.isoformat(), "since": began.isoformat(), "final": True, "curve": []}
    return read_delivery({**value, "result": result})


def with_notes(session: Session, run: int, task: TaskFact, notes: Notes | None) -> TaskFact:
    """Add the batches of a send that the store holds."""
    if not task.sends or notes is None:
        return task
    batches = notes.batches(session, run, finished=task.state == "success")
    in_ledger = bool(task.campaign and task.campaign.ledger)
    logged = bool(batches) or not in_ledger
    return replace(task, batches=batches, logged=logged, cancelling=notes.cancelling)


def with_ledgers(
    session: Session, run: tuple[str, str], tasks: Sequence[TaskFact], versions: Mapping[Where, Any]
) -> list[TaskFact]:
    """Add the batches of sends of which a ledger holds them, where the DAG names that ledger."""
    asking = [task for task in tasks if task.sends and not task.batches and said_ledger(task)]
    known = {versions[place(task)] for task in asking}
    named = named_ledgers(session, run[0], known) if asking else {}
    ledgers = {place(task): named.get((versions[place(task)], task.task_id)) for task in asking}
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

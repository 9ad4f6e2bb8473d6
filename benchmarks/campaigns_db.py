"""Airflow's own database with campaigns in it, as send and status tasks leave them behind."""

from __future__ import annotations

import json
from collections.abc import Mapping
from datetime import UTC, datetime, timedelta
from typing import Any, Final
from uuid import uuid4

from airflow.models.dag import DagModel
from airflow.models.dag_version import DagVersion
from airflow.models.dagbundle import DagBundleModel
from airflow.models.dagrun import DagRun
from airflow.models.renderedtifields import RenderedTaskInstanceFields
from airflow.models.serialized_dag import SerializedDagModel
from airflow.models.taskinstance import TaskInstance
from sqlalchemy import func, insert, select, update
from sqlalchemy.orm import Session

from airflow_provider_smspartner.journal.store_format import HEADER, batch_key, claims_key, packed
from airflow_provider_smspartner.plugins.reading.store import HAS_STORE, POSITION
from airflow_provider_smspartner.rules.batches import batch_tag
from airflow_provider_smspartner.tracking.handover import CAMPAIGN_KEY, DELIVERY_KEY

try:
    from airflow.models.xcom import (
        XComModelV2 as XCom,  # Airflow 3.4, whose XComModel is a view of two tables
    )
except ImportError:
    from airflow.models.xcom import XComModel as XCom

PER_BATCH: Final = 500
PER_CLAIMS: Final = 11
"""Batches that a value of the store has room for."""


def add_dag(session: Session, dag_id: str) -> None:
    """Add a DAG, unless it is there: rights are given on DAGs."""
    if session.get(DagBundleModel, "dags-folder") is None:
        session.add(DagBundleModel(name="dags-folder"))
        session.flush()
    if session.get(DagModel, dag_id) is None:
        session.add(DagModel(dag_id=dag_id, bundle_name="dags-folder", fileloc="campaigns.py"))
        session.flush()


def add_run(session: Session, *, dag_id: str, run_id: str, at: datetime, state: str = "success") -> int:
    """Add a run, with its DAG, and return the run's number in the database."""
    add_dag(session, dag_id)
    run = {"dag_id": dag_id, "run_id": run_id, "run_type": "manual", "state": state, "clear_number": 0}
    table = DagRun.__table__
    session.execute(insert(table).values(**run, start_date=at, run_after=at, queued_at=at))
    return int(
        session.scalars(select(DagRun.id).where(DagRun.dag_id == dag_id, DagRun.run_id == run_id)).one()
    )


def add_task(session: Session, run: int, *, task_id: str, map_index: int = -1, **more: Any) -> None:
    """Add a task instance to a run; it takes four minutes when its state is one of an end.

    :param more: its ``operator``, its ``state``, and columns of the table.
    """
    began = session.scalars(select(DagRun.start_date).where(DagRun.id == run)).one()
    over = began is not None and more["state"] in ("success", "failed")
    row = {"pool": "default_pool", "try_number": 1, "max_tries": 2, "start_date": began}
    row |= {"end_date": began + timedelta(minutes=4)} if began and over else {}
    where = place(session, run, task_id, map_index)
    del where["dag_run_id"]
    session.execute(insert(TaskInstance).values(**where, **row | more))


def serialize(session: Session, run: int, ledgers: Mapping[str, str | None], *, mapped: bool = False) -> None:
    """Store a version of a run's DAG as Airflow does: its tasks, each with the ledger that it names."""
    dag_id, run_id = session.execute(select(DagRun.dag_id, DagRun.run_id).where(DagRun.id == run)).one()
    count = select(func.count()).select_from(DagVersion).where(DagVersion.dag_id == dag_id)
    version = DagVersion(
        dag_id=dag_id, bundle_name="dags-folder", version_number=(session.scalar(count) or 0) + 1
    )
    session.add(version)
    session.flush()
    given = {task: {"ledger_conn_id": conn_id} for task, conn_id in ledgers.items()}
    named = [
        {"task_id": task} | ({"partial_kwargs": arguments} if mapped else arguments)
        for task, arguments in given.items()
    ]
    tasks = [{"__type": "operator", "__var": task} for task in named]
    row = {"id": uuid4(), "dag_id": dag_id, "dag_hash": uuid4().hex, "dag_version_id": version.id}
    row |= {"data": {"__version": 3, "dag": {"dag_id": dag_id, "tasks": tasks}}}
    row |= dict.fromkeys(("created_at", "last_updated"), datetime.now(UTC))
    session.execute(insert(SerializedDagModel.__table__), row)
    of_run = (TaskInstance.dag_id == dag_id, TaskInstance.run_id == run_id)
    session.execute(update(TaskInstance).where(*of_run).values(dag_version_id=version.id))


def place(session: Session, run: int, task_id: str, map_index: int) -> dict[str, Any]:
    """Return the columns that say whose a row is."""
    dag_id, run_id = session.execute(select(DagRun.dag_id, DagRun.run_id).where(DagRun.id == run)).one()
    named = {"dag_id": dag_id, "run_id": run_id, "task_id": task_id, "map_index": map_index}
    return {"dag_run_id": run, **named}


def owner(session: Session, run: int, task_id: str, map_index: int) -> dict[str, Any]:
    """Return the columns that say of which task a value or a field is; from Airflow 3.4 on, of which try."""
    where = place(session, run, task_id, map_index)
    if not hasattr(RenderedTaskInstanceFields, "task_instance_id"):
        return where
    task = select(TaskInstance.id).where(
        TaskInstance.dag_id == where["dag_id"],
        TaskInstance.run_id == where["run_id"],
        TaskInstance.task_id == task_id,
        TaskInstance.map_index == map_index,
    )
    return {"id": uuid4(), "task_instance_id": session.scalars(task).one()}


def push(session: Session, run: int, task_id: str, values: Mapping[str, Any], *, map_index: int = -1) -> None:
    """Push values to XCom as a task does."""
    for key, value in values.items():
        whose = owner(session, run, task_id, map_index)
        session.execute(insert(XCom).values(**whose, key=key, value=value))


def render(
    session: Session, run: int, task_id: str, fields: Mapping[str, Any], *, map_index: int = -1
) -> None:
    """Keep the rendered fields of a task as Airflow does."""
    whose = owner(session, run, task_id, map_index)
    whose.pop("dag_run_id", None)
    session.execute(insert(RenderedTaskInstanceFields).values(**whose, rendered_fields=dict(fields)))


def remember(
    session: Session, run: int, task_id: str, notes: Mapping[str, Any], *, map_index: int = -1, at: datetime
) -> None:
    """Write into the task state store as a task does, ten rows a second; Airflow below 3.3 has none."""
    if not HAS_STORE:
        return
    from airflow.models.task_state_store import TaskStateStoreModel

    where = place(session, run, task_id, map_index)
    where[POSITION.key] = where.pop("map_index")
    times = (at + timedelta(milliseconds=100 * n) for n in range(len(notes)))
    rows = [
        {**where, "key": key, "value": json.dumps(value), "updated_at": moment}
        for (key, value), moment in zip(notes.items(), times, strict=True)
    ]
    session.execute(insert(TaskStateStoreModel), rows)


def notes_of(batches: int, *, at: datetime, states: Mapping[int, str | None] | None = None) -> dict[str, Any]:
    """Return what the store holds of a send of full batches; those whose state is None are only claimed."""
    tags = [batch_tag(("campaign",), ordinal, "promo") for ordinal in range(batches)]
    claimed_at = at.timestamp()
    notes: dict[str, Any] = {HEADER: {"begun": True}}
    for start in range(0, batches, PER_CLAIMS):
        group = tags[start : start + PER_CLAIMS]
        people = [packed(bytes(8 * PER_BATCH)) for _ in group]
        notes[claims_key(start)] = {"at": claimed_at, "check": "", "tags": group, "people": people}
    for ordinal, tag in enumerate(tags):
        state = (states or {}).get(ordinal, "accepted")
        at_claim = claimed_at + ordinal / 10
        value: dict[str, Any] = {"state": state, "people": PER_BATCH, "tag": tag, "at": at_claim}
        if state == "accepted":
            bill = {"segments": PER_BATCH, "cost": "19.000", "currency": "EUR"}
            value |= {"message_id": str(512_000 + ordinal), **bill}
        if state is not None:
            notes[batch_key(ordinal)] = value
    return notes


def campaign(people: int, *, at: datetime, **more: Any) -> dict[str, Any]:
    """Return what a send hands over before its first request."""
    told: dict[str, Any] = {
        "at": at.isoformat(),
        "kind": "sms",
        "campaign": None,
        "tag": "promo",
        "connection": "smspartner_default",
        "ledger": None,
        "task": None,
        "recipients": people,
        "invalid": 3,
        "duplicates": 7,
        "excluded": 0,
        "estimate": {"segments": people, "cost": str(round(people * 0.038, 3))},
        "max_cost": None,
        "sandbox": False,
        "redirected": False,
        "scheduled_for": None,
    }
    return {"_link_CampaignPageLink": "http://localhost/page", CAMPAIGN_KEY: told | more}


def result(people: int, batches: int, *, at: datetime, **more: Any) -> dict[str, Any]:
    """Return what a send returns."""
    ids = [str(512_000 + n) for n in range(batches)]
    told = {
        "message_ids": ids,
        "tags": [],
        "recipients": people,
        "invalid": 3,
        "duplicates": 7,
        "excluded": 0,
        "rejected": 0,
        "unknown": 0,
        "batches": batches,
        "segments": people,
        "cost": str(round(people * 0.038, 3)),
        "currency": "EUR",
        "sandbox": False,
        "sent_at": at.isoformat(),
        "scheduled_for": None,
        "counts": dict.fromkeys(ids, PER_BATCH),
        "estimate": {"segments": people, "cost": str(round(people * 0.038, 3))},
    }
    return {"return_value": told | more}


def delivery(people: int, *, at: datetime, final: bool = True) -> dict[str, Any]:
    """Return what a status task hands over."""
    lost, waiting = people // 50, people // 100 if final else people // 3
    delivered = people - lost - waiting
    counts = {"messages": -(-people // PER_BATCH), "recipients": people, "delivered": delivered}
    counts |= {"not_delivered": lost, "waiting": waiting, "stop": people // 200}
    rate = delivered / people if people else None
    curve = [[60 * n, round(delivered * (1 - 0.9**n) / (1 - 0.9**40))] for n in range(1, 41)]
    told: dict[str, Any] = {
        "at": (at + timedelta(hours=1)).isoformat(),
        "since": at.isoformat(),
        "final": final,
    }
    return {DELIVERY_KEY: told | {"result": {**counts, "delivery_rate": rate}, "curve": curve}}

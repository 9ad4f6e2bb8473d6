"""Which ledger a DAG's author has named, read out of the DAG as Airflow has serialized it.

An XCom is no proof of that: whoever may write one could have the API server open any connection.
"""

from __future__ import annotations

from collections.abc import Collection, Mapping
from typing import TYPE_CHECKING, Any
from uuid import UUID

from airflow.models.serialized_dag import SerializedDagModel
from sqlalchemy import select

if TYPE_CHECKING:
    from sqlalchemy.orm import Session

Version = UUID | None
"""Of a DAG; None for tasks that Airflow has bound to none."""


def named_ledgers(
    session: Session, dag_id: str, versions: Collection[Version]
) -> dict[tuple[Version, str], str]:
    """Return the connections that the author has named, by version of the DAG and task id.

    A template is none: only the task knows what it renders to.
    """
    found: dict[tuple[Version, str], str] = {}
    for version in versions:
        for task in tasks_of(session, dag_id, version):
            given = task.get("partial_kwargs", {}).get("ledger_conn_id", task.get("ledger_conn_id"))
            if isinstance(given, str) and not any(mark in given for mark in ("{{", "{%", "{#")):
                found[version, str(task.get("task_id"))] = given
    return found


def tasks_of(session: Session, dag_id: str, version: Version) -> list[Mapping[str, Any]]:
    """Return the tasks of a version of a DAG; of the newest one when no version is known."""
    model = SerializedDagModel
    query = select(model).where(model.dag_id == dag_id)
    query = query.where(model.dag_version_id == version) if version else query
    serialized = session.scalars(query.order_by(model.created_at.desc()).limit(1)).one_or_none()
    data = (serialized.data or {}) if serialized else {}
    return [task["__var"] for task in data.get("dag", {}).get("tasks", ())]

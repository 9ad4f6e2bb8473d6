"""An auth manager that keeps some DAGs from viewers: Airflow's simple one lets them read all."""

from __future__ import annotations

from typing import Any

from airflow.api_fastapi.auth.managers.models.resource_details import DagAccessEntity
from airflow.api_fastapi.auth.managers.simple.simple_auth_manager import SimpleAuthManager

CLOSED = "closed"
"""What the ids of DAGs begin with that a viewer may not read."""
WITHOUT = {"noxcom": DagAccessEntity.XCOM, "notasks": DagAccessEntity.TASK_INSTANCE}
"""What the ids of DAGs begin with of which a viewer may read all but that."""


class ClosedDags(SimpleAuthManager):
    def is_authorized_dag(
        self, *, details: Any = None, user: Any, access_entity: Any = None, **more: Any
    ) -> bool:
        dag_id = (details and details.id) or ""
        closed = dag_id.startswith(CLOSED) or any(
            access_entity is entity and dag_id.startswith(start) for start, entity in WITHOUT.items()
        )
        allowed = user.role == "admin" or not closed
        return allowed and super().is_authorized_dag(
            details=details, user=user, access_entity=access_entity, **more
        )

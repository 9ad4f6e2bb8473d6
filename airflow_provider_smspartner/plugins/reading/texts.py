"""Reads what a send says out of the rendered fields that Airflow keeps of its last runs."""

from __future__ import annotations

from typing import Any, Final

from airflow.models.renderedtifields import RenderedTaskInstanceFields
from airflow.models.taskinstance import TaskInstance
from sqlalchemy import and_

from airflow_provider_smspartner.plugins.facts import TextFact

LONGEST: Final = 10_000
"""Characters of a text that is shown; SMS Partner takes ten segments."""
CUT: Final = "Truncated. You can change this behaviour"
"""How Airflow begins in place of a field that is too long for it."""
RENDERED: Final = RenderedTaskInstanceFields.rendered_fields
OF_TASK: Final = (
    # Airflow 3.4 keeps the fields of each try; those that it has taken over from before are not shown
    RenderedTaskInstanceFields.task_instance_id == TaskInstance.id
    if hasattr(RenderedTaskInstanceFields, "task_instance_id")
    else and_(
        RenderedTaskInstanceFields.dag_id == TaskInstance.dag_id,
        RenderedTaskInstanceFields.run_id == TaskInstance.run_id,
        RenderedTaskInstanceFields.task_id == TaskInstance.task_id,
        RenderedTaskInstanceFields.map_index == TaskInstance.map_index,
    )
)
"""What joins the rendered fields to their task."""


def text_of(row: Any) -> TextFact | None:
    """Return the text out of a row of a task; None when it is none that could be sent, or was not read."""
    fields = row.rendered_fields
    message = fields.get("message") if isinstance(fields, dict) else None
    if not isinstance(message, str) or not 0 < len(message) <= LONGEST or message.startswith(CUT):
        return None
    return TextFact(message=message, map_index=row.map_index)

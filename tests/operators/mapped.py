"""One task of a mapped operator, or one whose argument an earlier task has returned, run in this process."""

from __future__ import annotations

from types import SimpleNamespace
from typing import Any

from airflow.sdk import DAG, BaseOperator, XComArg
from airflow.sdk.execution_time.context import ConnectionAccessor


def mapped_task(mapped: Any, dag: DAG, map_index: int, **values: Any) -> tuple[Any, Any]:
    """Return one task of a mapped operator, rendered by Airflow, and its context."""
    identity = {"dag_id": "campaign", "run_id": "run", "task_id": "send", "map_index": map_index}
    ti = SimpleNamespace(**identity, try_number=1, xcom_push=lambda **_: None)
    context: Any = {"ti": ti, "dag": dag, "dag_run": SimpleNamespace(conf={}), "params": {}, "city": "Lyon"}
    context |= values
    mapped.render_template_fields(context)
    return context["task"], context


def upstream(dag: DAG, value: Any) -> Any:
    """Return the output of a task that has returned this value."""
    with dag:
        output = XComArg(BaseOperator(task_id=f"upstream_{len(dag.tasks)}"))

    class Returned(type(output)):  # type: ignore[misc]
        def resolve(self, context: object, *args: object) -> Any:
            return value

    output.__class__ = Returned
    return output


def run_first(mapped: Any, dag: DAG) -> Any:
    """Run the first task of a mapped operator in a context that knows connections, as a worker's does."""
    operator, context = mapped_task(mapped, dag, 0, conn=ConnectionAccessor())
    return operator.execute(context)

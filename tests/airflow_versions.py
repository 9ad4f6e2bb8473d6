"""What the Airflow under test lacks: a test that needs it is skipped by its name."""

from __future__ import annotations

from importlib.metadata import version

import pytest

AIRFLOW = version("apache-airflow-core")


def since(minimum: str) -> bool:
    """Tell whether the Airflow under test is of ``minimum``, such as ``"3.3"``, or later."""
    return release(AIRFLOW) >= release(minimum)


def release(text: str) -> tuple[int, int]:
    """Read ``"3.3.2"`` as ``(3, 3)``."""
    major, minor = text.split(".")[:2]
    return int(major), int(minor)


def lacks(feature: str, minimum: str) -> str:
    """Say that the Airflow under test has no such thing."""
    return f"Airflow {AIRFLOW} has no {feature}; {minimum} brought it"


def needs(feature: str, minimum: str) -> pytest.MarkDecorator:
    """Skip a test on an Airflow that lacks ``feature``, and say so."""
    return pytest.mark.skipif(not since(minimum), reason=lacks(feature, minimum))


# From 3.4 on, what a task pushes and what is rendered for it belong to one of its tries
RENDERED_FIELDS = "rtif_v2" if since("3.4") else "rendered_task_instance_fields"
PUSHED = "xcom_v2" if since("3.4") else "xcom"
PUSHED_BY_TASKS = (
    f"(SELECT key, value, task_id FROM {PUSHED} AS x JOIN task_instance AS t ON x.task_instance_id = t.id)"
    if since("3.4")
    else PUSHED
)
SPOIL_PUSHED = f"UPDATE {PUSHED} SET value = :value WHERE " + (
    "task_instance_id IN (SELECT id FROM task_instance WHERE task_id = :task AND run_id = :run)"
    if since("3.4")
    else "task_id = :task AND run_id = :run"
)

CALLBACK_LOGS = "logs/triggerer_callbacks/**/*.log" if since("3.4") else "triggerer.log"
"""Below AIRFLOW_HOME: where the triggerer logs the callbacks of deadlines."""
KEEPING: dict[str, bool] = {"keep_task_state": True} if since("3.4") else {}
"""Has a task that is cleared keep what it remembers, as before 3.4 it always does."""

needs_task_state_store = needs("task state store", "3.3")
# 3.1 warns of its own code as soon as `task` is imported from its SDK
OWN_WARNINGS = [] if since("3.2") else ["ignore:The `airflow.operators.branch.BaseBranchOperator`"]


def skip_without_task_state_store() -> None:
    """Skip the test that is running when its task could not have what it is given."""
    if not since("3.3"):
        pytest.skip(lacks("task state store", "3.3"))

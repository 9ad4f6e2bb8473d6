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


needs_task_state_store = needs("task state store", "3.3")
# 3.1 warns of its own code as soon as `task` is imported from its SDK
OWN_WARNINGS = [] if since("3.2") else ["ignore:The `airflow.operators.branch.BaseBranchOperator`"]


def skip_without_task_state_store() -> None:
    """Skip the test that is running when its task could not have what it is given."""
    if not since("3.3"):
        pytest.skip(lacks("task state store", "3.3"))

"""Push to XCom what is only to be looked at: that it cannot be pushed must not fail a task."""

from __future__ import annotations

import logging
from typing import TYPE_CHECKING, Any

from airflow.sdk.exceptions import AirflowRuntimeError

if TYPE_CHECKING:
    from airflow.sdk import Context

log = logging.getLogger(__name__)


def push(context: Context, key: str, value: Any) -> None:
    """Push a value, or warn that it could not be pushed.

    Airflow itself repeats a push for some time while its API server does not answer. What is left are the
    server's refusals and, where XComs are kept in an object store, errors of that store.
    """
    ti = context.get("ti")
    if ti is None:  # run by hand, outside Airflow
        return
    try:
        ti.xcom_push(key=key, value=value)
    except (AirflowRuntimeError, OSError) as error:
        log.warning("XCom %s could not be pushed (%s); the task goes on", key, type(error).__name__)

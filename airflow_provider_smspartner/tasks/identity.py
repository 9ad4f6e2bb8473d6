"""Which try of which task instance this is, and how it says that it did not get through."""

from __future__ import annotations

import uuid
from typing import TYPE_CHECKING

from airflow_provider_smspartner.exceptions import APIError, SMSPartnerError

if TYPE_CHECKING:
    from airflow.sdk import BaseOperator, Context


def tries_before(context: Context) -> bool:
    """Tell whether a try of this task instance has gone before."""
    ti = context.get("ti")
    return ti is not None and int(ti.try_number) > 1


def identity(context: Context, task: BaseOperator) -> tuple[str, ...]:
    """Name this task instance, the same in all of its tries."""
    ti = context.get("ti")
    if ti is None:  # run by hand, outside Airflow: a campaign of its own each time
        return (task.task_id, uuid.uuid4().hex)
    return (str(ti.dag_id), str(ti.run_id), str(ti.task_id), str(ti.map_index))


def unfinished(error: SMSPartnerError, rest: str) -> SMSPartnerError:
    """Return the error of a try that did not get through, of its own class where that takes a text."""
    kind = SMSPartnerError if isinstance(error, APIError) else type(error)
    return kind(f"{error}{rest} A later try sends to those who are missing.")

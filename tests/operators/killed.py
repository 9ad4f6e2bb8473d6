"""A process that is gone right after its n-th answer, as one is that is killed: ``killed.py OPERATOR N``.

Nothing runs any more then, no ``finally`` either; and nobody has noted what the answer said.
"""

from __future__ import annotations

import itertools
import os
import sys
from collections.abc import Callable
from types import SimpleNamespace
from typing import Any
from uuid import uuid4

from airflow.sdk import BaseOperator

from airflow_provider_smspartner.hooks.smspartner import SMSPartnerHook
from airflow_provider_smspartner.operators.smspartner import RefreshStatusesOperator, StopListOperator

KILLED = 9
OPERATORS: dict[str, Callable[[], BaseOperator]] = {
    "stops": lambda: StopListOperator(
        task_id="stops",
        warehouse_conn_id="warehouse_default",
        table="sms_stops",
        push_sql="SELECT phone_number FROM people",
    ),
    "refresh": lambda: RefreshStatusesOperator(task_id="refresh", ledger_conn_id="ledger"),
}


def die_after(answers: int) -> None:
    """Have this process vanish when so many answers have come."""
    carry, count = SMSPartnerHook.call, itertools.count(1)

    def call(hook: SMSPartnerHook, request: Any, **kwargs: Any) -> Any:
        answer = carry(hook, request, **kwargs)
        if next(count) == answers:
            os._exit(KILLED)
        return answer

    SMSPartnerHook.call = call  # type: ignore[method-assign, assignment]


if __name__ == "__main__":
    die_after(int(sys.argv[2]))
    operator = OPERATORS[sys.argv[1]]()
    address = {"dag_id": "upkeep", "run_id": "run", "task_id": operator.task_id, "map_index": -1}
    ti = SimpleNamespace(**address, try_number=1, max_tries=0, id=uuid4(), xcom_push=lambda **_: None)
    context: Any = {"ti": ti, "task": operator}
    operator.execute(context)

"""A process that sends campaigns of its own to the same people as another one: ``frequent.py NAME SEEDS``.

Before each seed it says "ready" and waits for a line. The connections to the platform and to the ledger are
those of the environment.
"""

from __future__ import annotations

import random
import sys
from datetime import timedelta
from types import SimpleNamespace
from typing import Any
from uuid import uuid4

from airflow_provider_smspartner.operators.smspartner import SendSmsOperator

PEOPLE, CAMPAIGNS = 200, 2


def people_of(seed: int) -> list[str]:
    return [f"+3361{seed:04}{place:03}" for place in range(PEOPLE)]


def most(seed: int) -> int:
    """How many texts somebody may get; two processes have as many as four for everybody."""
    return seed % (2 * CAMPAIGNS) + 1


def send(name: str, seed: int, campaign: int) -> None:
    people = people_of(seed)
    random.Random(f"{name} {seed} {campaign}").shuffle(people)
    operator = SendSmsOperator(
        task_id="send",
        recipients=people,
        message="Hello",
        ledger_conn_id="ledger",
        campaign=f"{name} {seed} {campaign}",
        at_most=(most(seed), timedelta(hours=1)),
    )
    address = {"dag_id": name, "run_id": f"{seed} {campaign}", "task_id": "send", "map_index": -1}
    ti = SimpleNamespace(**address, try_number=1, max_tries=0, id=uuid4(), xcom_push=lambda **_: None)
    context: Any = {"ti": ti, "task": operator}
    operator.execute(context)


if __name__ == "__main__":
    name, seeds = sys.argv[1], int(sys.argv[2])
    for seed in range(seeds):
        print("ready", flush=True)  # noqa: T201  # its parent reads it
        sys.stdin.readline()
        for campaign in range(CAMPAIGNS):
            send(name, seed, campaign)

"""One audience in three ways: our operator, ``HttpOperator`` per batch, ``requests.post`` per number."""

from __future__ import annotations

import json
import os
import re
from collections import OrderedDict

import pendulum
from airflow.providers.http.operators.http import HttpOperator
from airflow.sdk import DAG, BaseHook, task

from airflow_provider_smspartner.operators.smspartner import SendSmsOperator

WAREHOUSE = "benchmark_warehouse"
QUERY = "SELECT phone_number FROM people"
MESSAGE = "Bonjour, votre commande vous attend"
PLATFORM = os.environ.get("BENCHMARK_PLATFORM", "")
SAMPLE = int(os.environ.get("BENCHMARK_SAMPLE", "1"))


def international(number: str) -> str:
    """Clean a number as far as this audience needs it."""
    return "+33" + re.sub("[^0-9]", "", number)[-9:]


@task
def bodies() -> list[str]:
    """Read the audience and make a request of each 500 people."""
    rows = BaseHook.get_hook(WAREHOUSE).get_records(QUERY)
    numbers = [international(number) for (number,) in rows]
    parts = [numbers[start : start + 500] for start in range(0, len(numbers), 500)]
    return [
        json.dumps({"apiKey": "key", "phoneNumbers": ",".join(part), "message": MESSAGE}) for part in parts
    ]


@task
def post_each() -> None:
    """Send to some of the audience, one request each, as the vendor's sample does."""
    import requests

    rows = BaseHook.get_hook(WAREHOUSE).get_records(f"{QUERY} LIMIT {SAMPLE}")
    for (number,) in rows:
        fields = [("apiKey", "key"), ("phoneNumbers", international(number)), ("message", MESSAGE)]
        answer = requests.post(f"{PLATFORM}/v1/send", data=json.dumps(OrderedDict(fields)), timeout=30)
        if answer.json().get("success") is not True:
            raise RuntimeError(f"refused: {answer.text}")


START = pendulum.datetime(2025, 1, 1)

with DAG(dag_id="operator", schedule=None, start_date=START):
    SendSmsOperator(task_id="send", warehouse_conn_id=WAREHOUSE, sql=QUERY, message=MESSAGE, concurrency=8)

with DAG(dag_id="http_operator", schedule=None, start_date=START):
    HttpOperator.partial(
        task_id="send",
        http_conn_id="benchmark_platform",
        endpoint="v1/send",
        method="POST",
        headers={"Content-Type": "application/json"},
    ).expand(data=bodies())

with DAG(dag_id="requests_post", schedule=None, start_date=START):
    post_each()

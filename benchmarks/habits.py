"""One audience through whole DAG runs, sent in our way and in the two ways that people use today.

Everything runs under a LocalExecutor with four slots. One request per number would take more than half an
hour: a part of it is sent, and the rest reckoned with the time that each of them took.
"""

from __future__ import annotations

import json
import tempfile
import time
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from benchmarks.platform import platform, tally
from benchmarks.table import Figure, Sizes, median, spell
from benchmarks.warehouse import warehouse
from scripts.local_airflow import LocalAirflow

COMMAND = "python -m benchmarks habits"
DAGS = Path(__file__).parent / "dags"
SAMPLE = 200
SLOWER_EACH, SLOWER_MAPPED, SLOWER_LEG = 100, 4, 10


@dataclass(frozen=True, slots=True, kw_only=True)
class Run:
    """What a DAG run took."""

    seconds: float
    """From its start to its end."""
    leg: float
    """From the first request that reached the platform to the last."""
    requests: int
    """How many there were."""


def figures(sizes: Sizes) -> Iterator[Figure]:
    """Run each way in turn and compare whole runs, and the time in which requests left."""
    sample = min(SAMPLE, sizes.audience)
    people = {"operator": sizes.audience, "http_operator": sizes.audience, "requests_post": sample}
    with (
        tempfile.TemporaryDirectory() as home,
        warehouse(sizes.audience) as connection,
        platform(sizes.latency) as address,
        LocalAirflow(Path(home), dags=DAGS, env=connection | connections(address, sample)) as airflow,
    ):
        for name, count in people.items():  # what is loaded or made at first use
            run(airflow, address, name, count)
        runs = {
            name: [run(airflow, address, name, count) for _ in range(sizes.rounds)]
            for name, count in people.items()
        }
    whole = {name: median([one.seconds for one in done]) for name, done in runs.items()}
    leg = {name: median([one.leg for one in done]) + sizes.latency for name, done in runs.items()}
    each = median([one.leg / max(1, one.requests - 1) for one in runs["requests_post"]])
    whole["requests_post"] += each * (sizes.audience - sample)
    claim = f"{sizes.audience:,} recipients"
    took = f"({spell(whole['requests_post'], 's')}, {sample} sent and the rest reckoned; ours %s)"
    yield compare(
        f"{claim}, whole DAG run, against a request per number",
        f"`requests.post` for each, as in the vendor's sample {took}",
        whole["operator"],
        whole["requests_post"],
        SLOWER_EACH,
    )
    yield compare(
        f"{claim}, whole DAG run, against mapped tasks",
        f"`HttpOperator` mapped over batches of 500 ({spell(whole['http_operator'], 's')}; ours %s)",
        whole["operator"],
        whole["http_operator"],
        SLOWER_MAPPED,
    )
    yield compare(
        f"{claim}, first request to last answer, against mapped tasks",
        f"the same `HttpOperator` ({spell(leg['http_operator'], 's')}; ours %s)",
        leg["operator"],
        leg["http_operator"],
        SLOWER_LEG,
    )


def compare(what: str, against: str, ours: float, theirs: float, target: int) -> Figure:
    """Return how many times faster ours is."""
    ratio = theirs / ours
    return Figure(
        what=what,
        measured=spell(ratio, "× faster"),
        against=against % spell(ours, "s"),
        target=f"> {target} ×",
        met=ratio > target,
        command=COMMAND,
    )


def connections(address: str, sample: int) -> dict[str, str]:
    """Return what the DAGs need to know of the platform."""
    sms: dict[str, Any] = {"conn_type": "smspartner", "host": f"{address}/v1", "password": "simulator-key"}
    return {
        "AIRFLOW_CONN_SMSPARTNER_DEFAULT": json.dumps(sms | {"extra": {"requests_per_second": 0}}),
        "AIRFLOW_CONN_BENCHMARK_PLATFORM": json.dumps({"conn_type": "http", "host": address}),
        "BENCHMARK_PLATFORM": address,
        "BENCHMARK_SAMPLE": str(sample),
    }


def run(airflow: LocalAirflow, address: str, dag_id: str, people: int) -> Run:
    """Run a DAG to its end; everybody must have been texted."""
    tally(address)
    run_id = airflow.trigger(dag_id)
    began = time.perf_counter()
    state = airflow.wait(dag_id, run_id, timeout=600)
    seconds = time.perf_counter() - began
    arrived = tally(address)
    if state != "success" or arrived["people"] != people:
        raise SystemExit(f"{dag_id} ended in {state} with {arrived['people']} of {people} texts")
    return Run(seconds=seconds, leg=arrived["last"] - arrived["first"], requests=arrived["requests"])

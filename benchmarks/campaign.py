"""A campaign from PostgreSQL through the operator with the task state journal, against the shortest client.

Each send is a process of its own, so that its peak memory is its own: run as a command this file is one.
"""

from __future__ import annotations

import argparse
import json
import os
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from types import SimpleNamespace
from typing import Any
from uuid import uuid4

from benchmarks import shortest
from benchmarks.platform import platform, tally
from benchmarks.reading import fetch
from benchmarks.remembering import WRITE, SlowStore
from benchmarks.table import Figure, Sizes, median, spell
from benchmarks.warehouse import CONN_ID, PERSONAL_QUERY, QUERY, warehouse

COMMAND = "python -m benchmarks campaign"
MESSAGE = "Bonjour, votre commande vous attend"
TIME_TARGET, LATENCY_TARGET, MEMORY_TARGET = 1.15, 1.25, 120


def figures(sizes: Sizes) -> Iterator[Figure]:
    """Measure the time of a large campaign, and its memory above that of a text to one person."""
    from airflow_provider_smspartner.operators.arguments import warehouse as hook_of

    ours, bare, peaks = [], [], []
    with warehouse(sizes.recipients), platform(sizes.latency) as address:
        run(address, 1, sizes)  # compiles what the next ones load
        one = run(address, 1, sizes)
        for _ in range(sizes.rounds):
            fetching = fetch(hook_of(CONN_ID), sizes.recipients)
            posting = shortest.send(address, sizes.recipients, sizes.concurrency, MESSAGE)
            check(address, sizes.recipients)
            bare.append(fetching + posting)
            sent = run(address, sizes.recipients, sizes)
            ours.append(sent["seconds"])
            peaks.append(sent["peak"])
    yield time_above_wire(sizes, ours, bare)
    yield time_above_latency(sizes, ours)
    yield memory(sizes, median(peaks), one["peak"])


def time_above_wire(sizes: Sizes, ours: list[float], bare: list[float]) -> Figure:
    """Compare with what the wire allows."""
    ratio = median(ours) / median(bare)
    return Figure(
        what=f"{sizes.recipients:,} recipients, PostgreSQL to platform, with the task state journal",
        measured=spell(ratio, "×"),
        against=f"bare `http.client` on {sizes.concurrency} threads, plus fetching the same rows "
        f"({spell(median(bare), 's')}; ours {spell(median(ours), 's')})",
        target=f"≤ {TIME_TARGET} ×",
        met=ratio <= TIME_TARGET,
        command=COMMAND,
    )


def time_above_latency(sizes: Sizes, ours: list[float]) -> Figure:
    """Compare with the platform's latency, which nobody can undercut."""
    least = -(-sizes.recipients // 500) * sizes.latency / sizes.concurrency
    ratio = median(ours) / least
    wait = f"{sizes.latency * 1000:.0f} ms a request"
    return Figure(
        what=f"the same {sizes.recipients:,} recipients against latency alone",
        measured=spell(ratio, "×"),
        against=f"{wait}, {sizes.concurrency} at a time "
        f"({spell(least, 's')}; ours {spell(median(ours), 's')})",
        target=f"≤ {LATENCY_TARGET} ×",
        met=ratio <= LATENCY_TARGET,
        command=COMMAND,
    )


def memory(sizes: Sizes, many: float, one: float) -> Figure:
    """Compare the peaks of two processes."""
    above = (many - one) / 1024
    return Figure(
        what=f"peak memory of the task with {sizes.recipients:,} recipients",
        measured=spell(above, "MB more"),
        against=f"the same task with one recipient ({spell(one / 1024, 'MB')})",
        target=f"≤ {MEMORY_TARGET} MB",
        met=above <= MEMORY_TARGET,
        command=COMMAND,
    )


def run(
    address: str,
    people: int,
    sizes: Sizes,
    *,
    campaign: str = "",
    ledger: str = CONN_ID,
    new: int | None = None,
    message: str = MESSAGE,
) -> dict[str, float]:
    """Send in a new process; return its ``seconds`` and its ``peak`` in KB.

    :param campaign: what everybody gets once by a ledger; "" without a ledger.
    :param ledger: its connection; by default that of the warehouse.
    :param new: how many of the people are to be texted; None: all.
    :param message: what they are sent; with fields it is a text of their own.
    """
    options = ("--campaign", campaign, "--ledger", ledger, "--message", message)
    command, env = sender(address, people, sizes, *options)
    done = subprocess.run(command, stdout=subprocess.PIPE, text=True, check=True, env=env)
    check(address, people if new is None else new)
    measured: dict[str, float] = json.loads(done.stdout.splitlines()[-1])
    return measured


def sender(address: str, people: int, sizes: Sizes, *options: str) -> tuple[list[str], dict[str, str]]:
    """Return the command that sends, and its environment."""
    given = ["--platform", address, "--people", str(people), "--concurrency", str(sizes.concurrency)]
    command = [sys.executable, "-m", "benchmarks.campaign", *given, *options]
    return command, os.environ | {
        "AIRFLOW__LOGGING__LOGGING_LEVEL": "INFO"
    }  # a line per batch, as tasks have


def check(address: str, people: int) -> None:
    """Stop when not everybody was texted."""
    arrived = tally(address)["people"]
    if arrived != people:
        raise SystemExit(f"{arrived} texts arrived for {people} people")


# ---- the process that sends --------------------------------------------------------------------------


def send(given: argparse.Namespace, begin: Callable[[], object]) -> dict[str, float]:
    """Send as a worker does and return what it took.

    :param begin: is called when all is loaded.
    """
    from airflow_provider_smspartner.operators.smspartner import SendSmsOperator

    form = {"conn_type": "smspartner", "host": f"{given.platform}/v1", "password": "key"}
    form["extra"] = {"requests_per_second": 0}  # type: ignore[assignment]
    os.environ["AIRFLOW_CONN_SMSPARTNER_DEFAULT"] = json.dumps(form)
    once: dict[str, Any] = (
        {"campaign": given.campaign, "ledger_conn_id": given.ledger} if given.campaign else {}
    )

    def execute(limit: int, run_id: str, attempt: int) -> None:
        operator = SendSmsOperator(
            task_id="send",
            warehouse_conn_id=CONN_ID,
            sql=f"{PERSONAL_QUERY if '{' in given.message else QUERY} WHERE id < {limit:d}",
            message=given.message,
            concurrency=given.concurrency,
            **once,
        )
        identity = {"dag_id": "benchmark", "run_id": run_id, "task_id": "send", "map_index": -1}
        ti = SimpleNamespace(**identity, try_number=attempt, id=uuid4(), xcom_push=lambda **_: None)
        context: Any = {"ti": ti}
        if not given.forgetful:
            context["task_state_store"] = SlowStore(WRITE)
        operator.execute(context)

    # Loads what is loaded at first use; the short client's time begins after its imports too
    execute(0, str(uuid4()), 1)
    began, at = time.perf_counter(), time.monotonic()
    print(json.dumps({"began": at}), flush=True)
    begin()
    execute(given.people, given.run, given.attempt)
    return {"seconds": time.perf_counter() - began, "peak": peak()}


def peak() -> int:
    """Return this process's peak in KB; ``ru_maxrss`` would begin with that of whoever started it."""
    status = Path("/proc/self/status").read_text()
    return int(status.split("VmHWM:")[1].split()[0])


def main(begin: Callable[[], object] = lambda: None) -> None:
    """Send once and print what it took."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--platform", required=True, help="address without /v1")
    parser.add_argument("--people", type=int, required=True)
    parser.add_argument("--concurrency", type=int, required=True)
    parser.add_argument("--campaign", default="", help="what a ledger knows it by; none without one")
    parser.add_argument("--message", default=MESSAGE, help="with fields, if it is a text of everybody's own")
    parser.add_argument("--ledger", default=CONN_ID, help="connection of the ledger")
    parser.add_argument("--run", default=str(uuid4()), help="id of the run")
    parser.add_argument("--attempt", type=int, default=1, help="which try of the task it is")
    parser.add_argument("--forgetful", action="store_true", help="without a task state store")
    given = parser.parse_args()
    with tempfile.TemporaryDirectory() as home:
        os.environ["AIRFLOW_HOME"] = home
        print(json.dumps(send(given, begin)))


if __name__ == "__main__":
    main()

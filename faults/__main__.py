"""``make faults``: let campaigns go wrong in every way we know, and write down how they ended.

What has been tried is kept in a file, so that the run can be stopped and taken up again.
"""

from __future__ import annotations

import argparse
import json
import logging
import os
import tempfile
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import ProcessPoolExecutor, ThreadPoolExecutor, as_completed
from decimal import Decimal
from pathlib import Path
from typing import Any

from airflow_provider_smspartner.rules import batches
from airflow_provider_smspartner.simulator import Settings, Simulator
from faults import fork_server
from faults.campaign import DURABLE, USABLE
from faults.changing import MEMORIES, Changing
from faults.kills import LATENCY, Killing, Stopping, Task
from faults.report import write_page
from faults.store import OF_THIS_AIRFLOW
from faults.trials import Result, Trial

SMALL_BATCH = 5
"""People of a batch in the campaigns of this process: faults strike batches, whatever their size."""
AT_ONCE = 14
"""Operator processes at once: after a kill they mostly wait for requests to be over."""

OLD_MEMORIES = ("ledger alone", "neither")
"""What can remember on an Airflow without a task state store."""

Row = dict[str, Any]


def main() -> None:
    options = parser().parse_args()
    logging.disable()
    options.results.parent.mkdir(parents=True, exist_ok=True)
    options.results.touch()
    rows = [json.loads(line) for line in options.results.read_text().splitlines()]
    done = {(row["series"], row["log"], row["seed"]) for row in rows}
    with options.results.open("a") as results:
        for row in run_all(options, done):
            rows.append(row)
            results.write(json.dumps(row) + "\n")
            results.flush()
    print(write_page(rows, options.page))


def parser() -> argparse.ArgumentParser:
    """Describe the command."""
    parser = argparse.ArgumentParser(prog="python -m faults", description=__doc__)
    parser.add_argument("--results", type=Path, default=Path(".cache/faults.jsonl"), help="what was tried")
    parser.add_argument("--page", type=Path, default=Path("docs/faults.md"), help="where the report goes")
    parser.add_argument("--trials", type=int, default=400, help="campaigns in this process, for each log")
    parser.add_argument("--changed", type=int, default=1_000, help="with changes between tries, for each log")
    parser.add_argument("--lossy", type=int, default=40, help="campaigns without any answer, for each log")
    parser.add_argument("--stopped", type=int, default=150, help="scheduled ones that are stopped, for each")
    parser.add_argument("--terminated", type=int, default=25, help="the same in processes, for each log")
    parser.add_argument("--killed", type=int, default=110, help="tasks that are killed, for each log")
    parser.add_argument(
        "--jobs", type=int, default=os.cpu_count(), help="processes for campaigns in a process"
    )
    return parser


def run_all(options: argparse.Namespace, done: set[tuple[str, str, int]]) -> Iterator[Row]:
    """Yield a row for each campaign that has not been tried yet."""
    of_processes: dict[str, tuple[int, Sequence[str]]] = {
        "killed": (options.killed, USABLE),
        "terminated": (options.terminated, DURABLE),
    }
    for name, (count, logs) in of_processes.items():
        killed = [(log, seed) for log in logs for seed in range(count) if (name, log, seed) not in done]
        yield from run_kills(name, killed)
    for name, (count, logs) in in_process(options).items():
        tasks = [(name, log, seed) for seed in range(count) for log in logs]
        yield from run_here([task for task in tasks if task not in done], options.jobs)
        print(f"{name}: {len(tasks)} campaigns", flush=True)


def in_process(options: argparse.Namespace) -> dict[str, tuple[int, Sequence[str]]]:
    """Return how many campaigns of each series run in a process of this command, and for which logs."""
    return {
        "in process": (options.trials, USABLE),
        "no answers": (options.lossy, USABLE),
        "stopped": (options.stopped, DURABLE),
        "changed": (options.changed, [log for log in MEMORIES if OF_THIS_AIRFLOW or log in OLD_MEMORIES]),
    }


def run_here(tasks: list[tuple[str, str, int]], jobs: int) -> Iterator[Row]:
    """Run campaigns in some processes at once; with one job in this very process."""
    if jobs == 1:
        yield from map(run_one, tasks)
        return
    with ProcessPoolExecutor(jobs, initializer=logging.disable) as pool:
        yield from pool.map(run_one, tasks, chunksize=5)


def run_one(task: tuple[str, str, int]) -> Row:
    """Run one campaign of small batches."""
    batches.BATCH_LIMIT = SMALL_BATCH  # type: ignore[misc]
    name, log, seed = task
    runs: dict[str, Callable[[Trial], Result]] = {
        "in process": Trial.run,
        "no answers": Trial.run_without_answers,
        "stopped": Trial.run_stopped,
    }
    if name == "changed":
        return row_of(*task, Changing(log, seed, batch_size=SMALL_BATCH).run())
    return row_of(*task, runs[name](Trial(log, seed, batch_size=SMALL_BATCH)))


def run_kills(name: str, wanted: list[tuple[str, int]]) -> Iterator[Row]:
    """Kill or terminate the processes of some tasks, several tasks at a time."""
    if not wanted:
        return
    fork_server.warm()
    with (
        tempfile.TemporaryDirectory() as folder,
        Simulator(Settings(balance=Decimal(10**9))) as simulator,
        ThreadPoolExecutor(AT_ONCE) as pool,
    ):
        for endpoint in ("/send", "/message-cancel"):
            simulator.faults.add(endpoint, "latency", seconds=LATENCY, times=None)
        futures = {}
        for log, seed in wanted:
            home = Path(folder, f"{log}-{seed}")
            home.mkdir()
            scheduled = name == "terminated"
            task = Task(log=log, seed=seed, url=simulator.url, folder=home, scheduled=scheduled)
            end = (Stopping if scheduled else Killing)(task, simulator)
            futures[pool.submit(end.run)] = (log, seed)
        for future in as_completed(futures):
            yield row_of(name, *futures[future], future.result())
    print(f"{name}: {len(wanted)} tasks", flush=True)


def row_of(series: str, log: str, seed: int, result: Result) -> Row:
    """Return the line of the results file."""
    return {"series": series, "log": log, "seed": seed, **result.as_row()}


if __name__ == "__main__":
    main()

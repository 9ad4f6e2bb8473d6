"""``python -m faults.inbox``: kill receiver, reader and database at random, and count what the inbox holds.

The simulator posts reports, replies and STOP, some more than once and out of order, and again what was not
acknowledged. What has been tried is kept in a file, so that the proof can be taken up again.
"""

from __future__ import annotations

import argparse
import json
import time
from collections.abc import Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack
from itertools import count
from pathlib import Path
from typing import Any

from airflow_provider_smspartner.simulator import Simulator
from faults import fork_server
from faults.inbox_processes import Database, database
from faults.inbox_report import write_part
from faults.inbox_run import Run

Row = dict[str, Any]


def main() -> None:
    options = parser().parse_args()
    options.results.parent.mkdir(parents=True, exist_ok=True)
    options.results.touch()
    rows = [json.loads(line) for line in options.results.read_text().splitlines()]
    done = {row["seed"] for row in rows}
    until = time.monotonic() + options.seconds
    began, seeds = time.monotonic(), [seed for seed in range(options.runs) if seed not in done]
    with options.results.open("a") as results:
        for row in run_all(seeds, options.jobs, until):
            rows.append(row)
            results.write(json.dumps(row) + "\n")
            results.flush()
    new = len(rows) - len(done)
    print(write_part(rows, options.page))
    print(f"{new} runs, {(time.monotonic() - began) / max(new, 1):.2f} s each")


def parser() -> argparse.ArgumentParser:
    """Describe the command."""
    parser = argparse.ArgumentParser(prog="python -m faults.inbox", description=__doc__)
    parser.add_argument("--runs", type=int, default=500, help="seeds, from 0; those tried are left out")
    parser.add_argument(
        "--seconds", type=float, default=480, help="begin no run after so long; call it again"
    )
    parser.add_argument("--jobs", type=int, default=4, help="runs at once, each with a PostgreSQL of its own")
    parser.add_argument(
        "--results", type=Path, default=Path(".cache/faults-inbox.jsonl"), help="what was tried"
    )
    parser.add_argument("--page", type=Path, default=Path("docs/faults.md"), help="where the table goes")
    return parser


def run_all(seeds: Sequence[int], jobs: int, until: float = float("inf")) -> Iterator[Row]:
    """Yield a row for each run that begins in time, several runs at once."""
    if not seeds:
        return
    fork_server.warm()
    taken, finished = count(), []

    def work(there: Database, simulator: Simulator) -> None:
        while (place := next(taken)) < len(seeds) and time.monotonic() < until:
            finished.append(Run(seeds[place], there, simulator).run())

    with ExitStack() as stack:
        places = [(stack.enter_context(database()), stack.enter_context(Simulator())) for _ in range(jobs)]
        workers = stack.enter_context(ThreadPoolExecutor(jobs))
        running = [workers.submit(work, *place) for place in places]
        while finished or not all(each.done() for each in running):
            while finished:
                yield finished.pop(0)
            time.sleep(0.1)
        for each in running:
            each.result()


if __name__ == "__main__":
    main()

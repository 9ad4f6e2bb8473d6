"""A campaign with a ledger in SQLite, which is in the process that sends, against the task state journal."""

from __future__ import annotations

import os
import tempfile
from collections.abc import Iterator

from benchmarks.campaign import run
from benchmarks.platform import platform
from benchmarks.table import Figure, Sizes, median, spell
from benchmarks.warehouse import warehouse

COMMAND = "python -m benchmarks sqlite_ledger"
LEDGER = "benchmark_ledger"
TARGET = 1.5


def figures(sizes: Sizes) -> Iterator[Figure]:
    """Measure both in turn."""
    people = min(sizes.recipients, sizes.small_ledger)
    stored, ours = list[float](), list[float]()
    with tempfile.TemporaryDirectory() as folder, warehouse(people), platform(sizes.latency) as address:
        os.environ[f"AIRFLOW_CONN_{LEDGER.upper()}"] = f"sqlite:///{folder}/ledger.db"
        run(address, 1, sizes)  # compiles what the next ones load
        for number in range(sizes.rounds):
            stored.append(run(address, people, sizes)["seconds"])
            ours.append(run(address, people, sizes, campaign=f"campaign {number}", ledger=LEDGER)["seconds"])
    ratio = median(ours) / median(stored)
    yield Figure(
        what=f"{people:,} recipients with a SQLite ledger",
        measured=spell(ratio, "×"),
        against="the same send with the task state journal "
        f"({spell(median(stored), 's')}; ours {spell(median(ours), 's')})",
        target=f"≤ {TARGET} ×",
        met=ratio <= TARGET,
        command=COMMAND,
    )

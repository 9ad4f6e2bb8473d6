"""A large send with a PostgreSQL ledger beside a small one: its time a person, and its memory."""

from __future__ import annotations

from collections.abc import Iterator

from benchmarks.campaign import run
from benchmarks.platform import platform
from benchmarks.table import Figure, Sizes, median, spell
from benchmarks.warehouse import warehouse

COMMAND = "python -m benchmarks growth"
TIME_TARGET, MEMORY_TARGET = 1.1, 120


def figures(sizes: Sizes) -> Iterator[Figure]:
    """Measure a small send and a large one in turn, in one ledger that grows."""
    large, small = sizes.growth, min(sizes.small_ledger, sizes.growth // 3)
    of_small, of_large, peaks = list[float](), list[float](), list[float]()
    with warehouse(large), platform(sizes.latency) as address:
        run(address, 1, sizes, campaign="one")  # compiles what the next ones load
        one = run(address, 1, sizes, campaign="another one")["peak"]
        for number in range(sizes.rounds):
            of_small.append(run(address, small, sizes, campaign=f"small {number}")["seconds"] / small)
            sent = run(address, large, sizes, campaign=f"large {number}")
            of_large.append(sent["seconds"] / large)
            peaks.append(sent["peak"])
    ratio = median(of_large) / median(of_small)
    yield Figure(
        what=f"time a person of {large:,} recipients with a PostgreSQL ledger",
        measured=spell(ratio, "×"),
        against=f"that of {small:,} recipients ({spell(median(of_small) * 1e6, 'µs')}; "
        f"{spell(median(of_large) * 1e6, 'µs')})",
        target=f"≤ {TIME_TARGET} ×",
        met=ratio <= TIME_TARGET,
        command=COMMAND,
    )
    above = (median(peaks) - one) / 1024
    yield Figure(
        what=f"peak memory of the task with {large:,} recipients and a PostgreSQL ledger",
        measured=spell(above, "MB more"),
        against=f"the same task with one recipient ({spell(one / 1024, 'MB')})",
        target=f"≤ {MEMORY_TARGET} MB",
        met=above <= MEMORY_TARGET,
        command=COMMAND,
    )

"""What the processes of an Airflow take, over their lives, and which of them are left."""

from __future__ import annotations

import statistics
import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from functools import partial
from pathlib import Path

import psutil

from scripts import sessions

WARM_UP = 30.0
"""Seconds of a life that are left out: what is loaded at first use."""
MORE_MEMORY, MORE_FILES = 1.15, 10
"""How much the last third of a life may take: so many times the memory of the first, so many more files."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Reading:
    """What the processes of a service had at a moment, by their ids."""

    at: float
    memory: Mapping[int, int]
    """Bytes that are resident."""
    files: Mapping[int, int]
    """Open files, sockets among them."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Level:
    """The first and the last third of the longest life of a service."""

    service: str
    seconds: float
    memory: tuple[float, float]
    """Megabytes; the median of each third."""
    files: tuple[float, float]

    @property
    def is_level(self) -> bool:
        """Whether nothing has grown that must not."""
        memory, files = self.memory, self.files
        return memory[1] <= MORE_MEMORY * memory[0] and files[1] <= files[0] + MORE_FILES


@dataclass(slots=True, kw_only=True)
class Watch:
    """Takes readings of services, each life of a service for itself."""

    every: float = 5.0
    """Seconds between two readings, at least."""
    lives: dict[tuple[str, int], list[Reading]] = field(default_factory=dict)
    """Readings by the name of a service and the id of its process."""
    _last: float = 0.0

    def look(self, leaders: Mapping[str, int]) -> None:
        """Take a reading of each service if it is time to.

        :param leaders: the id of the first process of each service, which is that of its session.
        """
        now = time.monotonic()
        if now < self._last + self.every:
            return
        self._last = now
        for life in leaders.items():
            self.lives.setdefault(life, []).append(read(life[1], now))

    def levels(self) -> list[Level]:
        """Compare the thirds of each service's longest life, of those that lasted long enough."""
        found = [level_of(service, readings) for (service, _), readings in self.lives.items()]
        longest: dict[str, Level] = {}
        for level in filter(None, found):
            known = longest.get(level.service)
            longest[level.service] = level if known is None or level.seconds > known.seconds else known
        return [longest[service] for service in sorted(longest)]


def read(leader: int, at: float) -> Reading:
    """Read what the processes of a session have; one that ends meanwhile is left out."""
    memory, files = {}, {}
    for process in sessions.members([leader]):
        try:
            memory[process.pid], files[process.pid] = process.memory_info().rss, process.num_fds()
        except psutil.Error:
            continue
    return Reading(at=at, memory=memory, files=files)


def level_of(service: str, readings: Sequence[Reading]) -> Level | None:
    """Compare the thirds of a life, of those processes that were there all the time.

    Returns None for a life that has fewer than three readings after `WARM_UP`.
    """
    warm = [reading for reading in readings if reading.at >= readings[0].at + WARM_UP]
    third = len(warm) // 3
    if not third:
        return None
    stayed = frozenset.intersection(*(frozenset(r.memory.keys() & r.files.keys()) for r in warm))

    def median(values: Callable[[Reading], Mapping[int, int]], part: Sequence[Reading]) -> float:
        return statistics.median(sum(values(reading)[pid] for pid in stayed) for reading in part)

    of_memory, of_files = partial(median, lambda r: r.memory), partial(median, lambda r: r.files)
    first, last = warm[:third], warm[-third:]
    return Level(
        service=service,
        seconds=readings[-1].at - readings[0].at,
        memory=(of_memory(first) / 1e6, of_memory(last) / 1e6),
        files=(of_files(first), of_files(last)),
    )


def task_processes(scheduler: int) -> list[psutil.Process]:
    """Return the processes that tasks run in, under the executor's workers of a LocalExecutor."""
    return [
        process
        for process in sessions.members([scheduler])
        if process.pid != scheduler and parent_of(process) != scheduler
    ]


def parent_of(process: psutil.Process) -> int | None:
    """Return the id of a process's parent; None when the process is gone."""
    try:
        return process.ppid()
    except psutil.Error:
        return None


def strangers(home: Path, leaders: Mapping[str, int]) -> list[psutil.Process]:
    """Return the processes of the Airflow of this home that belong to none of its living services."""
    known = {process.pid for process in sessions.members(leaders.values())}
    return [
        process for process in psutil.process_iter() if process.pid not in known and lives_in(process, home)
    ]


def lives_in(process: psutil.Process, home: Path) -> bool:
    """Whether a living process was given this AIRFLOW_HOME."""
    try:
        return process.status() != psutil.STATUS_ZOMBIE and process.environ().get("AIRFLOW_HOME") == str(home)
    except psutil.Error:
        return False

"""Two processes that claim the same audience at the same time, in each database."""

from __future__ import annotations

import json
import subprocess
import sys

import pytest

from tests.databases import on_servers
from tests.journal import claimer

PEOPLE = 1_000


@on_servers
@pytest.mark.airflow
def test_two_processes_are_granted_everybody_once(url: str) -> None:
    processes = [start(name, [url]) for name in ("one", "two")]
    for _ in range(2):
        keep_step(processes)
    said = [process.communicate(timeout=120)[0] for process in processes]

    [first], [second] = (json.loads(output.splitlines()[-1]) for output in said)
    assert sorted(first + second) == [f"+336{n:08}" for n in range(PEOPLE)]
    assert min(len(first), len(second)) > 0


def start(name: str, urls: list[str]) -> subprocess.Popen[str]:
    command = [sys.executable, str(claimer.__file__), name, str(PEOPLE), *urls]
    return subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True)


def keep_step(processes: list[subprocess.Popen[str]]) -> None:
    """Wait until all are ready, and let them go on together."""
    for process in processes:
        assert process.stdout is not None
        while (line := process.stdout.readline()) != "ready\n":
            assert line, "the process has ended"
    for process in processes:
        assert process.stdin is not None
        process.stdin.write("go\n")
        process.stdin.flush()

"""Two processes that claim the same audience at the same time, in SQLite and in PostgreSQL."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path

import pytest
import sqlalchemy as sa
from sqlalchemy.pool import NullPool

from tests.journal import claimer

PEOPLE = 1_000


@pytest.mark.airflow
def test_two_processes_are_granted_everybody_once(tmp_path: Path, postgres_url: str) -> None:
    engine = sa.create_engine(postgres_url, poolclass=NullPool)
    with engine.begin() as connection:
        connection.execute(sa.text("DROP TABLE IF EXISTS smspartner_sends"))
    urls = [f"sqlite:///{tmp_path}/ledger.db", postgres_url]
    processes = [start(name, urls) for name in ("one", "two")]
    for _ in urls * 2:
        keep_step(processes)
    said = [process.communicate(timeout=120)[0] for process in processes]

    for first, second in zip(*(json.loads(output.splitlines()[-1]) for output in said), strict=True):
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

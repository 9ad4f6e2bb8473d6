"""``at_most`` in the ledger: two processes that count and claim at the same time, in each database."""

from __future__ import annotations

import json
import subprocess
import sys
from collections import Counter

import pytest

from tests.databases import on_servers
from tests.journal import frequent
from tests.journal.test_two_processes import keep_step
from tests.thorough import is_thorough

EVERYBODY = [f"+336{n:08}" for n in range(frequent.PEOPLE)]


@on_servers
@pytest.mark.airflow
@pytest.mark.timeout(300)
def test_two_processes_never_exceed_it_and_leave_nobody_out_needlessly(url: str) -> None:
    seeds = 200 if is_thorough() else 24
    command = [sys.executable, str(frequent.__file__)]
    processes = [
        subprocess.Popen(
            [*command, name, str(seeds), url], stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True
        )
        for name in ("one", "two")
    ]
    keep_step(processes)
    said = [process.communicate(timeout=240)[0] for process in processes]

    first, second = (json.loads(output.splitlines()[-1]) for output in said)
    for seed, granted in enumerate(zip(first, second, strict=True)):
        together = sum(map(Counter, granted), Counter[str]())
        assert together == Counter(dict.fromkeys(EVERYBODY, frequent.at_most(seed)))

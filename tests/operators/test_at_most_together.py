"""``at_most`` with two processes that send at the same time, over one ledger in PostgreSQL."""

from __future__ import annotations

import json
import subprocess
import sys
from collections import Counter
from dataclasses import replace
from decimal import Decimal
from urllib.parse import parse_qs, urlsplit

import pytest

from airflow_provider_smspartner.simulator import Simulator
from tests.journal.test_two_processes import keep_step
from tests.operators import frequent
from tests.thorough import is_thorough


@pytest.mark.airflow
@pytest.mark.timeout(1800)  # 200 seeds on a busy machine
def test_two_sends_at_once_never_exceed_it_and_leave_nobody_out_needlessly(
    sim: Simulator, postgres_url: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    seeds = 200 if is_thorough() else 16
    sim.settings = replace(sim.settings, balance=Decimal(10_000))
    sim.reset()
    url = urlsplit(postgres_url)
    form = {"conn_type": "postgres", "host": parse_qs(url.query)["host"][0], "schema": url.path[1:]}
    monkeypatch.setenv("AIRFLOW_CONN_LEDGER", json.dumps({**form, "login": url.username}))
    command = [sys.executable, str(frequent.__file__)]
    processes = [
        subprocess.Popen(
            [*command, name, str(seeds)], stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True
        )
        for name in ("one", "two")
    ]
    for _ in range(seeds):
        keep_step(processes)
    for process in processes:
        process.communicate(timeout=500)

    assert [process.returncode for process in processes] == [0, 0]
    most = {number: frequent.most(seed) for seed in range(seeds) for number in frequent.people_of(seed)}
    assert sim.texts_per_number() == Counter(most)

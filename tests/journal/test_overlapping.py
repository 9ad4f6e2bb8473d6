"""Four tasks with overlapping audiences on one campaign, killed at random: nobody twice, nobody lost."""

from __future__ import annotations

import random
import time
from collections import Counter
from collections.abc import Sequence
from contextlib import closing
from dataclasses import replace
from pathlib import Path

import pytest
import sqlalchemy as sa

from airflow_provider_smspartner.journal.opening import prepare
from faults import fork_server
from tests.databases import on_servers
from tests.journal.overlapping import LATER, TASKS, Try, carry_out, texts_in
from tests.thorough import is_thorough

SEEDS = {"postgresql": 20, "mysql": 4, "sqlite": 4}
"""By database; ten times as many in the thorough profile."""
LONGEST_LIFE, ROUNDS, PATIENCE = 0.4, 2, 120.0
"""Seconds until a kill, at most; how often each is killed; and seconds for the last tries."""


@on_servers
@pytest.mark.airflow
@pytest.mark.timeout(1_800)
def test_nobody_is_texted_twice_and_nobody_is_lost(url: str, engine: sa.Engine, tmp_path: Path) -> None:
    prepare(engine)
    fork_server.warm()
    seeds = SEEDS[engine.dialect.name] * (10 if is_thorough() else 1)
    for seed in range(seeds):
        tries = [
            Try(url=url, texts=tmp_path / f"texts {seed}", seed=seed, task=task) for task in range(TASKS)
        ]
        lived = let_live_and_die(tries, random.Random(seed))

        texted = Counter(number for _, number in texts_in(tries[0].texts))
        assert [texts for texts in texted.values() if texts > 1] == [], f"seed {seed}"
        assert {person.number for each in lived for person in each.audience} - set(texted) == set(), seed


def let_live_and_die(tries: Sequence[Try], dice: random.Random) -> list[Try]:
    """Kill each task some times, let some die for good and the others get through, and return those."""
    left = list(tries)
    for _ in range(ROUNDS):
        run(left, [dice.uniform(0, LONGEST_LIFE) for _ in left])
        # The last one of a campaign is always tried again
        left = [each for each in left if each is left[0] or dice.random() < 0.8]
        left = [replace(each, number=each.number + 1) for each in left]
    last = [replace(each, shift=LATER) for each in left]
    assert run(last, [PATIENCE] * len(last)) == [True] * len(last)
    return last


def run(tries: Sequence[Try], lives: Sequence[float]) -> list[bool]:
    """Run processes beside each other, each for so long, and tell which ones have got through."""
    processes = [fork_server.start(carry_out, each) for each in tries]
    began = time.monotonic()
    for life, process in sorted(zip(lives, processes, strict=True), key=lambda pair: pair[0]):
        process.join(max(0.0, began + life - time.monotonic()))
        process.kill()
    ended = []
    for process in processes:
        with closing(process):
            process.join()
            ended.append(process.exitcode == 0)
    return ended

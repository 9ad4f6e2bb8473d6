"""``make soak`` itself: campaigns keep apart, what grows or is left is seen, and nothing is glossed over."""

from __future__ import annotations

import os
import random
import signal
import sys
from collections import Counter
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any, cast

import pytest
from hypothesis import given
from hypothesis import strategies as st

from airflow_provider_smspartner.rules.phone import normalize
from airflow_provider_smspartner.simulator.stage import Stage
from faults.report import SOAKED, write_page
from scripts import sessions
from soak.chaos import BLIPS, LARGEST, MOST_OPEN, Campaign, Soak
from soak.report import Found, count, keep, markdown
from soak.watch import WARM_UP, Level, Reading, level_of, strangers, task_processes

SLEEP = "import time; print('ready', flush=True); time.sleep(600)"
GOOD = Found(
    seconds=600,
    seed=7,
    happened={"outages of the platform": 3},
    campaigns=40,
    people=50_000,
    twice=0,
    lost=0,
    unfinished=0,
    left=0,
    levels=[Level(service="triggerer", seconds=200, memory=(300, 310), files=(40, 41))],
)


class Runs:
    """An Airflow that only takes note of what is triggered; a run ends when it is told to."""

    def __init__(self) -> None:
        self.conf: dict[str, Any] = {}
        self.ended: set[str] = set()

    def trigger(self, dag_id: str, *, conf: Any, run_id: str) -> str:
        self.conf[run_id] = conf
        return run_id

    def state(self, dag_id: str, run_id: str) -> str:
        return "success" if run_id in self.ended else "running"


@given(seed=st.integers(0, 10**6), campaigns=st.integers(1, 12))
def test_no_two_campaigns_share_a_person(seed: int, campaigns: int) -> None:
    airflow = Runs()
    soak = Soak(airflow=cast(Any, airflow), simulator=cast(Any, Stage()), dice=random.Random(seed))

    for _ in range(campaigns):
        soak.start_campaign()
        airflow.ended |= airflow.conf.keys()

    assert len(soak.campaigns) == campaigns
    for before, after in zip(soak.campaigns, soak.campaigns[1:], strict=False):
        assert before.first + before.people == after.first
    for campaign in soak.campaigns:
        assert 1 <= campaign.people <= LARGEST
        told = airflow.conf[campaign.run_id]
        assert [f"+33{told['first']}", f"+33{told['last']}"] == [campaign.numbers[0], campaign.numbers[-1]]
        assert normalize(campaign.numbers[-1]) == campaign.numbers[-1]


def test_only_so_many_campaigns_go_on_at_once() -> None:
    airflow = Runs()
    soak = Soak(airflow=cast(Any, airflow), simulator=cast(Any, Stage()), dice=random.Random(1))

    for _ in range(2 * MOST_OPEN):
        soak.start_campaign()
    assert len(soak.campaigns) == MOST_OPEN

    airflow.ended.add(soak.campaigns[0].run_id)
    soak.start_campaign()
    assert len(soak.campaigns) == MOST_OPEN + 1


def test_everybody_is_counted() -> None:
    campaigns = [Campaign(dag_id="a", run_id="1", first=600_000_000 + 10 * n, people=3) for n in range(2)]
    texts = Counter(number for campaign in campaigns for number in campaign.numbers)
    assert count(campaigns, texts) == (0, 0)

    texts["+33600000000"], texts["+33600000012"] = 2, 0
    assert count(campaigns, texts) == (1, 1)


def life(*, memory: list[float], files: list[int]) -> list[Reading]:
    """Readings of a process of its own, beside one that starts and ends within the life."""
    readings = []
    for n, (megabytes, opened) in enumerate(zip(memory, files, strict=True)):
        other = {9: 10**9} if n == len(memory) // 2 else {}
        of_memory, of_files = {1: round(megabytes * 1e6), **other}, {1: opened, **dict.fromkeys(other, 500)}
        readings.append(Reading(at=100 + 10 * n, memory=of_memory, files=of_files))
    return readings


@pytest.mark.parametrize(
    ("memory", "files", "level"),
    [
        ([300.0] * 12, [40] * 12, True),
        ([100.0] * 3 + [300.0] * 9, [10] * 3 + [40] * 9, True),  # the first half minute
        ([300.0 + n for n in range(12)], [40] * 12, True),
        ([300.0 + 10 * n for n in range(12)], [40] * 12, False),
        ([300.0] * 12, [40 + 2 * n for n in range(12)], False),
        ([300.0] * 8 + [900.0] + [300.0] * 3, [40] * 8 + [90] + [40] * 3, True),  # one reading is no leak
    ],
)
def test_what_grows_is_seen(memory: list[float], files: list[int], level: bool) -> None:
    found = level_of("triggerer", life(memory=memory, files=files))

    assert found is not None
    assert found.is_level is level
    assert found.seconds == 110


def test_a_short_life_tells_nothing() -> None:
    few = round(WARM_UP / 10) + 2
    assert level_of("triggerer", life(memory=[300.0] * few, files=[40] * few)) is None


@pytest.fixture
def sleeper(tmp_path: Path) -> Iterator[sessions.Process]:
    """A process of the Airflow whose home is the test's folder."""
    environment = {**os.environ, "AIRFLOW_HOME": str(tmp_path)}
    command = [sys.executable, "-c", SLEEP]
    process = sessions.start(command, env=environment, cwd=tmp_path, log=tmp_path / "log")
    while "ready" not in (tmp_path / "log").read_text():
        process.poll()
    yield process
    sessions.kill([process])


def test_a_process_that_is_left_is_found_by_its_airflow(tmp_path: Path, sleeper: sessions.Process) -> None:
    assert [process.pid for process in strangers(tmp_path, {})] == [sleeper.pid]
    assert strangers(tmp_path, {"scheduler": sleeper.pid}) == []
    assert strangers(tmp_path / "other", {}) == []
    assert task_processes(sleeper.pid) == []

    sessions.kill([sleeper])
    assert sleeper.returncode == -signal.SIGKILL  # without a SIGTERM before it
    assert strangers(tmp_path, {}) == []


@pytest.mark.parametrize(
    "wrong",
    [
        {"twice": 1},
        {"lost": 1},
        {"unfinished": 1},
        {"left": 1},
        {"campaigns": 0},
        {"levels": [replace(GOOD.levels[0], memory=(300, 400))]},
        {"levels": [replace(GOOD.levels[0], files=(40, 60))]},
    ],
    ids=lambda wrong: next(iter(wrong)),
)
def test_whatever_goes_wrong_fails_the_soak_and_is_told(wrong: dict[str, Any]) -> None:
    bad = replace(GOOD, **wrong)

    assert GOOD.is_good
    assert not bad.is_good
    assert markdown(bad) != markdown(GOOD)


def test_the_figures_outlive_the_next_make_faults(tmp_path: Path) -> None:
    page = tmp_path / "faults.md"
    write_page([], page)
    keep(page, markdown(GOOD))
    keep(page, markdown(replace(GOOD, seed=8)))
    soaked = page.read_text()

    write_page([], page)

    assert page.read_text() == soaked
    assert "10 minutes, seed 8" in soaked
    assert "seed 7" not in soaked
    assert "| triggerer | 200 s | 300 → 310 MB | 40 → 41 | yes |" in soaked


def test_a_page_without_a_place_for_figures_is_left_alone(tmp_path: Path) -> None:
    page = tmp_path / "faults.md"
    page.write_text(f"nothing here but {SOAKED[0]}\n")

    with pytest.raises(ValueError, match="no place for figures"):
        keep(page, markdown(GOOD))

    assert page.read_text() == f"nothing here but {SOAKED[0]}\n"


def test_the_simulator_knows_every_blip() -> None:
    stage = Stage()
    for endpoint, kinds in BLIPS.items():
        for kind in kinds:
            stage.faults.add(endpoint, kind)
    assert len(stage.faults.waiting) == sum(map(len, BLIPS.values()))

"""What docs/scale.md works out for ten million people follows from what one of them, or one batch, takes."""

from __future__ import annotations

import json
import re
from pathlib import Path

import pytest
from airflow.providers.common.compat.sdk import conf

from airflow_provider_smspartner.rules.batches import BATCH_LIMIT
from airflow_provider_smspartner.triggers.smspartner import IN_FLIGHT
from faults.campaign import Campaign, people, with_task_state
from tests.airflow_versions import needs_task_state_store

PAGE = (Path(__file__).parents[1] / "docs" / "scale.md").read_text()
PEOPLE = 10_000_000
BATCHES = PEOPLE // BATCH_LIMIT
TABLE = {
    cells[0]: cells[1:]
    for cells in (
        [cell.strip() for cell in line.strip("|").split("|")]
        for line in PAGE.splitlines()
        if line.startswith("|")
    )
}


def told(row: str) -> tuple[float, float]:
    """Return the figures of a row: of one, and of ten million."""
    [found] = [cells for name, cells in TABLE.items() if row in name]
    one, all_of_them = (re.findall(r"[\d,.]*\d", cell)[0] for cell in found)
    return float(one.replace(",", "")), float(all_of_them.replace(",", ""))


def test_what_ten_million_people_take() -> None:
    result = {"message_ids": ["1000000"] * BATCHES, "counts": {f"{n:07}": 500 for n in range(BATCHES)}}

    assert told("requests that send") == (BATCH_LIMIT, BATCHES)
    assert told("time at 5 requests") == (0.2, round(BATCHES / 5 / 60))
    assert told("time at 20 requests") == (0.05, round(BATCHES / 20 / 60))
    assert told("memory of the task") == (28, 28 * PEOPLE / 1e6)
    assert told("requests of one look")[1] == BATCHES
    each, whole = told("in PostgreSQL")
    assert whole == pytest.approx(each * PEOPLE / 1e9, rel=0.02)
    each, whole = told("result in XCom")
    assert len(json.dumps(result)) == pytest.approx(each * BATCHES, rel=0.02)
    assert whole == each * BATCHES / 1e3


@needs_task_state_store
def test_what_the_task_state_store_holds_of_a_person() -> None:
    campaign, some = Campaign(with_task_state, concurrency=4), 10_000

    campaign.attempt(people(some))

    values = campaign.store.texts()
    each, whole = told("task state store")
    assert sum(map(len, values.values())) / some == pytest.approx(each, abs=0.05)
    assert whole == each * PEOPLE / 1e6
    assert some // BATCH_LIMIT < len(values) <= 3 * some // BATCH_LIMIT // 2  # 30,000 for ten million
    assert max(map(len, values.values())) < 65_535


def test_what_airflow_allows() -> None:
    assert f"{conf.getint('core', 'max_map_length'):,} items" in PAGE
    assert f"{conf.getint('core', 'max_map_length') * BATCH_LIMIT:,} people" in PAGE
    assert f"{conf.getint('triggerer', 'capacity'):,} triggers" in PAGE
    assert IN_FLIGHT == 4

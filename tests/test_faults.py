"""``make faults`` itself: what was tried is not tried again, and the page adds up what happened."""

from __future__ import annotations

import argparse
import json
from pathlib import Path

import pytest

from airflow_provider_smspartner.rules import batches
from faults.__main__ import in_process, parser, run_all
from faults.campaign import DURABLE, USABLE
from faults.report import write_page
from faults.store import Store

COUNTS = {"faults": 3, "recipients": 1_000, "twice": 0, "lost": 0, "to_a_person": 1, "miscounted": 0}
OF_PROCESSES = ("--killed", "0", "--terminated", "0")


@pytest.fixture
def few(monkeypatch: pytest.MonkeyPatch) -> argparse.Namespace:
    """Few campaigns, all in this process."""
    monkeypatch.setattr(batches, "BATCH_LIMIT", batches.BATCH_LIMIT)  # so that it is set back
    here = ("--trials", "1", "--lossy", "1", "--stopped", "1", "--changed", "1", "--jobs", "1")
    return parser().parse_args([*OF_PROCESSES, *here])


def test_a_run_that_was_stopped_is_taken_up_where_it_was(few: argparse.Namespace) -> None:
    rows = list(run_all(few, set()))
    done = {(row["series"], row["log"], row["seed"]) for row in rows}

    assert len(done) == len(rows) == 2 * len(USABLE) + len(DURABLE) + len(in_process(few)["changed"][1])
    assert not [row for row in rows if row["twice"] or row["lost"] or row["miscounted"] or row["unfinished"]]
    assert list(run_all(few, done)) == []
    assert list(run_all(few, done - {("no answers", "ledger", 0)})) == [
        row for row in rows if (row["series"], row["log"]) == ("no answers", "ledger")
    ]


def test_the_page_adds_up_what_happened(tmp_path: Path) -> None:
    row = {"series": "killed", "log": "ledger", "seed": 1, **COUNTS, "unfinished": 0}
    worse = {**row, "seed": 2, "twice": 5, "unfinished": 1}

    table = write_page([row, worse, {**row, "log": "neither"}], tmp_path / "faults.md")

    assert "| ledger | 2 | 6 | 2,000 | 5 | 0 | 2 | 0 | 1 |" in table
    assert "| neither | 1 | 3 | 1,000 | 0 | 0 | 1 | 0 | 0 |" in table


def test_the_page_says_how_often_each_change_and_each_fate_was_met(tmp_path: Path) -> None:
    met = {"changes": {"key rolled": 2}, "fates": {"late": 1, "look slips": 1_500}, "put_back": 3}
    row = {"series": "changed", "log": "ledger", "seed": 1, **COUNTS, "unfinished": 0}

    write_page([row, row | met, row | met], tmp_path / "faults.md")

    page = (tmp_path / "faults.md").read_text()
    assert "| key rolled | 4 | look slips | 3,000 |" in page
    assert "|  |  | late | 2 |" in page
    assert "Put back because an error named it: 6 changes." in page


def test_the_page_adds_up_into_a_file(tmp_path: Path) -> None:
    table = write_page(
        [{"series": "killed", "log": "ledger", **COUNTS, "unfinished": 0}], tmp_path / "faults.md"
    )

    assert table in (tmp_path / "faults.md").read_text()


def test_the_store_of_the_harness_does_what_airflow_was_seen_to_do(tmp_path: Path) -> None:
    path = str(tmp_path / "store.db")
    first = Store(path).new_try()
    first.set("key", {"value": 1})
    second = Store(path).new_try()  # in another process, say

    assert second.get("key") == {"value": 1}
    assert first.get("key", "default") == "default"
    with pytest.raises(Exception, match="404"):
        first.set("key", 2)
    assert json.loads(Store(path).texts()["key"]) == {"value": 1}

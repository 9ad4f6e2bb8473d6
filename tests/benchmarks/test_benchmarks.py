"""The benchmarks measure what they say: everybody is texted, all ways agree, and the page keeps its rows."""

from __future__ import annotations

import subprocess
import sys
from collections.abc import Callable, Iterator
from dataclasses import replace
from datetime import date
from pathlib import Path

import pytest

from airflow_provider_smspartner.rules import merge, phone
from airflow_provider_smspartner.rules.writing import write
from benchmarks import (
    campaign,
    cleaning,
    growth,
    inbox,
    ledger,
    numbers,
    personal,
    polling,
    reading,
    retry,
    sqlite_ledger,
    stages,
    threads,
    untidy,
)
from benchmarks.table import BEGIN, END, Figure, Sizes, keep, spell
from benchmarks.warehouse import belongings
from tests.airflow_versions import needs_task_state_store

SMALL = Sizes(recipients=1_203, growth=1_203, rounds=1, latency=0.001)
DOCS = Path(__file__).parents[2] / "docs"


def figure(what: str, measured: str) -> Figure:
    return Figure(what=what, measured=measured, against="that", target="1 ×", met=True, command="run")


def rows(page: Path) -> list[str]:
    return [line for line in page.read_text().splitlines() if line.startswith("| ")]


def test_a_run_replaces_its_own_rows_and_leaves_the_others(tmp_path: Path) -> None:
    page = tmp_path / "page.md"
    page.write_text(f"before\n{BEGIN}\n{END}\nafter\n")

    keep(page, [figure("this", "2 ×"), figure("other", "3 ×")])
    keep(page, [figure("this", "4 ×")])

    assert [row.split(" | ")[:2] for row in rows(page)] == [
        ["| what", "measured"],
        ["| this", "4 ×"],
        ["| other", "3 ×"],
    ]
    assert page.read_text().startswith(f"before\n{BEGIN}\nLast run ")
    assert page.read_text().endswith(f"{END}\nafter\n")


def test_a_page_without_a_place_for_figures_is_left_alone(tmp_path: Path) -> None:
    page = tmp_path / "page.md"
    page.write_text("nothing here\n")

    with pytest.raises(SystemExit, match="no place for figures"):
        keep(page, [figure("this", "2 ×")])

    assert page.read_text() == "nothing here\n"


@pytest.mark.parametrize(
    ("value", "text"), [(1.256, "1.26 s"), (33.94, "33.9 s"), (2067.4, "2,067 s"), (0.0561, "0.0561 s")]
)
def test_figures_have_three_digits(value: float, text: str) -> None:
    assert spell(value, "s") == text


def test_the_numbers_are_distinct_mobiles_in_every_spelling() -> None:
    typed, wire = list(numbers.typed(700)), list(numbers.e164(700))

    assert [phone.normalize(number) for number in typed] == wire
    assert len(set(wire)) == 700


def test_untidy_rows_are_what_they_are_said_to_be() -> None:
    read = phone.mobiles(list(untidy.typed(4_000)))

    assert read.count(phone.REFUSED) == 600
    assert sum(number > 0 and not 33_000_000_000 < number < 34_000_000_000 for number in read) == 200
    assert len(set(read)) == 3_401


def test_each_stage_of_a_personal_text_is_timed() -> None:
    timed = dict(stages.stages(600, 1))

    assert len(timed) == 11
    assert all(0 < seconds < 0.01 for seconds in timed.values())


@pytest.mark.parametrize(
    ("stack", "what"),
    [
        ([("a/journal/table.py", "transact")], "another transaction"),
        ([("a/psycopg/connection.py", "wait"), ("a/journal/table.py", "transact")], "the database"),
        ([("lib/threading.py", "wait"), ("a/sending/recorder.py", "confirm")], "its claim to be confirmed"),
        ([("lib/socket.py", "readinto"), ("a/hooks/deadline.py", "readinto")], "the platform"),
        ([("lib/concurrent/futures/thread.py", "_worker")], "nothing to do"),
        ([("a/rules/people.py", "hashes")], "computes"),
    ],
)
def test_what_a_thread_waits_for_is_told_by_its_innermost_frames(stack: threads.Stack, what: str) -> None:
    assert threads.waits_for(stack) == what


@pytest.mark.airflow
@needs_task_state_store
def test_the_threads_of_a_send_with_a_ledger_are_watched(
    capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(sys, "argv", ["threads", "--people", "6000"])

    threads.main()

    lines = [line.split(" | ") for line in capsys.readouterr().out.splitlines()[2:]]
    assert {kind for kind, _, _ in lines} >= {"| send", "| claims and confirms"}
    assert "the platform" in {what for kind, what, _ in lines if kind == "| send"}


@pytest.mark.parametrize(
    ("file", "stage"),
    [
        ("a/operators/audiences.py read_audience", "reads and cleans the rows"),
        ("a/sending/recovery.py recall", "reads whom the first try has texted"),
        ("a/sending/recovery.py other", "all else"),
    ],
)
def test_a_stage_of_a_retry_is_told_by_any_of_its_frames(file: str, stage: str) -> None:
    path, _, function = file.partition(" ")

    assert threads.stage_of([("b/wait.py", "wait"), (path, function), ("c.py", "main")]) == stage


@pytest.mark.airflow
@needs_task_state_store
def test_the_stages_of_a_retry_are_watched(
    capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(sys, "argv", ["threads", "--retry", "--people", "30000"])

    threads.main()

    lines = [line.split(" | ") for line in capsys.readouterr().out.splitlines()[2:]]
    assert {kind for kind, _, _ in lines} == {"| begins anew"}
    assert "reads whom the first try has texted" in {what for _, what, _ in lines}


def test_both_sides_send_the_same_personal_texts() -> None:
    rows = [
        [str(value) if isinstance(value, date) else value for value in belongings(row)] for row in range(40)
    ]
    texts = [str(text) for text in merge.parse(personal.MESSAGE).render_all(rows)]

    assert [text for text, _ in write(texts)] == [text for _, text in personal.written(40)]  # type: ignore[misc]


@pytest.mark.airflow
@pytest.mark.parametrize(
    ("measure", "count"),
    [
        pytest.param(cleaning.figures, 2, id="cleaning"),
        pytest.param(reading.figures, 1, id="reading"),
        pytest.param(untidy.figures, 1, id="untidy"),
        pytest.param(inbox.figures, 3, id="inbox"),
        pytest.param(campaign.figures, 3, id="campaign", marks=needs_task_state_store),
        pytest.param(personal.figures, 1, id="personal", marks=needs_task_state_store),
        pytest.param(ledger.figures, 5, id="ledger", marks=needs_task_state_store),
        pytest.param(growth.figures, 2, id="growth", marks=needs_task_state_store),
        pytest.param(sqlite_ledger.figures, 1, id="sqlite ledger", marks=needs_task_state_store),
    ],
)
def test_a_small_run_does_all_of_its_work(measure: Callable[[Sizes], Iterator[Figure]], count: int) -> None:
    assert len(list(measure(SMALL))) == count  # it ends when somebody was left out


@needs_task_state_store
@pytest.mark.airflow
def test_a_retry_after_a_kill_sends_to_those_who_are_left() -> None:
    sizes = replace(SMALL, recipients=6_000, concurrency=1, latency=0.05)

    assert len(list(retry.figures(sizes))) == 1  # it ends when the first try has texted everybody


@pytest.mark.airflow
def test_the_sensor_asks_seldom_and_knows_soon() -> None:
    assert [figure.met for figure in polling.figures(SMALL)] == [True, True]


def test_the_page_says_whether_each_target_was_met() -> None:
    cells = [row.strip("| ").split(" | ") for row in rows(DOCS / "benchmarks.md")[1:]]

    assert cells
    assert {row[4] for row in cells} <= {"yes", "no"}


@pytest.mark.airflow
def test_the_pages_of_a_benchmark_tell_all_they_hold() -> None:
    command = [sys.executable, "-m", "benchmarks", "page", "--rounds", "1"]
    done = subprocess.run(
        command, cwd=DOCS.parent, stdout=subprocess.PIPE, text=True, check=True, timeout=240
    )

    told = [line for line in done.stdout.splitlines() if line.startswith("| ")]
    assert [line.split(" | ")[0] for line in told] == [
        "| campaign page of a run with 2,000 batches",
        "| campaign page of a run with a PostgreSQL ledger of 2,000 batches",
        "| overview of 500 runs",
    ]

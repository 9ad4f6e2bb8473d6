"""Rows of a warehouse come in parts: all arrive, in little memory, and no connection is left open."""

from __future__ import annotations

import sqlite3
import traceback
import tracemalloc
from collections.abc import Sequence
from typing import Any

import pytest
from sqlalchemy import exc

from airflow_provider_smspartner.audience import Audience, Columns, Rows
from airflow_provider_smspartner.audience import warehouse as reading
from airflow_provider_smspartner.rules.writing import Written
from tests.audience.conftest import Hook, Query
from tests.audience.people import ANN, BOB, BY_NAME, numbers_of, side_by_side
from tests.warehouses import (
    WithEngine,
    WithoutEngine,
)

CITY = "Paris"
MANY_ROWS = """
    WITH RECURSIVE n(i) AS (SELECT 0 UNION ALL SELECT i + 1 FROM n WHERE i < {} - 1)
    SELECT '06' || printf('%08d', i) AS phone_number, 'Name ' || i AS name FROM n
"""


def closed(connection: sqlite3.Connection) -> bool:
    try:
        connection.execute("SELECT 1")
    except sqlite3.ProgrammingError:
        return True
    return False


@pytest.mark.parametrize("count", [1, 2, 3, 4, 5])
def test_rows_come_in_parts_and_all_arrive(count: int, query: Query, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(reading, "ROWS_AT_ONCE", 2)
    sizes: list[int] = []
    take = Audience.take

    def count_and_take(self: Audience, rows: Rows) -> None:
        sizes.append(len(rows.numbers))
        take(self, rows)

    monkeypatch.setattr(Audience, "take", count_and_take)

    found = query([(f"+336{row:08}", "Paris") for row in range(count)])

    assert numbers_of(found) == [f"+336{row:08}" for row in range(count)]
    assert sizes == [2] * (count // 2) + [1] * (count % 2)


@pytest.mark.parametrize("hook", [WithEngine], indirect=True)
def test_an_engine_leaves_the_rows_with_the_server_until_they_are_read(
    query: Query, hook: WithEngine
) -> None:
    query([])

    assert [options["stream_results"] for options in hook.options] == [True]


def test_no_connection_is_left_open(query: Query, hook: Hook) -> None:
    query([(ANN, "Paris")])

    assert [closed(connection) for connection in hook.opened] == [True]


def test_a_database_that_closes_while_it_is_read_is_an_error(
    query: Query, hook: Hook, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(reading, "ROWS_AT_ONCE", 2)
    seen: list[Any] = []

    def write(rows: Sequence[Sequence[object]]) -> list[Written]:
        seen.extend(rows)
        if len(seen) == 4:
            hook.opened[0].close()
        return side_by_side(rows)

    rows = [(f"+336{row:08}", CITY) for row in range(9)]
    with pytest.raises((exc.ProgrammingError, sqlite3.ProgrammingError), match="closed database") as error:
        query(rows, columns=Columns("phone_number", None, ("city",)), write=write)

    assert len(seen) == 4
    assert "+336" not in "".join(traceback.format_exception(error.value))


def test_an_error_in_the_middle_of_the_rows_is_an_error(
    query: Query, hook: Hook, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(reading, "ROWS_AT_ONCE", 2)
    sql = "SELECT phone_number, json(city) AS city FROM people"

    with pytest.raises((exc.OperationalError, sqlite3.OperationalError), match="malformed JSON"):
        query([*[(ANN, "{}")] * 5, (BOB, "{")], sql)

    assert [closed(connection) for connection in hook.opened] == [True]


@pytest.mark.parametrize(
    ("hook", "rows", "columns"),
    [
        (WithEngine, 40_000, BY_NAME),
        (WithEngine, 20_000, Columns("phone_number", None, ("name",))),
        (WithoutEngine, 20_000, BY_NAME),
    ],
    indirect=["hook"],
)
def test_memory_grows_by_a_few_bytes_for_a_row(
    rows: int, columns: Columns, query: Query, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(reading, "ROWS_AT_ONCE", 1_000)
    query([], MANY_ROWS.format(1), columns=columns, write=side_by_side)  # loads what is loaded late

    def peak(count: int) -> int:
        tracemalloc.start()
        found = query([], MANY_ROWS.format(count), columns=columns, write=side_by_side)
        _, highest = tracemalloc.get_traced_memory()
        tracemalloc.stop()
        assert len(found) == count
        return highest

    assert peak(rows) - peak(5_000) < 40 * (rows - 5_000)

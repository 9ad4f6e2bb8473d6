"""Who is to be texted, out of a warehouse: any hook's rows arrive, and in little memory."""

from __future__ import annotations

import logging
import sqlite3
import traceback
import tracemalloc
from collections.abc import Sequence
from typing import Any

import pytest
from sqlalchemy import exc

from airflow_provider_smspartner.audience import Audience, Columns, Rows
from airflow_provider_smspartner.audience import warehouse as reading
from airflow_provider_smspartner.exceptions import InvalidMessage
from airflow_provider_smspartner.rules.people import Person
from airflow_provider_smspartner.rules.writing import Written
from tests.audience.conftest import Hook, Query
from tests.audience.people import ANN, BOB, BY_NAME, BY_ORDER, numbers_of
from tests.warehouses import (
    OfNoJdbcScheme,
    OfOtherDialect,
    OfOwnExtra,
    OutOfSync,
    OutOfSyncEngine,
    WithEngine,
    WithoutEngine,
)

CITY = "Paris"
MANY_ROWS = """
    WITH RECURSIVE n(i) AS (SELECT 0 UNION ALL SELECT i + 1 FROM n WHERE i < {} - 1)
    SELECT '06' || printf('%08d', i) AS phone_number, 'Name ' || i AS name FROM n
"""
BOTH = pytest.mark.parametrize("hook", [WithEngine, WithoutEngine], indirect=True)


def closed(connection: sqlite3.Connection) -> bool:
    try:
        connection.execute("SELECT 1")
    except sqlite3.ProgrammingError:
        return True
    return False


# ---- columns ---------------------------------------------------------------------------------------


def test_a_query_finds_its_column_by_name_in_any_case(query: Query) -> None:
    found = query(
        [("06 00 00 00 01", "Paris"), (ANN, "Lyon"), (None, "Nice")],
        'SELECT city, phone_number AS "PHONE_Number" FROM people',
    )

    assert (numbers_of(found), found.rows, found.duplicates, found.invalid) == ([ANN], 3, 1, 1)


def test_the_only_column_needs_no_name_unless_more_is_wanted(query: Query) -> None:
    sql = "SELECT phone_number AS p FROM people"

    assert numbers_of(query([(ANN, "Paris")], sql)) == [ANN]
    with pytest.raises(
        InvalidMessage, match=r"^phone_column: the query has no column 'phone_number'; it has p$"
    ):
        query([], sql, columns=BY_ORDER)


def test_a_column_of_integers_is_one_of_numbers_that_lost_their_zero(query: Query) -> None:
    assert numbers_of(query([(600000001, "Paris"), (33600000002, "Lyon")])) == [ANN, BOB]


def test_nulls_and_junk_are_counted(query: Query) -> None:
    rows = [
        (None, None),
        ("x" * 5_000_000, "Paris"),
        (ANN, None),
        (b"06", "Paris"),
        (0.5, None),
        ("a\nb", "c"),
    ]

    found = query(rows)

    assert (numbers_of(found), found.invalid, found.rows) == ([ANN], 5, 6)
    assert [reason.split(":")[0] for reason in found.explained] == [
        "row 1",
        "row 2",
        "row 4",
        "row 5",
        "row 6",
    ]


def side_by_side(rows: Sequence[Sequence[object]]) -> list[Written]:
    return [(" ".join(map(str, row)), 1) for row in rows]


def test_a_query_finds_the_event_and_the_values_of_each_row(query: Query) -> None:
    columns = Columns("phone_number", "City", ("upper", "CITY"))
    sql = "SELECT phone_number, city, upper(city) AS upper FROM people"
    rows = [(ANN, "Paris"), (ANN, "Lyon"), (BOB, None), (ANN, "Paris")]

    found = query(rows, sql, columns=columns, events=True, write=side_by_side)

    assert list(found.people) == [Person(ANN, "Paris", "PARIS Paris"), Person(ANN, "Lyon", "LYON Lyon")]
    assert (found.invalid, found.duplicates) == (1, 1)


@pytest.mark.parametrize(
    ("columns", "words"),
    [
        (Columns("mobile"), "phone_column: the query has no column 'mobile'; it has phone_number, city"),
        (BY_ORDER, "event_column: the query has no column 'order_id'; it has phone_number, city"),
        (
            Columns("city", None, ("name",)),
            "message: the query has no column 'name'; it has phone_number, city",
        ),
    ],
)
def test_a_missing_column_is_named_with_those_that_are_there(
    query: Query, columns: Columns, words: str
) -> None:
    with pytest.raises(InvalidMessage, match=f"^{words}$"):
        query([(ANN, "Paris")], columns=columns)


def test_the_name_of_a_column_is_shown_masked(query: Query) -> None:
    with pytest.raises(InvalidMessage, match=r"it has .33 6 •• •• •• 01, x$"):
        query([], f"SELECT '{ANN}' AS \"{ANN}\", 1 AS x")


def test_a_statement_without_rows_is_a_mistake_and_is_undone(query: Query) -> None:
    with pytest.raises(
        InvalidMessage, match="phone_column: the query has no column 'phone_number'; it has none"
    ):
        query([(ANN, "Paris")], "DELETE FROM people")

    assert len(query([])) == 1


def test_no_rows_are_nobody(query: Query) -> None:
    found = query([])

    assert (len(found), found.rows, found.invalid, list(found.people)) == (0, 0, 0, [])


@pytest.mark.parametrize(
    ("columns", "select"),
    [
        (Columns("phone_number"), "phone_number, city AS phone_number"),
        (Columns("phone_number"), 'phone_number AS "Phone_Number", city AS "PHONE_NUMBER"'),
        (Columns("phone_number", "order_id"), "phone_number, 1 AS order_id, 2 AS ORDER_ID, 3 AS order_id"),
        (Columns("phone_number", None, ("name",)), "phone_number, 'Ann' AS name, 'Shop' AS name"),
        (Columns("phone_number", None, ("name",)), "phone_number, 'Ann' AS Name, 'Shop' AS NAME"),
    ],
)
def test_an_ambiguous_column_is_refused(query: Query, columns: Columns, select: str) -> None:
    with pytest.raises(InvalidMessage, match=r"^\w+: the query has 2 columns that '\w+' may mean"):
        query([(ANN, "Paris")], f"SELECT {select} FROM people", columns=columns, events=bool(columns.event))


def test_the_exact_name_of_a_column_wins_over_another_case(query: Query) -> None:
    sql = f"SELECT '{BOB}' AS \"PHONE_NUMBER\", phone_number, 'Shop' AS \"Name\", 'Ann' AS name FROM people"

    found = query([(ANN, "Paris")], sql, columns=Columns("phone_number", None, ("name",)), write=side_by_side)

    assert list(found.people) == [Person(ANN, "", "Ann")]


@pytest.mark.parametrize("hook", [OfOwnExtra, OfOtherDialect, OfNoJdbcScheme], indirect=True)
def test_a_hook_whose_engine_does_not_connect_is_read_from_its_cursor(
    query: Query, hook: Hook, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level(logging.INFO)

    assert numbers_of(query([(ANN, "Paris")])) == [ANN]
    assert f"{type(hook).__name__} has no engine" in caplog.text


@pytest.mark.parametrize("hook", [OutOfSync, OutOfSyncEngine], indirect=True)
def test_a_driver_with_rows_left_does_not_hide_what_is_wrong(query: Query) -> None:
    with pytest.raises(InvalidMessage, match=r"^phone_column: the query has no column 'mobile'"):
        query([(ANN, "Paris")] * 3, columns=Columns("mobile"))


@pytest.mark.parametrize("hook", [WithoutEngine], indirect=True)
def test_what_the_hook_cannot_do_with_its_connection_is_no_matter_of_a_retry(
    query: Query, hook: Hook, monkeypatch: pytest.MonkeyPatch
) -> None:
    def fails(self: Any) -> sqlite3.Connection:
        raise TypeError("'33600000001' is an invalid keyword argument for connect()")

    monkeypatch.setattr(WithoutEngine, "get_conn", fails)

    with pytest.raises(
        InvalidMessage, match=r"^warehouse_conn_id: WithoutEngine .*'•• •• •• 01' is an invalid"
    ):
        query([])


@BOTH
def test_numbers_in_the_words_of_a_database_are_masked(query: Query) -> None:
    with pytest.raises((exc.OperationalError, sqlite3.OperationalError)) as error:
        query([], "SELECT '06 00 00 00 01' FROM \"+33600000001\"")

    shown = "".join(traceback.format_exception(error.value))
    assert "no such table: +33 6 •• •• •• 01" in shown
    assert "00 00 01" not in str(error.value)


# ---- streaming -------------------------------------------------------------------------------------


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

"""Who is to be texted, out of a warehouse: any hook's rows arrive, from the columns that are meant."""

from __future__ import annotations

import logging
import sqlite3
import traceback
from typing import Any

import pytest
from sqlalchemy import exc

from airflow_provider_smspartner.audience import Columns
from airflow_provider_smspartner.exceptions import InvalidMessage
from airflow_provider_smspartner.rules.people import Person
from tests.audience.conftest import Hook, Query
from tests.audience.people import ANN, BOB, BY_ORDER, numbers_of, side_by_side
from tests.warehouses import (
    OfNoJdbcScheme,
    OfOtherDialect,
    OfOwnExtra,
    OutOfSync,
    OutOfSyncEngine,
    WithEngine,
    WithoutEngine,
)

BOTH = pytest.mark.parametrize("hook", [WithEngine, WithoutEngine], indirect=True)


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


@pytest.mark.parametrize("kind", [TypeError, KeyError, AttributeError, ImportError, NotImplementedError])
@pytest.mark.parametrize("hook", [WithoutEngine], indirect=True)
def test_what_the_hook_cannot_do_with_its_connection_is_no_matter_of_a_retry(
    kind: type[Exception], query: Query, hook: Hook, monkeypatch: pytest.MonkeyPatch
) -> None:
    def fails(self: Any) -> sqlite3.Connection:
        raise kind("'33600000001' is an invalid keyword argument for connect()")

    monkeypatch.setattr(WithoutEngine, "get_conn", fails)

    with pytest.raises(
        InvalidMessage, match=r"^warehouse_conn_id: WithoutEngine .*•• •• •• 01' is an invalid"
    ):
        query([])


@BOTH
def test_a_row_that_is_no_text_is_no_matter_of_a_retry(query: Query) -> None:
    with pytest.raises(InvalidMessage, match=r"^sql: a row of the query holds bytes .*leave it out"):
        query([(ANN, "Lyon")], "SELECT phone_number, CAST(x'4c796fe9' AS TEXT) AS city FROM people")


@BOTH
def test_numbers_in_the_words_of_a_database_are_masked(query: Query) -> None:
    with pytest.raises((exc.OperationalError, sqlite3.OperationalError)) as error:
        query([], "SELECT '06 00 00 00 01' FROM \"+33600000001\"")

    shown = "".join(traceback.format_exception(error.value))
    assert "no such table: +33 6 •• •• •• 01" in shown
    assert "00 00 01" not in str(error.value)

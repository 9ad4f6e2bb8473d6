"""A query's parameters reach the driver as they are, and nothing that reads a warehouse shows them."""

from __future__ import annotations

import logging
import sqlite3
import traceback
from typing import Any

import pytest
from sqlalchemy import exc

from tests.audience.conftest import Hook, Query
from tests.audience.people import ANN, BOB, numbers_of
from tests.warehouses import SECRET, OfPercents, WithEngine, WithoutEngine

CITY = "Paris"
BOTH = pytest.mark.parametrize("hook", [WithEngine, WithoutEngine], indirect=True)


@pytest.mark.parametrize(
    ("where", "parameters"),
    [
        ("city = ?", ["Paris"]),
        ("city = ?", ("Paris",)),
        ("city = :city", {"city": "Paris"}),
        ("city LIKE 'P%'", None),
        ("city LIKE 'P%'", []),
        ("city LIKE 'P%'", {}),
    ],
)
@BOTH
def test_parameters_are_in_the_drivers_style_and_in_no_log(
    query: Query,
    where: str,
    parameters: Any,
    caplog: pytest.LogCaptureFixture,
    capfd: pytest.CaptureFixture[str],
) -> None:
    caplog.set_level(logging.DEBUG)
    sql = f"SELECT phone_number FROM people WHERE {where}"

    assert numbers_of(query([(ANN, "Paris"), (BOB, "Lyon")], sql, parameters)) == [ANN]

    captured = capfd.readouterr()
    assert "Paris" not in caplog.text + captured.out + captured.err


@pytest.mark.parametrize("parameters", [[CITY], {"city": CITY}])
def test_an_error_of_the_database_shows_no_parameters(
    query: Query, parameters: Any, caplog: pytest.LogCaptureFixture, capfd: pytest.CaptureFixture[str]
) -> None:
    caplog.set_level(logging.DEBUG)
    sql = f"SELECT phone_number FROM nowhere WHERE city = {':city' if isinstance(parameters, dict) else '?'}"

    with pytest.raises((exc.OperationalError, sqlite3.OperationalError), match="nowhere") as error:
        query([], sql, parameters)

    captured = capfd.readouterr()
    shown = "".join(traceback.format_exception(error.value))
    assert CITY not in shown + caplog.text + captured.out + captured.err


def test_a_hook_without_an_engine_is_named_and_its_url_is_not(
    query: Query, hook: Hook, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level(logging.INFO)

    query([])

    named = f"{type(hook).__name__} has no engine" in caplog.text
    assert named == isinstance(hook, WithoutEngine)
    assert SECRET not in caplog.text


@pytest.mark.parametrize("hook", [OfPercents], indirect=True)
@pytest.mark.parametrize(
    ("where", "parameters"),
    [
        ("city LIKE 'P%'", None),
        ("city LIKE 'P%'", []),
        ("city LIKE %s", ["P%"]),
        ("city LIKE 'P%%' AND city = %s", ["Paris"]),
    ],
)
def test_a_percent_sign_is_one_when_there_are_no_parameters(
    query: Query, where: str, parameters: Any
) -> None:
    found = query(
        [(ANN, "Paris"), (BOB, "Lyon")], f"SELECT phone_number FROM people WHERE {where}", parameters
    )

    assert numbers_of(found) == [ANN]

"""A real PostgreSQL with a table of people, and the Airflow connection to it."""

from __future__ import annotations

import json
import os
from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager
from datetime import date, timedelta
from decimal import Decimal

import psycopg
from sqlalchemy.engine import make_url

from benchmarks.numbers import typed
from tests.journal.postgres import postgres

CONN_ID = "benchmark_warehouse"
VARIABLE = f"AIRFLOW_CONN_{CONN_ID.upper()}"
QUERY = "SELECT phone_number FROM people"
PERSONAL_QUERY = "SELECT phone_number, first_name, reference, amount, until FROM people"
TABLE = """
CREATE TABLE people (
    id integer PRIMARY KEY, phone_number text, first_name text, reference text, amount numeric, until date
)
"""
NAMES = ("Ann", "Zoé", "Jean-François", "Maïté", None, "Noël", "O'Brien", "Véronique")
FIRST_DAY = date(2026, 12, 1)


@contextmanager
def warehouse(rows: int, numbers: Callable[[int], Iterable[str | None]] = typed) -> Iterator[dict[str, str]]:
    """Run a server with so many people, define its connection and yield it as environment variables."""
    with postgres(["-c", "fsync=off", "-c", "synchronous_commit=off"]) as location:
        url = make_url(location)
        folder = str(url.query["host"])
        with psycopg.connect(host=folder, user=url.username, dbname=url.database) as connection:
            fill(connection, numbers(rows))
        form = {"conn_type": "postgres", "host": folder, "login": url.username, "schema": url.database}
        variables = {VARIABLE: json.dumps(form)}
        os.environ |= variables
        try:
            yield variables
        finally:
            del os.environ[VARIABLE]


def fill(connection: psycopg.Connection, numbers: Iterable[str | None]) -> None:
    """Write the table. Each person has a name, an order, an amount and a day besides the number."""
    connection.execute(TABLE)
    with connection.cursor() as cursor, cursor.copy("COPY people FROM STDIN") as copy:
        for row, number in enumerate(numbers):
            copy.write_row((row, number, *belongings(row)))


def belongings(row: int) -> tuple[str | None, str, Decimal, date]:
    """Return what a personal text is filled with: name, order, amount and day."""
    day = FIRST_DAY + timedelta(days=row % 30)
    return NAMES[row % len(NAMES)], f"CMD-{row:07}", Decimal(row % 10_000 + 100) / 100, day

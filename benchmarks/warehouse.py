"""A real PostgreSQL with a table of people, and the Airflow connection to it."""

from __future__ import annotations

import json
import os
from collections.abc import Iterator
from contextlib import contextmanager

import psycopg
from sqlalchemy.engine import make_url

from benchmarks.numbers import typed
from tests.journal.postgres import postgres

CONN_ID = "benchmark_warehouse"
VARIABLE = f"AIRFLOW_CONN_{CONN_ID.upper()}"
QUERY = "SELECT phone_number FROM people"


@contextmanager
def warehouse(rows: int) -> Iterator[dict[str, str]]:
    """Run a server with so many people, define its connection and yield it as environment variables."""
    with postgres() as location:
        url = make_url(location)
        folder = str(url.query["host"])
        with psycopg.connect(host=folder, user=url.username, dbname=url.database) as connection:
            fill(connection, rows)
        form = {"conn_type": "postgres", "host": folder, "login": url.username, "schema": url.database}
        variables = {VARIABLE: json.dumps(form)}
        os.environ |= variables
        try:
            yield variables
        finally:
            del os.environ[VARIABLE]


def fill(connection: psycopg.Connection, rows: int) -> None:
    """Write the table."""
    connection.execute("CREATE TABLE people (id integer PRIMARY KEY, phone_number text)")
    with connection.cursor() as cursor, cursor.copy("COPY people FROM STDIN") as copy:
        for row in enumerate(typed(rows)):
            copy.write_row(row)

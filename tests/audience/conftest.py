"""A warehouse of people, read through hooks of every kind."""

from __future__ import annotations

import json
import sqlite3
from collections.abc import Callable, Sequence
from contextlib import closing
from pathlib import Path
from typing import Any

import pytest

from airflow_provider_smspartner.audience import Audience, Columns, Rules, read_sql
from tests.audience.people import BY_NAME
from tests.warehouses import OfNoDriver, OfNoScheme, OfNoUrl, OfUnknownDialect, WithEngine, WithoutEngine

People = Sequence[tuple[Any, ...]]
Hook = WithEngine | WithoutEngine
HOOKS = [WithEngine, WithoutEngine, OfUnknownDialect, OfNoUrl, OfNoScheme, OfNoDriver]
Query = Callable[..., Audience]


@pytest.fixture
def warehouse(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A database of people, which the hooks' connection leads to."""
    path = tmp_path / "warehouse.db"
    with closing(sqlite3.connect(path)) as connection, connection:
        connection.execute("CREATE TABLE people (phone_number, city)")
    form = {"conn_type": "sqlite", "host": str(path)}
    monkeypatch.setenv("AIRFLOW_CONN_SQLITE_DEFAULT", json.dumps(form))
    return path


@pytest.fixture(params=HOOKS)
def hook(request: pytest.FixtureRequest, warehouse: Path) -> Hook:
    made: Hook = request.param()
    return made


@pytest.fixture
def query(warehouse: Path, hook: Hook) -> Query:
    """Ask a warehouse that holds these rows."""

    def run(
        rows: People,
        sql: str = "SELECT phone_number, city FROM people",
        parameters: Any = None,
        columns: Columns = BY_NAME,
        **rules: Any,
    ) -> Audience:
        with closing(sqlite3.connect(warehouse)) as connection, connection:
            connection.executemany("INSERT INTO people VALUES (?, ?)", rows)
        return read_sql(hook, sql, parameters, columns, Rules(**rules))

    return run

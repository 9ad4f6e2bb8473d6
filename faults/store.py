"""Airflow's task state store as the tries of a task see it: one for all of them, and only the newest writes.

It does what Airflow 3.3.2 was seen to do: a write is there when it returns, the write of a stale process is
refused with 404, its reads find nothing, and what is stored survives every try.
"""

from __future__ import annotations

import json
import sqlite3
import threading
import weakref
from collections.abc import Callable
from typing import Any, Final

import airflow.sdk
from airflow.sdk.exceptions import AirflowRuntimeError, ErrorType
from airflow.sdk.execution_time.comms import ErrorResponse

OF_THIS_AIRFLOW: Final = hasattr(airflow.sdk, "NEVER_EXPIRE")
"""Whether the Airflow that is installed has such a store; 3.3 brought it."""
TABLES = """
CREATE TABLE IF NOT EXISTS store (key TEXT PRIMARY KEY, value TEXT NOT NULL);
CREATE TABLE IF NOT EXISTS tries (number INTEGER PRIMARY KEY AUTOINCREMENT);
"""
WRITE = """
INSERT OR REPLACE INTO store (key, value)
SELECT ?, ? WHERE (SELECT max(number) FROM tries) = ?
"""
READ = "SELECT value FROM store WHERE key = ? AND (SELECT max(number) FROM tries) = ?"


class Store:
    """What one task instance has stored; a path makes it outlive this process."""

    def __init__(self, path: str = ":memory:") -> None:
        self.database = sqlite3.connect(path, check_same_thread=False, isolation_level=None, timeout=60)
        self.database.execute("PRAGMA synchronous = OFF")  # processes die here, machines do not
        self.database.executescript(TABLES)
        weakref.finalize(self, self.database.close)  # Python 3.13 warns of one that is left to the collector
        self.lock = threading.Lock()
        """Held from a statement to its outcome: tries in several threads share cursors, counts and rows."""

    def new_try(self, step: Callable[[], object] = int) -> StoreOfTry:
        """Let a further try begin, which makes all those before it stale.

        :param step: called before and after each write, so that a test may end the process there.
        """
        with self.lock:
            number = self.database.execute("INSERT INTO tries DEFAULT VALUES").lastrowid
        return StoreOfTry(self, number or 0, step)

    def values(self) -> dict[str, Any]:
        """Return everything that is stored."""
        return {key: json.loads(text) for key, text in self.texts().items()}

    def texts(self) -> dict[str, str]:
        """Return everything that is stored, as JSON text."""
        return dict(self.database.execute("SELECT key, value FROM store ORDER BY key"))

    def put(self, key: str, text: str) -> None:
        """Edit a value by hand; it must be there."""
        with self.lock:
            self.database.execute("UPDATE store SET value = ? WHERE key = ?", (text, key))

    def clear(self) -> None:
        """Lose everything."""
        self.database.execute("DELETE FROM store")

    def close(self) -> None:
        """Let go of the file."""
        self.database.close()


class StoreOfTry:
    """``context["task_state_store"]`` of one try."""

    def __init__(self, store: Store, number: int, step: Callable[[], object]) -> None:
        self._store = store
        self._number = number
        self._step = step
        self.faults: list[AirflowRuntimeError] = []
        """What the next writes fail with."""

    def get(self, key: str, default: Any = None) -> Any:
        """Return a value; a stale process gets the default, as from Airflow."""
        with self._store.lock:
            row = self._store.database.execute(READ, (key, self._number)).fetchone()
        return default if row is None else json.loads(row[0])

    def set(self, key: str, value: Any, *, retention: object = None) -> None:
        """Write a value, or fail as Airflow does."""
        self._step()
        if self.faults:
            raise self.faults.pop(0)
        with self._store.lock:
            row = (key, json.dumps(value), self._number)
            written = self._store.database.execute(WRITE, row).rowcount
        if not written:
            raise failure(404)
        self._step()


def failure(status: int | None) -> AirflowRuntimeError:
    """Make the error of a write that the API server refuses; without a status it could not be reached."""
    detail = {"status_code": status, "message": "[Errno 111] Connection refused" if status is None else ""}
    return AirflowRuntimeError(ErrorResponse(error=ErrorType.API_SERVER_ERROR, detail=detail))

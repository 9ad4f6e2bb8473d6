"""Reading a ledger: it is never written to, and one that hangs holds a few threads only."""

from __future__ import annotations

import socket
import threading
from collections.abc import Iterator
from pathlib import Path

import pytest
import sqlalchemy as sa

from airflow_provider_smspartner.plugins.reading import ledger as ledgers
from tests.journal.one_server import database_of


@pytest.mark.parametrize("kind", ["postgresql", "mariadb"])
def test_no_transaction_of_a_page_can_write(kind: str, tmp_path: Path) -> None:
    with database_of(kind, tmp_path) as url:
        engine = ledgers.read_only(sa.create_engine(url))
        with engine.begin() as connection:
            connection.execute(sa.text("CREATE TABLE of_a_ledger (a INTEGER)"))
        with engine.connect() as connection:
            ledgers.write_nothing(connection)
            assert connection.scalar(sa.text("SELECT count(*) FROM of_a_ledger")) == 0
            with pytest.raises(sa.exc.DBAPIError, match=r"(?i)read[- ]only"):
                connection.execute(sa.text("INSERT INTO of_a_ledger VALUES (1)"))
        engine.dispose()


def test_a_sqlite_file_is_neither_made_nor_written(tmp_path: Path) -> None:
    path = tmp_path / "a ledger?#.db"
    engine = ledgers.read_only(sa.create_engine(sa.engine.URL.create("sqlite", database=str(path))))

    with pytest.raises(sa.exc.OperationalError), engine.connect():
        pass
    assert not path.exists()
    path.touch()
    with pytest.raises(sa.exc.OperationalError, match="readonly"), engine.connect() as connection:
        connection.execute(sa.text("CREATE TABLE made_by_a_page (a INTEGER)"))


@pytest.fixture
def silent() -> Iterator[int]:
    """A database that takes connections and says nothing."""
    with socket.create_server(("127.0.0.1", 0), backlog=200) as server:
        yield server.getsockname()[1]


def test_many_ledgers_that_hang_hold_few_threads_and_one_page_no_longer(
    silent: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(ledgers, "PATIENCE", 0.5)
    ledgers.readers.cache_clear()
    before = set(threading.enumerate())
    names = [f"silent_{n}" for n in range(150)]
    for name in names:
        monkeypatch.setenv(f"AIRFLOW_CONN_{name.upper()}", f"postgresql://user@127.0.0.1:{silent}/x")

    found = ledgers.read_ledgers({name: {"t"} for name in names})

    begun = set(threading.enumerate()) - before
    waiting = [each for each in begun if each.name.startswith("smspartner-ledger")]
    assert len(waiting) <= ledgers.MOST_THREADS
    assert all("has not answered" in str(each.fault) for each in found.values())

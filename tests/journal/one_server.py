"""One database server for all the processes of a test run, with databases of its own for each of them.

Whoever uses it holds a shared lock on a file, which the operating system takes from a process that crashes:
who can have the lock alone is the last one, and ends the server.
"""

from __future__ import annotations

import fcntl
import itertools
import json
import os
import shutil
import tempfile
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager
from pathlib import Path
from typing import TextIO

import sqlalchemy as sa
from sqlalchemy.engine import make_url
from sqlalchemy.pool import NullPool

from tests.journal import mariadb, postgres
from tests.journal.running import Server

KINDS: dict[str, Callable[[Path], Server]] = {"postgresql": postgres.start, "mariadb": mariadb.start}
WORKER = os.environ.get("PYTEST_XDIST_WORKER")
NUMBERS = itertools.count()
"""Of this process's databases: fixtures of several folders ask for one, and none may empty another's."""


@contextmanager
def database_of(kind: str, folder: Path) -> Iterator[str]:
    """Yield the URL of a new database of this process; ``folder`` is the one of its temporary files."""
    with one_server(kind, folder.parent if WORKER else folder) as server:
        name = f"of_{WORKER or 'all'}_{next(NUMBERS)}"
        engine = sa.create_engine(server.url, poolclass=NullPool, isolation_level="AUTOCOMMIT")
        with engine.connect() as connection:
            connection.execute(sa.text(f"DROP DATABASE IF EXISTS {name}"))  # of a process that was killed
            connection.execute(sa.text(f"CREATE DATABASE {name}"))
        yield make_url(server.url).set(database=name).render_as_string()


@contextmanager
def one_server(kind: str, place: Path) -> Iterator[Server]:
    """Yield the server of a kind that all share who name the same place; the first one starts it."""
    known = place / f"{kind}.json"
    with (place / f"{kind}.turn").open("w") as turn, (place / f"{kind}.users").open("w") as users:
        with locked(turn):
            if not known.exists():
                known.write_text(json.dumps(started(kind)))
            server = Server(*json.loads(known.read_text()))
            fcntl.flock(users, fcntl.LOCK_SH)
        try:
            yield server
        finally:
            with locked(turn):
                if is_last(users):
                    known.unlink()
                    server.end()
                fcntl.flock(users, fcntl.LOCK_UN)


def started(kind: str) -> Server:
    """Start a server whose folder goes when it does, or does not come up."""
    with ExitStack() as unless_it_runs:
        home = Path(tempfile.mkdtemp(prefix=f"{kind}-"))
        unless_it_runs.callback(shutil.rmtree, home, ignore_errors=True)
        server = KINDS[kind](home)
        unless_it_runs.pop_all()
    return server


@contextmanager
def locked(file: TextIO) -> Iterator[None]:
    fcntl.flock(file, fcntl.LOCK_EX)
    try:
        yield
    finally:
        fcntl.flock(file, fcntl.LOCK_UN)


def is_last(users: TextIO) -> bool:
    try:
        fcntl.flock(users, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        return False
    return True

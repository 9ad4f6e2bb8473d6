"""What the proof of the inbox kills: receivers, readers and a database, each a process of its own."""

from __future__ import annotations

import json
import logging
import os
import random
import socket
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import timedelta
from pathlib import Path

import psutil
import sqlalchemy as sa
from sqlalchemy.pool import NullPool

from airflow_provider_smspartner.exceptions import SMSPartnerError
from airflow_provider_smspartner.inbox import KINDS, __main__, consumers, unread
from airflow_provider_smspartner.inbox.messages import TABLES, inbox_in
from airflow_provider_smspartner.journal.schema import BATCHES, CAMPAIGNS, PEOPLE
from tests.journal import postgres

CONSUMER = "proof"
KEY = "simulator-key"
LEASE, RENEW_EVERY = timedelta(seconds=0.5), timedelta(seconds=0.1)
"""Of the readers here: nobody waits five minutes for one that was killed."""
OPTIONS = [*postgres.SMALL, "-c", "fsync=off"]
"""Processes die here, machines do not: what the system was given to write is safe."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Place:
    """Where the processes of one run are, in values that another process can take."""

    folder: Path
    database: str
    """The folder of the server's socket."""
    port: int
    spooled: bool

    @property
    def connections(self) -> dict[str, str]:
        """The Airflow connections, as environment variables."""
        ledger = {"conn_type": "postgres", "host": self.database, "login": "postgres", "schema": "postgres"}
        known = {"SMSPARTNER": {"conn_type": "smspartner", "password": KEY}, "LEDGER": ledger}
        return {f"AIRFLOW_CONN_{name}_DEFAULT": json.dumps(form) for name, form in known.items()}

    @property
    def notes(self) -> Path:
        """Where readers write down what they read."""
        return self.folder / "read.jsonl"

    @property
    def noted(self) -> int:
        """How much they have written down."""
        return self.notes.stat().st_size if self.notes.exists() else 0

    @property
    def spool(self) -> Path:
        """Where the receiver keeps posts while the database is away."""
        return self.folder / "spool"


def receive(place: Place) -> None:
    """Be a receiver."""
    begin(place, "receiver.log")
    given = ["--ledger-conn-id", "ledger_default", "--smspartner-conn-id", "smspartner_default"]
    given += ["--port", str(place.port), *(["--spool", str(place.spool)] if place.spooled else [])]
    os._exit(__main__.main(given))


def read(place: Place, name: str) -> None:
    """Be a reader that takes a moment for each message, and writes down which it had and what it finished."""
    begin(place, "reader.log")
    consumers.LEASE, consumers.RENEW_EVERY = LEASE, RENEW_EVERY  # type: ignore[misc]
    dice = random.Random(name)  # noqa: S311
    with place.notes.open("a", buffering=1) as notes:
        for block in range(1_000_000):
            taken: list[int] = []
            try:
                with unread(consumer=CONSUMER, ledger_conn_id="ledger_default", kinds=KINDS) as messages:
                    for message in messages:
                        taken.append(message.id)
                        notes.write(json.dumps({"block": f"{name}-{block}", "id": message.id}) + "\n")
                        time.sleep(dice.uniform(0, 0.05))
                    if taken:
                        notes.write(json.dumps({"block": f"{name}-{block}", "state": "ended"}) + "\n")
            except SMSPartnerError as error:  # another one reads, or the database is away
                print(f"{name}-{block}: {error}", flush=True)
            else:
                if taken:
                    notes.write(json.dumps({"block": f"{name}-{block}", "state": "done"}) + "\n")
            time.sleep(0.05)


def begin(place: Place, log: str) -> None:
    """Write into a log, and know the connections."""
    logging.disable()
    with (place.folder / log).open("a") as output:
        os.dup2(output.fileno(), 1)
        os.dup2(output.fileno(), 2)
    os.environ |= place.connections


def listens(port: int) -> bool:
    """Tell whether a receiver is there."""
    with socket.socket() as there:
        return there.connect_ex(("127.0.0.1", port)) == 0


class Database:
    """A PostgreSQL with an inbox, which may be killed with all of its processes."""

    def __init__(self, home: Path) -> None:
        self.server = postgres.start(home, OPTIONS)
        self.engine = sa.create_engine(self.server.url, poolclass=NullPool, hide_parameters=True)
        inbox_in(self.engine)

    @property
    def folder(self) -> str:
        """Where its socket is."""
        return str(Path(self.server.home) / "data")

    def empty(self) -> None:
        """Forget what runs before have left."""
        with self.engine.begin() as connection:
            for table in (*TABLES, PEOPLE, BATCHES, CAMPAIGNS):
                connection.execute(sa.delete(table))

    def kill(self) -> None:
        """Kill it."""
        server = psutil.Process(self.server.pid)
        processes = [server, *server.children()]
        for process in processes:
            kill_if_alive(process)
        psutil.wait_procs(processes, timeout=30)

    def restart(self) -> None:
        """Start it again; it recovers what it had committed."""
        self.server = postgres.launch(Path(self.server.home), OPTIONS)


def kill_if_alive(process: psutil.Process) -> None:
    """Kill a process, which may be over already."""
    try:
        process.kill()
    except psutil.NoSuchProcess:
        return


@contextmanager
def database() -> Iterator[Database]:
    """Run a database, and end it however often it was killed."""
    with tempfile.TemporaryDirectory(prefix="inbox-", ignore_cleanup_errors=True) as home:
        there = Database(Path(home))
        try:
            yield there
        finally:
            there.server.end()

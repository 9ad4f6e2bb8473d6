"""The receiver over real HTTP: as a thread of the tests, or as a process that can be killed."""

from __future__ import annotations

import json
import logging
import os
import signal
import threading
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager, suppress
from multiprocessing.process import BaseProcess
from pathlib import Path
from typing import Any

import pytest
import requests
import sqlalchemy as sa
import uvicorn

from airflow_provider_smspartner.inbox import __main__ as command
from airflow_provider_smspartner.journal.inbox import INBOX
from airflow_provider_smspartner.rules.callbacks import path_secret
from faults import fork_server
from scripts.local_airflow import held_port

KEY = "simulator-key"
SECRET = path_secret(KEY, "smspartner_default")
REPLY = {"type": "response", "phone_number": "+33611000001", "text": "my words", "message_id": 5120}


class Inbox:
    """A receiver's address, its database and its spool."""

    def __init__(self, folder: Path, port: int, *, spool: bool = False) -> None:
        self.folder = folder
        self.database = folder / "database" / "inbox.db"
        self.database.parent.mkdir(exist_ok=True)
        self.spool = folder / "spool" if spool else None
        self.port = port
        self.log = folder / "log"

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.port}"

    @property
    def connections(self) -> dict[str, str]:
        """The Airflow connections, as environment variables."""
        forms = {
            "SMSPARTNER": {"conn_type": "smspartner", "password": KEY},
            "LEDGER": {"conn_type": "sqlite", "host": str(self.database)},
        }
        return {f"AIRFLOW_CONN_{name}_DEFAULT": json.dumps(form) for name, form in forms.items()}

    @property
    def arguments(self) -> list[str]:
        """What the command is given."""
        given = ["--ledger-conn-id", "ledger_default", "--smspartner-conn-id", "smspartner_default"]
        return [*given, "--port", str(self.port), *(["--spool", str(self.spool)] if self.spool else [])]

    def get(self, path: str) -> int | None:
        with suppress(requests.ConnectionError):
            return requests.get(self.url + path, timeout=10).status_code
        return None

    def post(self, body: Any = REPLY, *, path: str = f"/{SECRET}/reply", **options: Any) -> int:
        data = body if isinstance(body, bytes) else json.dumps(body).encode()
        return requests.post(self.url + path, data=data, timeout=60, **options).status_code

    def lose_database(self) -> None:
        self.database.parent.rename(self.folder / "away")

    def bring_database_back(self) -> None:
        (self.folder / "away").rename(self.database.parent)

    def texts(self) -> list[str]:
        engine = sa.create_engine(f"sqlite:///{self.database}", connect_args={"timeout": 30})
        try:
            with engine.connect() as connection:
                return list(connection.scalars(sa.select(INBOX.c.text).order_by(INBOX.c.position)))
        finally:
            engine.dispose()


def wait_until(condition: Callable[[], object], seconds: float = 60) -> None:
    until = time.monotonic() + seconds
    while not condition():
        assert time.monotonic() < until
        time.sleep(0.02)


# ---- as a thread -----------------------------------------------------------------------------------


@contextmanager
def serving(config: uvicorn.Config) -> Iterator[None]:
    """Run a server in a thread."""
    server = uvicorn.Server(config)
    thread = threading.Thread(target=server.run)
    thread.start()
    try:
        while not server.started:
            assert thread.is_alive()
            time.sleep(0.01)
        yield
    finally:
        server.should_exit = True
        thread.join()


@contextmanager
def logging_into(path: Path) -> Iterator[None]:
    """Write into a file what the command would write."""
    root, handler = logging.getLogger(), logging.FileHandler(path)
    level = root.level
    root.addHandler(handler)
    root.setLevel(logging.INFO)
    try:
        yield
    finally:
        root.setLevel(level)
        root.removeHandler(handler)
        handler.close()


@contextmanager
def receiving(folder: Path) -> Iterator[Inbox]:
    """Serve an inbox as the command does, in a thread."""
    with held_port() as port, pytest.MonkeyPatch.context() as patch:
        inbox = Inbox(folder, port)
        for name, form in inbox.connections.items():
            patch.setenv(name, form)
        asked = command.parser().parse_args(inbox.arguments)
        with (
            logging_into(inbox.log),
            serving(uvicorn.Config(command.app_of(asked), **command.how_to_serve(asked))),
        ):
            yield inbox


# ---- as a process ----------------------------------------------------------------------------------


def run_command(connections: Mapping[str, str], arguments: Sequence[str], log: Path) -> None:
    """Be the command."""
    with log.open("a") as output:
        os.dup2(output.fileno(), 1)
        os.dup2(output.fileno(), 2)
    os.environ |= connections
    os._exit(command.main(arguments))


class Process(Inbox):
    """A receiver that can be killed and started again."""

    process: BaseProcess | None = None

    def start(self) -> None:
        self.process = fork_server.start(run_command, self.connections, self.arguments, self.log)
        wait_until(lambda: self.get("/health/live") == 200)

    def send(self, number: signal.Signals) -> int | None:
        """Send a signal, and return the exit code."""
        assert self.process is not None
        assert self.process.pid is not None
        os.kill(self.process.pid, number)
        self.process.join(60)
        return self.process.exitcode


@contextmanager
def running(folder: Path, *, spool: bool = False) -> Iterator[Process]:
    with held_port() as port:
        process = Process(folder, port, spool=spool)
        try:
            process.start()
            yield process
        finally:
            if process.process and process.process.is_alive():
                process.send(signal.SIGKILL)

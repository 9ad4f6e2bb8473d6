"""The receiver against the shortest application that writes a row for each post: PostgreSQL, in one run.

The database's commits are durable here, unlike those of the tests.
"""

from __future__ import annotations

import json
import os
import socket
import subprocess
import sys
import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path

import psycopg
import sqlalchemy as sa
from sqlalchemy.engine import make_url

from airflow_provider_smspartner.inbox.messages import inbox_in
from airflow_provider_smspartner.journal.inbox import INBOX
from airflow_provider_smspartner.rules.callbacks import path_secret
from benchmarks.posts import MESSAGE_ID, PEOPLE, Flood, flood, person_of
from benchmarks.table import Figure, Sizes, median, spell
from scripts.local_airflow import held_port
from tests.databases import write_sends
from tests.inbox.conftest import sent
from tests.journal.postgres import SMALL, postgres

COMMAND = "python -m benchmarks inbox"
KEY = "simulator-key"
MOST_POSTS, WARM = 30_000, 2_000
LEAST_RATE, LONGEST_P99, MOST_GROWTH = 1_000, 0.2, 8.0


def figures(sizes: Sizes) -> Iterator[Figure]:
    """Measure both, in turn."""
    posts = min(MOST_POSTS, sizes.recipients)
    ours, theirs = [], []
    with campaign() as location, receiver(location) as (url, pid), shortest(location) as other:
        flood(url, WARM), flood(other, WARM)
        before = memory(pid)
        for turn in range(sizes.rounds):
            theirs.append(flood(other, posts))
            ours.append(flood(url, posts, first=WARM + turn * posts))
        grown = memory(pid) - before
        check(location, WARM + posts * sizes.rounds)
    yield from told(ours, theirs, grown, posts * sizes.rounds)


def told(ours: Sequence[Flood], theirs: Sequence[Flood], grown: float, posts: int) -> Iterator[Figure]:
    """Write what was measured."""
    rate, other = median([each.rate for each in ours]), median([each.rate for each in theirs])
    wait, longer = median([each.p99 for each in ours]), median([each.p99 for each in theirs])
    yield Figure(
        what="posts a second that the inbox acknowledges, PostgreSQL",
        measured=spell(rate, "a second"),
        against=f"the shortest ASGI app that commits a row for each ({spell(other, 'a second')}; "
        f"ours {spell(rate / other, '×')})",
        target=f"≥ {LEAST_RATE:,} a second",
        met=rate >= LEAST_RATE,
        command=COMMAND,
    )
    yield Figure(
        what="99 of 100 posts to the inbox are answered within",
        measured=spell(wait * 1000, "ms"),
        against=f"the same app under the same flood ({spell(longer * 1000, 'ms')})",
        target=f"≤ {LONGEST_P99 * 1000:.0f} ms",
        met=wait <= LONGEST_P99,
        command=COMMAND,
    )
    yield Figure(
        what=f"memory of the receiver after {posts:,} posts",
        measured=spell(grown, "MB more"),
        against=f"after the first {WARM:,}",
        target=f"≤ {MOST_GROWTH:.0f} MB",
        met=grown <= MOST_GROWTH,
        command=COMMAND,
    )


@contextmanager
def campaign() -> Iterator[str]:
    """Run a database with an inbox, and a ledger that has texted everybody, and yield its URL."""
    with postgres(SMALL) as location:
        engine = sa.create_engine(location)
        inbox_in(engine)
        people = [sent(person_of(number), message_id=MESSAGE_ID) for number in range(PEOPLE)]
        with engine.begin() as connection:
            write_sends(connection, people)
        engine.dispose()
        yield location


@contextmanager
def receiver(location: str) -> Iterator[tuple[str, int]]:
    """Run the receiver and yield the address of its replies, and its process id."""
    url = make_url(location)
    ledger = {
        "conn_type": "postgres",
        "host": url.query["host"],
        "login": url.username,
        "schema": url.database,
    }
    connections = {"SMSPARTNER": {"conn_type": "smspartner", "password": KEY}, "LEDGER": ledger}
    env = {f"AIRFLOW_CONN_{name}_DEFAULT": json.dumps(form) for name, form in connections.items()}
    module = "airflow_provider_smspartner.inbox"
    given = ["--ledger-conn-id", "ledger_default", "--smspartner-conn-id", "smspartner_default"]
    command = [sys.executable, "-m", module, *given, "--port"]
    with held_port() as port, running([*command, str(port)], port, env) as pid:
        yield f"http://127.0.0.1:{port}/{path_secret(KEY, 'smspartner_default')}/reply", pid


@contextmanager
def shortest(location: str) -> Iterator[str]:
    """Run the shortest application, with a table of its own, and yield its address."""
    url = make_url(location)
    target = f"host={url.query['host']} user={url.username} dbname={url.database}"
    with psycopg.connect(target) as connection:
        connection.execute("CREATE TABLE posts (id bigserial PRIMARY KEY, body bytea NOT NULL)")
    command = [sys.executable, "-m", "benchmarks.row_app"]
    with held_port() as port, running([*command, str(port), target], port, {}):
        yield f"http://127.0.0.1:{port}/reply"


@contextmanager
def running(command: Sequence[str], port: int, env: dict[str, str]) -> Iterator[int]:
    """Run a server and yield its process id when it listens."""
    with subprocess.Popen(command, env=os.environ | env, stderr=subprocess.DEVNULL) as server:
        try:
            wait_for(port, server)
            yield server.pid
        finally:
            server.terminate()


def wait_for(port: int, server: subprocess.Popen[bytes]) -> None:
    """Wait until a server listens."""
    until = time.monotonic() + 60
    while time.monotonic() < until:
        if server.poll() is not None:
            raise SystemExit(f"{server.args!r} has ended")
        with socket.socket() as there:
            if there.connect_ex(("127.0.0.1", port)) == 0:
                return
        time.sleep(0.05)
    raise SystemExit(f"{server.args!r} does not listen")


def memory(pid: int) -> float:
    """Return the megabytes that a process holds."""
    pages = int(Path(f"/proc/{pid}/statm").read_text().split()[1])
    return pages * os.sysconf("SC_PAGE_SIZE") / 2**20


def check(location: str, posts: int) -> None:
    """End when a post is missing: what was not kept must not count."""
    engine = sa.create_engine(location)
    with engine.connect() as connection:
        kept = connection.scalar(sa.select(sa.func.count()).select_from(INBOX))
    engine.dispose()
    if kept != posts:
        raise SystemExit(f"{kept} of {posts} posts were kept")

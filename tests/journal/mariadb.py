"""A MariaDB out of Debian's package ``mariadb-server-core``, in a folder of its own, over a socket only.

The package starts no service: what runs is this process's child, which ends with the block.
"""

from __future__ import annotations

import os
import shutil
import signal
import subprocess
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest
import sqlalchemy as sa
from sqlalchemy.pool import NullPool

PACKAGE = "mariadb-server-core"
PLACES = os.pathsep.join((os.environ.get("PATH", os.defpath), "/usr/sbin", "/usr/local/sbin"))
PATIENCE = 60.0
DATABASE = "shop"
COLLATION = ["--character-set-server=utf8mb4", "--collation-server=utf8mb4_general_ci"]
# Without system tables, which another package would write: nobody but us reaches the socket
BARE = ["--skip-grant-tables", "--skip-networking"]
QUICK = [
    "--innodb-flush-log-at-trx-commit=0",
    "--innodb-buffer-pool-size=32M",
    "--skip-log-bin",
    "--debug-no-sync",
]


@contextmanager
def mariadb() -> Iterator[str]:
    """Run a server with its default collation, which takes "a" for "A", and yield the URL of a database."""
    program = shutil.which("mariadbd", path=PLACES)
    if program is None:  # a test must not pass by being left out
        pytest.fail(f"mariadbd is missing, and with it every test of a MariaDB ledger: install {PACKAGE}")
    home = Path(tempfile.mkdtemp(prefix="maria-"))
    data, socket = home / "data", home / "socket"
    data.mkdir()
    try:
        places = [f"--datadir={data}", f"--socket={socket}", f"--pid-file={home}/pid"]
        as_root = ["--user=root"] if os.geteuid() == 0 else []
        command = [program, "--no-defaults", *places, *as_root, *BARE, *COLLATION, *QUICK]
        with (home / "log").open("wb") as log:
            server = subprocess.Popen(command, stdout=log, stderr=log, start_new_session=True)
        try:
            wait_for(server, socket, home / "log")
            yield url_of(socket)
        finally:
            os.killpg(server.pid, signal.SIGTERM)
            server.wait(PATIENCE)
    finally:
        shutil.rmtree(home, ignore_errors=True)


def url_of(socket: Path, database: str = DATABASE) -> str:
    return f"mysql+pymysql://root@localhost/{database}?unix_socket={socket}&charset=utf8mb4"


def wait_for(server: subprocess.Popen[bytes], socket: Path, log: Path) -> None:
    until = time.monotonic() + PATIENCE
    while not (socket.exists() and "ready for connections" in log.read_text()):
        assert server.poll() is None, log.read_text()
        assert time.monotonic() < until, log.read_text()
        time.sleep(0.02)
    engine = sa.create_engine(url_of(socket, ""), poolclass=NullPool)
    with engine.begin() as connection:
        connection.execute(sa.text(f"CREATE DATABASE {DATABASE}"))

"""A MariaDB out of Debian's package ``mariadb-server-core``, in a folder of its own, over a socket only.

The package starts no service: what runs is a child of the tests, which ends with them.
"""

from __future__ import annotations

import os
import signal
from pathlib import Path

import pytest

from scripts.system import find
from tests.journal import running
from tests.journal.running import Server

COLLATION = ["--character-set-server=utf8mb4", "--collation-server=utf8mb4_general_ci"]
# Without system tables, which another package would write: nobody but us reaches the socket
BARE = ["--skip-grant-tables", "--skip-networking"]
QUICK = [
    "--innodb-flush-log-at-trx-commit=0",
    "--innodb-buffer-pool-size=32M",
    "--skip-log-bin",
    "--debug-no-sync",
]


def start(home: Path) -> Server:
    """Run a server in a folder, with its default collation, which takes "a" for "A"."""
    program = find("mariadbd")
    if program is None:  # a test must not pass by being left out
        pytest.fail("mariadbd is missing, and with it every test of a MariaDB ledger: run `make system`")
    data, socket = home / "data", home / "socket"
    data.mkdir()
    places = [f"--datadir={data}", f"--socket={socket}", f"--pid-file={home}/pid"]
    as_root = ["--user=root"] if os.geteuid() == 0 else []
    command = [program, "--no-defaults", *places, *as_root, *BARE, *COLLATION, *QUICK]
    pid = running.start(command, home, lambda log: socket.exists() and "ready for connections" in log)
    # For a connection of TLS, each would first read every authority that the machine trusts: 50 ms
    url = f"mysql+pymysql://root@localhost/?unix_socket={socket}&charset=utf8mb4&ssl_disabled=true"
    return Server(url=url, pid=pid, signal=signal.SIGTERM, home=str(home))

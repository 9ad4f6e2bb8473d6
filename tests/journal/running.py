"""A database server that runs: what any process needs to know of it, in values that a file can hold."""

from __future__ import annotations

import os
import shutil
import subprocess
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any, NamedTuple

import psutil

PATIENCE = 60.0
STARTED: list[subprocess.Popen[bytes]] = []
"""Kept for those that another process ends: one that is let go of while it runs is complained of."""


class Server(NamedTuple):
    """Where it is, and how it ends."""

    url: str
    pid: int
    """Also the number of its process group."""
    signal: int
    """What ends it without waiting for those who are connected."""
    home: str
    """The folder that goes with it."""

    def end(self) -> None:
        """End it, whoever has started it."""
        os.killpg(self.pid, self.signal)
        until = time.monotonic() + PATIENCE
        while not is_over(self.pid):
            assert time.monotonic() < until, f"{self.url} does not end"
            time.sleep(0.02)
        shutil.rmtree(self.home, ignore_errors=True)


def is_over(pid: int) -> bool:
    """Tell whether a process has ended, also while its parent has not asked yet."""
    try:
        return psutil.Process(pid).status() == psutil.STATUS_ZOMBIE
    except psutil.NoSuchProcess:
        return True


def start(command: list[str], home: Path, is_ready: Callable[[str], bool], **options: Any) -> int:
    """Run a server in a process group of its own until its log says that it is ready; return its number."""
    path = home / "log"
    with path.open("wb") as log:
        server = subprocess.Popen(command, stdout=log, stderr=log, start_new_session=True, **options)
    STARTED.append(server)
    until = time.monotonic() + PATIENCE
    while not is_ready(path.read_text()):
        assert server.poll() is None, path.read_text()
        assert time.monotonic() < until, path.read_text()
        time.sleep(0.02)
    return server.pid

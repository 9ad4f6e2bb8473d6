"""The process that has loaded Airflow, and whatever else takes seconds: what is killed is forked from it."""

from __future__ import annotations

import multiprocessing
import time
from collections.abc import Callable
from multiprocessing.process import BaseProcess
from typing import Any, Final

LOADED: Final = ["faults.kills", "faults.inbox_preload"]
"""One list for everybody: a process has one such server, which loads what it was told first."""


def start(target: Callable[..., object], *arguments: Any) -> BaseProcess:
    """Start a process that has loaded all of it."""
    multiprocessing.set_forkserver_preload(LOADED)
    process = multiprocessing.get_context("forkserver").Process(target=target, args=arguments)
    process.start()
    return process


def warm() -> None:
    """Load it all now, and not within the time of the first one."""
    start(time.sleep, 0).join()

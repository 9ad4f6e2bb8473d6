"""Commands in sessions of their own, so that a command ends together with all that it started.

Airflow puts each task in a process group of its own, which the end of the group above does not reach; a
session holds them all.
"""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import time
from collections.abc import Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager, suppress
from pathlib import Path
from types import FrameType

import psutil

Process = subprocess.Popen[bytes]


def start(command: Sequence[str], *, env: Mapping[str, str], cwd: Path, log: Path) -> Process:
    """Start a command in a new session; what it prints is added to the log file."""
    with log.open("ab") as output:
        return subprocess.Popen(
            command,
            env=env,
            cwd=cwd,
            stdin=subprocess.DEVNULL,
            stdout=output,
            stderr=subprocess.STDOUT,
            start_new_session=True,
        )


def run(
    command: Sequence[str],
    *,
    env: Mapping[str, str],
    cwd: Path,
    log: Path,
    timeout: float = 300,
    patience: float = 5,
) -> int:
    """Run a command to its end and return its exit status; nothing of it is left, however this ends.

    Raises `subprocess.TimeoutExpired` after `timeout` seconds. What the command left running has `patience`
    seconds to stop.
    """
    process = start(command, env=env, cwd=cwd, log=log)
    try:
        return process.wait(timeout)
    finally:
        end([process], patience=patience)


def end(processes: Iterable[Process], *, patience: float = 5) -> None:
    """Ask all in the sessions of these processes to stop, and kill the rest after `patience` seconds.

    An exception in between, such as a second Ctrl-C, ends the patience.
    """
    leaders = list(processes)
    sessions = {leader.pid for leader in leaders}
    try:
        _send(signal.SIGTERM, sessions)
        deadline = time.monotonic() + patience
        while members(sessions) and time.monotonic() < deadline:
            time.sleep(0.1)
    finally:
        kill(leaders)


def kill(processes: Iterable[Process]) -> None:
    """End all in the sessions of these processes with SIGKILL, as the loss of their machine would."""
    leaders = list(processes)
    sessions = {leader.pid for leader in leaders}
    while members(sessions):
        _send(signal.SIGKILL, sessions)
        time.sleep(0.1)
    for leader in leaders:
        leader.wait()


def _send(number: signal.Signals, sessions: Iterable[int]) -> None:
    for process in members(sessions):
        with suppress(psutil.NoSuchProcess):
            process.send_signal(number)


def members(sessions: Iterable[int]) -> list[psutil.Process]:
    """Return the living processes of these sessions, in whatever process group they are."""
    wanted = frozenset(sessions)
    return [process for process in psutil.process_iter() if _lives_in(process, wanted)]


def _lives_in(process: psutil.Process, sessions: frozenset[int]) -> bool:
    try:
        return os.getsid(process.pid) in sessions and process.status() != psutil.STATUS_ZOMBIE
    except (ProcessLookupError, PermissionError, psutil.Error):
        return False


@contextmanager
def stopped_by_signals() -> Iterator[None]:
    """Turn SIGTERM and SIGHUP into an exit of this process that runs every `finally` on its way.

    SIGINT raises `KeyboardInterrupt` even in a process that was started to ignore it, as in the background of
    a script.
    """

    def leave(signum: int, frame: FrameType | None) -> None:
        sys.exit(128 + signum)

    before = {number: signal.signal(number, leave) for number in (signal.SIGTERM, signal.SIGHUP)}
    before[signal.SIGINT] = signal.signal(signal.SIGINT, signal.default_int_handler)
    try:
        yield
    finally:
        for number, handler in before.items():
            signal.signal(number, handler)

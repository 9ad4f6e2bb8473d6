"""The commands that tests, demonstration and user interface start end with all that they started."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import time
from collections.abc import Callable
from pathlib import Path

import pytest

from scripts import sessions

pytestmark = pytest.mark.airflow

FAMILY = """
import os, signal, sys, time
from pathlib import Path

if os.fork() == 0:
    os.setpgid(0, 0)
    signal.signal(signal.SIGTERM, signal.SIG_IGN)
    Path(sys.argv[1]).touch()
{ending}
"""


def _family(path: Path, ending: str) -> list[str]:
    """A command with a child in another process group, deaf to SIGTERM: so are the tasks of Airflow."""
    return [sys.executable, "-c", FAMILY.format(ending=ending), str(path)]


def _until(condition: Callable[[], bool]) -> None:
    while not condition():
        time.sleep(0.05)


def test_nothing_of_a_session_outlives_its_end(tmp_path: Path) -> None:
    command = _family(tmp_path / "ready", "time.sleep(600)")
    leader = sessions.start(command, env=os.environ, cwd=tmp_path, log=tmp_path / "log")
    _until((tmp_path / "ready").exists)
    assert len(sessions.members([leader.pid])) == 2

    sessions.end([leader], patience=0.5)

    assert sessions.members([leader.pid]) == []
    assert leader.returncode == -signal.SIGTERM


def test_a_child_that_outlives_its_command_is_ended_with_it(tmp_path: Path) -> None:
    ending = "    time.sleep(600)\ntime.sleep(0.5)\nprint(os.getpid())\nsys.exit(3)"
    log = tmp_path / "log"

    command = _family(tmp_path / "ready", ending)

    assert sessions.run(command, env=os.environ, cwd=tmp_path, log=log, patience=0.5) == 3

    assert sessions.members([int(log.read_text())]) == []


def test_a_command_that_takes_too_long_is_ended(tmp_path: Path) -> None:
    command = [sys.executable, "-c", "import os, time; print(os.getpid(), flush=True); time.sleep(600)"]

    with pytest.raises(subprocess.TimeoutExpired):
        sessions.run(command, env=os.environ, cwd=tmp_path, log=tmp_path / "log", timeout=1)

    assert sessions.members([int((tmp_path / "log").read_text())]) == []


def test_a_termination_signal_runs_what_comes_last() -> None:
    with sessions.stopped_by_signals(), pytest.raises(SystemExit, match="143"):
        signal.raise_signal(signal.SIGTERM)

    assert signal.getsignal(signal.SIGTERM) is signal.SIG_DFL

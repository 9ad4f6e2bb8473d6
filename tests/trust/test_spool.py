"""What a personal text needs of a row lies in a file without a name, which dies with its process."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from airflow_provider_smspartner.simulator import Simulator
from tests.conftest import Connect

pytestmark = [
    pytest.mark.airflow,
    pytest.mark.skipif(sys.platform != "linux", reason="/proc tells which files a process has open"),
]
ROOT = Path(__file__).parents[2]


@contextmanager
def sending(moment: str, spool: Path) -> Iterator[subprocess.Popen[str]]:
    """Start a send whose temporary files go into a folder."""
    command = [sys.executable, "-m", "tests.trust.interrupted_send", moment]
    environment = os.environ | {"TMPDIR": str(spool)}
    with subprocess.Popen(command, cwd=ROOT, env=environment, stdout=subprocess.PIPE, text=True) as process:
        try:
            yield process
        finally:
            process.kill()


@pytest.mark.parametrize("moment", ["reading", "sending"])
def test_a_process_that_is_killed_leaves_no_file(
    moment: str, simulator: Simulator, connect: Connect, tmp_path: Path
) -> None:
    connect(simulator.url, timeout=200)
    simulator.faults.add("/bulk-send", "hang_before", times=None)
    with sending(moment, tmp_path) as process:
        if moment == "reading":
            assert process.stdout
            while process.stdout.readline() != "reading\n":
                assert process.poll() is None
        else:
            wait_for_request(simulator, process)
        assert open_files_in(tmp_path, process.pid)
        assert list(tmp_path.iterdir()) == []

        process.send_signal(signal.SIGKILL)
        assert process.wait() == -signal.SIGKILL

    assert list(tmp_path.iterdir()) == []


def wait_for_request(simulator: Simulator, process: subprocess.Popen[str]) -> None:
    deadline = time.monotonic() + 120
    while not simulator.requests_per_endpoint()["/bulk-send"]:
        assert process.poll() is None
        assert time.monotonic() < deadline, "waited two minutes for a request"
        time.sleep(0.1)


def open_files_in(folder: Path, pid: int) -> list[str]:
    """Return the files of a folder that a process has open, those without a name included."""
    links = [os.readlink(link) for link in Path(f"/proc/{pid}/fd").iterdir()]
    return [link for link in links if link.startswith(f"{folder}/")]

"""The command: it prints its address, answers there, and ends on a signal."""

from __future__ import annotations

import signal
import subprocess
import sys

import pytest
import requests

pytestmark = pytest.mark.airflow

COMMAND = [sys.executable, "-m", "airflow_provider_smspartner.simulator"]


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGINT])
def test_runs_until_a_signal(number: signal.Signals) -> None:
    options = ["--port", "0", "--api-key", "k", "--balance", "7.5"]
    with subprocess.Popen([*COMMAND, *options], stdout=subprocess.PIPE, text=True) as process:
        try:
            assert process.stdout is not None
            url = process.stdout.readline().split()[3]
            answer = requests.get(url + "/me", params={"apiKey": "k"}, timeout=60).json()
            assert answer["credits"]["balance"] == "7.500"
            assert "AIRFLOW_CONN_SMSPARTNER_DEFAULT" in process.stdout.readline()
            process.send_signal(number)
            assert process.wait(timeout=20) == 0
        finally:
            process.kill()


def test_help() -> None:
    shown = subprocess.run([*COMMAND, "--help"], capture_output=True, text=True, check=True).stdout
    assert "--port" in shown

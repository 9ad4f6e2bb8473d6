"""An Airflow of its own for the tests, untouched by the one of whoever runs them."""

from __future__ import annotations

import atexit
import json
import os
import shutil
import tempfile
from collections.abc import Iterator
from typing import TYPE_CHECKING, Any, Protocol

import pytest

if TYPE_CHECKING:
    from airflow_provider_smspartner.simulator import Simulator

OUTSIDE = ("AIRFLOW_CONN_", "AIRFLOW_VAR_", "AIRFLOW__")
NETWORK = {
    *("HTTP_PROXY", "HTTPS_PROXY", "ALL_PROXY", "NO_PROXY"),
    *("REQUESTS_CA_BUNDLE", "CURL_CA_BUNDLE", "SSL_CERT_FILE", "SSL_CERT_DIR"),
}


def stay_at_home() -> None:
    """Give Airflow a folder that goes with this process, and forget the settings of the outside."""
    for name in list(os.environ):
        if name.startswith(OUTSIDE) or name.upper() in NETWORK:
            del os.environ[name]
    home = tempfile.mkdtemp(prefix="airflow-home-")
    atexit.register(shutil.rmtree, home, ignore_errors=True)
    os.environ["AIRFLOW_HOME"] = home
    os.environ["AIRFLOW__CORE__LOAD_EXAMPLES"] = "False"


stay_at_home()  # Airflow reads its environment when it is imported


class Connect(Protocol):
    """Defines ``smspartner_default`` for the rest of a test."""

    def __call__(self, url: str, *, key: str = ..., **extra: Any) -> None: ...


@pytest.fixture
def connect(monkeypatch: pytest.MonkeyPatch) -> Connect:
    """Define the connection in the environment; the pace is off unless a test asks for it."""

    def define(url: str, *, key: str = "simulator-key", **extra: Any) -> None:
        extra = {"requests_per_second": 0, **extra}
        form = {"conn_type": "smspartner", "host": url, "password": key, "extra": extra}
        monkeypatch.setenv("AIRFLOW_CONN_SMSPARTNER_DEFAULT", json.dumps(form))

    return define


@pytest.fixture(autouse=True)
def _own_pace(monkeypatch: pytest.MonkeyPatch) -> None:
    """Let no test wait for the requests of another one."""
    from airflow_provider_smspartner.hooks.pace import Pace

    monkeypatch.setattr(Pace, "_of_process", {})


@pytest.fixture
def simulator() -> Iterator[Simulator]:
    """Run an SMS Partner on this machine."""
    from airflow_provider_smspartner.simulator import Simulator

    with Simulator() as running:
        yield running

"""An Airflow of its own for the tests, untouched by the one of whoever runs them."""

from __future__ import annotations

import atexit
import gc
import json
import os
import shutil
import tempfile
from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING, Any, Protocol

import pytest

from tests.thorough import register_profiles

if TYPE_CHECKING:
    from xdist.remote import Producer
    from xdist.scheduler import LoadScopeScheduling

    from airflow_provider_smspartner.simulator import Simulator

OUTSIDE = ("AIRFLOW_CONN_", "AIRFLOW_VAR_", "AIRFLOW__")
NETWORK = {
    *("HTTP_PROXY", "HTTPS_PROXY", "ALL_PROXY", "NO_PROXY"),
    *("REQUESTS_CA_BUNDLE", "CURL_CA_BUNDLE", "SSL_CERT_FILE", "SSL_CERT_DIR"),
}


HANDED_DOWN = "SMSPARTNER_TESTS_FORGOTTEN"
FORGOTTEN: dict[str, str] = json.loads(os.environ.get(HANDED_DOWN, "{}"))
"""What the environment said of the network, for a test that has to install something."""


def stay_at_home() -> None:
    """Give Airflow a folder that goes with this process, and forget the settings of the outside."""
    for name in list(os.environ):
        if name.upper() in NETWORK:
            FORGOTTEN[name] = os.environ.pop(name)
        elif name.startswith(OUTSIDE):
            del os.environ[name]
    os.environ[HANDED_DOWN] = json.dumps(FORGOTTEN)  # to further processes of pytest-xdist
    home = tempfile.mkdtemp(prefix="airflow-home-")
    atexit.register(shutil.rmtree, home, ignore_errors=True)
    os.environ["AIRFLOW_HOME"] = home
    os.environ["AIRFLOW__CORE__LOAD_EXAMPLES"] = "False"


stay_at_home()  # Airflow reads its environment when it is imported
register_profiles()  # before Hypothesis looks for the one that its option names
gc.disable()  # until all is loaded that stays: to look through it again and again takes a quarter of the time


def pytest_configure(config: pytest.Config) -> None:
    """Let pass what an old Airflow warns of in its own code."""
    from tests.airflow_versions import OWN_WARNINGS

    for warning in OWN_WARNINGS:
        config.addinivalue_line("filterwarnings", warning)


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Begin with the files that are given the most time, so that nothing long is left for the end."""
    patience: dict[Path, float] = {}
    for item in items:
        if given := item.get_closest_marker("timeout"):
            patience[item.path] = max(given.args[0], patience.get(item.path, 0.0))
    items.sort(key=lambda item: -patience.get(item.path, 0.0))


@pytest.hookimpl(optionalhook=True)
def pytest_xdist_make_scheduler(config: pytest.Config, log: Producer) -> LoadScopeScheduling | None:
    """Have pytest-xdist keep together what shares an Airflow: a file, or all of the browser or the plugin."""
    if config.getvalue("dist") != "loadscope":
        return None
    from xdist.scheduler import LoadScopeScheduling

    class ByAirflow(LoadScopeScheduling):
        def _split_scope(self, nodeid: str) -> str:
            file = nodeid.split("::", 1)[0]
            folder = file.split("/")[1]
            return folder if folder in ("browser", "plugins") else file

    config.option.loadscopereorder = False  # the number of tests in a file tells nothing
    return ByAirflow(config, log)


def pytest_collection_finish() -> None:
    """Collect garbage from now on, but not among what Airflow and the tests are made of."""
    from airflow_provider_smspartner.audience.heap import IS_INNER

    gc.collect()
    gc.freeze()
    gc.enable()
    IS_INNER.set(True)  # no send needs to find out, which takes longer than the rest of a small one


class Connect(Protocol):
    """Defines ``smspartner_default`` for the rest of a test."""

    def __call__(self, url: str, *, key: str = ..., **extra: Any) -> None: ...


@pytest.fixture
def connect(monkeypatch: pytest.MonkeyPatch) -> Connect:
    """Define the connection in the environment; the pace is off unless a test asks for it."""

    def define(
        url: str, *, key: str = "simulator-key", conn_id: str = "smspartner_default", **extra: Any
    ) -> None:
        extra = {"requests_per_second": 0, **extra}
        form = {"conn_type": "smspartner", "host": url, "password": key, "extra": extra}
        monkeypatch.setenv(f"AIRFLOW_CONN_{conn_id.upper()}", json.dumps(form))

    return define


@pytest.fixture(autouse=True)
def _looks_in_a_row(monkeypatch: pytest.MonkeyPatch) -> None:
    """Look twice at once where a refusal has to be confirmed: the simulator lags only when told to."""
    from airflow_provider_smspartner.sending import evidence

    monkeypatch.setattr(evidence, "LOOKS_APART", 0.01)


@pytest.fixture(autouse=True)
def _own_pace(monkeypatch: pytest.MonkeyPatch) -> None:
    """Let no test wait for the requests of another one."""
    from airflow_provider_smspartner.hooks.pace import Pace

    monkeypatch.setattr(Pace, "_of_process", {})


@pytest.fixture(scope="session")
def postgres_url(tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    """A database of this process in the PostgreSQL of all."""
    from tests.journal.one_server import database_of

    with database_of("postgresql", tmp_path_factory.getbasetemp()) as url:
        yield url


@pytest.fixture(scope="session")
def mariadb_url(tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    """A database of this process in the MariaDB of all."""
    from tests.journal.one_server import database_of

    with database_of("mariadb", tmp_path_factory.getbasetemp()) as url:
        yield url


@pytest.fixture
def simulator() -> Iterator[Simulator]:
    """Run an SMS Partner on this machine."""
    from airflow_provider_smspartner.simulator import Simulator

    with Simulator() as running:
        yield running


@pytest.fixture
def sim(simulator: Simulator, connect: Connect) -> Simulator:
    """The platform behind ``smspartner_default``."""
    connect(simulator.url)
    return simulator

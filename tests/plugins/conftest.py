"""Airflow's own database, migrated, and the app of the plugin with Airflow's own rights before it."""

from __future__ import annotations

import os
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest

from scripts.airflow_command import airflow

if TYPE_CHECKING:
    from fastapi import FastAPI
    from sqlalchemy.orm import Session
    from starlette.testclient import TestClient

    ClientOf = Callable[[str | None], TestClient]

SETTINGS = {
    "AIRFLOW__CORE__AUTH_MANAGER": "tests.plugins.rights.ClosedDags",
    "AIRFLOW__CORE__SIMPLE_AUTH_MANAGER_USERS": "ann:admin,vic:viewer",
    "AIRFLOW__API_AUTH__JWT_SECRET": "not a secret, and long enough for the hash that signs tokens with it",
}


@pytest.fixture(scope="session")
def database() -> None:
    """Migrate the database of this test run's own Airflow."""
    home = Path(os.environ["AIRFLOW_HOME"])
    assert airflow("db", "migrate", env=dict(os.environ), log=home / "migrate.log") == 0


@pytest.fixture
def session(database: None) -> Iterator[Session]:
    """Open a session; what a test commits is seen by the app, and goes with the test."""
    from airflow.models.dagrun import DagRun
    from airflow.utils.session import create_session
    from sqlalchemy import delete

    with create_session(scoped=False) as session:
        yield session
        session.rollback()
        session.execute(delete(DagRun))  # what hangs on a run goes with it


@pytest.fixture(scope="session")
def app(database: None) -> Iterator[FastAPI]:
    """Mount the plugin's app as the API server does."""
    with pytest.MonkeyPatch.context() as patch:
        for name, value in SETTINGS.items():
            patch.setenv(name, value)

        from airflow.api_fastapi.app import init_auth_manager
        from fastapi import FastAPI

        from airflow_provider_smspartner.plugins.smspartner import SMSPartnerPlugin

        root = FastAPI(root_path="/af")
        for one in SMSPartnerPlugin.fastapi_apps:
            root.mount(one["url_prefix"], one["app"])
        init_auth_manager(root)
        yield root


@pytest.fixture
def client_of(app: FastAPI) -> ClientOf:
    """Return a client with the cookie of a user, or of nobody."""
    from airflow.api_fastapi.app import get_auth_manager
    from airflow.api_fastapi.auth.managers.simple.user import SimpleAuthManagerUser
    from starlette.testclient import TestClient

    def client(name: str | None) -> TestClient:
        cookies: dict[str, Any] = {}
        if name is not None:
            user = SimpleAuthManagerUser(username=name, role={"ann": "admin", "vic": "viewer"}[name])
            cookies["_token"] = get_auth_manager().generate_jwt(user)
        return TestClient(app, cookies=cookies)

    return client

"""A simulator and a plain HTTP client of it: these tests know nothing of this package's own client."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import replace
from typing import Any

import pytest
import requests

from airflow_provider_smspartner.simulator import Simulator

Call = Callable[..., requests.Response]

MIXED = "+33600000001,+32470123456"
"""A person of France and one of Belgium."""


def change(sim: Simulator, **settings: Any) -> None:
    """Have the platform do something otherwise."""
    sim.settings = replace(sim.settings, **settings)


@pytest.fixture
def sim() -> Iterator[Simulator]:
    with Simulator() as simulator:
        yield simulator


@pytest.fixture
def session() -> Iterator[requests.Session]:
    with requests.Session() as session:
        session.trust_env = False
        yield session


@pytest.fixture
def post(sim: Simulator, session: requests.Session) -> Call:
    """Post fields to an endpoint with the key; a send of one text to one person unless told otherwise."""

    def call(endpoint: str = "/send", **fields: Any) -> requests.Response:
        body = {"apiKey": sim.api_key, "phoneNumbers": "+33600000001", "message": "Hello"} | fields
        return session.post(sim.url + endpoint, json=body, timeout=60, allow_redirects=False)

    return call


@pytest.fixture
def get(sim: Simulator, session: requests.Session) -> Call:
    """Get an endpoint with the key."""

    def call(endpoint: str, **params: Any) -> requests.Response:
        return session.get(sim.url + endpoint, params={"apiKey": sim.api_key} | params, timeout=60)

    return call


@pytest.fixture
def control(sim: Simulator, session: requests.Session) -> Call:
    """Use a control endpoint: GET without fields, POST with them."""

    def call(path: str, fields: dict[str, Any] | None = None) -> requests.Response:
        url = sim.url.removesuffix("/v1") + "/simulator" + path
        return session.get(url, timeout=60) if fields is None else session.post(url, json=fields, timeout=60)

    return call

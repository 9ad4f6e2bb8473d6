"""The platform behind the live tests: the simulator in every run, the real one under ``make live`` alone."""

from __future__ import annotations

import os
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from typing import Any

import pytest

from airflow_provider_smspartner.api.wire import Answer
from airflow_provider_smspartner.hooks import transport
from airflow_provider_smspartner.hooks.connection import API_URL
from airflow_provider_smspartner.hooks.smspartner import SMSPartnerHook
from airflow_provider_smspartner.rules import phone
from airflow_provider_smspartner.simulator import Settings, Simulator
from tests.conftest import Connect
from tests.live import guard

LANDLINE = "+33199001234"
"""No mobile phone, and of the numbers that the French regulator keeps for films."""
OTHERWISE = Settings(
    sandbox_status="not_found",
    unknown_tag="empty",
    national_numbers=True,
    number_faults="items",
    constraint_codes=True,
    refusal_status={1: 401, 4: 404, 9: 200, 10: 401, 44: 422},
)
"""A platform that does otherwise wherever its documents are silent; the tests must hold on both."""
KEY, NUMBER = "SMSPARTNER_API_KEY", "SMSPARTNER_TEST_NUMBER"


def pytest_collection_modifyitems(config: pytest.Config, items: list[pytest.Item]) -> None:
    """Skip by name what talks to the real service, unless it was asked for alone, by ``-m live``."""
    if config.option.markexpr.strip() == "live":
        config.option.tbstyle, config.option.showlocals = "short", False  # the key is among the arguments
        return
    for item in items:
        if item.get_closest_marker("live"):
            item.add_marker(pytest.mark.skip(reason="live: talks to the real SMS Partner; see `make live`"))


@dataclass(frozen=True, slots=True, kw_only=True)
class Platform:
    """Who answers, and what is asked about."""

    name: str
    url: str
    key: str = field(repr=False)
    number: str = field(repr=False)
    """Who is named in sends, all of them to the sandbox."""
    patience: float
    """Seconds to look for something that may come late, or never."""
    simulator: Simulator | None = None

    def found(self, what: str, value: object) -> None:
        """Print what was found out, for ``docs`` and for the simulator's settings."""
        print(f"\n[{self.name}] {what}: {value}")


@pytest.fixture(params=["simulator", "simulator, otherwise", pytest.param("real", marks=pytest.mark.live)])
def platform(
    request: pytest.FixtureRequest, connect: Connect, monkeypatch: pytest.MonkeyPatch
) -> Iterator[Platform]:
    """Define ``smspartner_default`` as a sandbox connection, below which the guard stands."""
    if request.param == "real":
        yield opened(real(), connect, monkeypatch)
        return
    with Simulator(OTHERWISE if "otherwise" in request.param else Settings()) as running:
        name, key = request.param, running.api_key
        local = Platform(
            name=name, url=running.url, key=key, number="+33612345678", patience=0.3, simulator=running
        )
        yield opened(local, connect, monkeypatch)


def real() -> Platform:
    """Return the real service, by the environment; fails the test when that says nothing."""
    missing = [name for name in (KEY, NUMBER) if not os.environ.get(name)]
    if missing:
        pytest.fail(f"{' and '.join(missing)}: not in the environment; `make live` needs both", pytrace=False)
    number = phone.normalize(os.environ[NUMBER])
    return Platform(name="real", url=API_URL, key=os.environ[KEY], number=number, patience=120)


def opened(platform: Platform, connect: Connect, monkeypatch: pytest.MonkeyPatch) -> Platform:
    """Put the guard below everything, then define the connection."""
    guard.stand(monkeypatch, api_url=platform.url, numbers={platform.number, LANDLINE})
    pace = 2 if platform.simulator is None else 0
    connect(platform.url, key=platform.key, sandbox=True, requests_per_second=pace)
    return platform


@pytest.fixture
def hook(platform: Platform) -> SMSPartnerHook:
    """A hook on the sandbox connection."""
    return SMSPartnerHook()


@pytest.fixture
def statuses(monkeypatch: pytest.MonkeyPatch) -> list[int]:
    """The HTTP status of every answer so far: a refusal's is documented nowhere."""
    seen: list[int] = []
    answer: Callable[..., Answer] = transport.answer

    def noted(status: int, *rest: Any) -> Answer:
        seen.append(status)
        return answer(status, *rest)

    monkeypatch.setattr(transport, "answer", noted)
    return seen

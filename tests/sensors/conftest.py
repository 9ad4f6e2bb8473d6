"""Stories of deliveries, told by the simulator in virtual time."""

from __future__ import annotations

from collections.abc import Callable, Iterator

import pytest

from airflow_provider_smspartner.sensors import smspartner as sensors
from airflow_provider_smspartner.simulator import Simulator
from airflow_provider_smspartner.triggers import smspartner as triggers
from tests.conftest import Connect
from tests.sensors.story import MODES, Clock, Story

Logs = Callable[[], str]


@pytest.fixture
def clock(monkeypatch: pytest.MonkeyPatch) -> Clock:
    """A time for sensor, trigger and platform that moves on by what would have been slept."""
    clock = Clock()
    clock.patch(monkeypatch, sensors, triggers)
    return clock


@pytest.fixture
def sim(clock: Clock, connect: Connect) -> Iterator[Simulator]:
    """The platform behind ``smspartner_default``."""
    with Simulator(clock=clock) as running:
        connect(running.url)
        yield running


@pytest.fixture(params=list(MODES))
def story(sim: Simulator, clock: Clock, request: pytest.FixtureRequest) -> Story:
    """The same story is told in every mode, and ends the same."""
    return Story(sim, clock, request.param)


@pytest.fixture
def logs(caplog: pytest.LogCaptureFixture, capfd: pytest.CaptureFixture[str]) -> Logs:
    """Return all that was logged so far, wherever to."""
    caplog.set_level("DEBUG")
    return lambda: caplog.text + "".join(capfd.readouterr())

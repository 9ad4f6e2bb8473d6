"""A trigger that is cancelled, wherever it is: nothing of it stays in the triggerer."""

from __future__ import annotations

import asyncio
import gc
import socket
import threading
from collections.abc import Callable, Iterator
from datetime import UTC, datetime, timedelta
from typing import Any

import psutil
import pytest

from airflow_provider_smspartner.hooks.pace import Pace
from airflow_provider_smspartner.simulator import Simulator
from airflow_provider_smspartner.tracking.progress import Progress
from airflow_provider_smspartner.triggers.smspartner import DeliveryStatusTrigger
from tests.conftest import Connect

Reached = Callable[[], bool]


@pytest.fixture
def release() -> Iterator[threading.Event]:
    """What threads wait for that a test holds up; the end of the test lets them go."""
    event = threading.Event()
    yield event
    event.set()


def in_a_request(simulator: Simulator, **_: Any) -> Reached:
    simulator.faults.add("/bulk-status", "hang_before", times=None)
    return lambda: len(simulator.requests) == 4


def before_it_is_tried_again(simulator: Simulator, **_: Any) -> Reached:
    simulator.faults.add("/bulk-status", "rate_limit", retry_after=50, times=None)
    return lambda: len(simulator.requests) == 4


def in_an_answer(simulator: Simulator, monkeypatch: pytest.MonkeyPatch, release: threading.Event) -> Reached:
    taking, take = threading.Event(), Progress.take

    def slowly(*arguments: Any, **named: Any) -> None:
        taking.set()
        release.wait(10)
        take(*arguments, **named)

    monkeypatch.setattr(Progress, "take", slowly)
    return taking.is_set


def in_a_wait_for_dns(
    simulator: Simulator, monkeypatch: pytest.MonkeyPatch, release: threading.Event
) -> Reached:
    asking, resolve = threading.Event(), socket.getaddrinfo

    def slowly(*arguments: Any, **named: Any) -> Any:
        asking.set()
        release.wait(10)
        return resolve(*arguments, **named)

    monkeypatch.setattr(socket, "getaddrinfo", slowly)
    return asking.is_set


def before_its_turn(simulator: Simulator, **_: Any) -> Reached:
    pace = Pace.of("smspartner_default")
    pace.slow_down(50, pace.era)
    return lambda: next(pace.turn(0), 0.0) > 0


def between_polls(simulator: Simulator, **_: Any) -> Reached:
    return lambda: True


@pytest.mark.parametrize(
    "place",
    [in_a_request, before_it_is_tried_again, in_an_answer, in_a_wait_for_dns, before_its_turn, between_polls],
)
async def test_a_cancelled_trigger_leaves_no_task_and_no_connection(
    place: Callable[..., Reached],
    simulator: Simulator,
    connect: Connect,
    monkeypatch: pytest.MonkeyPatch,
    release: threading.Event,
) -> None:
    named = simulator.url.replace("127.0.0.1", "localhost")
    connect(named)
    reached = place(simulator, monkeypatch=monkeypatch, release=release)
    now = datetime.now(UTC)
    left = timedelta(hours=1) if place is between_polls else timedelta(0)
    trigger = DeliveryStatusTrigger(
        smspartner_conn_id="smspartner_default",
        counts={str(n): 1 for n in range(1, 10)},
        since=(now - timedelta(days=1)).isoformat(),
        deadline=(now + left).isoformat(),
        poke_interval=15.0,
    )
    others = asyncio.all_tasks()
    running = asyncio.create_task(fire(trigger))
    while not reached():
        assert not running.done()
        await asyncio.sleep(0.01)
    for _turn in range(3):
        await asyncio.sleep(0)

    running.cancel()
    with pytest.raises(asyncio.CancelledError):
        await running

    del running
    assert asyncio.all_tasks() == others
    gc.collect()  # what was not closed warns, and a warning fails the test
    for _turn in range(500):
        if simulator.port not in remote_ports():
            break
        await asyncio.sleep(0.01)
    else:
        pytest.fail("a connection is still open")
    release.set()  # the loop waits for its threads when it is closed


async def fire(trigger: DeliveryStatusTrigger) -> None:
    """Run a trigger as the triggerer does, and clean up after it."""
    try:
        async for _event in trigger.run():
            pytest.fail("it should not have come to an end")
    finally:
        await trigger.cleanup()


def remote_ports() -> set[int]:
    """Return the ports that this process is connected to."""
    connections = psutil.Process().net_connections("tcp")
    return {getattr(one.raddr, "port", 0) for one in connections if one.status == psutil.CONN_ESTABLISHED}

"""SIGTERM to a process that sends a scheduled campaign, as Airflow ends a task that somebody stops."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator
from decimal import Decimal
from pathlib import Path

import pytest

from airflow_provider_smspartner.simulator import Settings, Simulator
from airflow_provider_smspartner.simulator.messages import Message
from faults import fork_server
from faults.campaign import DURABLE
from faults.kills import AGAIN, DONE, LATENCY, Stopping, Task, run_operator

pytestmark = [pytest.mark.airflow, pytest.mark.timeout(180)]


@pytest.fixture(scope="module")
def slow() -> Iterator[Simulator]:
    """An SMS Partner that takes its time, so that a signal finds requests in flight."""
    fork_server.warm()
    with Simulator(Settings(balance=Decimal(10**9))) as running:
        for endpoint in ("/send", "/message-cancel"):
            running.faults.add(endpoint, "latency", seconds=LATENCY, times=None)
        yield running


def messages_of(task: Task, simulator: Simulator) -> list[Message]:
    """Return what the platform has taken on of a task."""
    ours = set(task.audience)
    with simulator.lock:
        return [each for each in simulator.platform.messages.values() if each.order.numbers[0] in ours]


def run_try(task: Task, number: int, *, terminate_when: Callable[[], object] | None = None) -> int | None:
    """Run a try in a process of its own, and return its exit code."""
    process = fork_server.start(run_operator, task, number)
    while terminate_when and process.is_alive():
        if terminate_when():
            process.terminate()
            break
        time.sleep(0.01)
    process.join(60)
    process.kill()
    return process.exitcode


@pytest.mark.parametrize("log", DURABLE)
def test_a_process_that_is_told_to_end_takes_back_what_it_has_scheduled(
    log: str, slow: Simulator, tmp_path: Path
) -> None:
    task = Task(log=log, seed=99, url=slow.url, folder=tmp_path, scheduled=True)

    assert run_try(task, 1, terminate_when=lambda: messages_of(task, slow)) == AGAIN

    first = messages_of(task, slow)
    assert first
    assert all(message.cancelled for message in first)
    assert run_try(task, 2) == DONE
    waiting = [
        number for each in messages_of(task, slow) if not each.cancelled for number in each.order.numbers
    ]
    assert sorted(waiting) == sorted(task.audience)


@pytest.mark.parametrize("log", DURABLE)
def test_a_process_that_is_told_to_end_and_killed_soon_after_doubles_and_loses_nobody(
    log: str, slow: Simulator, tmp_path: Path
) -> None:
    task = Task(log=log, seed=2, url=slow.url, folder=tmp_path, scheduled=True)

    result = Stopping(task, slow).run()

    counts = (result.twice, result.lost, result.miscounted, result.unfinished)
    assert counts == (0, 0, False, False), (tmp_path / "errors.log").read_text()

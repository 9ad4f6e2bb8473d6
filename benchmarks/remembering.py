"""What remembering costs: the same send with the task state log and with none, in turn, in one run.

Requests go to the simulator, in a process of its own, which takes 100 ms for each; a write to the store takes
5 ms. Prints the ratio of the medians, with each run.
"""

from __future__ import annotations

import argparse
import json
import os
import statistics
import subprocess
import sys
import tempfile
import threading
import time
from collections.abc import Callable, Sequence
from typing import TYPE_CHECKING, Any, cast

import requests

if TYPE_CHECKING:
    from airflow.sdk.execution_time.context import TaskStateStoreAccessor

    from airflow_provider_smspartner.rules.people import Person

STATEMENT = "sending with the task state log takes {ratio:.3f} x the time without a log (target: 1.05)"


class SlowStore:
    """A task state store whose writes take as long as they do over Airflow's API."""

    def __init__(self, seconds: float) -> None:
        self._seconds = seconds
        self._values: dict[str, Any] = {}
        self._one_at_a_time = threading.Lock()

    def get(self, key: str, default: Any = None) -> Any:
        """Return a value."""
        with self._one_at_a_time:
            time.sleep(self._seconds)
            return self._values.get(key, default)

    def set(self, key: str, value: Any, *, retention: object = None) -> None:
        """Keep a value."""
        with self._one_at_a_time:
            time.sleep(self._seconds)
            self._values[key] = json.loads(json.dumps(value))


def send(batches: int, concurrency: int, store: SlowStore | None) -> float:
    """Send once and return the seconds it took."""
    from airflow_provider_smspartner import api
    from airflow_provider_smspartner.answers import Sent
    from airflow_provider_smspartner.hooks.smspartner import SMSPartnerHook
    from airflow_provider_smspartner.plan import Plan
    from airflow_provider_smspartner.rules.batches import batch_tag
    from airflow_provider_smspartner.rules.people import Person, Recogniser
    from airflow_provider_smspartner.send_log import NoLog, SendLog
    from airflow_provider_smspartner.send_log.task_state import TaskStateLog
    from airflow_provider_smspartner.sending import Sending

    name = (os.getpid(), time.time())

    def tag_of(ordinal: int) -> str:
        return batch_tag(name, ordinal)

    def make_call(people: Sequence[Person], tag: str) -> api.Call[Sent]:
        return api.send([person.number for person in people], "Bonjour", api.SendOptions(tag=tag))

    hook, recogniser = SMSPartnerHook(), Recogniser("secret", name)
    _ = hook.settings
    log: SendLog = NoLog()
    if store is not None:
        log = TaskStateLog(cast("TaskStateStoreAccessor", store), recogniser, tag_of)
    plan = Plan(make_call=make_call, tag_of=tag_of, recogniser=recogniser, concurrency=concurrency)
    people = (Person(f"+336{number:08d}") for number in range(500 * batches))
    began = time.perf_counter()
    outcome = Sending(plan, log, hook).run(people)
    seconds = time.perf_counter() - began
    if outcome.recipients != 500 * batches:
        raise SystemExit(f"{outcome.recipients} of {500 * batches} people were texted")
    return seconds


def measure(batches: int, concurrency: int, rounds: int, report: Callable[[str], object]) -> float:
    """Return how many times longer it takes with the log."""
    plain, logged = [], []
    for _ in range(rounds):
        plain.append(send(batches, concurrency, None))
        logged.append(send(batches, concurrency, SlowStore(0.005)))
        report(f"without a log {plain[-1]:.2f} s, with the task state log {logged[-1]:.2f} s")
    return statistics.median(logged) / statistics.median(plain)


def first_url(server: subprocess.Popen[str]) -> str:
    """Return the address that the simulator prints."""
    line = server.stdout.readline() if server.stdout else ""
    return next(word for word in line.split() if word.startswith("http"))


def main() -> None:
    """Measure and print."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--batches", type=int, default=400)
    parser.add_argument("--concurrency", type=int, default=8)
    parser.add_argument("--rounds", type=int, default=3)
    given = parser.parse_args()
    with tempfile.TemporaryDirectory() as home:
        os.environ["AIRFLOW_HOME"] = home
        server = subprocess.Popen(
            [sys.executable, "-m", "airflow_provider_smspartner.simulator", "--port", "0", "--balance", "1e9"],
            stdout=subprocess.PIPE,
            text=True,
        )
        try:
            url = first_url(server)
            latency = {"endpoint": "/send", "kind": "latency", "seconds": 0.1, "times": None}
            control = url.removesuffix("/v1") + "/simulator/faults"
            requests.post(control, json=latency, timeout=10).raise_for_status()
            pace = {"requests_per_second": 0}
            form = {"conn_type": "smspartner", "host": url, "password": "simulator-key", "extra": pace}
            os.environ["AIRFLOW_CONN_SMSPARTNER_DEFAULT"] = json.dumps(form)
            ratio = measure(given.batches, given.concurrency, given.rounds, print)
        finally:
            server.terminate()
            server.wait()
    print(STATEMENT.format(ratio=ratio))


if __name__ == "__main__":
    main()

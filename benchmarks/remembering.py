"""What remembering costs: the same send with the task state journal and with none, in turn, in one run.

Requests go to the simulator, in a process of its own, which takes its time for each; a write to the store
takes 5 ms.
"""

from __future__ import annotations

import json
import os
import subprocess
import sys
import threading
import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from typing import TYPE_CHECKING, Any, cast

import requests

from benchmarks.table import Figure, Sizes, median, spell

if TYPE_CHECKING:
    from airflow.sdk.execution_time.context import TaskStateStoreAccessor

    from airflow_provider_smspartner.rules.people import Person

COMMAND = "python -m benchmarks remembering"
WRITE = 0.005
"""Seconds that a write to the task state store takes over Airflow's API."""
MOST_BATCHES = 400
TARGET = 1.05


def figures(sizes: Sizes) -> Iterator[Figure]:
    """Measure how many times longer a send takes with the journal."""
    batches = min(MOST_BATCHES, -(-sizes.recipients // 500))
    plain, logged = [], []
    with simulator(sizes.latency):
        for _ in range(sizes.rounds):
            plain.append(send(batches, sizes.concurrency, None))
            logged.append(send(batches, sizes.concurrency, SlowStore(WRITE)))
    ratio = median(logged) / median(plain)
    yield Figure(
        what=f"remembering {batches} batches in the task state journal",
        measured=spell(ratio, "×"),
        against="the same send without a journal "
        f"({spell(median(plain), 's')}; with it {spell(median(logged), 's')})",
        target=f"≤ {TARGET} ×",
        met=ratio <= TARGET,
        command=COMMAND,
    )


@contextmanager
def simulator(latency: float) -> Iterator[None]:
    """Run a slow SMS Partner and define the default connection to it."""
    module = "airflow_provider_smspartner.simulator"
    command = [sys.executable, "-m", module, "--port", "0", "--balance", "1e9"]
    with subprocess.Popen(command, stdout=subprocess.PIPE, text=True) as server:
        try:
            url = first_url(server)
            fault = {"endpoint": "/send", "kind": "latency", "seconds": latency, "times": None}
            control = url.removesuffix("/v1") + "/simulator/faults"
            requests.post(control, json=fault, timeout=10).raise_for_status()
            pace = {"requests_per_second": 0}
            form = {"conn_type": "smspartner", "host": url, "password": "simulator-key", "extra": pace}
            os.environ["AIRFLOW_CONN_SMSPARTNER_DEFAULT"] = json.dumps(form)
            yield
        finally:
            server.terminate()


def first_url(server: subprocess.Popen[str]) -> str:
    """Return the address that the simulator prints."""
    line = server.stdout.readline() if server.stdout else ""
    return next(word for word in line.split() if word.startswith("http"))


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
    from airflow_provider_smspartner.api.answers import Sent
    from airflow_provider_smspartner.hooks.smspartner import SMSPartnerHook
    from airflow_provider_smspartner.journal import Journal, NoJournal
    from airflow_provider_smspartner.journal.task_state import TaskStateJournal
    from airflow_provider_smspartner.rules.batches import batch_tag
    from airflow_provider_smspartner.rules.people import Person, Pseudonymizer
    from airflow_provider_smspartner.sending.engine import Sending
    from airflow_provider_smspartner.sending.plan import Plan

    name = (os.getpid(), time.time())

    def tag_of(ordinal: int) -> str:
        return batch_tag(name, ordinal)

    def make_call(people: Sequence[Person], tag: str) -> api.Call[Sent]:
        return api.send([person.number for person in people], "Bonjour", api.SendOptions(tag=tag))

    hook, pseudonymizer = SMSPartnerHook(), Pseudonymizer("secret", name)
    _ = hook.settings
    journal: Journal = NoJournal()
    if store is not None:
        journal = TaskStateJournal(cast("TaskStateStoreAccessor", store), pseudonymizer)
    plan = Plan(make_call=make_call, tag_of=tag_of, pseudonymizer=pseudonymizer, concurrency=concurrency)
    people = (Person(f"+336{number:08d}") for number in range(500 * batches))
    began = time.perf_counter()
    outcome = Sending(plan, journal, hook).run(people)
    seconds = time.perf_counter() - began
    if outcome.recipients != 500 * batches:
        raise SystemExit(f"{outcome.recipients} of {500 * batches} people were texted")
    return seconds

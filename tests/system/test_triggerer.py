"""A triggerer that is lost in the last minutes of a wait of 48 hours: nothing else is."""

from __future__ import annotations

import json
import sqlite3
import time
from bisect import bisect_right
from collections import Counter
from collections.abc import Callable, Iterable
from contextlib import closing
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
import requests

from airflow_provider_smspartner.simulator import Simulator
from airflow_provider_smspartner.simulator.messages import ReceivedRequest
from airflow_provider_smspartner.tracking.handover import DELIVERY_KEY, read_delivery
from scripts import sessions
from scripts.local_airflow import LocalAirflow

pytestmark = [pytest.mark.airflow, pytest.mark.timeout(540)]

DAGS = Path(__file__).parent / "dags"
TWO_DAYS, LEFT = timedelta(hours=48), timedelta(seconds=150)
HOUR = timedelta(hours=1)
ANN, BOB = "+33600000001", "+33600000002"
CROWD, LIMIT = 40, 10
"""Messages of the wait that hears nothing, and requests per second of the connection."""
MOST_LOOKS = 5
"""At a message between the loss and its deadline: waits grow by 40 % from half a minute on."""


def wait_until(what: str, condition: Callable[[], object], *, timeout: float = 180) -> None:
    """Wait for something to happen."""
    deadline = time.monotonic() + timeout
    while not condition():
        assert time.monotonic() < deadline, f"waited {timeout:.0f} s for {what}"
        time.sleep(0.2)


def looks(simulator: Simulator, *, after: datetime) -> list[ReceivedRequest]:
    """Return the looks at messages since a moment."""
    return [one for one in simulator.requests if one.endpoint == "/bulk-status" and one.at >= after]


def each(received: Iterable[ReceivedRequest]) -> Counter[str]:
    """Count the looks by message."""
    return Counter(str(request.fields["messageId"]) for request in received)


def busiest_second(received: Iterable[ReceivedRequest]) -> int:
    """Return the most requests that came within a second."""
    moments = sorted(request.at for request in received)
    return max(bisect_right(moments, at + timedelta(seconds=1)) - n for n, at in enumerate(moments))


def hard_timeouts(home: Path) -> list[datetime]:
    """Return when Airflow itself would give up the waits, which is an hour after their deadlines."""
    with closing(sqlite3.connect(f"file:{home / 'airflow.db'}?mode=ro", uri=True)) as database:
        rows = database.execute("SELECT trigger_timeout FROM task_instance WHERE trigger_id IS NOT NULL")
        return [datetime.fromisoformat(str(moment)).replace(tzinfo=UTC) for (moment,) in rows]


def sent(simulator: Simulator, number: str, *, messages: int, at: datetime) -> dict[str, Any]:
    """Send texts to a person and return what an operator would have returned at that time."""
    order = {"apiKey": simulator.api_key, "phoneNumbers": number, "message": "Hello"}
    with requests.Session() as session:
        session.trust_env = False
        answers = [session.post(f"{simulator.url}/send", json=order, timeout=30) for _ in range(messages)]
    ids = [str(answer.json()["message_id"]) for answer in answers]
    result = {"message_ids": ids, "tags": [], "counts": dict.fromkeys(ids, 1)}
    return result | {"sent_at": at.isoformat(), "scheduled_for": None, "sandbox": False}


def test_a_triggerer_that_is_killed_loses_no_wait_and_no_deadline(
    simulator: Simulator, tmp_path: Path
) -> None:
    connection = json.loads(simulator.airflow_connection) | {"extra": {"requests_per_second": LIMIT}}
    env = {
        "AIRFLOW_CONN_SMSPARTNER_DEFAULT": json.dumps(connection),
        "AIRFLOW__TRIGGERER__JOB_HEARTBEAT_SEC": "2",
        "AIRFLOW__TRIGGERER__TRIGGERER_HEALTH_CHECK_THRESHOLD": "10",
    }
    simulator.deliver(status=None)
    with LocalAirflow(tmp_path / "airflow", dags=DAGS, env=env) as airflow:
        begun = datetime.now(UTC).replace(microsecond=0)
        deadline = begun + LEFT
        heard = sent(simulator, ANN, messages=1, at=deadline - TWO_DAYS)
        silent = sent(simulator, BOB, messages=CROWD, at=deadline - TWO_DAYS)
        run = airflow.trigger("two_days", conf={"heard": heard, "silent": silent})
        # one look in the worker, one in the triggerer
        wait_until(
            "two looks at each message",
            lambda: min(each(looks(simulator, after=begun)).values(), default=0) > 1,
        )
        wait_until("the waits", lambda: len(hard_timeouts(airflow.home)) == 2)
        assert all(abs(at - deadline - HOUR) < timedelta(seconds=30) for at in hard_timeouts(airflow.home))

        for process in sessions.members([airflow.pids["triggerer"]]):
            process.kill()
        wait_until("its end", lambda: not sessions.members([airflow.pids["triggerer"]]))
        simulator.deliver(ANN)
        killed = datetime.now(UTC)
        airflow.restart("triggerer", down=5)

        assert airflow.wait("two_days", run, timeout=300) == "success", airflow.task_states("two_days", run)
        result = {name: airflow.xcom("two_days", run, name) for name in ("heard", "silent")}
        told = read_delivery(airflow.xcom("two_days", run, "silent", key=DELIVERY_KEY))
    assert (result["heard"]["delivered"], result["heard"]["waiting"]) == (1, 0)
    assert (result["silent"]["messages"], result["silent"]["waiting"]) == (CROWD, CROWD)
    assert told
    assert (told.final, told.since) == (True, deadline - TWO_DAYS)
    assert told.at >= deadline
    since = looks(simulator, after=killed)
    assert busiest_second(since) <= 2 * LIMIT
    # none right away: each wait goes on where the growing ones were, and the deadline has one of its own
    assert min(each(since).values()) >= 1
    assert max(each(since).values()) <= MOST_LOOKS

"""The receiver as a process: what it survives, and what it never loses."""

from __future__ import annotations

import random
import signal
import threading
import time
from contextlib import suppress
from pathlib import Path

import pytest
import requests

from tests.inbox.receivers import REPLY, Process, running, wait_until

pytestmark = [pytest.mark.airflow, pytest.mark.timeout(550)]

ENDED = (0, -signal.SIGTERM)
"""What a graceful end looks like; uvicorn ends by the signal that it was told to end with."""


def test_a_spool_keeps_posts_while_the_database_is_away(tmp_path: Path) -> None:
    with running(tmp_path, spool=True) as receiver:
        assert receiver.post(REPLY | {"text": "one"}) == 204
        receiver.lose_database()
        assert receiver.post(REPLY | {"text": "two"}) == 204
        assert receiver.get("/health/ready") == 200
        assert receiver.send(signal.SIGKILL)
        receiver.start()  # without a database, too
        assert receiver.post(REPLY | {"text": "three"}) == 204
        receiver.bring_database_back()
        wait_until(lambda: receiver.texts() == ["one", "two", "three"])
        assert receiver.post(REPLY | {"text": "four"}) == 204
        wait_until(lambda: receiver.texts() == ["one", "two", "three", "four"])


@pytest.mark.parametrize("spool", [False, True])
def test_it_ends_when_what_it_has_taken_is_written(tmp_path: Path, spool: bool) -> None:
    with running(tmp_path, spool=spool) as receiver:
        told: list[int] = []

        def post(n: int) -> None:
            with suppress(requests.ConnectionError):
                told.append(receiver.post(REPLY | {"text": str(n)}))

        threads = [threading.Thread(target=post, args=(n,)) for n in range(20)]
        for thread in threads:
            thread.start()
        assert receiver.send(signal.SIGTERM) in ENDED
        for thread in threads:
            thread.join()
        assert len(receiver.texts()) == told.count(204)
        assert set(told) <= {204}


def flood(receiver: Process, name: str, acknowledged: set[str], stop: threading.Event) -> None:
    """Post like the platform: again until it is acknowledged, and now and then once more for nothing."""
    chosen, n = random.Random(name), 0
    while not stop.is_set():
        text = f"{name}-{n}"
        try:
            status = receiver.post(REPLY | {"text": text})
        except requests.RequestException:
            time.sleep(0.05)
            continue
        if status == 204:
            acknowledged.add(text)
            n += chosen.random() < 0.8
        else:
            time.sleep(0.05)


def wait_for_more(acknowledged: set[str]) -> None:
    """Let it take in a few posts at least, however busy the machine is."""
    enough = len(acknowledged) + 5
    wait_until(lambda: len(acknowledged) >= enough)


@pytest.mark.parametrize("spool", [False, True])
def test_nothing_acknowledged_is_lost_when_it_is_killed_at_any_moment(tmp_path: Path, spool: bool) -> None:
    """Killed a dozen times while it takes posts in, with the database away now and then."""
    chosen = random.Random(15)
    with running(tmp_path, spool=spool) as receiver:
        acknowledged: set[str] = set()
        stop = threading.Event()
        floods = [
            threading.Thread(target=flood, args=(receiver, f"f{n}", acknowledged, stop)) for n in range(3)
        ]
        for thread in floods:
            thread.start()
        for _ in range(12):
            wait_for_more(acknowledged)
            time.sleep(chosen.uniform(0, 0.5))
            if is_away := chosen.random() < 0.4:
                receiver.lose_database()
                time.sleep(chosen.uniform(0, 0.5))
            receiver.send(signal.SIGKILL)
            if is_away and not spool:
                receiver.bring_database_back()
            receiver.start()
            if is_away and spool:
                receiver.bring_database_back()
        wait_for_more(acknowledged)
        stop.set()
        for thread in floods:
            thread.join()
        wait_until(lambda: not receiver.spool or not list(receiver.spool.glob("*.posts")))
        texts = receiver.texts()
    assert len(acknowledged) > 50
    assert acknowledged - set(texts) == set()
    assert len(texts) == len(set(texts))

"""Whatever is posted, the receiver says yes or no, and what it keeps, a consumer can read."""

from __future__ import annotations

import time
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from typing import Any

import pytest
import requests
import uvicorn

from airflow_provider_smspartner.inbox import KINDS
from airflow_provider_smspartner.inbox.app import make_app
from airflow_provider_smspartner.inbox.consumers import Reader
from airflow_provider_smspartner.inbox.receiver import Receiver
from airflow_provider_smspartner.journal.table import Ledger
from airflow_provider_smspartner.rules.callbacks import callbacks
from airflow_provider_smspartner.simulator import Posting, Settings, Simulator
from scripts.local_airflow import held_port
from tests.inbox.conftest import ANN, CONN, EVE
from tests.inbox.receivers import serving

SECRET = "5ec4e7" * 6


@contextmanager
def receiving(ledger: Ledger, port: int) -> Iterator[None]:
    """Run a receiver in a thread."""
    app = make_app(Receiver(open_ledger=lambda: ledger), {SECRET: CONN}, is_ready=lambda: True)
    with serving(uvicorn.Config(app, port=port, http="h11", log_config=None, access_log=False)):
        yield


@pytest.fixture
def port() -> Iterator[int]:
    with held_port() as port:
        yield port


@contextmanager
def texted(port: int, *numbers: str, **how: Any) -> Iterator[Simulator]:
    """A platform that has texted people, and posts to the receiver."""
    with Simulator(Settings(posting=Posting(**how))) as sim:
        inbox = callbacks(f"http://127.0.0.1:{port}", SECRET)
        body = {"apiKey": sim.api_key, "phoneNumbers": ",".join(numbers), "message": "Come?"}
        body |= {"urlDlr": inbox.report, "urlResponse": inbox.reply}
        assert requests.post(f"{sim.url}/send", json=body, timeout=60).json()["success"]
        yield sim


def read(ledger: Ledger) -> list[tuple[str, str]]:
    """Read everything, as a consumer does."""
    reader = Reader(ledger=ledger, consumer="all", kinds=KINDS)
    reader.take()
    messages = [(message.kind, message.text or message.status or "") for message in reader.messages()]
    reader.finish()
    return messages


def test_hostile_posts_are_taken_or_refused_and_break_no_reader(ledger: Ledger, port: int) -> None:
    with receiving(ledger, port), texted(port, ANN) as sim:
        sim.wait_for_posts()
        answered = sim.attack(ANN)
        sim.reply(ANN, "an honest answer")
        sim.wait_for_posts()
    assert len(answered) > 80
    assert {name: status for name, status in answered.items() if status not in (204, 400, 404, 413)} == {}
    assert answered["reply: secret in part"] == answered["report: traversal"] == 404
    assert answered["reply: too large"] == 413
    assert answered["reply: a text of NULs"] == 204
    told = read(ledger)
    assert told[-1] == ("reply", "an honest answer")
    assert ("reply", "'); DROP TABLE smspartner_inbox; --") in told
    assert read(ledger) == []


def test_posts_that_come_anyhow_are_kept_once(ledger: Ledger, port: int) -> None:
    """Repeated, late, out of order, in parts, as a form, and while nobody listens."""
    long = "".join(f"{n:04}" for n in range(100))
    how = {"times": 3, "after_seconds": 1, "out_of_order": True, "waiting_first": True, "form": True}
    with texted(port, ANN, EVE, **how, long_number=True, attempts=100) as sim:
        sim.reply(ANN, long)
        sim.reply(EVE, "STOP")
        sim.advance(2)
        with suppress(TimeoutError):
            sim.wait_for_posts(1)
        assert {post.status for post in sim.posts} == {None}
        with receiving(ledger, port):
            until = time.monotonic() + 60
            while sum(post.status == 204 for post in sim.posts) < 3 * (2 * 2 + 3 + 1):
                assert time.monotonic() < until
                time.sleep(0.05)
    told = sorted(read(ledger))
    assert told == sorted(
        [("reply", long), ("stop", "STOP"), *[("report", "delivered"), ("report", "waiting")] * 2]
    )

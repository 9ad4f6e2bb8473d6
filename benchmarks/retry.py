"""A send with a ledger is killed in the middle: how soon its retry sends to those who are left.

Neither try has a task state store, so the ledger alone knows what the first one has sent.
"""

from __future__ import annotations

import json
import os
import subprocess
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager
from typing import IO
from uuid import uuid4

from benchmarks.campaign import run, sender
from benchmarks.ledger import connect
from benchmarks.platform import platform, tally
from benchmarks.reading import fetch
from benchmarks.table import Figure, Sizes, median, spell
from benchmarks.warehouse import CONN_ID, warehouse

COMMAND = "python -m benchmarks retry"
TARGET = 3.0
LOOK_EVERY = 0.02  # seconds
MOST_SAID = 100_000
"""Bytes of what a process says before it begins."""


def figures(sizes: Sizes) -> Iterator[Figure]:
    """Measure retries of sends that were killed when half of the people had been texted."""
    from airflow_provider_smspartner.operators.arguments import warehouse as hook_of

    people = min(sizes.recipients, sizes.ledger)
    fetched, waited = list[float](), list[float]()
    with warehouse(people), platform(sizes.latency) as address:
        run(address, 1, sizes, campaign="one")  # compiles what the next ones load, and makes the ledger
        for _ in range(sizes.rounds):
            fetched.append(fetch(hook_of(CONN_ID), people))
            waited.append(retry(address, people, sizes))
    ratio = median(waited) / median(fetched)
    yield Figure(
        what=f"a retry after SIGKILL in the middle of {people:,}, to its first new request",
        measured=spell(ratio, "×"),
        against=f"fetching the rows alone ({spell(median(fetched), 's')}; ours {spell(median(waited), 's')})",
        target=f"≤ {TARGET:g} ×",
        met=ratio <= TARGET,
        command=COMMAND,
    )


def retry(address: str, people: int, sizes: Sizes) -> float:
    """Kill a send, begin it again, and return after how many seconds the platform gets a request."""
    with sending(address, people, sizes, *killed(address, people, sizes)) as (began, process):
        while not (arrived := tally(address))["requests"]:
            go_on(process)
    return float(arrived["first"]) - began


def killed(address: str, people: int, sizes: Sizes) -> tuple[str, ...]:
    """Send to half of the people, kill the process, and return the options of its next try."""
    campaign = str(uuid4())
    options = ("--campaign", campaign, "--run", campaign, "--forgetful")
    with sending(address, people, sizes, *options) as (_, process):
        while accepted(campaign) < people // 2:
            go_on(process)
    tally(address)
    return (*options, "--attempt", "2")


def go_on(process: subprocess.Popen[str]) -> None:
    """Wait a moment for a send that is under way."""
    time.sleep(LOOK_EVERY)
    if process.poll() is not None:
        raise SystemExit("the send has ended by itself: too few people for so many requests at a time")


@contextmanager
def sending(
    address: str, people: int, sizes: Sizes, *options: str
) -> Iterator[tuple[float, subprocess.Popen[str]]]:
    """Send in a process of its own, which is killed at the end; yield when it began, and the process."""
    command, env = sender(address, people, sizes, *options)
    with (
        tempfile.TemporaryFile("w+") as said,
        subprocess.Popen(command, text=True, env=env, stdout=said) as process,
    ):
        try:
            while not (began := [line for line in lines_of(said) if line.startswith('{"began"')]):
                go_on(process)
            yield json.loads(began[0])["began"], process
        finally:
            process.kill()


def lines_of(said: IO[str]) -> list[str]:
    """Return what a process has said so far."""
    return os.pread(said.fileno(), MOST_SAID, 0).decode().splitlines()


def accepted(campaign: str) -> int:
    """Return how many people of a campaign the ledger knows as texted."""
    with connect() as connection:
        query = (
            "SELECT coalesce(sum(people), 0) FROM smspartner_batches AS batch "
            "JOIN smspartner_campaigns AS campaign ON campaign.id = batch.campaign "
            "WHERE state = 'accepted' AND campaign.campaign = %s"
        )
        [(people,)] = connection.execute(query, (campaign,)).fetchall()
    return int(people)

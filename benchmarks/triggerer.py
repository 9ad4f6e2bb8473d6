"""How long the triggers of many sends hold up the event loop that they share.

Run as a command it is that loop, in a process that has imported nothing yet, and prints what it found. The
longest block is taken twice: as the clock saw it, beside that of an idle loop in the same process, and as
time that the loop's own thread computed, which other processes of the machine do not lengthen. Python's
garbage collections are counted apart, in whichever thread they come: a full one goes through all objects of
Airflow, and everybody waits for it.
"""

from __future__ import annotations

import argparse
import asyncio
import gc
import json
import os
import subprocess
import sys
import threading
import time
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from typing import Any

from benchmarks.reports import reporting, tally
from benchmarks.table import Figure, Sizes, spell

COMMAND = "python -m benchmarks triggerer"
BEAT = 0.005
IDLE = 1.0
TARGET = 0.1
"""Seconds."""
CROWDS = ((1, 2_000), (200, 10))
"""Triggers, and messages of each."""


def figures(sizes: Sizes) -> Iterator[Figure]:
    """Measure the longest block while every trigger looks at all of its messages at once."""
    for triggers, messages in CROWDS:
        found = measure(triggers=triggers, messages=messages, rows=500, abroad=False)
        in_ms = {name: spell(value * 1e3, "ms") for name, value in found.items()}
        count = "one trigger" if triggers == 1 else f"{triggers} triggers"
        yield Figure(
            what=f"longest block of the event loop: {count} of {messages:,} messages, 500 people each",
            measured=in_ms["block"],
            against=f"{in_ms['idle']} without triggers; computed at most {in_ms['computed']} at a time; "
            f"{found['full']} full garbage collections of Airflow's objects beside it, the longest "
            f"{in_ms['collected']}; at most {found['most']} requests in flight",
            target=f"≤ {TARGET * 1e3:.0f} ms",
            met=found["block"] <= TARGET,
            command=COMMAND,
        )


def measure(*, triggers: int, messages: int, rows: int, abroad: bool) -> dict[str, Any]:
    """Let a loop of its own look once at everything.

    Return the longest ``block`` and ``idle`` block by the clock but for garbage collections, the longest
    that was ``computed`` and the longest garbage ``collected``, all in seconds, how many collections were
    ``full``, and the ``requests``, with the ``most`` in flight.
    """
    with reporting(rows=rows, abroad=abroad) as address:
        form = {"conn_type": "smspartner", "host": f"{address}/v1", "password": "key"}
        connection = json.dumps(form | {"extra": {"requests_per_second": 0}})
        options = ["--triggers", str(triggers), "--messages", str(messages)]
        printed = subprocess.run(
            [sys.executable, "-m", "benchmarks.triggerer", *options],
            env=os.environ | {"AIRFLOW_CONN_SMSPARTNER_DEFAULT": connection},
            stdout=subprocess.PIPE,
            check=True,
            text=True,
        ).stdout
        found: dict[str, Any] = json.loads(printed.splitlines()[-1])
        return found | tally(address)


class Heart:
    """Beats in an event loop, and remembers the longest pause but for garbage collections."""

    def __init__(self) -> None:
        self.longest = self.computed = self.collected = 0.0
        self.full = 0
        self._last_beat = self._lost = self._lost_here = self._begun_here = 0.0
        self._begun: float | None = None
        self._thread = threading.get_ident()

    async def beat(self) -> None:
        """Beat until cancelled."""
        gc.callbacks.append(self._note_collection)
        try:
            while True:
                self._lost = self._lost_here = 0.0
                self._last_beat, computed = time.perf_counter(), time.thread_time()
                await asyncio.sleep(BEAT)
                now = time.perf_counter()
                if self._begun is not None:  # over, but the thread that did it has not said so yet
                    self._lost += now - max(self._begun, self._last_beat)
                self.longest = max(self.longest, now - self._last_beat - BEAT - self._lost)
                self.computed = max(self.computed, time.thread_time() - computed - self._lost_here)
        finally:
            gc.callbacks.remove(self._note_collection)

    def _note_collection(self, phase: str, info: dict[str, int]) -> None:
        now = time.perf_counter()
        if phase == "start":
            self._begun, self._begun_here = now, time.thread_time()
        elif self._begun is not None:
            self._lost += now - max(self._begun, self._last_beat)
            if threading.get_ident() == self._thread:
                self._lost_here += time.thread_time() - self._begun_here
            self.collected = max(self.collected, now - self._begun)
            self.full += info["generation"] == 2
            self._begun = None


async def paused(work: Any) -> Heart:
    """Return the heart that beat while the work was done."""
    heart = Heart()
    beating = asyncio.create_task(heart.beat())
    await work
    beating.cancel()
    return heart


async def watch(triggers: int, messages: int) -> dict[str, float]:
    """Run so many triggers through one look, which is their last."""
    from airflow.triggers.base import BaseTrigger  # noqa: F401  # a triggerer has it

    from airflow_provider_smspartner.triggers.smspartner import DeliveryStatusTrigger

    now = datetime.now(UTC)
    over = (now - timedelta(hours=1)).isoformat()

    async def follow(index: int) -> None:
        counts = {str(index * messages + n + 1): 500 for n in range(messages)}
        trigger = DeliveryStatusTrigger(
            smspartner_conn_id="smspartner_default",
            counts=counts,
            since=(now - timedelta(hours=49)).isoformat(),
            deadline=over,
            poke_interval=15,
        )
        (event,) = [event async for event in trigger.run()]
        told = event.payload["result"]
        if event.payload["unreadable"] or told["messages"] != messages:
            raise SystemExit(f"not all messages could be read: {event.payload}")

    idle = await paused(asyncio.sleep(IDLE))
    busy = await paused(asyncio.gather(*map(follow, range(triggers))))
    blocks = {"idle": idle.longest, "block": busy.longest, "computed": busy.computed}
    return blocks | {"collected": busy.collected, "full": busy.full}


if __name__ == "__main__":
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--triggers", type=int, required=True)
    parser.add_argument("--messages", type=int, required=True, help="of each trigger")
    given = parser.parse_args()
    print(json.dumps(asyncio.run(watch(given.triggers, given.messages))))

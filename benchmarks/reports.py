"""The least that reports deliveries like SMS Partner: some rows for any message, and a count of requests.

Run as a command it prints its address and stops at the end of its input.
"""

from __future__ import annotations

import argparse
import asyncio
import json
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any, Final

import requests
from aiohttp import web

from benchmarks.numbers import e164

ABROAD: Final = "+44791112{:04d}"
"""Numbers that libphonenumber has to read, which takes it ten times as long as a French one."""


class Reports:
    """Answers every look with the same rows, after a while."""

    def __init__(self, *, rows: int, abroad: bool, latency: float) -> None:
        numbers = [ABROAD.format(n) for n in range(rows)] if abroad else list(e164(rows))
        listed = [{"phoneNumber": number, "status": "Waiting", "stopSMS": "0"} for number in numbers]
        self._body = json.dumps({"success": True, "code": 200, "StatutResponse_List": listed}).encode()
        self._latency = latency
        self.requests = self.flying = self.most = 0

    async def look(self, request: web.Request) -> web.Response:
        """Answer, and count how many wait for their answer."""
        self.requests, self.flying = self.requests + 1, self.flying + 1
        self.most = max(self.most, self.flying)
        await asyncio.sleep(self._latency)
        self.flying -= 1
        return web.Response(body=self._body, content_type="application/json")

    async def tally(self, request: web.Request) -> web.Response:
        """Tell what arrived."""
        return web.json_response({"requests": self.requests, "most": self.most})


async def serve(reports: Reports) -> None:
    """Listen on the loopback interface until the input ends."""
    app = web.Application()
    app.router.add_get("/v1/bulk-status", reports.look)
    app.router.add_get("/tally", reports.tally)
    runner = web.AppRunner(app, access_log=None)
    await runner.setup()
    await web.TCPSite(runner, "127.0.0.1", 0, backlog=2048).start()
    print(f"http://127.0.0.1:{runner.addresses[0][1]}", flush=True)
    await asyncio.get_running_loop().run_in_executor(None, sys.stdin.read)
    await runner.cleanup()


@contextmanager
def reporting(*, rows: int, abroad: bool, latency: float = 0.02) -> Iterator[str]:
    """Run it in a process of its own and yield its address, without ``/v1``."""
    options = ["--rows", str(rows), "--latency", str(latency), *(["--abroad"] if abroad else [])]
    command = [sys.executable, "-m", "benchmarks.reports", *options]
    with subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True) as server:
        yield server.stdout.readline().strip() if server.stdout else ""


def tally(address: str) -> dict[str, Any]:
    """Return how many ``requests`` came, and the ``most`` that waited for an answer at once."""
    with requests.Session() as session:
        session.trust_env = False
        counted: dict[str, Any] = session.get(f"{address}/tally", timeout=10).json()
    return counted


if __name__ == "__main__":
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--rows", type=int, default=500, help="people of a message")
    parser.add_argument("--abroad", action="store_true", help="with numbers that are not French")
    parser.add_argument("--latency", type=float, default=0.02, help="seconds")
    given = parser.parse_args()
    asyncio.run(serve(Reports(rows=given.rows, abroad=given.abroad, latency=given.latency)))

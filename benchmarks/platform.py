"""The least that answers like SMS Partner: it waits, counts people and says yes.

The simulator checks and remembers what it is sent, and on two cores that would be measured too. Run as a
command it prints its address and stops at the end of its input, so that it never outlives who started it.
"""

from __future__ import annotations

import argparse
import asyncio
import json
import re
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any, Final

import requests

LENGTH: Final = re.compile(rb"(?i)\r\ncontent-length: *([0-9]+)")
ACCOUNT: Final = {"success": True, "code": 200, "credits": {"creditSms": 10**8, "balance": "4000000.000"}}
NUMBER: Final = re.compile(rb"[+]33[0-9]{9}")
ROW: Final = {"success": True, "code": 200, "nbSms": 1, "cost": 0.04}
NO_SUCH_TAG: Final = {"success": False, "code": 4, "message": "Not found"}


class Tally:
    """What arrived since it was last asked for."""

    def __init__(self) -> None:
        self.requests = self.people = 0
        self.first = self.last = 0.0

    def take(self, body: bytes) -> dict[str, Any]:
        """Count a send and return the platform's yes."""
        people = body.count(b"+33")
        self.last = time.monotonic()
        self.first = self.first or self.last
        self.requests, self.people = self.requests + 1, self.people + people
        return {
            "success": True,
            "code": 200,
            "message_id": self.requests,
            "nb_sms": people,
            "cost": round(people * 0.04, 3),
            "currency": "EUR",
        }


class Connection(asyncio.Protocol):
    """One connection of a client, kept alive."""

    tally = Tally()
    latency = 0.0

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        """Begin with an empty buffer."""
        self._transport: Any = transport
        self._received = bytearray()

    def data_received(self, data: bytes) -> None:
        """Answer when a whole request is there."""
        self._received += data
        head = self._received.find(b"\r\n\r\n")
        length = LENGTH.search(self._received, 0, head) if head >= 0 else None
        end = head + 4 + (int(length[1]) if length else 0)
        if head < 0 or len(self._received) < end:
            return
        path = bytes(self._received.split(b" ", 2)[1])
        body = bytes(self._received[head + 4 : end])
        del self._received[:end]
        if path == b"/tally":
            self._answer(vars(Connection.tally))
            Connection.tally = Tally()
        else:
            answer = self._decide(path, body)
            asyncio.get_running_loop().call_later(self.latency, self._answer, answer)

    def _decide(self, path: bytes, body: bytes) -> dict[str, Any]:
        if path == b"/v1/send":
            return self.tally.take(body)
        if path == b"/v1/bulk-send":
            rows = [ROW | {"phoneNumber": number.decode()} for number in NUMBER.findall(body)]
            return self.tally.take(body) | {"SMSResponse_List": rows}
        return ACCOUNT if path.startswith(b"/v1/me") else NO_SUCH_TAG

    def _answer(self, payload: dict[str, Any]) -> None:
        body = json.dumps(payload).encode()
        head = f"HTTP/1.1 200 OK\r\nContent-Type: application/json\r\nContent-Length: {len(body)}\r\n\r\n"
        self._transport.write(head.encode() + body)


async def serve(latency: float) -> None:
    """Listen on the loopback interface until the input ends."""
    Connection.latency = latency
    loop = asyncio.get_running_loop()
    server = await loop.create_server(Connection, "127.0.0.1", 0)
    print(f"http://127.0.0.1:{server.sockets[0].getsockname()[1]}", flush=True)
    await loop.run_in_executor(None, sys.stdin.read)


@contextmanager
def platform(latency: float) -> Iterator[str]:
    """Run it in a process of its own and yield its address, without ``/v1``."""
    command = [sys.executable, "-m", "benchmarks.platform", "--latency", str(latency)]
    with subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True) as server:
        yield server.stdout.readline().strip() if server.stdout else ""


def tally(address: str) -> dict[str, Any]:
    """Return what arrived since this was last called: ``requests``, ``people``, ``first`` and ``last``."""
    counted: dict[str, Any] = requests.get(f"{address}/tally", timeout=10).json()
    return counted


if __name__ == "__main__":
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--latency", type=float, default=0.1, help="seconds")
    asyncio.run(serve(parser.parse_args().latency))

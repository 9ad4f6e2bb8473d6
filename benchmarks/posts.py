"""Posts to a receiver as fast as it answers, over connections that are kept: the least that a proxy does."""

from __future__ import annotations

import asyncio
import json
import time
from collections.abc import Iterator
from dataclasses import dataclass, field
from urllib.parse import urlsplit

CONNECTIONS = 96
PEOPLE = 20_000
MESSAGE_ID = "5120"
BEGUN = 1_896_111_962


@dataclass(slots=True, kw_only=True)
class Flood:
    """What came of posting."""

    seconds: float = 0.0
    waits: list[float] = field(default_factory=list)
    """Seconds from each post to its answer."""
    refused: int = 0
    """Answers that were no 2xx."""

    @property
    def rate(self) -> float:
        """Posts a second."""
        return len(self.waits) / self.seconds

    @property
    def p99(self) -> float:
        """Seconds that 99 of 100 posts took at most."""
        return sorted(self.waits)[int(len(self.waits) * 0.99)]


def flood(url: str, posts: int, *, first: int = 0) -> Flood:
    """Post so many reports and replies, no two of them alike, and return what it took."""
    return asyncio.run(_flood(url, iter(range(first, first + posts))))


async def _flood(url: str, numbers: Iterator[int]) -> Flood:
    came, began = Flood(), time.perf_counter()
    async with asyncio.TaskGroup() as group:
        for _ in range(CONNECTIONS):
            group.create_task(_post(url, numbers, came))
    came.seconds = time.perf_counter() - began
    return came


async def _post(url: str, numbers: Iterator[int], came: Flood) -> None:
    """Post one after the other; an answer is read to the end of its head, as a 204 has no body."""
    parts = urlsplit(url)
    reader, writer = await asyncio.open_connection(parts.hostname, parts.port)
    head = f"POST {parts.path} HTTP/1.1\r\nHost: {parts.netloc}\r\nContent-Type: application/json\r\n"
    for number in numbers:
        body = json.dumps(body_of(number))
        began = time.perf_counter()
        writer.write(f"{head}Content-Length: {len(body)}\r\n\r\n{body}".encode())
        answer = await reader.readuntil(b"\r\n\r\n")
        came.waits.append(time.perf_counter() - began)
        came.refused += not answer.startswith(b"HTTP/1.1 204 ")
    writer.close()
    await writer.wait_closed()


def body_of(number: int) -> dict[str, object]:
    """Return a post as the platform writes it: four reports, then an answer."""
    person = person_of(number)
    if number % 5:
        told = {"status": "delivered", "msgId": MESSAGE_ID, "date": BEGUN + number, "phone": person}
        return told | {"cost": "0.045", "currency": "EUR"}
    return {"type": "response", "phone_number": person, "text": f"OUI {number}", "message_id": MESSAGE_ID}


def person_of(number: int) -> str:
    """Return whom a post is about."""
    return f"+336{number % PEOPLE:08}"

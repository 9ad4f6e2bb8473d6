"""The shortest possible client: the same bodies over eight kept connections, and nothing else.

It knows no retry, no answer that cannot be trusted, no memory; it is what the wire allows.
"""

from __future__ import annotations

import http.client
import json
import threading
import time
from collections.abc import Callable, Iterator, Sequence
from itertools import islice
from typing import TypeAlias, TypeVar

from benchmarks.numbers import e164

T = TypeVar("T")
Written: TypeAlias = Callable[[Sequence[T]], tuple[str, dict[str, object]]]
"""Returns where some people's request goes, and what it says."""


def send(address: str, people: int, threads: int, message: str) -> float:
    """Send to so many people and return the seconds it took."""

    def written(numbers: Sequence[str]) -> tuple[str, dict[str, object]]:
        return "/v1/send", {"phoneNumbers": ",".join(numbers), "message": message}

    return deliver(address, e164(people), threads, written)


def send_personal(address: str, texts: Iterator[tuple[str, str]], threads: int) -> float:
    """Send everybody the text of their own and return the seconds it took."""

    def written(texts: Sequence[tuple[str, str]]) -> tuple[str, dict[str, object]]:
        return "/v1/bulk-send", {"SMSList": [{"phoneNumber": to, "message": text} for to, text in texts]}

    return deliver(address, texts, threads, written)


def deliver(address: str, everybody: Iterator[T], threads: int, written: Written[T]) -> float:
    """Send in groups of 500 and return the seconds it took."""
    groups = iter(lambda: list(islice(everybody, 500)), [])
    one_at_a_time = threading.Lock()
    workers = [
        threading.Thread(target=post, args=(address, groups, one_at_a_time, written)) for _ in range(threads)
    ]
    began = time.perf_counter()
    for worker in workers:
        worker.start()
    for worker in workers:
        worker.join()
    return time.perf_counter() - began


def post(
    address: str, groups: Iterator[Sequence[T]], one_at_a_time: threading.Lock, written: Written[T]
) -> None:
    """Send one group after the other over one connection."""
    connection = http.client.HTTPConnection(address.removeprefix("http://"))
    while True:
        with one_at_a_time:
            group = next(groups, None)
        if not group:
            return connection.close()
        path, fields = written(group)
        fields |= {"apiKey": "key", "tag": "a" * 20}
        connection.request("POST", path, json.dumps(fields), {"Content-Type": "application/json"})
        connection.getresponse().read()

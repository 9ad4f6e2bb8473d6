"""The shortest possible client: the same bodies over eight kept connections, and nothing else.

It knows no retry, no answer that cannot be trusted, no memory; it is what the wire allows.
"""

from __future__ import annotations

import http.client
import json
import threading
import time
from collections.abc import Iterator, Sequence
from itertools import islice

from benchmarks.numbers import e164


def send(address: str, people: int, threads: int, message: str) -> float:
    """Send to so many people and return the seconds it took."""
    everybody = e164(people)
    groups = iter(lambda: list(islice(everybody, 500)), [])
    one_at_a_time = threading.Lock()
    workers = [
        threading.Thread(target=post, args=(address, groups, one_at_a_time, message)) for _ in range(threads)
    ]
    began = time.perf_counter()
    for worker in workers:
        worker.start()
    for worker in workers:
        worker.join()
    return time.perf_counter() - began


def post(address: str, groups: Iterator[Sequence[str]], one_at_a_time: threading.Lock, message: str) -> None:
    """Send one group after the other over one connection."""
    connection = http.client.HTTPConnection(address.removeprefix("http://"))
    while True:
        with one_at_a_time:
            numbers = next(groups, None)
        if not numbers:
            return connection.close()
        fields = {"apiKey": "key", "phoneNumbers": ",".join(numbers), "message": message, "tag": "a" * 20}
        connection.request("POST", "/v1/send", json.dumps(fields), {"Content-Type": "application/json"})
        connection.getresponse().read()

"""Posts to the addresses of a send: reports, replies and STOP, in the shapes that the vendor's pages show.

Only to addresses of this machine: nothing of a test leaves it.
"""

from __future__ import annotations

import heapq
import json
import threading
import time
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from http.client import HTTPException
from itertools import count
from typing import Any
from urllib.error import HTTPError
from urllib.parse import urlencode, urlsplit
from urllib.request import ProxyHandler, Request, build_opener

from airflow_provider_smspartner.simulator.guards import is_loopback
from airflow_provider_smspartner.simulator.hostile import FORM, JSON, attacks
from airflow_provider_smspartner.simulator.messages import Message
from airflow_provider_smspartner.simulator.reader import PARIS
from airflow_provider_smspartner.simulator.settings import Fate, Posting

LONGEST_REPLY = 160
LONGEST_PART = 153
_TURN = 0.02
_BETWEEN_ATTEMPTS = 0.5
_TIMEOUT = 30.0

Body = dict[str, Any]


@dataclass(frozen=True, slots=True, kw_only=True)
class Post:
    """One request to an address of a send."""

    url: str
    body: Body
    status: int | None
    """What was answered; None: nobody did."""


@dataclass(order=True, slots=True, kw_only=True)
class _Due:
    at: datetime
    order: int
    url: str = field(compare=False)
    body: Body = field(compare=False)
    posting: Posting = field(compare=False)
    attempt: int = field(default=1, compare=False)


class Postman:
    """Posts what is due, from a thread of its own, which begins with the first post.

    ``now`` returns the platform's present, so that its clock may be advanced.
    """

    def __init__(self, now: Callable[[], datetime]) -> None:
        self.posts: list[Post] = []
        self._now = now
        self._due: list[_Due] = []
        self._orders = count()
        self._lock = threading.Lock()
        self._is_busy = False
        self._end = threading.Event()
        self._thread: threading.Thread | None = None

    def add(self, bodies: Iterable[tuple[datetime, str, Body]], posting: Posting) -> None:
        """Post bodies to addresses, each at its moment, as often as ``posting`` says.

        None is posted before all are there, or ``out_of_order`` would come down to luck. An address elsewhere
        gets nothing.
        """
        late, sign = timedelta(seconds=posting.after_seconds), -1 if posting.out_of_order else 1
        near = [(at + late, url, body) for at, url, body in bodies if _is_near(url)]
        with self._lock:
            for at, url, body in near:
                for _ in range(posting.times):
                    order = sign * next(self._orders)
                    heapq.heappush(self._due, _Due(at=at, order=order, url=url, body=body, posting=posting))
            if near and self._thread is None:
                self._thread = threading.Thread(target=self._run, name="smspartner-postman", daemon=True)
                self._thread.start()

    def clear(self) -> None:
        """Forget what is due and what was posted."""
        with self._lock:
            self._due.clear()
            self.posts.clear()

    def wait(self, seconds: float) -> None:
        """Wait until nothing is due any more. Raises TimeoutError."""
        until = time.monotonic() + seconds
        # In this order: what is taken off the heap makes it busy first
        while self._next_at() <= self._now() or self._is_busy:
            if time.monotonic() > until:
                raise TimeoutError(f"posts are still due after {seconds:g} seconds")
            time.sleep(_TURN)

    def stop(self) -> None:
        """End the thread; what is due stays undone."""
        self._end.set()
        if self._thread is not None:
            self._thread.join()

    def _next_at(self) -> datetime:
        with self._lock:
            return self._due[0].at if self._due else datetime.max.replace(tzinfo=PARIS)

    def _run(self) -> None:
        while not self._end.is_set():
            if self._next_at() > self._now():
                self._end.wait(_TURN)
                continue
            self._is_busy = True
            with self._lock:
                due = heapq.heappop(self._due) if self._due else None
            if due is not None:
                self._post(due)
            self._is_busy = False

    def _post(self, due: _Due) -> None:
        status = _send(due.url, due.body, form=due.posting.form)
        self.posts.append(Post(url=due.url, body=due.body, status=status))
        if (status is None or status >= 300) and due.attempt < due.posting.attempts:
            due.attempt += 1
            due.at = self._now() + timedelta(seconds=_BETWEEN_ATTEMPTS)
            with self._lock:
                heapq.heappush(self._due, due)


def _is_near(url: str) -> bool:
    """Tell whether an address is one of this machine."""
    parts = urlsplit(url)
    return parts.scheme in ("http", "https") and is_loopback(parts.hostname or "")


def attack(url: str, number: str) -> dict[str, int | None]:
    """Make every hostile post to an address of this machine, and return what was answered, by its name."""
    if not _is_near(url):
        return {}
    return {each.name: _request(each.url, each.body, each.content_type) for each in attacks(url, number)}


def _send(url: str, body: Body, *, form: bool) -> int | None:
    return _request(url, *((urlencode(body).encode(), FORM) if form else (json.dumps(body).encode(), JSON)))


def _request(url: str, body: bytes, content_type: str) -> int | None:
    """Post, and return what was answered; None: nobody did."""
    request = Request(url, body, {"Content-Type": content_type})  # noqa: S310  # http of this machine only
    try:
        with build_opener(ProxyHandler({})).open(request, timeout=_TIMEOUT) as answer:
            return int(answer.status)
    except HTTPError as error:
        return error.code
    except (OSError, HTTPException):
        return None


def reports(message: Message, number: str, fate: Fate, posting: Posting) -> Iterator[tuple[datetime, Body]]:
    """Yield the reports of one person, with the moment of each."""
    if fate.status is None:
        return
    at = message.due + timedelta(seconds=fate.after_seconds)
    for status, moment in (("waiting", message.due), (fate.status.lower(), at)):
        if status != "waiting" or posting.waiting_first:
            date, tag = int(moment.timestamp()), {"tag": message.order.tag} if message.order.tag else {}
            body = {"status": status, "msgId": str(message.id), "date": date, "phone": number}
            yield moment, body | {"cost": "0.045", "currency": "EUR"} | tag


def replies(message: Message, number: str, text: str, at: datetime, posting: Posting) -> Iterator[Body]:
    """Yield what somebody writes back, in as many posts as it takes."""
    if not posting.long_number:
        kind = "stop" if text.strip().casefold() == "stop" else "response"
        yield {"type": kind, "phone_number": number, "text": text, "message_id": message.id}
        return
    whole = {"msisdn": number[1:], "to": "33700000000", "type": "text"}
    whole["message-timestamp"] = f"{at.astimezone(PARIS):%Y-%m-%d %H:%M:%S}"
    reference = f"{int(at.timestamp() * 1000) % 10**7:07}"
    if len(text) <= LONGEST_REPLY:
        yield whole | {"messageId": f"020{reference}", "text": text, "keyword": text.split(" ")[0]}
        return
    texts = [text[start : start + LONGEST_PART] for start in range(0, len(text), LONGEST_PART)]
    for index, part in enumerate(texts, 1):
        place = {"concat": "true", "concat-ref": reference[-3:], "concat-total": str(len(texts))}
        yield (
            whole | place | {"concat-part": str(index), "messageId": f"02{index:02}{reference}", "text": part}
        )

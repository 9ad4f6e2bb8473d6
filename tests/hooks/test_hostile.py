"""Answers that never end: every request is over in time and takes no more memory than an answer may."""

from __future__ import annotations

import asyncio
import gzip
import socket
import tracemalloc
from collections.abc import Callable
from functools import partial
from typing import Any

import pytest

from airflow_provider_smspartner import api
from airflow_provider_smspartner.api.answers import Statuses, StopEntry, StopList
from airflow_provider_smspartner.exceptions import OutcomeUnknownError, SMSPartnerError
from airflow_provider_smspartner.hooks import transport
from airflow_provider_smspartner.hooks.paging import look_up
from airflow_provider_smspartner.hooks.smspartner import SMSPartnerHook
from airflow_provider_smspartner.hooks.stops import read_stop_list
from airflow_provider_smspartner.rules.delivery import DeliveryStatus, Report
from tests.conftest import Connect
from tests.hooks import servers
from tests.hooks.conftest import KEY, NUMBER, Carry
from tests.hooks.servers import Manner, Server, reply

LIMIT = 256 * 1024
GIGABYTE = 1024**3
SEND = api.send([NUMBER], "Hello")
HEAD = b"HTTP/1.1 200 OK\r\n"
CHUNKED = HEAD + b"Transfer-Encoding: chunked\r\n\r\n"
END = b"2\r\n{}\r\n0\r\n"


def for_ever(start: bytes, piece: bytes, *, pause: float) -> Manner:
    """Answer with a start and then with the same piece for as long as the client takes it."""

    def manner(server: Server, conn: socket.socket) -> None:
        server.receive(conn)
        conn.sendall(start)
        while not server.stopping.wait(pause):
            conn.sendall(piece)

    return manner


DRIPS: dict[str, tuple[bytes, bytes]] = {
    "continue": (b"", b"HTTP/1.1 100 Continue\r\n\r\n"),
    "a status line": (b"HTTP/1.1 200 ", b"x"),
    "headers": (HEAD, b"A: b\r\n"),
    "a header": (HEAD + b"A: ", b"b"),
    "the name of a chunk": (CHUNKED + b"2;", b"a"),
    "chunks": (CHUNKED, b"1\r\n \r\n"),
    "trailers": (CHUNKED + END, b"A: b\r\n"),
}


@pytest.mark.parametrize("part", DRIPS)
def test_no_part_of_an_answer_may_come_in_drips(
    carry: Carry, connect: Connect, monkeypatch: pytest.MonkeyPatch, part: str
) -> None:
    """Each piece comes within the time-out; without a deadline for the whole, this would never return."""
    monkeypatch.setattr(transport, "CONNECT_TIMEOUT", 0.1)
    with Server(for_ever(*DRIPS[part], pause=0.02)) as server:
        connect(server.url, key=KEY, timeout=0.2)
        with pytest.raises(OutcomeUnknownError, match="no answer that can be trusted"):
            carry(SEND)
        assert len(server.requests) == 1  # a connection that was too slow has carried none


def test_a_connection_that_was_kept_has_all_of_its_time_again(carry: Carry, connect: Connect) -> None:
    """A deadline that an answer had used up must not be left on the socket for the next request."""
    good = servers.raw(servers.answer(servers.GOOD_ME))
    with Server(servers.in_turn(*[good] * 3), good) as server:
        connect(server.url, key=KEY)
        hook = SMSPartnerHook()
        assert {carry(api.me(), hook).name for _ in range(3)} == {"ops@example.org"}


ENDLESS: dict[str, tuple[bytes, bytes]] = {
    "of a promised length": (HEAD + f"Content-Length: {GIGABYTE}\r\n\r\n".encode(), b" "),
    "until the end of the connection": (HEAD + b"\r\n", b" "),
    "in chunks": (CHUNKED, b"4000\r\n" + b" " * 0x4000 + b"\r\n"),
    "in one chunk": (CHUNKED + b"ffffffffff\r\n", b" "),
    "of headers": (HEAD, b"A: b\r\n"),
}


@pytest.mark.parametrize("kind", ENDLESS)
def test_a_body_without_an_end_is_cut_at_the_limit(
    connect: Connect, monkeypatch: pytest.MonkeyPatch, kind: str
) -> None:
    start, piece = ENDLESS[kind]
    endless = for_ever(start, piece * (0x10000 // len(piece)), pause=0)
    assert_bounded(endless, connect, monkeypatch)


@pytest.mark.parametrize("encoding", ["gzip", "gzip, gzip"])
def test_a_small_body_does_not_unfold_into_a_large_one(
    connect: Connect, monkeypatch: pytest.MonkeyPatch, encoding: str
) -> None:
    bomb = gzip.compress(b" " * (64 * LIMIT))
    if encoding.count("gzip") == 2:
        bomb = gzip.compress(bomb)
    assert_bounded(reply(bomb, Content_Encoding=encoding), connect, monkeypatch)


def assert_bounded(hostile: Manner, connect: Connect, monkeypatch: pytest.MonkeyPatch) -> None:
    """Meet a server at both ends, with memory compared to that of the largest answer that is taken."""
    monkeypatch.setattr(transport, "LARGEST_BODY", LIMIT)
    for send in (by_requests, by_aiohttp):
        with Server(reply(servers.GOOD_SEND + b" " * (LIMIT - len(servers.GOOD_SEND)))) as fair:
            connect(fair.url, key=KEY)
            assert send() == "5120"  # what is imported the first time does not count
            allowed = peak(send)
        with Server(hostile) as server:
            connect(server.url, key=KEY)
            assert peak(partial(refused, send)) < 4 * allowed


def by_requests() -> str | None:
    return SMSPartnerHook().call(SEND).message_id


def by_aiohttp() -> str | None:
    return asyncio.run(SMSPartnerHook().acall(SEND)).message_id


def refused(send: Callable[[], object]) -> None:
    with pytest.raises(OutcomeUnknownError):
        send()


def peak(work: Callable[[], object]) -> int:
    """Return the most memory that Python held at once during some work, in bytes."""
    tracemalloc.start()
    try:
        work()
        return tracemalloc.get_traced_memory()[1]
    finally:
        tracemalloc.stop()


# ---- lists without an end ------------------------------------------------------------------------


class Liar:
    """A platform that has always one more person, on the next page."""

    def __init__(self) -> None:
        self.pages = 0

    def __call__(self, call: api.Call[Any]) -> Any:
        self.pages += 1
        number = f"+336{self.pages:08}"
        if call.path == "/stop-sms/list":
            return StopList(entries=(StopEntry(id=str(self.pages), number=number),), total=10**17)
        report = Report(number=number, status=DeliveryStatus.DELIVERED, stop=False, reported_at=None)
        return Statuses(reports=(report,), total=10**17)


def test_a_tag_whose_list_never_ends_is_not_followed_for_ever() -> None:
    found = look_up(liar := Liar(), "spring")

    assert found is not None
    assert not found.whole
    assert liar.pages == 501


def test_a_stop_list_that_never_ends_stops_the_send() -> None:
    with pytest.raises(SMSPartnerError, match=r"lists \d+ of \d+ numbers; nothing was sent"):
        read_stop_list(Liar())

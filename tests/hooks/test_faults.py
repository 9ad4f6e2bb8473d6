"""What goes wrong after a request has left: never sent twice, never taken for a yes, and no secret told."""

from __future__ import annotations

import gzip
from collections.abc import Callable, Iterator
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from airflow_provider_smspartner import api
from airflow_provider_smspartner.exceptions import OutcomeUnknownError, RateLimitError
from airflow_provider_smspartner.hooks import transport
from airflow_provider_smspartner.hooks.smspartner import SMSPartnerHook
from tests.conftest import Connect
from tests.hooks import servers
from tests.hooks.conftest import KEY, NUMBER, Carry, Clock
from tests.hooks.servers import Manner, Server, raw, reply

ONCE: dict[str, Callable[[], api.Call[Any]]] = {
    "send": lambda: api.send([NUMBER], "Hello"),
    "survey": lambda: api.send_survey([NUMBER], "abcd1234"),
    "bulk_send": lambda: api.bulk_send([(NUMBER, "Hello")]),
    "message_cancel": lambda: api.message_cancel(5120),
}
AGAIN: dict[str, Callable[[], api.Call[Any]]] = {
    "me": api.me,
    "bulk_status": lambda: api.bulk_status(5120),
    "bulk_status_by_tag": lambda: api.bulk_status_by_tag("spring"),
    "stop_list": api.stop_list,
}
GOOD = servers.answer()
FAULTS: dict[str, Manner] = {
    "reset before reading": servers.reset_before_reading,
    "reset after reading": servers.reset_after_reading,
    "closed after reading": raw(b""),
    "half a status line": raw(b"HTTP/1."),
    "half the headers": raw(GOOD[:60]),
    "half a body": raw(GOOD[:-20]),
    "half a chunk": raw(
        b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n40\r\n" + servers.GOOD_SEND[:20]
    ),
    "silence": servers.hang,
    "a drip": servers.drip,
    "no HTTP": raw(b"\x00\xff\x16 garbage\r\n\r\n"),
    "no JSON": reply(b"<html>Maintenance</html>"),
    "nothing in it": reply(b""),
    "an echo of the request": reply(f"apiKey={KEY} phoneNumbers={NUMBER}".encode()),
    "a length that is no number": raw(GOOD.replace(b"Length: ", b"Length: x")[:-20]),
    "two lengths": raw(GOOD.replace(b"Content-Type", b"Content-Length: 3\r\nContent-Type")),
    "no gzip": reply(Content_Encoding="gzip"),
    "gzip": reply(gzip.compress(servers.GOOD_SEND), Content_Encoding="gzip"),
    "a coding that nobody knows": reply(Content_Encoding="br"),
    "two codings": reply(Content_Encoding="identity, deflate"),
    "a redirect to nowhere": reply(b"", 302, Location="http://[:::bad"),
    "500": reply(status=500),
    "502": reply(b"Bad gateway", status=502),
    "503": reply(b'{"success": false, "code": 10, "message": "wrong key"}', status=503),
    "304": raw(b"HTTP/1.1 304 Not Modified\r\nConnection: close\r\n\r\n"),
}


@pytest.fixture(params=FAULTS)
def faulty(
    request: pytest.FixtureRequest, connect: Connect, monkeypatch: pytest.MonkeyPatch
) -> Iterator[Server]:
    """A platform that fails in one way for ever."""
    monkeypatch.setattr(transport, "CONNECT_TIMEOUT", 0.2)
    with Server(FAULTS[request.param]) as server:
        connect(server.url, key=KEY, timeout=0.3)
        yield server


def test_what_must_not_be_repeated_leaves_once(faulty: Server, carry: Carry, clock: Clock) -> None:
    with pytest.raises(OutcomeUnknownError, match="/send"):
        carry(ONCE["send"]())
    assert faulty.connections == 1
    assert clock.waits == []


@pytest.mark.parametrize("faulty", ["reset after reading", "half a body", "503"], indirect=True)
@pytest.mark.parametrize("name", [name for name in ONCE if name != "send"])
def test_none_of_them_is_repeated(faulty: Server, carry: Carry, clock: Clock, name: str) -> None:
    with pytest.raises(OutcomeUnknownError, match=r"/\w"):
        carry(ONCE[name]())
    assert faulty.connections == 1
    assert clock.waits == []


def test_what_only_reads_is_tried_four_times(faulty: Server, carry: Carry, clock: Clock) -> None:
    with pytest.raises(OutcomeUnknownError, match="/me"):
        carry(api.me())
    assert faulty.connections == 4
    for wait, backoff in zip(clock.waits, (1, 2, 4), strict=True):
        assert 0.75 * backoff <= wait <= 1.25 * backoff


@pytest.mark.parametrize("name", AGAIN)
def test_a_repeated_question_gets_its_answer(carry: Carry, clock: Clock, connect: Connect, name: str) -> None:
    good = servers.GOOD_ME[:-1] + b', "StatutResponse_List": [], "data": []}'
    with Server(reply(status=503), servers.reset_after_reading, reply(good)) as server:
        connect(server.url, key=KEY)
        assert carry(AGAIN[name]())
        assert len({(request.method, request.target) for request in server.requests}) == 1
        assert len(server.requests) == 3


@pytest.mark.parametrize("name", [*ONCE, *AGAIN])
def test_a_redirect_is_not_followed(carry: Carry, clock: Clock, connect: Connect, name: str) -> None:
    with Server(reply()) as elsewhere:
        with Server(reply(b"", 302, Location=f"{elsewhere.url}/me")) as server:
            connect(server.url, key=KEY)
            with pytest.raises(OutcomeUnknownError, match="redirect"):
                carry({**ONCE, **AGAIN}[name]())
        assert elsewhere.connections == 0


@pytest.mark.parametrize(
    ("manner", "is_suspect"),
    [
        (reply(b"<!DOCTYPE html><html>Not found</html>", status=404), True),
        (reply(b'{"error": "no such page"}', status=404), True),
        (reply(b"\n<html>Welcome</html>"), True),
        (reply(b"<html>Bad gateway</html>", status=502), False),
        (reply(b"{}"), False),
    ],
)
@pytest.mark.parametrize("name", ["send", "me"])
def test_a_page_in_the_place_of_the_api_casts_suspicion_on_the_path(
    carry: Carry, clock: Clock, connect: Connect, manner: Manner, is_suspect: bool, name: str
) -> None:
    with Server(manner) as server:
        connect(server.url, key=KEY)
        with pytest.raises(OutcomeUnknownError) as caught:
            carry({**ONCE, **AGAIN}[name]())
    assert ("check the path of the connection's API URL" in str(caught.value)) is is_suspect


@pytest.mark.parametrize(
    "manner",
    [
        reply(servers.GOOD_SEND + b" " * 4096),
        reply(gzip.compress(servers.GOOD_SEND + b" " * 4096), Content_Encoding="gzip"),
    ],
    ids=["as it is", "compressed"],
)
def test_an_answer_that_is_too_large_is_cut(
    carry: Carry, connect: Connect, monkeypatch: pytest.MonkeyPatch, manner: Manner
) -> None:
    monkeypatch.setattr(transport, "LARGEST_BODY", 2048)
    with Server(manner) as server:
        connect(server.url, key=KEY)
        with pytest.raises(OutcomeUnknownError, match="no answer that can be trusted"):
            carry(api.send([NUMBER], "Hello"))
        assert server.connections == 1


@pytest.mark.parametrize("name", ["send", "message_cancel"])
def test_a_kept_connection_that_breaks_is_no_reason_to_repeat(
    carry: Carry, connect: Connect, name: str
) -> None:
    """Both libraries keep connections, and one of them would send a GET again by itself."""
    kept = servers.in_turn(raw(servers.answer(servers.GOOD_ME)), servers.reset_after_reading)
    with Server(kept, servers.reset_after_reading) as server:
        connect(server.url, key=KEY)
        carry(api.me(), hook := SMSPartnerHook())
        with pytest.raises(OutcomeUnknownError):
            carry(ONCE[name](), hook)
        assert len(server.requests) == 2


# ---- 429 -----------------------------------------------------------------------------------------


def too_many(**headers: str) -> Manner:
    return reply(b'{"success": false, "message": "slower"}', status=429, **headers)


def test_the_platform_says_how_long_to_wait(carry: Carry, clock: Clock, connect: Connect) -> None:
    with Server(too_many(Retry_After="7"), reply(servers.GOOD_ME)) as server:
        connect(server.url, key=KEY)
        assert carry(api.me()).name == "ops@example.org"
        assert clock.waits == pytest.approx([7], abs=1)
        assert len(server.requests) == 2


@pytest.mark.parametrize(
    ("said", "seconds"),
    [
        (None, None),
        ("0", 0),
        ("61", 61),
        ("Wed, 21 Oct 2015 07:28:00 GMT", 0),
        ("Wed, 21 Oct 2015 07:28:00 -0000", 0),
        ("soon", None),
        ("-5", None),
        ("1.5", 1.5),
        ("9999999999999", 366 * 86400),
        ("Wed, 21 Oct 99999999999999999999 07:28:00 GMT", None),
        ("Wed, 99 Oct 2015 07:28:00 GMT", None),
    ],
)
def test_a_send_is_not_repeated_when_there_were_too_many(
    carry: Carry, connect: Connect, said: str | None, seconds: float | None
) -> None:
    with Server(too_many(Retry_After=said) if said else too_many()) as server:
        connect(server.url, key=KEY)
        with pytest.raises(RateLimitError, match="slower") as caught:
            carry(api.send([NUMBER], "Hello"))
        assert caught.value.retry_after == seconds
        assert server.connections == 1


@given(st.text() | st.from_regex(r"[A-Z][a-z]{2}, \d+ [A-Z][a-z]{2} \d+ \d+:\d+:\d+ \S{1,6}", fullmatch=True))
def test_whatever_retry_after_says_is_a_wait_or_nothing(said: str) -> None:
    seconds = transport.seconds(said)
    assert seconds is None or 0 <= seconds <= 366 * 86400


def test_a_wait_of_more_than_a_minute_is_left_to_the_caller(
    carry: Carry, clock: Clock, connect: Connect
) -> None:
    with Server(too_many(Retry_After="61")) as server:
        connect(server.url, key=KEY)
        with pytest.raises(RateLimitError) as caught:
            carry(api.me())
        assert caught.value.retry_after == 61
        assert server.connections == 1
        assert clock.waits == []


def test_a_date_far_ahead_is_no_short_wait(carry: Carry, clock: Clock, connect: Connect) -> None:
    with Server(too_many(Retry_After="Fri, 31 Dec 9999 23:59:59 GMT")) as server:
        connect(server.url, key=KEY)
        with pytest.raises(RateLimitError):
            carry(api.me())
        assert server.connections == 1


def test_too_many_for_ever_ends_after_some_minutes(carry: Carry, clock: Clock, connect: Connect) -> None:
    with Server(too_many()) as server:
        connect(server.url, key=KEY)
        with pytest.raises(RateLimitError):
            carry(api.me())
        assert 180 <= sum(clock.waits) < 300
        assert max(clock.waits) <= 60
        assert server.connections < 12

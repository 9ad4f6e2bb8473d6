"""Where the key joins a request: below whatever looks at requests, and nowhere else."""

from __future__ import annotations

import asyncio
import http.client
import json
import logging
import sys
from collections.abc import Callable, Iterator
from types import SimpleNamespace, TracebackType
from typing import Any
from urllib.parse import parse_qs, urlsplit

import aiohttp
import pytest
import requests
from hypothesis import given
from hypothesis import strategies as st

from airflow_provider_smspartner import api
from airflow_provider_smspartner.exceptions import SMSPartnerError
from airflow_provider_smspartner.hooks.departure import Departure
from airflow_provider_smspartner.hooks.smspartner import SMSPartnerHook
from airflow_provider_smspartner.rules.people import Person
from tests.conftest import Connect
from tests.hooks import servers
from tests.hooks.conftest import KEY, NUMBER, SECRETS, Carry, Clock, held_in
from tests.hooks.servers import Server, raw, reply

CALLS: dict[str, Callable[[], api.Call[Any]]] = {
    "me": api.me,
    "a look": lambda: api.bulk_status_by_tag("spring"),
    "cancel": lambda: api.message_cancel(5120),
    "send": lambda: api.send([NUMBER], "Hello, apiKey="),
    "bulk": lambda: api.bulk_send([(NUMBER, '{"apiKey": "x"}'.replace("{", "(").replace("}", ")"))]),
}


def key_in(server: Server) -> list[str]:
    """Return the keys of all requests, each of which must be whole and well-formed."""
    found = []
    for request in server.requests:
        if request.method == "POST":
            assert len(request.body) == int(request.headers["content-length"])
            found.append(json.loads(request.body)["apiKey"])
        else:
            found.append(parse_qs(urlsplit(request.target).query)["apiKey"][0])
    return found


@pytest.mark.usefixtures("clock")
@pytest.mark.parametrize("key", [KEY, 'quo"te\\', "a", "%2B+&=#?", "k" * 200])
@pytest.mark.parametrize("name", CALLS)
def test_every_key_arrives_whole(carry: Carry, connect: Connect, key: str, name: str) -> None:
    with Server(reply(servers.GOOD_ME)) as server:
        connect(server.url, key=key)
        try:
            carry(CALLS[name]())
        except SMSPartnerError:
            assert name != "me"
        assert set(key_in(server)) == {key}


def test_requests_on_a_kept_connection_each_get_the_key(connect: Connect) -> None:
    good = raw(servers.answer(servers.GOOD_ME))
    sent = raw(servers.answer())

    async def many(hook: SMSPartnerHook) -> None:
        async with hook.open_session() as session:
            for _ in range(3):
                await hook.acall(api.me(), session=session)

    with Server(servers.in_turn(good, sent, good), servers.in_turn(*[good] * 3)) as server:
        connect(server.url, key=KEY)
        hook = SMSPartnerHook()
        hook.call(api.me())
        hook.call(api.send([NUMBER], "Hello"))
        hook.call(api.me())
        asyncio.run(many(hook))
        assert server.connections == 2
        assert key_in(server) == [KEY] * 6


@given(st.lists(st.binary(max_size=50), max_size=5))
def test_what_follows_is_left_alone(more: list[bytes]) -> None:
    departure = Departure("k")
    head = b"POST /v1/send HTTP/1.1\r\nHost: x\r\n\r\n"
    assert departure.through(head) == head
    assert departure.through(b'{"a": 1}') == b'{"apiKey": "k", "a": 1}'
    assert [departure.through(part) for part in more] == more


def test_what_is_said_to_a_proxy_is_no_request_of_ours() -> None:
    departure = Departure("k")
    connect = b"CONNECT sms.example:443 HTTP/1.0\r\n\r\n"
    assert departure.through(connect) == connect
    assert not departure.left
    assert departure.through(b"GET /v1/me HTTP/1.1\r\n\r\n") == b"GET /v1/me?apiKey=k HTTP/1.1\r\n\r\n"
    assert departure.left


# ---- those who look ------------------------------------------------------------------------------


@pytest.fixture
def seen(monkeypatch: pytest.MonkeyPatch) -> list[str]:
    """Look at requests where instruments of other people do, and return what they see."""
    seen: list[str] = []

    def watch(owner: type, name: str) -> None:
        original = getattr(owner, name)

        def watching(self: Any, *args: Any, **kwargs: Any) -> Any:
            seen.append(f"{[getattr(arg, 'url', arg) for arg in args]} {kwargs}")
            return original(self, *args, **kwargs)

        monkeypatch.setattr(owner, name, watching)

    watch(http.client.HTTPConnection, "putrequest")  # Sentry
    watch(http.client.HTTPConnection, "putheader")
    watch(requests.Session, "send")  # OpenTelemetry
    watch(requests.adapters.HTTPAdapter, "send")
    original = aiohttp.ClientSession.__init__

    def traced(self: aiohttp.ClientSession, *args: Any, **kwargs: Any) -> None:
        config = aiohttp.TraceConfig()

        async def note(_: Any, __: SimpleNamespace, told: Any) -> None:
            seen.append(f"{told} {getattr(getattr(told, 'response', None), 'url', '')}")

        for name, signal in vars(config).items():
            if name.startswith("_on_"):
                signal.append(note)
        original(self, *args, **kwargs, trace_configs=[config])

    monkeypatch.setattr(aiohttp.ClientSession, "__init__", traced)
    return seen


@pytest.mark.usefixtures("clock")
@pytest.mark.parametrize("name", ["me", "a look", "send"])
def test_instruments_see_no_key(carry: Carry, connect: Connect, seen: list[str], name: str) -> None:
    with Server(reply(servers.GOOD_ME)) as server:
        connect(server.url, key=KEY)
        try:
            carry(CALLS[name]())
        except SMSPartnerError:
            assert name != "me"
        assert set(key_in(server)) == {KEY}
    assert seen
    assert held_in("\n".join(seen)) <= {NUMBER, NUMBER[1:]}  # the body that was handed over


def test_no_log_and_no_debugging_shows_the_key(
    carry: Carry, connect: Connect, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    """``carry`` looks through what is logged and printed."""
    monkeypatch.setattr(http.client.HTTPConnection, "debuglevel", 2)
    with Server(reply(servers.GOOD_ME)) as server:
        connect(server.url, key=KEY)
        carry(api.me())
    for name in ("connectionpool", "connection"):
        assert logging.getLogger(f"urllib3.{name}").filters == []  # nothing is left to hide


# ---- the frames of an error ----------------------------------------------------------------------


def locals_of(error: BaseException | None, *, above: str) -> Iterator[str]:
    """Yield the variables of all frames of an error and its causes, from our own frames on."""
    while error is not None:
        trace: TracebackType | None = error.__traceback__
        while trace is not None:
            if trace.tb_frame.f_code.co_filename != above:
                yield from (f"{name}={whole(value)}" for name, value in trace.tb_frame.f_locals.items())
            trace = trace.tb_next
        error = error.__cause__ or error.__context__


def whole(value: object) -> str:
    """Return what a reporter that looks deep would show of a value."""
    if isinstance(value, api.Call | Person):
        return f"{value!r} {getattr(value, 'fields', '')}"
    return repr(value)


FAULTS = {
    "reset": servers.reset_after_reading,
    "garbage": raw(b"\x00\r\n\r\n"),
    "refused": reply(f'{{"success": false, "code": 9, "message": "no {NUMBER} {KEY}"}}'.encode()),
    "unavailable": reply(b"", status=503),
}


@pytest.mark.parametrize("fault", FAULTS)
def test_the_frames_of_an_error_hold_nothing(
    carry: Carry, clock: Clock, connect: Connect, fault: str
) -> None:
    with Server(FAULTS[fault]) as server:
        connect(server.url, key=KEY)
        with pytest.raises(SMSPartnerError) as caught:
            carry(api.send([NUMBER], "Hello"))
    own = {__file__, sys.modules[Carry.__module__].__file__}
    shown = [text for path in own for text in locals_of(caught.value, above=str(path))]
    assert not held_in("\n".join(text for text in shown if not text.startswith("call=Call(")))


@pytest.mark.parametrize("number", [NUMBER, "061234"])
def test_the_frames_of_a_short_form_hold_nothing(connect: Connect, number: str) -> None:
    with Server(FAULTS["refused"]) as server:
        connect(server.url, key=KEY)
        with pytest.raises(SMSPartnerError) as caught:
            SMSPartnerHook().send_sms("A secret", [number])
    shown = "\n".join(locals_of(caught.value, above=__file__))
    assert not any(secret in shown for secret in (*SECRETS, number, "A secret"))


def test_a_time_out_of_the_task_empties_its_frames_too(
    connect: Connect, monkeypatch: pytest.MonkeyPatch
) -> None:
    class TaskTimeout(BaseException):
        pass

    def stop(*_: object) -> None:
        raise TaskTimeout

    monkeypatch.setattr("airflow_provider_smspartner.hooks.over_requests.read_body", stop)
    with Server(reply()) as server:
        connect(server.url, key=KEY)
        with pytest.raises(TaskTimeout) as caught:
            SMSPartnerHook().call(api.send([NUMBER], "Hello"))
    assert not held_in("\n".join(locals_of(caught.value, above=__file__)))

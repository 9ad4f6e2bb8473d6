"""What goes wrong before a request leaves: said so, tried again, and then it arrives once."""

from __future__ import annotations

import contextlib
import socket
import ssl
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
import trustme

from airflow_provider_smspartner import api
from airflow_provider_smspartner.exceptions import APIConnectionError, OutcomeUnknownError
from airflow_provider_smspartner.hooks import transport
from airflow_provider_smspartner.simulator import Simulator
from tests.conftest import Connect
from tests.hooks import servers
from tests.hooks.conftest import KEY, NUMBER, Carry, Clock
from tests.hooks.servers import Manner, Server, raw, reply
from tests.hooks.test_faults import ONCE

NOTHING_LISTENS = "http://127.0.0.1:9/v1"


def certificate(authority: trustme.CA, name: str = "localhost") -> ssl.SSLContext:
    """Return a server's side of TLS under that name."""
    context = ssl.create_default_context(ssl.Purpose.CLIENT_AUTH)
    authority.issue_cert(name).configure_cert(context)
    return context


@pytest.fixture
def platform(authority: trustme.CA) -> Iterator[Server]:
    """A platform that speaks TLS and answers a send well."""
    with Server(reply(), tls=certificate(authority)) as server:
        yield server


def fails_without_leaving(carry: Carry, call: api.Call[Any]) -> APIConnectionError:
    with pytest.raises(APIConnectionError) as caught:
        carry(call)
    return caught.value


# ---- the network ---------------------------------------------------------------------------------


@pytest.mark.parametrize("name", ONCE)
def test_a_refused_connection_is_tried_four_times(
    carry: Carry, clock: Clock, connect: Connect, name: str
) -> None:
    connect(NOTHING_LISTENS, key=KEY)
    fails_without_leaving(carry, ONCE[name]())
    assert len(clock.waits) == 3


def test_a_platform_that_comes_back_gets_the_send_once(
    carry: Carry, clock: Clock, connect: Connect, simulator: Simulator
) -> None:
    connect(simulator.url)
    simulator.pause()
    clock.meanwhile = lambda: simulator.resume() if len(clock.waits) == 2 else None
    assert carry(api.send([NUMBER], "Hello")).message_id
    assert simulator.texts_per_number() == {NUMBER: 1}
    assert len(clock.waits) == 2


def test_a_name_that_nobody_knows(
    carry: Carry, clock: Clock, connect: Connect, monkeypatch: pytest.MonkeyPatch
) -> None:
    def unknown(*_: object, **__: object) -> None:
        raise socket.gaierror(socket.EAI_NONAME, "Name or service not known")

    monkeypatch.setattr(socket, "getaddrinfo", unknown)
    connect("https://sms.example/v1", key=KEY)
    fails_without_leaving(carry, api.send([NUMBER], "Hello"))
    assert len(clock.waits) == 3


def test_a_host_that_does_not_pick_up(
    carry: Carry, clock: Clock, connect: Connect, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(transport, "CONNECT_TIMEOUT", 0.1)
    with contextlib.ExitStack() as stack:
        deaf = stack.enter_context(socket.create_server(("127.0.0.1", 0), backlog=0))
        for _ in range(3):  # the queue of a listener that never accepts
            caller = stack.enter_context(socket.socket())
            caller.setblocking(False)
            caller.connect_ex(deaf.getsockname())
        connect(f"http://127.0.0.1:{deaf.getsockname()[1]}/v1", key=KEY)
        fails_without_leaving(carry, api.send([NUMBER], "Hello"))
    assert len(clock.waits) == 3


# ---- TLS -----------------------------------------------------------------------------------------


def test_a_companys_own_authority_is_trusted(
    carry: Carry, connect: Connect, platform: Server, trust: Path
) -> None:
    connect(platform.url, key=KEY)
    assert carry(api.send([NUMBER], "Hello")).message_id == "5120"


def test_an_unknown_authority_sees_no_request(
    carry: Carry, clock: Clock, connect: Connect, platform: Server
) -> None:
    connect(platform.url, key=KEY)
    fails_without_leaving(carry, api.send([NUMBER], "Hello"))
    assert platform.connections == 4
    assert platform.requests == []


def test_a_certificate_of_another_host_sees_no_request(
    carry: Carry, clock: Clock, connect: Connect, authority: trustme.CA, trust: Path
) -> None:
    with Server(reply(), tls=certificate(authority, "other.example")) as server:
        connect(server.url, key=KEY)
        fails_without_leaving(carry, api.send([NUMBER], "Hello"))
        assert server.requests == []


@pytest.mark.parametrize("content", [None, "no certificate"])
def test_certificates_that_cannot_be_read(
    carry: Carry, clock: Clock, connect: Connect, platform: Server, trust: Path, content: str | None
) -> None:
    trust.unlink()
    if content is not None:
        trust.write_text(content)
    connect(platform.url, key=KEY)
    assert "REQUESTS_CA_BUNDLE" in str(fails_without_leaving(carry, api.send([NUMBER], "Hello")))
    assert platform.connections == 0


# ---- proxies -------------------------------------------------------------------------------------


@pytest.mark.parametrize("value", ["http://127.0.0.1:{}", "127.0.0.1:{}"])
@pytest.mark.parametrize("variable", ["HTTPS_PROXY", "https_proxy", "ALL_PROXY", "all_proxy"])
@pytest.mark.usefixtures("trust")
def test_a_proxy_carries_without_seeing(
    carry: Carry,
    connect: Connect,
    platform: Server,
    monkeypatch: pytest.MonkeyPatch,
    variable: str,
    value: str,
) -> None:
    with Server(servers.tunnel) as proxy:
        monkeypatch.setenv(variable, value.format(proxy.port))
        connect(platform.url, key=KEY)
        assert carry(api.send([NUMBER], "Hello")).message_id == "5120"
        assert [(seen.method, seen.target) for seen in proxy.requests] == [
            ("CONNECT", f"localhost:{platform.port}")
        ]


@pytest.mark.usefixtures("trust")
def test_a_proxy_that_is_reached_over_tls_carries_too(
    carry: Carry,
    connect: Connect,
    platform: Server,
    authority: trustme.CA,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    with Server(servers.tunnel, tls=certificate(authority)) as proxy:
        monkeypatch.setenv("HTTPS_PROXY", f"https://localhost:{proxy.port}")
        connect(platform.url, key=KEY)
        assert carry(api.send([NUMBER], "Hello")).message_id == "5120"
        assert proxy.requests[0].method == "CONNECT"


@pytest.mark.usefixtures("trust")
def test_a_proxy_gets_the_name_that_its_url_holds(
    carry: Carry, connect: Connect, platform: Server, monkeypatch: pytest.MonkeyPatch
) -> None:
    with Server(servers.tunnel) as proxy:
        monkeypatch.setenv("HTTPS_PROXY", f"http://user:word@127.0.0.1:{proxy.port}")
        connect(platform.url, key=KEY)
        carry(api.send([NUMBER], "Hello"))
        assert proxy.requests[0].headers["proxy-authorization"] == "Basic dXNlcjp3b3Jk"
        assert "proxy-authorization" not in platform.requests[0].headers


@pytest.mark.usefixtures("trust")
def test_nothing_of_a_netrc_leaves(
    carry: Carry, connect: Connect, platform: Server, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    netrc = tmp_path / ".netrc"
    netrc.write_text("default login somebody password word\n")
    netrc.chmod(0o600)
    monkeypatch.setenv("NETRC", str(netrc))
    monkeypatch.setenv("HOME", str(tmp_path))
    connect(platform.url, key=KEY)
    carry(api.send([NUMBER], "Hello"))
    assert "authorization" not in platform.requests[0].headers


@pytest.mark.parametrize("value", ["localhost", "*", "sms.example,localhost", "127.0.0.0/8,localhost"])
@pytest.mark.parametrize("variable", ["NO_PROXY", "no_proxy"])
@pytest.mark.parametrize("proxies", ["HTTPS_PROXY", "ALL_PROXY"])
@pytest.mark.usefixtures("trust")
def test_no_proxy_is_honoured(
    carry: Carry,
    connect: Connect,
    platform: Server,
    monkeypatch: pytest.MonkeyPatch,
    proxies: str,
    variable: str,
    value: str,
) -> None:
    with Server(servers.tunnel) as proxy:
        monkeypatch.setenv(proxies, proxy.proxy_url)
        monkeypatch.setenv(variable, value)
        connect(platform.url, key=KEY)
        assert carry(api.send([NUMBER], "Hello")).message_id == "5120"
        assert proxy.connections == 0


def test_plain_http_on_this_machine_passes_by_every_proxy(
    carry: Carry, connect: Connect, simulator: Simulator, monkeypatch: pytest.MonkeyPatch
) -> None:
    with Server(reply()) as proxy:
        for variable in ("HTTP_PROXY", "http_proxy", "HTTPS_PROXY", "ALL_PROXY", "all_proxy"):
            monkeypatch.setenv(variable, proxy.proxy_url)
        connect(simulator.url)
        carry(api.send([NUMBER], "Hello"))
        assert proxy.connections == 0


@pytest.mark.parametrize(
    "manner",
    [raw(b"HTTP/1.1 403 Forbidden\r\n\r\n"), raw(b"HTTP/1.1 407 Proxy Authentication Required\r\n\r\n")],
    ids=["403", "407"],
)
@pytest.mark.usefixtures("trust")
def test_a_proxy_that_says_no(
    carry: Carry,
    clock: Clock,
    connect: Connect,
    platform: Server,
    monkeypatch: pytest.MonkeyPatch,
    manner: Manner,
) -> None:
    with Server(manner) as proxy:
        monkeypatch.setenv("HTTPS_PROXY", proxy.proxy_url)
        connect(platform.url, key=KEY)
        fails_without_leaving(carry, api.send([NUMBER], "Hello"))
        assert proxy.connections == 4
        assert platform.connections == 0


@pytest.mark.usefixtures("trust")
def test_a_proxy_that_is_not_there(
    carry: Carry, clock: Clock, connect: Connect, platform: Server, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("HTTPS_PROXY", "http://127.0.0.1:9")
    connect(platform.url, key=KEY)
    fails_without_leaving(carry, api.send([NUMBER], "Hello"))
    assert len(clock.waits) == 3


@pytest.mark.parametrize("manner", [raw(b""), servers.reset_after_reading], ids=["closed", "reset"])
@pytest.mark.parametrize("name", ONCE)
@pytest.mark.usefixtures("trust")
def test_what_is_lost_behind_a_proxy_is_not_sent_again(
    carry: Carry,
    clock: Clock,
    connect: Connect,
    authority: trustme.CA,
    monkeypatch: pytest.MonkeyPatch,
    manner: Manner,
    name: str,
) -> None:
    """urllib3 calls this an error of the proxy, though the request has arrived."""
    with Server(manner, tls=certificate(authority)) as server, Server(servers.tunnel) as proxy:
        monkeypatch.setenv("HTTPS_PROXY", proxy.proxy_url)
        connect(server.url, key=KEY)
        with pytest.raises(OutcomeUnknownError):
            carry(ONCE[name]())
        assert len(server.requests) == 1


@pytest.mark.parametrize(
    "value",
    [
        *("http://[bad", "socks5://127.0.0.1:9", "socks5h://127.0.0.1:9", "://", "http://127.0.0.1:x"),
        *("http://:8080", "http://127.0.0.1:99999", "ftp://127.0.0.1:9", "not a proxy"),
    ],
)
@pytest.mark.parametrize("variable", ["HTTPS_PROXY", "ALL_PROXY"])
@pytest.mark.usefixtures("trust")
def test_a_proxy_variable_that_makes_no_sense_is_one_of_our_errors(
    carry: Carry,
    clock: Clock,
    connect: Connect,
    platform: Server,
    monkeypatch: pytest.MonkeyPatch,
    variable: str,
    value: str,
) -> None:
    monkeypatch.setenv(variable, value)
    connect(platform.url, key=KEY)
    assert "this machine" not in (said := str(fails_without_leaving(carry, api.send([NUMBER], "Hello")))) or (
        "never left this machine" in said
    )
    assert platform.connections == 0

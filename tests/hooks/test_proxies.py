"""Proxies carry what leaves without seeing it; one that fails or makes no sense is said so."""

from __future__ import annotations

from pathlib import Path

import pytest
import trustme

from airflow_provider_smspartner import api
from airflow_provider_smspartner.exceptions import OutcomeUnknownError
from airflow_provider_smspartner.simulator import Simulator
from tests.conftest import Connect
from tests.hooks import servers
from tests.hooks.conftest import KEY, NUMBER, Carry, Clock, certificate, fails_without_leaving
from tests.hooks.servers import Manner, Server, raw, reply
from tests.hooks.test_faults import ONCE


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

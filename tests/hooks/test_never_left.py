"""What goes wrong before a request leaves: said so, tried again, and then it arrives once."""

from __future__ import annotations

import contextlib
import socket
from pathlib import Path

import pytest
import trustme

from airflow_provider_smspartner import api
from airflow_provider_smspartner.hooks import transport
from airflow_provider_smspartner.simulator import Simulator
from tests.conftest import Connect
from tests.hooks.conftest import KEY, NUMBER, Carry, Clock, certificate, fails_without_leaving
from tests.hooks.servers import Server, reply
from tests.hooks.test_faults import ONCE

NOTHING_LISTENS = "http://127.0.0.1:9/v1"


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

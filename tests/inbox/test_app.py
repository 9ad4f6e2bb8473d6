"""What the receiver answers over real HTTP, as the command sets it up."""

from __future__ import annotations

import json
import random
import socket
from collections.abc import Iterator
from contextlib import closing, suppress
from http.client import HTTPConnection
from pathlib import Path
from urllib.parse import urlsplit

import pytest
import requests
import sqlalchemy as sa

from airflow_provider_smspartner.inbox import __main__ as command
from airflow_provider_smspartner.inbox import app
from airflow_provider_smspartner.inbox.messages import inbox_in
from tests.databases import open_connections
from tests.inbox.receivers import KEY, REPLY, SECRET, Inbox, receiving

HALF_A_BODY = f"POST /{SECRET}/reply HTTP/1.1\r\nHost: x\r\nContent-Length: 100\r\n\r\n{{".encode()


@pytest.fixture(scope="module")
def receiver(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Inbox]:
    with receiving(tmp_path_factory.mktemp("receiver")) as inbox:
        yield inbox


@pytest.mark.parametrize("kind", ["reply", "report"])
def test_a_post_is_acknowledged(receiver: Inbox, kind: str) -> None:
    assert receiver.post(REPLY | {"text": f"at {kind}"}, path=f"/{SECRET}/{kind}") == 204
    assert f"at {kind}" in receiver.texts()


@pytest.mark.parametrize(
    "path",
    [
        *("/", "/reply", f"/{SECRET}", f"/{SECRET}/", f"/{SECRET}/other", f"/{SECRET}/reply/"),
        *(f"/{SECRET[:-1]}/reply", f"/{SECRET.upper()}/reply", f"/{SECRET}x/reply", "/x/reply", "/%00/reply"),
        *(f"/{SECRET}/../{SECRET}/reply/x", "/..%2f..%2fetc/passwd", "/%ff%fe/reply", f"//{SECRET}/reply"),
        "/" + "a" * 8_000 + "/reply",
    ],
)
def test_an_unknown_path_tells_nothing(receiver: Inbox, path: str) -> None:
    with closing(HTTPConnection(urlsplit(receiver.url).netloc, timeout=60)) as connection:
        connection.request("POST", path, json.dumps(REPLY))  # requests would mend the path
        answer = connection.getresponse()
        assert answer.status == 404
        assert answer.headers["server"] is None
        assert SECRET not in answer.read().decode()


@pytest.mark.parametrize("method", ["GET", "PUT", "DELETE", "PATCH", "HEAD", "OPTIONS", "TRACE"])
@pytest.mark.parametrize("secret", [SECRET, "x"])
def test_other_methods_are_refused_whether_the_path_is_known_or_not(
    receiver: Inbox, method: str, secret: str
) -> None:
    answer = requests.request(method, f"{receiver.url}/{secret}/reply", timeout=60)
    assert answer.status_code == 405


@pytest.mark.parametrize(
    "body", [b"", b"{}", b"nothing", b"\xff\xfe", b"[1]", b'{"phone": "x"}', b"\0" * 1000]
)
def test_what_is_no_post_is_refused(receiver: Inbox, body: bytes) -> None:
    assert receiver.post(body) == 400


def test_random_bodies_are_never_an_error_of_ours(receiver: Inbox) -> None:
    chosen = random.Random(7)
    good = json.dumps(REPLY).encode()
    for _ in range(200):
        body = bytearray(good)
        for _ in range(chosen.randrange(1, 8)):
            body[chosen.randrange(len(body))] = chosen.randrange(256)
        assert receiver.post(bytes(body)) in (204, 400)
    assert receiver.get("/health/live") == 200


def test_large_bodies_are_refused(receiver: Inbox) -> None:
    assert receiver.post(b"x" * 70_000) == 413
    assert receiver.post(b"x" * 60_000) == 400

    def chunks() -> Iterator[bytes]:
        for _ in range(100):
            yield b"x" * 10_000

    with suppress(requests.ConnectionError):  # it may close before all is sent
        answer = requests.post(f"{receiver.url}/{SECRET}/reply", data=chunks(), timeout=60)
        assert answer.status_code == 413


def raw(receiver: Inbox, sent: bytes, *, seconds: float = 30) -> bytes:
    with socket.create_connection(("127.0.0.1", receiver.port), timeout=seconds) as connection:
        connection.sendall(sent)
        with suppress(ConnectionResetError):
            return connection.recv(10_000)
    return b""


@pytest.mark.parametrize(
    "head",
    [
        b"POST /x/reply HTTP/1.1\r\nHost: x\r\nContent-Length: -1\r\n\r\n",
        b"POST /x/reply HTTP/1.1\r\nContent-Length: 1\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n",
        b"\x16\x03\x01\r\n\r\n",
        b"POST /x/reply HTTP/1.1\r\n" + b"A: " + b"x" * 200_000 + b"\r\n\r\n",
    ],
)
def test_strange_requests_are_refused(receiver: Inbox, head: bytes) -> None:
    assert raw(receiver, head).partition(b"\r\n")[0][9:10] in (b"4", b"")
    assert receiver.get("/health/live") == 200


def test_health(receiver: Inbox) -> None:
    assert (receiver.get("/health/live"), receiver.get("/health/ready")) == (200, 200)


def test_no_log_line_names_anybody_or_the_secret(receiver: Inbox) -> None:
    receiver.post(REPLY | {"text": "never shown"})
    receiver.post({"phone": "+33611000001", "nothing": "never shown"})
    logged = receiver.log.read_text()
    for secret in (SECRET, KEY, "611000001", "never shown", "my words"):
        assert secret not in logged
    assert "Traceback" not in logged


def test_without_a_database_it_asks_to_come_again(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(command, "PATIENCE", 0.1)
    with receiving(tmp_path) as receiver:
        assert receiver.post(REPLY | {"text": "one"}) == 204
        receiver.lose_database()
        assert receiver.post(REPLY | {"text": "two"}) == 503
        assert receiver.get("/health/live") == 200
        receiver.bring_database_back()
        assert receiver.post(REPLY | {"text": "three"}) == 204
        assert receiver.get("/health/ready") == 200
        assert receiver.texts() == ["one", "three"]
        assert "611000001" not in receiver.log.read_text()


def test_an_inbox_made_by_hand_and_by_the_process_are_one(tmp_path: Path) -> None:
    with receiving(tmp_path) as receiver:
        engine = sa.create_engine(f"sqlite:///{receiver.database}")
        assert inbox_in(engine).engine is engine
        engine.dispose()


def test_a_receiver_that_is_told_to_end_closes_its_connections(tmp_path: Path) -> None:
    with open_connections() as connections:
        with receiving(tmp_path) as receiver:
            assert receiver.post() == 204
            assert connections.opened
        assert not connections


def test_a_body_that_does_not_arrive_is_given_up(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(app, "SLOWEST_BODY", 0.2)
    with receiving(tmp_path) as receiver:
        assert b" 408 " in raw(receiver, HALF_A_BODY)

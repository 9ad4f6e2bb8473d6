"""The receiver as a process, over real HTTP: what it answers, what it survives, and what it never loses."""

from __future__ import annotations

import json
import os
import random
import signal
import socket
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Iterator
from concurrent.futures import Future, ThreadPoolExecutor
from contextlib import closing, contextmanager, suppress
from http.client import HTTPConnection
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

import pytest
import requests
import sqlalchemy as sa

from airflow_provider_smspartner.exceptions import InvalidMessage
from airflow_provider_smspartner.inbox.__main__ import answers
from airflow_provider_smspartner.inbox.messages import inbox_in
from airflow_provider_smspartner.inbox.spool import Spool
from airflow_provider_smspartner.journal.inbox import INBOX
from airflow_provider_smspartner.rules.callbacks import path_secret

KEY = "simulator-key"
ENDED = (0, -signal.SIGTERM)
"""What a graceful end looks like; uvicorn ends by the signal that it was told to end with."""
SECRET = path_secret(KEY, "smspartner_default")
HALF_A_BODY = f"POST /{SECRET}/reply HTTP/1.1\r\nHost: x\r\nContent-Length: 100\r\n\r\n{{".encode()
REPLY = {"type": "response", "phone_number": "+33611000001", "text": "my words", "message_id": 5120}


def free_port() -> int:
    with closing(socket.socket()) as listener:
        listener.bind(("127.0.0.1", 0))
        return int(listener.getsockname()[1])


class Process:
    """A receiver, its database and its spool."""

    def __init__(self, folder: Path, *, spool: bool = False) -> None:
        self.folder = folder
        self.database = folder / "database" / "inbox.db"
        self.database.parent.mkdir(exist_ok=True)
        self.spool = folder / "spool" if spool else None
        self.port = free_port()
        self.log = folder / "log"
        self.process: subprocess.Popen[bytes] | None = None
        self.half_a_body: Future[bytes] = Future()
        """The answer to a request whose rest never comes, which takes its time."""

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.port}"

    def start(self) -> None:
        connections = {
            "SMSPARTNER": {"conn_type": "smspartner", "password": KEY},
            "LEDGER": {"conn_type": "sqlite", "host": str(self.database)},
        }
        env = {f"AIRFLOW_CONN_{name}_DEFAULT": json.dumps(form) for name, form in connections.items()}
        given = ["--ledger-conn-id", "ledger_default", "--smspartner-conn-id", "smspartner_default"]
        given += ["--port", str(self.port), *(["--spool", str(self.spool)] if self.spool else [])]
        with self.log.open("ab") as log:
            self.process = subprocess.Popen(
                [sys.executable, "-m", "airflow_provider_smspartner.inbox", *given],
                env=os.environ | env,
                stdout=log,
                stderr=log,
            )
        wait_until(lambda: self.get("/health/live") == 200)

    def get(self, path: str) -> int | None:
        with suppress(requests.ConnectionError):
            return requests.get(self.url + path, timeout=10).status_code
        return None

    def post(self, body: Any = REPLY, *, path: str = f"/{SECRET}/reply", **options: Any) -> int:
        data = body if isinstance(body, bytes) else json.dumps(body).encode()
        return requests.post(self.url + path, data=data, timeout=60, **options).status_code

    def send(self, number: int) -> int:
        assert self.process is not None
        self.process.send_signal(number)
        return self.process.wait(60)

    def lose_database(self) -> None:
        self.database.parent.rename(self.folder / "away")

    def bring_database_back(self) -> None:
        (self.folder / "away").rename(self.database.parent)

    def texts(self) -> list[str]:
        engine = sa.create_engine(f"sqlite:///{self.database}", connect_args={"timeout": 30})
        try:
            with engine.connect() as connection:
                return list(connection.scalars(sa.select(INBOX.c.text).order_by(INBOX.c.position)))
        finally:
            engine.dispose()


def wait_until(condition: Callable[[], object], seconds: float = 60) -> None:
    until = time.monotonic() + seconds
    while not condition():
        assert time.monotonic() < until
        time.sleep(0.05)


@contextmanager
def running(folder: Path, *, spool: bool = False) -> Iterator[Process]:
    process = Process(folder, spool=spool)
    try:
        process.start()
        yield process
    finally:
        if process.process and process.process.poll() is None:
            process.send(signal.SIGKILL)


@pytest.fixture(scope="module")
def receiver(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Process]:
    with ThreadPoolExecutor(1) as beside, running(tmp_path_factory.mktemp("receiver")) as process:
        process.half_a_body = beside.submit(raw, process, HALF_A_BODY)
        yield process


@pytest.mark.parametrize("kind", ["reply", "report"])
def test_a_post_is_acknowledged(receiver: Process, kind: str) -> None:
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
def test_an_unknown_path_tells_nothing(receiver: Process, path: str) -> None:
    with closing(HTTPConnection(urlsplit(receiver.url).netloc, timeout=60)) as connection:
        connection.request("POST", path, json.dumps(REPLY))  # requests would mend the path
        answer = connection.getresponse()
        assert answer.status == 404
        assert answer.headers["server"] is None
        assert SECRET not in answer.read().decode()


@pytest.mark.parametrize("method", ["GET", "PUT", "DELETE", "PATCH", "HEAD", "OPTIONS", "TRACE"])
@pytest.mark.parametrize("secret", [SECRET, "x"])
def test_other_methods_are_refused_whether_the_path_is_known_or_not(
    receiver: Process, method: str, secret: str
) -> None:
    answer = requests.request(method, f"{receiver.url}/{secret}/reply", timeout=60)
    assert answer.status_code == 405


@pytest.mark.parametrize(
    "body", [b"", b"{}", b"nothing", b"\xff\xfe", b"[1]", b'{"phone": "x"}', b"\0" * 1000]
)
def test_what_is_no_post_is_refused(receiver: Process, body: bytes) -> None:
    assert receiver.post(body) == 400


def test_random_bodies_are_never_an_error_of_ours(receiver: Process) -> None:
    chosen = random.Random(7)
    good = json.dumps(REPLY).encode()
    for _ in range(200):
        body = bytearray(good)
        for _ in range(chosen.randrange(1, 8)):
            body[chosen.randrange(len(body))] = chosen.randrange(256)
        assert receiver.post(bytes(body)) in (204, 400)
    assert receiver.get("/health/live") == 200


def test_large_bodies_are_refused(receiver: Process) -> None:
    assert receiver.post(b"x" * 70_000) == 413
    assert receiver.post(b"x" * 60_000) == 400

    def chunks() -> Iterator[bytes]:
        for _ in range(100):
            yield b"x" * 10_000

    with suppress(requests.ConnectionError):  # it may close before all is sent
        answer = requests.post(f"{receiver.url}/{SECRET}/reply", data=chunks(), timeout=60)
        assert answer.status_code == 413


def raw(receiver: Process, sent: bytes, *, seconds: float = 30) -> bytes:
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
def test_strange_requests_are_refused(receiver: Process, head: bytes) -> None:
    assert raw(receiver, head).partition(b"\r\n")[0][9:10] in (b"4", b"")
    assert receiver.get("/health/live") == 200


def test_health(receiver: Process) -> None:
    assert (receiver.get("/health/live"), receiver.get("/health/ready")) == (200, 200)


def test_no_log_line_names_anybody_or_the_secret(receiver: Process) -> None:
    receiver.post(REPLY | {"text": "never shown"})
    receiver.post({"phone": "+33611000001", "nothing": "never shown"})
    logged = receiver.log.read_text()
    for secret in (SECRET, KEY, "611000001", "never shown", "my words"):
        assert secret not in logged
    assert "Traceback" not in logged


def test_without_a_database_it_asks_to_come_again(tmp_path: Path) -> None:
    with running(tmp_path) as receiver:
        assert receiver.post(REPLY | {"text": "one"}) == 204
        receiver.lose_database()
        assert receiver.post(REPLY | {"text": "two"}) == 503
        assert receiver.get("/health/live") == 200
        receiver.bring_database_back()
        assert receiver.post(REPLY | {"text": "three"}) == 204
        assert receiver.get("/health/ready") == 200
        assert receiver.texts() == ["one", "three"]
        assert receiver.send(signal.SIGTERM) in ENDED
        assert "611000001" not in receiver.log.read_text()


def test_a_spool_keeps_posts_while_the_database_is_away(tmp_path: Path) -> None:
    with running(tmp_path, spool=True) as receiver:
        assert receiver.post(REPLY | {"text": "one"}) == 204
        receiver.lose_database()
        assert receiver.post(REPLY | {"text": "two"}) == 204
        assert receiver.get("/health/ready") == 200
        assert receiver.send(signal.SIGKILL)
        receiver.start()  # without a database, too
        assert receiver.post(REPLY | {"text": "three"}) == 204
        receiver.bring_database_back()
        wait_until(lambda: receiver.texts() == ["one", "two", "three"])
        assert receiver.post(REPLY | {"text": "four"}) == 204
        wait_until(lambda: receiver.texts() == ["one", "two", "three", "four"])


def test_a_spool_has_one_receiver(tmp_path: Path) -> None:
    first = Spool(tmp_path / "spool")
    with pytest.raises(InvalidMessage, match=r"^--spool: .*another receiver"):
        Spool(tmp_path / "spool")
    first.close()
    Spool(tmp_path / "spool").close()


@pytest.mark.parametrize("spool", [False, True])
def test_it_ends_when_what_it_has_taken_is_written(tmp_path: Path, spool: bool) -> None:
    with running(tmp_path, spool=spool) as receiver:
        told: list[int] = []

        def post(n: int) -> None:
            with suppress(requests.ConnectionError):
                told.append(receiver.post(REPLY | {"text": str(n)}))

        threads = [threading.Thread(target=post, args=(n,)) for n in range(20)]
        for thread in threads:
            thread.start()
        assert receiver.send(signal.SIGTERM) in ENDED
        for thread in threads:
            thread.join()
        assert len(receiver.texts()) == told.count(204)
        assert set(told) <= {204}


def flood(receiver: Process, name: str, acknowledged: set[str], stop: threading.Event) -> None:
    """Post like the platform: again until it is acknowledged, and now and then once more for nothing."""
    chosen, n = random.Random(name), 0
    while not stop.is_set():
        text = f"{name}-{n}"
        try:
            status = receiver.post(REPLY | {"text": text})
        except requests.RequestException:
            time.sleep(0.05)
            continue
        if status == 204:
            acknowledged.add(text)
            n += chosen.random() < 0.8
        else:
            time.sleep(0.05)


@pytest.mark.airflow
@pytest.mark.timeout(550)
@pytest.mark.parametrize("spool", [False, True])
def test_nothing_acknowledged_is_lost_when_it_is_killed_at_any_moment(tmp_path: Path, spool: bool) -> None:
    """Killed two dozen times while it takes posts in, with the database away now and then."""
    chosen = random.Random(15)
    with running(tmp_path, spool=spool) as receiver:
        acknowledged: set[str] = set()
        stop = threading.Event()
        floods = [
            threading.Thread(target=flood, args=(receiver, f"f{n}", acknowledged, stop)) for n in range(3)
        ]
        for thread in floods:
            thread.start()
        for _ in range(12):
            time.sleep(chosen.uniform(0.05, 0.8))
            if is_away := chosen.random() < 0.4:
                receiver.lose_database()
                time.sleep(chosen.uniform(0, 0.5))
            receiver.send(signal.SIGKILL)
            if is_away and not spool:
                receiver.bring_database_back()
            receiver.start()
            if is_away and spool:
                receiver.bring_database_back()
        time.sleep(0.5)
        stop.set()
        for thread in floods:
            thread.join()
        wait_until(lambda: not receiver.spool or not list(receiver.spool.glob("*.posts")))
        texts = receiver.texts()
    assert len(acknowledged) > 50
    assert acknowledged - set(texts) == set()
    assert len(texts) == len(set(texts))


def test_an_inbox_made_by_hand_and_by_the_process_are_one(tmp_path: Path) -> None:
    with running(tmp_path) as receiver:
        engine = sa.create_engine(f"sqlite:///{receiver.database}")
        assert inbox_in(engine).engine is engine
        engine.dispose()


@pytest.mark.parametrize(
    ("arguments", "sentence"),
    [
        (["--ledger-conn-id", "nowhere", "--smspartner-conn-id", "smspartner_default"], "ledger_conn_id: "),
        (["--ledger-conn-id", "ledger_default", "--smspartner-conn-id", "nowhere"], "smspartner_conn_id: "),
        (
            ["--ledger-conn-id=ledger_default", "--smspartner-conn-id=smspartner_default", "--spool=/proc/x"],
            "--spool: ",
        ),
    ],
)
def test_what_cannot_work_is_said_at_the_start(
    arguments: list[str],
    sentence: str,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:
    from airflow_provider_smspartner.inbox.__main__ import main

    form = {"conn_type": "smspartner", "password": KEY}
    monkeypatch.setenv("AIRFLOW_CONN_SMSPARTNER_DEFAULT", json.dumps(form))
    ledger = {"conn_type": "sqlite", "host": f"{tmp_path}/inbox.db"}
    monkeypatch.setenv("AIRFLOW_CONN_LEDGER_DEFAULT", json.dumps(ledger))
    assert main(arguments) == 2
    assert sentence in capsys.readouterr().err


def test_a_database_that_does_not_answer_makes_it_unready(tmp_path: Path) -> None:
    there = sa.create_engine(f"sqlite:///{tmp_path}/inbox.db")
    away = sa.create_engine(f"sqlite:///{tmp_path}/nowhere/inbox.db")
    assert (answers(there), answers(away)) == (True, False)
    there.dispose()
    away.dispose()


def test_a_body_that_does_not_arrive_is_given_up(receiver: Process) -> None:
    assert b" 408 " in receiver.half_a_body.result()

"""The simulator posts reports, replies and STOP to the addresses of sends."""

from __future__ import annotations

import json
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import replace
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from threading import Thread
from typing import Any
from urllib.parse import parse_qsl

import pytest
import requests

from airflow_provider_smspartner.simulator import Posting, Settings, Simulator

ANN, BOB = "+33611000001", "+33611000002"


class Listener(ThreadingHTTPServer):
    """A receiver that notes what comes."""

    def __init__(self) -> None:
        super().__init__(("127.0.0.1", 0), Handler)
        self.bodies: list[tuple[str, dict[str, Any]]] = []
        self.refusals = 0

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.server_port}"


class Handler(BaseHTTPRequestHandler):
    server: Listener

    def do_POST(self) -> None:
        body = self.rfile.read(int(self.headers["Content-Length"])).decode("utf-8", "replace")
        if self.server.refusals:
            self.server.refusals -= 1
            self.send_response(503)
        else:
            fields = json.loads(body) if body.startswith("{") else dict(parse_qsl(body))
            self.server.bodies.append((self.path, fields))
            self.send_response(204)
        self.end_headers()

    def log_message(self, *_: object) -> None:
        """Say nothing."""


@pytest.fixture
def listener() -> Iterator[Listener]:
    with Listener() as server:
        thread = Thread(target=server.serve_forever, args=(0.01,), daemon=True)
        thread.start()
        yield server
        server.shutdown()
        thread.join()


@contextmanager
def posting(listener: Listener, **how: Any) -> Iterator[Simulator]:
    with Simulator(Settings(posting=Posting(**how))) as sim:
        yield sim


def send(sim: Simulator, listener: Listener, *numbers: str, **fields: Any) -> str:
    urls = {"urlDlr": f"{listener.url}/s/report", "urlResponse": f"{listener.url}/s/reply"}
    body = {"apiKey": sim.api_key, "phoneNumbers": ",".join(numbers), "message": "Hello", **urls, **fields}
    return str(requests.post(f"{sim.url}/send", json=body, timeout=60).json()["message_id"])


def test_reports_come_by_themselves(listener: Listener) -> None:
    with posting(listener) as sim:
        sim.deliver(BOB, status="Not delivered")
        message_id = send(sim, listener, ANN, BOB, tag="t1")
        sim.wait_for_posts()
    told = {body["phone"]: body for path, body in listener.bodies if path == "/s/report"}
    assert {number: body["status"] for number, body in told.items()} == {
        ANN: "delivered",
        BOB: "not delivered",
    }
    assert (told[ANN]["msgId"], told[ANN]["tag"]) == (message_id, "t1")


def test_late_reports_follow_the_clock(listener: Listener) -> None:
    with posting(listener) as sim:
        sim.deliver(after_seconds=3600)
        send(sim, listener, ANN)
        sim.wait_for_posts()
        assert listener.bodies == []
        sim.advance(3601)
        sim.wait_for_posts()
    assert len(listener.bodies) == 1


def test_repeated_and_out_of_order(listener: Listener) -> None:
    with posting(listener, times=2, waiting_first=True, out_of_order=True) as sim:
        sim.set_clock(sim.now)
        send(sim, listener, ANN)
        sim.wait_for_posts()
    assert [body["status"] for _, body in listener.bodies] == ["delivered", "delivered", "waiting", "waiting"]


@pytest.mark.parametrize("form", [False, True])
def test_somebody_replies(listener: Listener, form: bool) -> None:
    with posting(listener, form=form) as sim:
        message_id = send(sim, listener, ANN)
        sim.reply("06 11 00 00 01", "Oui à tous")
        sim.wait_for_posts()
        assert [post.status for post in sim.posts] == [204, 204]
    path, body = listener.bodies[-1]
    assert path == "/s/reply"
    assert body | {"message_id": str(body["message_id"])} == {
        "type": "response",
        "phone_number": ANN,
        "text": "Oui à tous",
        "message_id": message_id,
    }


def test_a_stop_is_posted_and_on_the_list(listener: Listener) -> None:
    with posting(listener) as sim:
        sim.deliver(ANN, stop=True)
        send(sim, listener, ANN, BOB)
        sim.reply(BOB, "Stop")
        sim.wait_for_posts()
        assert BOB in sim.stop_list
    stops = [body["phone_number"] for path, body in listener.bodies if body.get("type") == "stop"]
    assert sorted(stops) == [ANN, BOB]


def test_long_replies_come_in_parts(listener: Listener) -> None:
    text = "".join(f"{n:04}" for n in range(100))
    with posting(listener, long_number=True) as sim:
        send(sim, listener, ANN, urlDlr="")
        sim.reply(ANN, text)
        sim.wait_for_posts()
    parts = [body for _, body in listener.bodies]
    assert [part["concat-part"] for part in parts] == ["1", "2", "3"]
    assert {part["msisdn"] for part in parts} == {ANN[1:]}
    assert "".join(part["text"] for part in parts) == text


def test_what_is_not_acknowledged_comes_again(listener: Listener) -> None:
    listener.refusals = 2
    with posting(listener, attempts=3) as sim:
        send(sim, listener, ANN)
        sim.wait_for_posts()
        sim.advance(1)
        sim.wait_for_posts()
        sim.advance(1)
        sim.wait_for_posts()
        assert [post.status for post in sim.posts] == [503, 503, 204]


def test_nothing_leaves_this_machine_and_nothing_of_the_sandbox(listener: Listener) -> None:
    with posting(listener) as sim:
        send(sim, listener, ANN, urlDlr="https://example.org/dlr", urlResponse="https://example.org/reply")
        sim.reply(ANN, "ok")
        send(sim, listener, BOB, sandbox=1)
        sim.wait_for_posts()
        assert sim.posts == []
    assert listener.bodies == []


def test_an_attack_says_what_was_answered(listener: Listener) -> None:
    listener.refusals = 1_000
    with posting(listener, attempts=1) as sim:
        send(sim, listener, ANN, urlDlr="https://example.org/dlr")
        answered = sim.attack("06 11 00 00 01")
        assert {"reply: secret in part", "reply: a list", "reply: a form of NULs"} <= answered.keys()
        assert set(answered.values()) == {503}
        assert not [name for name in answered if name.startswith("report")]
        with pytest.raises(ValueError, match=r"^number: "):
            sim.attack(BOB)


def test_a_reply_to_nothing_is_refused(listener: Listener) -> None:
    with posting(listener) as sim, pytest.raises(ValueError, match=r"^number: "):
        sim.reply(ANN, "ok")


def test_over_http(listener: Listener) -> None:
    with posting(listener) as sim:
        send(sim, listener, ANN, urlDlr="")
        control = sim.url.removesuffix("/v1") + "/simulator"
        assert requests.post(f"{control}/reply", json={"number": ANN, "text": "OUI"}, timeout=60).ok
        assert (
            requests.post(f"{control}/reply", json={"number": BOB, "text": "OUI"}, timeout=60).status_code
            == 400
        )
        sim.wait_for_posts()
        posts = requests.get(f"{control}/posts", timeout=60).json()["posts"]
    assert [(post["status"], post["body"]["text"]) for post in posts] == [(204, "OUI")]


@pytest.mark.parametrize("how", [{"times": 0}, {"attempts": 0}, {"after_seconds": -1}])
def test_nonsense_is_refused(how: dict[str, Any]) -> None:
    with pytest.raises(ValueError, match=r"^posting: "):
        replace(Posting(), **how)

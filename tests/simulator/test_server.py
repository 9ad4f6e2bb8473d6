"""The server: addresses, leniency with requests, outages, concurrency, start and stop."""

from __future__ import annotations

import json
import socket
import time
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager

import pytest
import requests

from airflow_provider_smspartner.simulator import Simulator

Call = Callable[..., requests.Response]


def _body(sim: Simulator, number: int = 1) -> str:
    fields = {"apiKey": sim.api_key, "phoneNumbers": f"+336000{number:05d}", "message": "Hello"}
    return json.dumps(fields)


def test_the_api_is_under_its_version_and_nowhere_else(sim: Simulator) -> None:
    root = sim.url.removesuffix("/v1")
    answer = requests.post(root + "/send", data=_body(sim), timeout=60)
    assert (answer.status_code, answer.headers["Content-Type"]) == (404, "text/html; charset=utf-8")
    assert requests.post(root + "/v1/send", data=_body(sim), timeout=60).json()["success"]
    assert len(sim.accepted) == 1


@pytest.mark.parametrize("host", ["sms.example.org", "127.0.0.1.example.org:80", "0.0.0.0", "10.0.0.1:8025"])
def test_another_host_is_refused(sim: Simulator, host: str) -> None:
    answer = requests.post(sim.url + "/send", data=_body(sim), headers={"Host": host}, timeout=60)
    assert answer.status_code == 403
    assert not sim.accepted


@pytest.mark.parametrize("host", ["localhost", "LOCALHOST:1234", "127.0.0.1", "[::1]:8025"])
def test_this_machine_has_several_names(sim: Simulator, host: str) -> None:
    assert requests.post(sim.url + "/send", data=_body(sim), headers={"Host": host}, timeout=60).ok


@pytest.mark.parametrize("path", ["/v1/send", "/simulator/reset"])
@pytest.mark.parametrize(
    "header", [{"Origin": "https://example.org"}, {"Origin": "null"}, {"Sec-Fetch-Site": "cross-site"}]
)
def test_pages_of_other_sites_may_not_post(sim: Simulator, path: str, header: dict[str, str]) -> None:
    assert requests.post(sim.url + "/send", data=_body(sim), timeout=60).ok
    url, headers = sim.url.removesuffix("/v1") + path, header | {"Content-Type": "text/plain"}
    assert requests.post(url, data=_body(sim, 2), headers=headers, timeout=60).status_code == 403
    assert len(sim.accepted) == 1


@pytest.mark.parametrize("host", ["0.0.0.0", "10.0.0.1", "example.org", ""])  # refused
def test_it_listens_on_this_machine_only(host: str) -> None:
    with pytest.raises(ValueError, match=r"^host: "):
        Simulator(host=host)


@pytest.mark.parametrize("content_type", [None, "application/json", "application/x-www-form-urlencoded", "x"])
def test_json_whatever_the_content_type(sim: Simulator, content_type: str | None) -> None:
    headers = {} if content_type is None else {"Content-Type": content_type}
    assert requests.post(sim.url + "/send", data=_body(sim), headers=headers, timeout=60).json()["success"]


@pytest.mark.parametrize("body", [b"", b"{", b'{"message": "a "quote""}', b"[]", b"7", b"\xff", b"[" * 10**5])
def test_malformed_json(sim: Simulator, body: bytes) -> None:
    answer = requests.post(sim.url + "/send", data=body, timeout=60)
    assert (answer.status_code, answer.json()["code"]) == (400, 90)
    assert [request.fields for request in sim.requests] == [{}]


def test_format_may_stand_in_the_query_of_a_post(sim: Simulator) -> None:
    answer = requests.post(sim.url + "/send?_format=xml", data=_body(sim), timeout=60)
    assert answer.text.startswith("<?xml")


@pytest.mark.parametrize(
    ("method", "endpoint", "status"),
    [
        ("GET", "/send", 405),
        ("DELETE", "/send", 405),
        ("POST", "/me", 405),
        ("GET", "/nothing", 404),
        ("POST", "/vn/send", 404),
        ("DELETE", "/subaccount/remove", 404),
    ],
)
def test_what_the_api_does_not_know_is_refused_in_json_and_recorded(
    sim: Simulator, method: str, endpoint: str, status: int
) -> None:
    answer = requests.request(method, sim.url + endpoint, timeout=60)
    assert answer.status_code == status
    assert answer.json()["success"] is False
    assert [(request.method, request.endpoint) for request in sim.requests] == [(method, endpoint)]


@pytest.mark.parametrize("number", ["]]>", "<&>", "\x00\x0b", "\ud800", "é"], ids=ascii)
def test_xml_survives_any_text(sim: Simulator, number: str) -> None:
    from defusedxml.ElementTree import fromstring

    body = json.dumps({"apiKey": sim.api_key, "phoneNumbers": number, "message": "Hello", "_format": "xml"})
    root = fromstring(requests.post(sim.url + "/send", data=body, timeout=60).content)
    assert [(entry.text or "").strip() for entry in root][:2] == ["false", "9"]


def test_connection_refused_and_back(sim: Simulator, session: requests.Session) -> None:
    session.get(sim.url + "/me", timeout=60)
    sim.pause()
    with pytest.raises(requests.ConnectionError, match="refused"):
        session.get(sim.url + "/me", timeout=60)
    sim.resume()
    assert session.get(sim.url + "/me", timeout=60).json()["code"] == 1


def test_an_outage_over_http(sim: Simulator, control: Call) -> None:
    assert control("/pause", {"seconds": 0.2}).status_code == 200
    _wait_until(lambda: not _listens(sim))
    _wait_until(lambda: _listens(sim))


def test_an_outage_may_be_prolonged_ended_or_outlived(sim: Simulator, control: Call) -> None:
    control("/pause", {"seconds": 60})
    _wait_until(lambda: not _listens(sim))
    sim.resume()
    sim.resume()
    control("/pause", {"seconds": 0.1})
    _wait_until(lambda: not _listens(sim))
    _wait_until(lambda: _listens(sim))
    control("/pause", {"seconds": 60})


def _listens(sim: Simulator) -> bool:
    with socket.socket() as probe:
        return probe.connect_ex((sim.host, sim.port)) == 0


def _wait_until(condition: Callable[[], bool]) -> None:
    while not condition():  # the suite's own timeout ends a wait in vain
        time.sleep(0.01)


def test_many_at_a_time(sim: Simulator) -> None:
    def send(number: int) -> bool:
        return bool(requests.post(sim.url + "/send", data=_body(sim, number), timeout=30).json()["success"])

    with ThreadPoolExecutor(8) as pool:
        accepted = list(pool.map(send, range(200)))
    assert all(accepted)
    assert len({text.message_id for text in sim.sent}) == 200
    assert sim.texts_per_number() == {f"+336000{number:05d}": 1 for number in range(200)}


def test_what_was_sent_can_be_read_after_the_end() -> None:
    with Simulator() as sim:
        requests.post(sim.url + "/send", data=_body(sim), timeout=60)
    assert [text.text for text in sim.sent] == ["Hello"]
    assert not _listens(sim)


def test_it_may_start_again_on_its_port() -> None:
    sim = Simulator()
    for _ in range(2):
        with sim:
            assert requests.get(sim.url + "/me", timeout=60).json()["code"] == 1


def test_a_port_that_is_taken(sim: Simulator) -> None:
    with pytest.raises(OSError, match=str(sim.port)):
        Simulator(port=sim.port).start()


def test_the_end_does_not_wait_for_who_hangs() -> None:
    with Simulator() as sim, _hanging_client(sim):
        _wait_until(lambda: bool(sim.requests))


@contextmanager
def _hanging_client(sim: Simulator) -> Iterator[None]:
    sim.faults.add("/me", "hang_before")
    with socket.create_connection((sim.host, sim.port)) as client:
        client.sendall(b"GET /v1/me HTTP/1.1\r\nHost: localhost\r\n\r\n")
        yield


def test_airflow_connection(sim: Simulator) -> None:
    sim.api_key = "k"
    assert json.loads(sim.airflow_connection) == {"conn_type": "smspartner", "host": sim.url, "password": "k"}

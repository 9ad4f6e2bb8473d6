"""Each fault as a plain client meets it, and whether the text left all the same."""

from __future__ import annotations

import http.client
import json
import threading
import time
from collections.abc import Callable
from typing import Any

import pytest
import requests

from airflow_provider_smspartner.simulator import Fault, Simulator
from airflow_provider_smspartner.simulator.faults import KINDS

Call = Callable[..., requests.Response]

# What a client sees: an error of its transport, or an answer.
TRANSPORT_ERRORS: dict[str, type[Exception]] = {
    "reset_before": requests.ConnectionError,
    "reset_after": requests.ConnectionError,
    "half_answer": requests.exceptions.ChunkedEncodingError,
    "hang_before": requests.ReadTimeout,
    "hang_after": requests.ReadTimeout,
}
STATUSES = {
    "error_before": 503,
    "error_after": 503,
    "rate_limit": 429,
    "garbage_before": 200,
    "garbage_after": 200,
    "no_id_before": 200,
    "no_id_after": 200,
    "redirect_before": 302,
    "redirect_after": 302,
    "huge": 200,
    "refuse": 200,
    "refuse_with_id": 200,
    "untrue_refusal": 200,
    "untrue_rate_limit": 429,
    "stale_id": 200,
    "short_answer": 200,
}
LEAVES_NONETHELESS = {
    *("reset_after", "hang_after", "half_answer", "error_after", "garbage_after"),
    *("no_id_after", "redirect_after", "huge", "refuse_with_id"),
    *("untrue_refusal", "untrue_rate_limit", "stale_id", "short_answer"),
}


def _post(sim: Simulator, *, timeout: float = 10) -> requests.Response:
    body = {"apiKey": sim.api_key, "phoneNumbers": "+33600000001", "message": "Hello"}
    return requests.post(sim.url + "/send", json=body, timeout=timeout, allow_redirects=False)


def _wait_until(condition: Callable[[], bool]) -> None:
    while not condition():  # the suite's own timeout ends a wait in vain
        time.sleep(0.01)


def test_every_kind_is_shown_here() -> None:
    assert KINDS.keys() == TRANSPORT_ERRORS.keys() | STATUSES.keys()


@pytest.mark.parametrize("kind", TRANSPORT_ERRORS)
def test_transport_error(sim: Simulator, kind: str) -> None:
    sim.faults.add("/send", kind)
    with pytest.raises(TRANSPORT_ERRORS[kind]):
        _post(sim, timeout=0.3)
    _wait_until(lambda: sim.faults.waiting == [])

    assert _post(sim).json()["success"]
    assert len(sim.sent) == 1 + (kind in LEAVES_NONETHELESS)


@pytest.mark.parametrize("kind", STATUSES)
def test_answer(sim: Simulator, kind: str) -> None:
    sim.faults.add("/send", kind)
    assert _post(sim).status_code == STATUSES[kind]
    assert len(sim.sent) == (kind in LEAVES_NONETHELESS)


def test_a_reset_is_a_reset(sim: Simulator) -> None:
    sim.faults.add("/me", "reset_before")
    connection = http.client.HTTPConnection(sim.host, sim.port, timeout=60)
    connection.request("GET", "/v1/me")
    with pytest.raises(ConnectionResetError):
        connection.getresponse()
    connection.close()


def test_half_an_answer(sim: Simulator) -> None:
    sim.faults.add("/me", "half_answer")
    connection = http.client.HTTPConnection(sim.host, sim.port, timeout=60)
    connection.request("GET", f"/v1/me?apiKey={sim.api_key}")
    response = connection.getresponse()
    with pytest.raises(http.client.IncompleteRead) as caught:
        response.read()
    connection.close()
    assert caught.value.partial.startswith(b'{"success": true')


def test_garbage_is_no_json(sim: Simulator) -> None:
    sim.faults.add("/send", "garbage_after")
    with pytest.raises(UnicodeDecodeError):
        json.loads(_post(sim).content)


def test_success_without_id(sim: Simulator) -> None:
    sim.faults.add("/send", "no_id_after")
    answer = _post(sim).json()
    assert answer["success"]
    assert "message_id" not in answer


def test_refusal_with_id(sim: Simulator) -> None:
    sim.faults.add("/send", "refuse_with_id", code=11)
    answer = _post(sim).json()
    assert (answer["success"], answer["code"], answer["message_id"]) == (False, 11, 5001)


@pytest.mark.parametrize("code", [13, 15, 20, 30, 40, 51, 96, 992])
def test_any_refusal(sim: Simulator, code: int) -> None:
    sim.faults.add("/send", "refuse", code=code)
    assert _post(sim).json()["code"] == code


def test_huge(sim: Simulator) -> None:
    sim.faults.add("/send", "huge")
    answer = _post(sim)
    assert len(answer.content) > 10**7
    assert answer.json()["message_id"] == 5001


@pytest.mark.parametrize(
    ("body", "start"), [("html", "<html>"), ("json", '{"success": false, "code": 500'), ("", "")]
)
def test_error(sim: Simulator, body: Any, start: str) -> None:
    sim.faults.add("/send", "error_after", status=502, body=body)
    answer = _post(sim)
    assert answer.status_code == 502
    assert answer.text[: len(start)] == start
    assert bool(answer.text) is bool(start)


@pytest.mark.parametrize("wish", [None, 30, 1.5, "Fri, 20 Nov 2026 12:00:00 GMT"])
def test_rate_limit(sim: Simulator, wish: float | str | None) -> None:
    sim.faults.add("/send", "rate_limit", retry_after=wish)
    assert _post(sim).headers.get("Retry-After") == (None if wish is None else str(wish))


def test_redirect_points_to_another_host(sim: Simulator) -> None:
    sim.faults.add("/send", "redirect_before")
    assert sim.host not in _post(sim).headers["Location"]


def test_latency_delays_what_comes_after_it(sim: Simulator) -> None:
    sim.faults.add("/send", "latency", seconds=0.2)
    with pytest.raises(requests.ReadTimeout):
        _post(sim, timeout=0.05)
    # The platform accepts although its client is gone.
    _wait_until(lambda: len(sim.sent) == 1)


def test_times_and_skip(sim: Simulator) -> None:
    sim.faults.add("/send", "error_before", skip=1, times=2)
    assert [_post(sim).status_code for _ in range(4)] == [200, 503, 503, 200]


def test_for_ever_until_cleared(sim: Simulator) -> None:
    sim.faults.add("*", "error_before", times=None)
    assert [_post(sim).status_code for _ in range(3)] == [503, 503, 503]
    sim.faults.clear()
    assert _post(sim).status_code == 200


def test_one_fault_a_request_first_come_first_served(sim: Simulator) -> None:
    sim.faults.add("/send", "error_before")
    sim.faults.add("/me", "error_before", status=500)
    sim.faults.add("*", "rate_limit")
    sim.faults.add("/send", "latency", seconds=0)
    assert [_post(sim).status_code for _ in range(3)] == [503, 429, 200]
    assert [fault.endpoint for fault in sim.faults.waiting] == ["/me"]


@pytest.mark.parametrize(
    "wrong", [{"kind": "explosion"}, {"times": 0}, {"skip": -1}, {"seconds": -1}, {"status": 99}], ids=str
)
def test_a_fault_that_cannot_be(sim: Simulator, wrong: dict[str, Any]) -> None:
    with pytest.raises(ValueError, match=next(iter(wrong))):
        sim.faults.add("/send", **({"kind": "error_before"} | wrong))
    with pytest.raises(ValueError, match=next(iter(wrong))):
        Fault(**({"endpoint": "/send", "kind": "error_before"} | wrong))


def test_concurrent_requests_meet_a_fault_once(sim: Simulator) -> None:
    sim.faults.add("/send", "error_before", times=3)
    statuses: list[int] = []
    threads = [threading.Thread(target=lambda: statuses.append(_post(sim).status_code)) for _ in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert sorted(statuses) == [200] * 5 + [503] * 3


def test_a_stale_id_is_that_of_the_message_before(sim: Simulator) -> None:
    first = _post(sim).json()["message_id"]
    sim.faults.add("/send", "stale_id")
    assert _post(sim).json()["message_id"] == first
    assert _post(sim).json()["message_id"] == first + 2


def test_a_short_answer_lacks_somebody(sim: Simulator) -> None:
    rows = [{"phoneNumber": f"+3360000000{digit}", "message": "Hello"} for digit in range(3)]
    sim.faults.add("/bulk-send", "short_answer")
    body = {"apiKey": sim.api_key, "SMSList": rows}
    answer = requests.post(sim.url + "/bulk-send", json=body, timeout=10).json()
    assert (answer["nbSMS"], len(answer["SMSResponse_List"])) == (2, 2)
    assert len(sim.sent) == 3

"""The control endpoints, which do over HTTP what a tester does in Python."""

from __future__ import annotations

from collections.abc import Callable
from decimal import Decimal
from typing import Any

import pytest
import requests

from airflow_provider_smspartner.simulator import Fate, Simulator

Call = Callable[..., requests.Response]


def test_sent(post: Call, control: Call) -> None:
    post(tag="spring", sender="Shop")
    post(sandbox=1)
    sent, accepted = control("/sent").json(), control("/accepted").json()
    assert (sent["count"], accepted["count"]) == (1, 2)
    [text] = sent["texts"]
    assert (text["number"], text["text"], text["tag"], text["sender"]) == (
        "+33600000001",
        "Hello",
        "spring",
        "Shop",
    )
    assert [text["sandbox"] for text in accepted["texts"]] == [False, True]


def test_requests_without_the_key(sim: Simulator, post: Call, get: Call, control: Call) -> None:
    post(apiKey="wrong")
    get("/me")
    seen = control("/requests")
    assert seen.json()["counts"] == {"/send": 1, "/me": 1}
    assert seen.json()["requests"][0]["fields"] == {"phoneNumbers": "+33600000001", "message": "Hello"}
    assert "Content-Type" in seen.json()["requests"][0]["headers"]
    assert "wrong" not in seen.text
    assert sim.api_key not in seen.text


def test_faults(sim: Simulator, post: Call, control: Call) -> None:
    added = control("/faults", {"endpoint": "/send", "kind": "error_before", "status": 500, "times": 2})
    assert [fault["kind"] for fault in added.json()["waiting"]] == ["error_before"]
    assert post().status_code == 500
    assert control("/faults").json()["waiting"][0]["times"] == 1
    assert control("/faults/clear", {}).json() == {"waiting": []}
    assert post().status_code == 200


def test_delivery(sim: Simulator, control: Call) -> None:
    control("/delivery", {"after_polls": 2})
    control("/delivery", {"numbers": ["0600000001"], "status": None, "stop": True, "after_seconds": 3})
    assert sim.platform.fate_of("+33600000009") == Fate(after_polls=2)
    assert sim.fates == {"+33600000001": Fate(status=None, stop=True, after_seconds=3)}


def test_clock(sim: Simulator, control: Call) -> None:
    now = control("/clock", {"now": "2027-01-01T10:00:00+01:00", "advance": 60}).json()["now"]
    assert now.startswith("2027-01-01T09:01:0")
    assert sim.now.year == 2027


def test_credits_stop_list_and_reset(sim: Simulator, post: Call, control: Call) -> None:
    post()
    assert control("/credits", {"balance": "12.50"}).json() == {"balance": "12.50"}
    assert sim.credits == Decimal("12.50")
    assert control("/stop-list", {"numbers": ["0600000001"]}).json() == {"numbers": ["+33600000001"]}
    assert control("/stop-list").json() == {"numbers": ["+33600000001"]}
    assert control("/reset", {}).status_code == 200
    assert (sim.sent, sim.stop_list, sim.credits) == ([], [], Decimal("1000"))


@pytest.mark.parametrize(
    ("path", "fields", "word"),
    [
        ("/faults", {"endpoint": "/send", "kind": "explosion"}, "kind"),
        ("/faults", {"endpoint": "/send"}, "kind"),
        ("/faults", {"endpoint": "/send", "kind": "huge", "colour": 1}, "colour"),
        ("/faults", {"endpoint": "/send", "kind": "latency", "seconds": "long"}, "str"),
        ("/delivery", {"numbers": ["12"]}, "number"),
        ("/delivery", {"after_polls": -1}, "after_polls"),
        ("/clock", {"now": "yesterday"}, "yesterday"),
        ("/clock", {"now": "2027-01-01T10:00:00"}, "UTC offset"),
        ("/clock", {"advance": "long"}, "str"),
        ("/credits", {"balance": "much"}, "Invalid"),
        ("/stop-list", {}, "numbers"),
        ("/stop-list", [], "JSON object"),
        ("/pause", {}, "seconds"),
    ],
    ids=str,
)
def test_what_makes_no_sense_is_refused(control: Call, path: str, fields: Any, word: str) -> None:
    answer = control(path, fields)
    assert answer.status_code == 400
    assert word in answer.json()["error"]


def test_control_needs_no_key_and_is_no_part_of_the_api(sim: Simulator) -> None:
    assert requests.get(sim.url + "/simulator/sent", timeout=60).status_code == 404


@pytest.mark.parametrize("path", ["/reset", "/pause"])
@pytest.mark.parametrize("kind", ["text/plain", "application/x-www-form-urlencoded", "multipart/form-data"])
def test_a_form_of_a_page_changes_nothing(sim: Simulator, post: Call, path: str, kind: str) -> None:
    post()
    url = sim.url.removesuffix("/v1") + "/simulator" + path
    answer = requests.post(url, data='{"seconds": 9}', headers={"Content-Type": kind}, timeout=60)
    assert answer.status_code == 415
    assert sim.accepted

"""How reports arrive: at once, after looks or seconds, never, with STOP, and in pages by tag."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from datetime import datetime
from typing import Any

import pytest
import requests

from airflow_provider_smspartner.simulator import Fate, Settings, Simulator

Call = Callable[..., requests.Response]

THREE = "+33600000001,+33600000002,+33600000003"


def _statuses(get: Call, message_id: int = 5001) -> list[str]:
    return [row["status"] for row in get("/bulk-status", messageId=message_id).json()["StatutResponse_List"]]


def test_at_once(post: Call, get: Call) -> None:
    post()
    assert _statuses(get) == ["Delivered"]


def test_after_looks(sim: Simulator, post: Call, get: Call) -> None:
    sim.deliver(after_polls=2)
    post(phoneNumbers=THREE)
    assert [set(_statuses(get)) for _ in range(3)] == [{"Waiting"}, {"Waiting"}, {"Delivered"}]


def test_after_seconds(sim: Simulator, post: Call, get: Call) -> None:
    sim.deliver(after_seconds=600)
    post()
    assert _statuses(get) == ["Waiting"]
    sim.advance(600)
    [row] = get("/bulk-status", messageId=5001).json()["StatutResponse_List"]
    assert row["status"] == "Delivered"
    assert int(row["date"]) <= sim.now.timestamp()


def test_fates_of_numbers(sim: Simulator, post: Call, get: Call) -> None:
    sim.deliver(status="Not delivered")
    sim.deliver("06 00 00 00 01", status="ko")
    sim.fates["+33600000002"] = Fate(status=None)
    post(phoneNumbers=THREE)
    sim.advance(10**7)
    assert _statuses(get) == ["ko", "Waiting", "Not delivered"]


def test_the_fate_of_everybody_may_be_a_setting(session: requests.Session) -> None:
    with Simulator(Settings(delivery=Fate(status="KO"))) as sim:
        key = {"apiKey": sim.api_key}
        body = key | {"phoneNumbers": "0600000001", "message": "Hello"}
        session.post(sim.url + "/send", json=body, timeout=60)
        rows = session.get(sim.url + "/bulk-status", params=key | {"messageId": "5001"}, timeout=60).json()
        assert rows["StatutResponse_List"][0]["status"] == "KO"


@pytest.mark.parametrize("wrong", [{"after_polls": -1}, {"after_seconds": -0.1}], ids=str)
def test_a_fate_in_the_past(sim: Simulator, wrong: dict[str, Any]) -> None:
    with pytest.raises(ValueError, match=next(iter(wrong))):
        sim.deliver(**wrong)


def test_stop_enters_the_list_with_the_report(sim: Simulator, post: Call, get: Call) -> None:
    sim.deliver("0600000002", stop=True, after_polls=1)
    post(phoneNumbers=THREE)
    flags = [row["stopSMS"] for row in get("/bulk-status", messageId=5001).json()["StatutResponse_List"]]
    assert (flags, sim.stop_list) == ([False, False, False], [])

    flags = [row["stopSMS"] for row in get("/bulk-status", messageId=5001).json()["StatutResponse_List"]]
    assert (flags, sim.stop_list) == ([False, True, False], ["+33600000002"])
    assert [entry["phoneNumber"] for entry in get("/stop-sms/list").json()["data"]] == ["+33600000002"]
    assert post(phoneNumbers=THREE).json()["code"] == 14


def test_rows_may_come_with_the_report_only(sim: Simulator, post: Call, get: Call) -> None:
    sim.settings = replace(sim.settings, omit_waiting=True)
    sim.deliver("0600000002", after_polls=1)
    post(phoneNumbers=THREE)
    assert [len(_statuses(get)) for _ in range(2)] == [2, 3]


def test_pages_by_tag(sim: Simulator, post: Call, get: Call) -> None:
    sim.settings = replace(sim.settings, page_size=2)
    post(phoneNumbers=THREE, tag="spring")
    post(phoneNumbers="+33600000004,+33600000005", tag="spring")
    post(tag="autumn")

    pages = [get("/bulk-status-by-tag", tag="spring", page=page).json() for page in (1, 2, 3, 4)]
    numbers = [[int(row["phoneNumber"][-1]) for row in page["StatutResponse_List"]] for page in pages]
    assert numbers == [[1, 2], [3, 4], [5], []]
    assert {page["total"] for page in pages} == {5}
    assert [page["currentPage"] for page in pages] == [1, 2, 3, 4]


@pytest.mark.parametrize("page", ["", "0", "-1", "two", "9" * 30])
def test_a_page_that_is_none_is_the_first(post: Call, get: Call, page: str) -> None:
    post(tag="spring")
    assert get("/bulk-status-by-tag", tag="spring", page=page).json()["currentPage"] == 1


def test_a_platform_without_pages(sim: Simulator, post: Call, get: Call) -> None:
    sim.settings = replace(sim.settings, page_size=2, ignore_page=True)
    post(phoneNumbers=THREE, tag="spring")
    first, second = (get("/bulk-status-by-tag", tag="spring", page=page).json() for page in (1, 2))
    assert first == second


def test_a_tag_shows_late(sim: Simulator, post: Call, get: Call) -> None:
    sim.settings = replace(sim.settings, tag_delay=120)
    post(tag="spring")
    assert get("/bulk-status-by-tag", tag="spring").json()["code"] == 4
    sim.advance(120)
    assert get("/bulk-status-by-tag", tag="spring").json()["total"] == 1


def test_an_unknown_tag_may_be_an_empty_list(sim: Simulator, get: Call) -> None:
    sim.settings = replace(sim.settings, unknown_tag="empty")
    answer = get("/bulk-status-by-tag", tag="none").json()
    assert (answer["success"], answer["total"], answer["StatutResponse_List"]) == (True, 0, [])


def test_dates_are_epochs_of_the_report(sim: Simulator, post: Call, get: Call) -> None:
    moment = datetime.fromisoformat("2026-11-20T12:00:00+01:00")
    sim.set_clock(moment)
    post()
    [row] = get("/bulk-status", messageId=5001).json()["StatutResponse_List"]
    assert 0 <= int(row["date"]) - moment.timestamp() < 60

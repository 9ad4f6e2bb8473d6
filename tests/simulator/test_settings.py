"""The settings of a platform: which there are, and the other readings of the vendor's documents."""

from __future__ import annotations

from datetime import datetime
from decimal import Decimal
from typing import Any

import pytest

from airflow_provider_smspartner.simulator import Settings, Simulator
from tests.simulator.conftest import MIXED, Call, change


@pytest.mark.parametrize(
    "wrong",
    [
        {"quiet_hours": "sometimes"},
        {"stop_numbers": ""},
        {"number_faults": "list"},
        {"sandbox_status": "none"},
        {"unknown_tag": 4},
        {"price": Decimal(0)},
        {"page_size": 0},
    ],
    ids=str,
)
def test_settings_that_do_not_exist(wrong: dict[str, Any]) -> None:
    with pytest.raises(ValueError, match=next(iter(wrong))):
        Settings(**wrong)


@pytest.mark.parametrize(
    ("written", "shown"),
    [
        ("plus", ["+33600000001", "+32470123456"]),
        ("digits", ["33600000001", "32470123456"]),
        ("blank", [" 33600000001", " 32470123456"]),
        ("national", ["0600000001", "0470123456"]),
        ("masked", ["+336XXXXXX01", "+324XXXXXX56"]),
    ],
)
def test_lists_write_numbers_as_chosen(
    sim: Simulator, post: Call, get: Call, written: str, shown: list[str]
) -> None:
    change(sim, listed_numbers=written)
    post(phoneNumbers=MIXED, tag="spring")
    rows = get("/bulk-status-by-tag", tag="spring").json()["StatutResponse_List"]
    assert [row["phoneNumber"] for row in rows] == shown


@pytest.mark.parametrize(("counts", "total"), [("rows", 2), ("pages", 1), ("nothing", None)])
def test_total_counts_what_is_chosen(
    sim: Simulator, post: Call, get: Call, counts: str, total: int | None
) -> None:
    change(sim, total_counts=counts)
    post(phoneNumbers=MIXED, tag="spring")
    assert get("/bulk-status-by-tag", tag="spring").json().get("total") == total


def test_lists_may_leave_people_out(sim: Simulator, post: Call, get: Call) -> None:
    change(sim, list_at_most=1)
    post(phoneNumbers=MIXED, tag="spring")
    listed = get("/bulk-status-by-tag", tag="spring").json()
    assert (listed["total"], len(listed["StatutResponse_List"])) == (1, 1)


def test_scheduled_texts_may_be_listed_only_when_they_have_left(
    sim: Simulator, post: Call, get: Call
) -> None:
    change(sim, list_scheduled=False, tag_delay=90)
    sim.set_clock(datetime.fromisoformat("2030-01-31T11:00:00+01:00"))
    post(scheduledDeliveryDate="31/01/2030", time=12, minute=0, tag="spring")
    assert get("/bulk-status-by-tag", tag="spring").json()["code"] == 4
    sim.advance(3689)
    assert get("/bulk-status-by-tag", tag="spring").json()["code"] == 4
    sim.advance(1)
    assert get("/bulk-status-by-tag", tag="spring").json()["code"] == 200


def test_a_degraded_gateway_says_yes_to_everything(sim: Simulator, post: Call, get: Call) -> None:
    change(sim, degraded=True)
    for answer in (post(), post(apiKey="wrong"), get("/message-cancel", messageId="1"), get("/nothing")):
        assert answer.json() == {"success": True, "code": 200, "message": "Request queued for processing"}
    assert not sim.accepted


@pytest.mark.parametrize(
    ("key", "keys"), [("error", {"error"}), ("errors", {"errors"}), ("both", {"error", "errors"})]
)
def test_items_of_a_refusal_stand_under_the_chosen_key(
    sim: Simulator, post: Call, key: str, keys: set[str]
) -> None:
    change(sim, error_key=key)
    assert {"error", "errors"} & post(phoneNumbers="12").json().keys() == keys
    sim.credits = Decimal(0)
    assert {"error", "errors"} & post().json().keys() == keys


def test_the_low_cost_credit_has_two_names(sim: Simulator, get: Call) -> None:
    assert "creditSmsECO" in get("/me").json()["credits"]
    change(sim, low_cost_credit="creditSmsLowCost")
    assert get("/me").json()["credits"].keys() & {"creditSmsECO", "creditSmsLowCost"} == {"creditSmsLowCost"}


def test_a_number_may_stand_in_the_sentence_only(sim: Simulator, post: Call) -> None:
    change(sim, number_faults="sentence")
    refusal = post(phoneNumbers="+33600000001,061234").json()
    assert refusal["code"] == 55
    [item] = refusal["errors"]
    assert (item["success"], item["code"], "phoneNumber" in item) == (False, 9, False)
    assert "(061234)" in item["message"]


@pytest.mark.parametrize("named", [False, True])
def test_bad_numbers_may_be_left_out(sim: Simulator, post: Call, named: bool) -> None:
    change(sim, bad_numbers="skip", stop_numbers="skip", name_left_out=named)
    sim.add_to_stop_list("+33600000002")
    answer = post(phoneNumbers="+33600000001,061234,+33600000002").json()
    assert answer["nb_sms"] == 1
    items = [("061234", "9"), ("+33600000002", "14")] if named else []
    assert [(item["phoneNumber"], item["code"]) for item in answer.get("errors", [])] == items
    assert post(phoneNumbers="12").json()["code"] == 55


def test_bad_numbers_of_a_list_have_a_refused_row(sim: Simulator, post: Call) -> None:
    change(sim, bad_numbers="skip")
    rows = [{"phoneNumber": number, "message": number} for number in ("12", "+33600000001", "+33600000002")]
    answered = post("/bulk-send", SMSList=rows).json()["SMSResponse_List"]
    assert [(row["phoneNumber"], row["success"]) for row in answered] == [
        ("+33600000001", True),
        ("+33600000002", True),
        ("12", False),
    ]
    assert [text.text for text in sim.sent] == ["+33600000001", "+33600000002"]

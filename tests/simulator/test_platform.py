"""Key, credit, sandbox, schedule, STOP list, quiet hours and cancelling."""

from __future__ import annotations

from datetime import datetime, timedelta
from decimal import Decimal

import pytest
import requests

from airflow_provider_smspartner.simulator import Simulator
from tests.simulator.conftest import MIXED, Call, change

FRIDAY_NOON = datetime.fromisoformat("2026-11-20T12:00:00+01:00")
FRIDAY_EVENING = datetime.fromisoformat("2026-11-20T20:00:00+01:00")
SATURDAY_EVENING = datetime.fromisoformat("2026-11-21T21:00:00+01:00")
SATURDAY_MORNING = datetime.fromisoformat("2026-11-21T08:00:00+01:00")
SUNDAY_NIGHT = datetime.fromisoformat("2026-11-22T23:00:00+01:00")
CHRISTMAS = datetime.fromisoformat("2026-12-25T10:00:00+01:00")
AT_17 = {"scheduledDeliveryDate": "20/11/2026", "time": 17, "minute": 0}


def test_the_key_is_settable(sim: Simulator, post: Call) -> None:
    sim.api_key = "another"
    assert post().json()["success"]
    assert post(apiKey="simulator-key").json()["code"] == 10


def test_credit(sim: Simulator, post: Call, get: Call) -> None:
    sim.credits = Decimal("0.10")
    assert post(phoneNumbers="+33600000001,+33600000002").json()["cost"] == 0.09
    assert sim.credits == Decimal("0.010")
    assert get("/me").json()["credits"]["balance"] == "0.010"

    refused = post().json()
    assert (refused["code"], refused["error"]) == (11, {"message": "NOCREDITS"})
    assert len(sim.sent) == 2


def test_sandbox_sends_and_charges_nothing(sim: Simulator, post: Call, get: Call) -> None:
    answer = post(sandbox=1).json()
    assert answer["cost"] == 0
    assert (sim.sent, sim.credits) == ([], Decimal("1000"))
    [text] = sim.accepted
    assert (text.sandbox, text.sent_at) == (True, None)


@pytest.mark.parametrize(
    ("ways", "status"), [("delivered", "Delivered"), ("waiting", "Waiting"), ("not_found", None)]
)
def test_status_of_a_sandbox_text(
    sim: Simulator, post: Call, get: Call, ways: str, status: str | None
) -> None:
    change(sim, sandbox_status=ways)
    answer = get("/bulk-status", messageId=post(sandbox=1).json()["message_id"]).json()
    if status is None:
        assert answer["code"] == 4
    else:
        assert answer["StatutResponse_List"][0]["status"] == status


def test_a_scheduled_text_leaves_at_its_time(sim: Simulator, post: Call, get: Call) -> None:
    sim.set_clock(FRIDAY_NOON)
    message_id = post(**AT_17).json()["message_id"]
    assert sim.sent == []
    assert get("/me").json()["credits"]["toSend"] == 1
    assert get("/bulk-status", messageId=message_id).json()["StatutResponse_List"][0]["status"] == "Waiting"

    sim.advance(5 * 3600)
    assert sim.texts_per_number() == {"+33600000001": 1}
    assert get("/me").json()["credits"]["toSend"] == 0
    assert get("/bulk-status", messageId=message_id).json()["StatutResponse_List"][0]["status"] == "Delivered"


@pytest.mark.parametrize(
    ("minutes_before", "code"), [(300, 200), (6, 200), (4, 6), (-1, 7)], ids=["long", "6", "4", "after"]
)
def test_cancel(sim: Simulator, post: Call, get: Call, minutes_before: int, code: int) -> None:
    sim.set_clock(FRIDAY_NOON)
    message_id = post(**AT_17, tag="spring").json()["message_id"]
    sim.set_clock(FRIDAY_NOON + timedelta(hours=5, minutes=-minutes_before))

    assert get("/message-cancel", messageId=message_id).json()["code"] == code

    sim.set_clock(SUNDAY_NIGHT)
    is_cancelled = code == 200
    assert len(sim.sent) == (0 if is_cancelled else 1)
    assert (sim.credits == Decimal("1000")) is is_cancelled
    assert get("/message-cancel", messageId=message_id).json()["code"] == (5 if is_cancelled else 7)
    assert get("/bulk-status", messageId=message_id).json()["success"] is not is_cancelled
    assert get("/bulk-status-by-tag", tag="spring").json()["success"] is not is_cancelled


@pytest.mark.parametrize("message_id", ["x", "-1", "9" * 40, "²"])
def test_no_such_message(get: Call, message_id: str) -> None:
    assert get("/message-cancel", messageId=message_id).json()["code"] == 4
    assert get("/bulk-status", messageId=message_id).json()["code"] == 4


def test_stop_refuses_the_whole_request(sim: Simulator, post: Call) -> None:
    sim.add_to_stop_list("0600000002")
    assert post(phoneNumbers="0600000001,0600000002").json()["code"] == 14
    change(sim, number_faults="items")
    answer = post(phoneNumbers="0600000001,0600000002").json()
    assert (answer["code"], answer["errors"][0]["phoneNumber"], answer["errors"][0]["code"]) == (
        55,
        "+33600000002",
        "14",
    )
    assert sim.accepted == []


def test_stop_leaves_people_out(sim: Simulator, post: Call) -> None:
    change(sim, stop_numbers="skip")
    sim.add_to_stop_list("0600000002")
    assert post(phoneNumbers="0600000001,0600000002").json()["nb_sms"] == 1
    assert post(phoneNumbers="0600000002").json()["code"] == 55
    assert sim.texts_per_number() == {"+33600000001": 1}


def test_stop_leaves_a_row_out(sim: Simulator, post: Call) -> None:
    change(sim, stop_numbers="skip")
    sim.add_to_stop_list("0600000001")
    rows = [{"phoneNumber": f"060000000{at}", "message": f"Hello {at}"} for at in (1, 2, 3)]
    answer = post("/bulk-send", SMSList=rows).json()
    assert [(row["phoneNumber"], row["code"]) for row in answer["SMSResponse_List"]] == [
        ("+33600000002", 200),
        ("+33600000003", 200),
        ("+33600000001", 14),
    ]
    assert [text.text for text in sim.sent] == ["Hello 2", "Hello 3"]


@pytest.mark.parametrize(
    ("now", "sent_at"),
    [(FRIDAY_NOON, FRIDAY_NOON), (FRIDAY_EVENING, SATURDAY_MORNING)],
    ids=["noon", "evening"],
)
def test_held_in_quiet_hours(sim: Simulator, post: Call, now: datetime, sent_at: datetime) -> None:
    change(sim, quiet_hours="hold")
    sim.set_clock(now)
    assert post().json()["success"]
    assert bool(sim.sent) is (now == sent_at)

    sim.set_clock(SUNDAY_NIGHT)
    [text] = sim.sent
    assert text.sent_at is not None
    assert abs(text.sent_at - sent_at) < timedelta(minutes=1)


@pytest.mark.parametrize(
    ("now", "code"),
    [(FRIDAY_NOON, 200), (FRIDAY_EVENING, 22), (SATURDAY_EVENING, 22), (SUNDAY_NIGHT, 23), (CHRISTMAS, 23)],
    ids=["noon", "Friday evening", "Saturday evening", "Sunday", "Christmas"],
)
def test_refused_in_quiet_hours(sim: Simulator, post: Call, now: datetime, code: int) -> None:
    change(sim, quiet_hours="refuse")
    sim.set_clock(now)
    assert post().json()["code"] == code


def test_a_french_number_may_be_echoed_nationally(sim: Simulator, post: Call, get: Call) -> None:
    change(sim, national_numbers=True)
    message_id = post(phoneNumbers="+33600000001,+4915123456789").json()["message_id"]
    rows = get("/bulk-status", messageId=message_id).json()["StatutResponse_List"]
    assert [row["phoneNumber"] for row in rows] == ["0600000001", "+4915123456789"]


def test_reset(sim: Simulator, post: Call) -> None:
    post(tag="spring")
    sim.advance(3600)
    sim.add_to_stop_list("0600000002")
    sim.deliver("0600000001", status="KO")
    sim.faults.add("/send", "refuse")
    before = sim.now

    sim.reset()
    assert (sim.accepted, sim.requests, sim.stop_list, sim.fates, sim.faults.waiting) == ([], [], [], {}, [])
    assert sim.credits == Decimal("1000")
    assert sim.now < before - timedelta(minutes=59)


def test_a_clock_may_be_brought_along(session: requests.Session) -> None:
    with Simulator(clock=lambda: FRIDAY_NOON) as sim:
        sim.advance(60)
        assert sim.now == FRIDAY_NOON + timedelta(minutes=1)
        with pytest.raises(ValueError, match="UTC offset"):
            sim.set_clock(datetime(2026, 1, 1))


# ---- status of one person, STOP list -----------------------------------------------------------------


def test_the_status_of_one_person(sim: Simulator, post: Call, get: Call) -> None:
    message_id = post(phoneNumbers=MIXED).json()["message_id"]
    status = get("/message-status", messageId=message_id, phoneNumber="0600000001").json()
    assert status | {"date": ""} == {
        "success": True,
        "code": 200,
        "number": "+33600000001",
        "messageId": str(message_id),
        "stopSms": False,
        "date": "",
        "statut": "Delivered",
        "cost": 0.045,
        "countryCode": "FR",
        "currency": "EUR",
    }
    assert get("/message-status", messageId=message_id, phoneNumber="+33600000009").json()["code"] == 4
    assert get("/message-status", messageId=message_id).json()["code"] == 3


def test_the_statuses_of_many(sim: Simulator, post: Call) -> None:
    message_id = post(phoneNumbers=MIXED).json()["message_id"]
    asked = [
        {"phoneNumber": "+32470123456", "messageId": message_id},
        {"phoneNumber": "+33600000001", "messageId": 1},
        7,
    ]
    known, *unknown = post("/multi-status", SMSStatut_List=asked).json()["StatutResponse_List"]
    assert (known["status"], known["stopSms"], known["phoneNumber"]) == ("Delivered", "0", "+32470123456")
    assert [(row["success"], row["code"]) for row in unknown] == [(False, 4)] * 2
    assert post("/multi-status").json()["code"] == 3
    assert post("/multi-status", SMSStatut_List=asked * 200).json()["code"] == 50


def test_the_stop_list_changes(sim: Simulator, post: Call, get: Call) -> None:
    stop_id = post("/stop-sms/add", phoneNumber="0600000001").json()["stopId"]
    assert sim.stop_list == ["+33600000001"]
    assert post("/stop-sms/add", phoneNumber="+33600000001").json()["code"] == 3
    assert post("/stop-sms/add", phoneNumber="12").json()["code"] == 9
    assert get("/stop-sms/delete", id=stop_id).json() == {"success": True, "code": 200}
    assert sim.stop_list == []
    assert get("/stop-sms/delete", id=stop_id).json()["code"] == 4

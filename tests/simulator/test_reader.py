"""The constraints of a send, each by the element and the code with which the platform names it."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from datetime import datetime
from typing import Any

import pytest
import requests

from airflow_provider_smspartner.simulator import Simulator

Call = Callable[..., requests.Response]

NOON = datetime.fromisoformat("2026-11-20T12:00:00+01:00")
BROKEN: list[tuple[dict[str, Any], str, int]] = [
    ({"message": ""}, "message", 43),
    ({"message": None}, "message", 43),
    ({"message": 7}, "message", 43),
    ({"phoneNumbers": "0123456789"}, "phoneNumbers", 9),
    ({"phoneNumbers": "+33600000001,,+33600000002"}, "phoneNumbers", 9),
    ({"sender": "ab"}, "sender", 44),
    ({"sender": "twelve chars"}, "sender", 44),
    ({"sender": "Café"}, "sender", 44),
    ({"gamme": 3}, "gamme", 9),
    ({"tag": "a" * 21}, "tag", 9),
    ({"tag": "two words"}, "tag", 9),
    ({"tag": "Capital"}, "tag", 9),
    ({"time": 9, "minute": 0}, "scheduledDeliveryDate", 45),
    ({"scheduledDeliveryDate": "2026-11-21", "time": 9, "minute": 0}, "scheduledDeliveryDate", 49),
    ({"scheduledDeliveryDate": "31/02/2027", "time": 9, "minute": 0}, "scheduledDeliveryDate", 49),
    ({"scheduledDeliveryDate": "20/11/2026", "time": 11, "minute": 55}, "scheduledDeliveryDate", 49),
    ({"scheduledDeliveryDate": "21/11/2026", "minute": 0}, "time", 46),
    ({"scheduledDeliveryDate": "21/11/2026", "time": 25, "minute": 0}, "time", 46),
    ({"scheduledDeliveryDate": "21/11/2026", "time": 9}, "minute", 47),
    ({"scheduledDeliveryDate": "21/11/2026", "time": 9, "minute": 7}, "minute", 48),
    ({"scheduledDeliveryDate": "21/11/2026", "time": 9, "minute": 60}, "minute", 48),
]


@pytest.mark.parametrize(("fields", "element", "code"), BROKEN, ids=str)
def test_broken_constraint(
    sim: Simulator, post: Call, fields: dict[str, Any], element: str, code: int
) -> None:
    sim.set_clock(NOON)
    listed = post(**fields)
    sim.settings = replace(sim.settings, constraint_codes=True)
    alone = post(**fields)

    assert listed.status_code == 400
    assert listed.json()["code"] == 9
    assert [item["elementId"] for item in listed.json()["errors"]] == [f"children[{element}].data"]
    assert alone.json()["code"] == code
    assert sim.accepted == []


@pytest.mark.parametrize(
    ("fields", "code"),
    [
        ({"phoneNumbers": None}, 2),
        ({"phoneNumbers": " "}, 2),
        ({"phoneNumbers": ["+33600000001"]}, 2),
        ({"phoneNumbers": ",".join(["+33600000001"] * 501)}, 50),
        ({"message": "a" * 161, "gamme": 2}, 42),
        ({"message": "a" * 1531}, 52),
        ({"message": "a" * 671, "isUnicode": 1}, 52),
    ],
    ids=[
        "no number",
        "blank number",
        "a list",
        "501 numbers",
        "long low cost",
        "11 parts",
        "11 unicode parts",
    ],
)
def test_code(sim: Simulator, post: Call, fields: dict[str, Any], code: int) -> None:
    assert post(**fields).json()["code"] == code
    assert sim.accepted == []


@pytest.mark.parametrize(
    ("fields", "segments"),
    [
        ({"message": "a" * 160}, 1),
        ({"message": "a" * 161}, 2),
        ({"message": "a" * 159 + ":br:"}, 2),
        ({"message": "é" * 70, "isUnicode": "1"}, 1),
        ({"message": "é" * 71, "isUnicode": True}, 2),
        ({"message": "a" * 160, "gamme": 2}, 1),
        ({"phoneNumbers": ",".join(["+33600000001"] * 500)}, 500),
    ],
    ids=["160", "161", "line break", "unicode 70", "unicode 71", "low cost", "500 numbers"],
)
def test_segments(sim: Simulator, post: Call, fields: dict[str, Any], segments: int) -> None:
    answer = post(**fields).json()
    assert answer["nb_sms"] == segments
    assert answer["cost"] == pytest.approx(segments * 0.045)


def test_what_the_phone_shows(sim: Simulator, post: Call) -> None:
    post(message='Say "hi" :br:5 :euro: {now}', sender="My Shop", tag="spring")
    [text] = sim.sent
    assert text.text == 'Say "hi" \n5 € (now)'
    assert (text.sender, text.tag) == ("My Shop", "spring")


@pytest.mark.parametrize(
    "written", ["0600000001", " 33600000001", "+33600000001", "06 00 00 00 01", 33600000001], ids=repr
)
def test_spellings_of_a_number(sim: Simulator, post: Call, written: object) -> None:
    assert post(phoneNumbers=written).json()["success"]
    assert sim.texts_per_number() == {"+33600000001": 1}


def test_everything_optional_may_be_null(sim: Simulator, post: Call) -> None:
    optional = [
        "gamme", "sender", "tag", "scheduledDeliveryDate", "time", "minute", "urlResponse", "urlDlr",
        "isStopSms", "isUnicode", "sandbox", "_format",
    ]  # fmt: skip
    assert post(**dict.fromkeys(optional)).json()["success"]


def test_unknown_fields_are_ignored(post: Call) -> None:
    assert post(range=9, webhookUrl="http://example.org", virtualNumber="x").json()["success"]


@pytest.mark.parametrize(
    ("fields", "left"),
    [
        ({"scheduledDeliveryDate": "20/11/2026", "time": 12, "minute": 5}, "2026-11-20T12:05:00+01:00"),
        ({"scheduledDeliveryDate": "20/11/2026", "time": 24, "minute": 0}, "2026-11-21T00:00:00+01:00"),
        ({"scheduledDeliveryDate": "28/03/2027", "time": "9", "minute": "5"}, "2027-03-28T09:05:00+02:00"),
    ],
    ids=["5 minutes", "24 h", "summer time"],
)
def test_schedule(clocked: Simulator, post: Call, fields: dict[str, Any], left: str) -> None:
    answer = post(**fields).json()
    moment = datetime.fromisoformat(left)
    assert answer["scheduledDeliveryDate"] == f"{moment:%Y-%m-%d %H:%M:%S}"

    clocked.set_clock(moment)
    assert [text.sent_at for text in clocked.sent] == [moment]


def test_the_minute_that_runs_is_not_past(clocked: Simulator, post: Call) -> None:
    clocked.advance(50)
    assert post(scheduledDeliveryDate="20/11/2026", time=12, minute=0).json()["success"]
    assert len(clocked.sent) == 1


@pytest.fixture
def clocked(sim: Simulator) -> Simulator:
    sim.set_clock(NOON)
    return sim


def test_one_bad_number_refuses_all_and_is_named(sim: Simulator, post: Call) -> None:
    items = post(phoneNumbers="+33600000001,060000").json()["errors"]
    assert "060000" in items[0]["message"]
    sim.settings = replace(sim.settings, number_faults="items")
    answer = post(phoneNumbers="+33600000001,060000").json()
    [item] = answer["errors"]
    assert (answer["code"], item["phoneNumber"], item["code"]) == (55, "060000", "9")
    assert sim.accepted == []


def test_survey(sim: Simulator, post: Call) -> None:
    assert post("/sondage/to/send", sondageIdent="abc", tag="spring").json()["nb_sms"] == 1
    refused = post("/sondage/to/send").json()
    assert [item["elementId"] for item in refused["error"]] == ["children[sondageIdent].data"]
    [text] = sim.sent
    assert (text.survey_id, text.text, text.tag) == ("abc", "", "spring")


def test_bulk(sim: Simulator, post: Call) -> None:
    rows = [
        {"phoneNumber": "0600000001", "message": "Hello Ada"},
        {"phoneNumber": "0600000002", "message": "a" * 161},
    ]
    answer = post("/bulk-send", SMSList=rows, tag="spring").json()
    assert [row["nbSms"] for row in answer["SMSResponse_List"]] == [1, 2]
    assert answer["nbSMS"] == 3
    assert [(text.number, text.text[:9]) for text in sim.sent] == [
        ("+33600000001", "Hello Ada"),
        ("+33600000002", "aaaaaaaaa"),
    ]


@pytest.mark.parametrize("rows", [None, [], "text", [1], {}], ids=repr)
def test_bulk_without_a_list(post: Call, rows: object) -> None:
    assert post("/bulk-send", SMSList=rows).json()["code"] == 2


def test_bulk_takes_500(post: Call) -> None:
    row = {"phoneNumber": "0600000001", "message": "Hello"}
    assert post("/bulk-send", SMSList=[row] * 501).json()["code"] == 50
    assert post("/bulk-send", SMSList=[row] * 500).json()["nbSMS"] == 500

"""Tests for airflow_provider_smspartner.api: what each call sends.

S0 to S4 are the vendor's pages, named in ``answers/README.md``. Two fields occur only in their samples and
are left out: ``webhookUrl`` and ``virtualNumber``. The ``range`` of S3 is ``gamme`` on the wire.
"""

from __future__ import annotations

import json
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from airflow_provider_smspartner import api
from airflow_provider_smspartner.api import Call, SendOptions
from airflow_provider_smspartner.exceptions import (
    InvalidMessage,
)
from tests.api.calls import ADA, BOB, CY, LATER, NOW, WHEN, Sent, bulk_send, send, send_xml, survey

S0: dict[str, tuple[Call[Any], Sent]] = {
    "apiKey": (survey(), {}),
    "phoneNumbers": (survey(ADA, BOB, CY), {"phoneNumbers": f"{ADA},{BOB},{CY}"}),
    "sondageIdent": (survey(survey_id="2f1c"), {"sondageIdent": "2f1c"}),
    "tag": (survey(tag="batch7"), {"tag": "batch7"}),
    "scheduledDeliveryDate-time-minute": (survey(send_at=LATER), WHEN),
    "_format-json": (survey(response_format="json"), {}),
    "_format-xml": (survey(response_format="xml"), {"_format": "xml"}),
}
S1_S2: dict[str, tuple[Call[Any], Sent]] = {
    "apiKey": (send(), {}),
    "phoneNumbers": (send(ADA, BOB, CY), {"phoneNumbers": f"{ADA},{BOB},{CY}"}),
    "message": (send(message='Dites "oui"'), {"message": 'Dites "oui"'}),
    "message-br": (send(message="Bonjour\nAda\r\nBye"), {"message": "Bonjour:br:Ada:br:Bye"}),
    "message-euro": (send(message="5 €"), {"message": "5 :euro:"}),
    "sender": (send(sender="Ma Boite 7"), {"sender": "Ma Boite 7"}),
    "sender-empty": (send(sender=""), {"sender": ""}),
    "tag": (send(tag="batch7"), {"tag": "batch7"}),
    "scheduledDeliveryDate-time-minute": (send(send_at=LATER), WHEN),
    "urlResponse": (
        send(response_url="http://example.org/reply"),
        {"urlResponse": "http://example.org/reply"},
    ),
    "urlDlr": (send(dlr_url="https://example.org/dlr?t=1"), {"urlDlr": "https://example.org/dlr?t=1"}),
    "isStopSms": (send(stop_sms=True), {"isStopSms": 1}),
    "isUnicode": (send(message="Привет", unicode=True), {"message": "Привет", "isUnicode": 1}),
    "sandbox": (send(sandbox=True), {"sandbox": 1}),
    "_format-json": (api.send([ADA], "Bonjour", response_format="json"), {}),
    "_format-xml": (send_xml(), {"_format": "xml"}),
}
S3: dict[str, tuple[Call[Any], Sent]] = {
    **S1_S2,
    "range-premium": (send(sms_range="premium"), {"gamme": 1}),
    "range-low-cost": (send(sms_range="low_cost"), {"gamme": 2}),
    "range-none": (send(sms_range=None), {}),
}
S4: dict[str, tuple[Call[Any], Sent]] = {
    "apiKey": (api.bulk_status("300"), {}),
    "messageId": (api.bulk_status("5120"), {"messageId": "5120"}),
    "messageId-number": (api.bulk_status(5120), {"messageId": "5120"}),
    "_format-xml": (api.bulk_status("300", response_format="xml"), {"_format": "xml"}),
}
SEEDS: dict[str, tuple[str, str, Sent, dict[str, tuple[Call[Any], Sent]]]] = {
    "S0": ("POST", "/sondage/to/send", {"phoneNumbers": ADA, "sondageIdent": "BB1"}, S0),
    "S1": ("POST", "/send", {"phoneNumbers": ADA, "message": "Bonjour"}, S1_S2),
    "S2": ("POST", "/send", {"phoneNumbers": ADA, "message": "Bonjour"}, S1_S2),
    "S3": ("POST", "/send", {"phoneNumbers": ADA, "message": "Bonjour"}, S3),
    "S4": ("GET", "/bulk-status", {"messageId": "300"}, S4),
}


@pytest.mark.parametrize(
    ("seed", "call", "sent"),
    [
        pytest.param(seed, call, sent, id=f"{seed}-{parameter}")
        for seed, (_, _, _, table) in SEEDS.items()
        for parameter, (call, sent) in table.items()
    ],
)
def test_every_parameter_of_the_seeds_is_sent(seed: str, call: Call[Any], sent: Sent) -> None:
    method, path, required, _ = SEEDS[seed]

    assert (call.method, call.path) == (method, path)
    assert call.encode("key") == {"apiKey": "key"} | required | sent
    assert json.loads(json.dumps(call.encode("key"))) == call.encode("key")


def test_everything_at_once_in_one_send() -> None:
    call = api.bulk_send(
        [(ADA, "Bonjour\nAda"), (BOB, "5 €")],
        SendOptions(
            sender="ACME",
            tag="batch7",
            sms_range="premium",
            send_at=LATER,
            stop_sms=True,
            unicode=True,
            dlr_url="https://example.org/dlr",
            response_url="https://example.org/reply",
            sandbox=True,
        ),
        now=NOW,
    )

    assert (call.method, call.path) == ("POST", "/bulk-send")
    assert call.encode("key") == {
        "apiKey": "key",
        "SMSList": [
            {"phoneNumber": ADA, "message": "Bonjour:br:Ada"},
            {"phoneNumber": BOB, "message": "5 :euro:"},
        ],
        "gamme": 1,
        "sender": "ACME",
        "tag": "batch7",
        **WHEN,
        "urlDlr": "https://example.org/dlr",
        "urlResponse": "https://example.org/reply",
        "isStopSms": 1,
        "isUnicode": 1,
        "sandbox": 1,
    }


@pytest.mark.parametrize(
    ("call", "path", "query"),
    [
        (api.me(), "/me", {}),
        (api.message_cancel(5120), "/message-cancel", {"messageId": "5120"}),
        (api.bulk_status_by_tag("batch7"), "/bulk-status-by-tag", {"tag": "batch7"}),
        (api.bulk_status_by_tag("batch7", page=2), "/bulk-status-by-tag", {"tag": "batch7", "page": 2}),
        (api.stop_list(), "/stop-sms/list", {}),
        (api.stop_list(page=2), "/stop-sms/list", {"page": 2}),
        (api.stop_delete(7), "/stop-sms/delete", {"id": "7"}),
        (
            api.message_status(5120, "+33612345678"),
            "/message-status",
            {"messageId": "5120", "phoneNumber": "+33612345678"},
        ),
    ],
)
def test_the_other_questions(call: Call[Any], path: str, query: Sent) -> None:
    assert (call.method, call.path, call.encode("key")) == ("GET", path, {"apiKey": "key", **query})


@pytest.mark.parametrize(
    "call", [send(), survey(), bulk_send(), api.message_cancel("5120"), api.stop_delete("7")]
)
def test_what_acts_is_not_repeatable_whatever_its_verb(call: Call[Any]) -> None:
    assert not call.repeatable


@pytest.mark.parametrize(
    "call", [api.me(), api.bulk_status("1"), api.bulk_status_by_tag("batch7"), api.stop_list()]
)
def test_what_asks_is_repeatable(call: Call[Any]) -> None:
    assert call.repeatable


@pytest.mark.parametrize(
    ("moment", "date", "hour", "minute"),
    [
        ("2026-12-01T10:00:00+01:00", "01/12/2026", 10, 0),
        ("2026-12-01T10:00:01+01:00", "01/12/2026", 10, 5),
        ("2026-12-01T22:58:00Z", "02/12/2026", 0, 0),
        ("2027-07-01T22:30:00Z", "02/07/2027", 0, 30),
    ],
)
def test_a_send_time_is_in_paris_and_never_24_o_clock(moment: str, date: str, hour: int, minute: int) -> None:
    sent = survey(send_at=datetime.fromisoformat(moment)).encode("key")

    assert (sent["scheduledDeliveryDate"], sent["time"], sent["minute"]) == (date, hour, minute)


def test_the_present_is_the_clock_unless_told() -> None:
    past, future = datetime.now(UTC) - timedelta(hours=1), datetime.now(UTC) + timedelta(hours=1)

    assert "time" in api.send([ADA], "Bonjour", SendOptions(send_at=future)).encode("key")
    with pytest.raises(InvalidMessage, match=r"^send_at: "):
        api.send([ADA], "Bonjour", SendOptions(send_at=past))

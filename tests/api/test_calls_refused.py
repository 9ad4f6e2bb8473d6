"""Tests for airflow_provider_smspartner.api: what a call refuses to send, by the name of its argument."""

from __future__ import annotations

from collections.abc import Callable
from datetime import datetime, timedelta

import pytest

from airflow_provider_smspartner import api
from airflow_provider_smspartner.api import Call, SendOptions
from airflow_provider_smspartner.exceptions import (
    InvalidMessage,
    InvalidPhoneNumber,
)
from tests.api.calls import ADA, BOB, NOW, bulk_send, send, survey

CROWD = [f"+336{index:08d}" for index in range(501)]

REFUSED: list[tuple[str, str, Callable[[], object]]] = [
    ("recipients", "no numbers", lambda: api.send([], "Bonjour")),
    ("recipients", "501 numbers", lambda: send(*CROWD)),
    ("recipients", "501 numbers", lambda: survey(*CROWD)),
    ("recipients", "501 numbers", lambda: api.bulk_send([(number, "Bonjour") for number in CROWD])),
    ("recipients", "2 times", lambda: send(ADA, BOB, ADA)),
    ("recipients", "list", lambda: api.send(ADA, "Bonjour")),
    ("recipients", "E.164", lambda: send("0600000001")),
    ("recipients", "E.164", lambda: survey("+33 6 00 00 00 01")),
    ("recipients", "E.164", lambda: api.bulk_send([("600000001", "Bonjour")])),
    ("recipients", "E.164", lambda: send(f"{ADA},{BOB}")),
    ("recipients", "E.164", lambda: send(ADA + "\n")),
    ("message", "empty", lambda: send(message="")),
    ("message", "blank", lambda: send(message=" \n ")),
    ("message", "{", lambda: send(message="Bonjour {name}")),
    ("message", "U+1F600", lambda: send(message="Bonjour 😀")),
    ("message", "11 SMS", lambda: send(message="a" * 1531)),
    ("message", "11 SMS", lambda: send(message="я" * 671, unicode=True)),
    ("message", "160", lambda: send(message="a" * 161, sms_range="low_cost")),
    ("message", "empty", lambda: bulk_send("")),
    ("message", "160", lambda: bulk_send("a" * 161, sms_range="low_cost")),
    ("stop_sms", "NoPub=STOP", lambda: send(stop_sms=True, sms_range="low_cost")),
    ("sender", "2 characters", lambda: SendOptions(sender="AB")),
    ("sender", "12 characters", lambda: SendOptions(sender="ABCDEFGHIJKL")),
    ("sender", "U+00E9", lambda: SendOptions(sender="Café")),
    ("tag", "21 characters", lambda: SendOptions(tag="a" * 21)),
    ("tag", "white space", lambda: SendOptions(tag="a b")),
    ("tag", "lower case", lambda: SendOptions(tag="Batch7")),
    ("tag", "0 characters", lambda: SendOptions(tag="")),
    ("tag", "lower case", lambda: survey(tag="Batch7")),
    ("tag", "21 characters", lambda: api.bulk_status_by_tag("a" * 21)),
    ("sms_range", "unknown", lambda: SendOptions(sms_range="eco")),
    ("dlr_url", "https", lambda: SendOptions(dlr_url="example.org")),
    ("response_url", "https", lambda: SendOptions(response_url="ftp://example.org")),
    ("send_at", "in the past", lambda: send(send_at=NOW - timedelta(seconds=1))),
    ("send_at", "in the past", lambda: survey(send_at=NOW - timedelta(days=1))),
    ("send_at", "in the past", lambda: bulk_send(send_at=NOW - timedelta(days=1))),
    ("send_at", "in the past", lambda: send(send_at="2020-01-01T00:00:00Z")),
    ("send_at", "offset", lambda: send(send_at=datetime(2027, 1, 1, 10))),
    ("send_at", "offset", lambda: survey(send_at=datetime(2027, 1, 1, 10))),
    ("survey_id", "empty", lambda: survey(survey_id="")),
    ("survey_id", "white space", lambda: survey(survey_id="B B")),
    ("message_id", "digits", lambda: api.bulk_status("")),
    ("message_id", "digits", lambda: api.bulk_status("51&20")),
    ("message_id", "digits", lambda: api.message_cancel("all")),
    ("response_format", "yaml", lambda: api.send([ADA], "Bonjour", response_format="yaml")),  # type: ignore[arg-type]
]


@pytest.mark.parametrize(
    ("argument", "fault", "make"), [pytest.param(*row, id=f"{row[0]}-{row[1]}") for row in REFUSED]
)
def test_a_constraint_is_refused_by_name(argument: str, fault: str, make: Callable[[], object]) -> None:
    with pytest.raises(InvalidMessage) as caught:
        make()

    assert str(caught.value).startswith(f"{argument}: ")
    assert fault in str(caught.value)
    assert "00000001" not in str(caught.value)


@pytest.mark.parametrize("bad", ["0600000001", "+33600000001,+33600000002", "+33600000001,", ""])
@pytest.mark.parametrize("others", [(), ("+33600000003",)])
def test_a_number_is_refused_as_a_number(bad: str, others: tuple[str, ...]) -> None:
    with pytest.raises(InvalidPhoneNumber):
        send(bad, *others)


def test_limits_are_inclusive() -> None:
    assert send(*CROWD[:500]).fields["phoneNumbers"].count(",") == 499
    assert send(message="a" * 1530).fields["message"] == "a" * 1530
    assert send(message="a" * 160, sms_range="low_cost").fields["gamme"] == 2
    assert send(sender="ABC", tag="a" * 20).fields["tag"] == "a" * 20
    assert send(send_at=NOW).fields["time"] == 10


def test_xml_is_only_for_answers_whose_entries_we_can_name() -> None:
    with pytest.raises(InvalidMessage, match=r"^response_format: "):
        Call(
            method="GET",
            path="/me",
            fields={},
            reader=dict,
            errors={},
            repeatable=True,
            response_format="xml",
        )


def test_a_call_hides_the_numbers_it_carries() -> None:
    for call in (send(), survey(), bulk_send()):
        assert "60000" not in repr(call)


def test_texts_that_are_written_leave_as_they_are() -> None:
    options = SendOptions()
    [(text, segments)] = [found for found in options.write(["À 5 €\nç…"]) if isinstance(found, tuple)]

    [row] = api.bulk_send([(ADA, text)], options, written=True).fields["SMSList"]

    assert (row["message"], segments) == ("À 5 :euro::br:ç...", 1)
    assert row == api.bulk_send([(ADA, "À 5 €\nç…")], options).fields["SMSList"][0]

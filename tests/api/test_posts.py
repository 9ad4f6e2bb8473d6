"""Every shape in which the vendor's pages, and clients of theirs, show what is posted."""

from __future__ import annotations

import json
from datetime import UTC, datetime
from typing import Any
from urllib.parse import urlencode

import pytest

from airflow_provider_smspartner.api.posts import InvalidPost, Kind, Part, Post, read_post
from airflow_provider_smspartner.rules.delivery import DeliveryStatus

REPORT = {
    "status": "delivered",
    "msgId": "5120",
    "date": 1896111962,
    "phone": "+33611000001",
    "cost": "0.045",
    "currency": "EUR",
    "tag": "batch7",
}
REPLY = {"type": "response", "phone_number": "+33611000001", "text": "ok", "message_id": 5120}
STOP = {"type": "stop", "phone_number": "+33611000001", "text": "Stop", "message_id": 5120}
LONG = {
    "msisdn": "33611000001",
    "to": "33700000000",
    "messageId": "0200000001",
    "text": "ok",
    "type": "text",
    "keyword": "ok",
    "message-timestamp": "2030-01-31 17:50:00",
}
PART = LONG | {"concat": "true", "concat-ref": "108", "concat-total": "2", "concat-part": "1"}


def multipart(fields: dict[str, Any]) -> bytes:
    """Write fields as a PHP client does that posts an array."""
    parts = (
        f'--b0undary\r\nContent-Disposition: form-data; name="{name}"\r\n\r\n{value}\r\n'
        for name, value in fields.items()
    )
    return ("".join(parts) + "--b0undary--\r\n").encode()


ENCODINGS = {
    "json": lambda fields: json.dumps(fields).encode(),
    "form": lambda fields: urlencode(fields).encode(),
    "multipart": multipart,
}


@pytest.fixture(params=sorted(ENCODINGS))
def read(request: pytest.FixtureRequest) -> Any:
    """Read fields that come in each encoding."""
    return lambda fields: read_post(ENCODINGS[request.param](fields))


def test_a_report(read: Any) -> None:
    assert read(REPORT) == Post(
        kind=Kind.REPORT,
        number="+33611000001",
        message_id="5120",
        given_id="5120",
        tag="batch7",
        status=DeliveryStatus.DELIVERED,
        happened_at=datetime(2030, 1, 31, 17, 46, 2, tzinfo=UTC),
    )


def test_a_reply(read: Any) -> None:
    assert read(REPLY) == Post(
        kind=Kind.REPLY, number="+33611000001", text="ok", message_id="5120", given_id="5120"
    )


def test_a_stop(read: Any) -> None:
    assert read(STOP) == Post(
        kind=Kind.STOP, number="+33611000001", text="Stop", message_id="5120", given_id="5120"
    )


def test_a_reply_to_a_long_number(read: Any) -> None:
    assert read(LONG) == Post(
        kind=Kind.REPLY,
        number="+33611000001",
        text="ok",
        message_id="0200000001",
        given_id="0200000001",
        happened_at=datetime(2030, 1, 31, 16, 50, tzinfo=UTC),
    )


def test_a_part_of_a_long_reply(read: Any) -> None:
    assert read(PART).part == Part(reference="108", index=1, total=2)


@pytest.mark.parametrize("name", ["msgId", "message_id", "messageId"])
@pytest.mark.parametrize("value", [5120, "5120", " 5120 "])
def test_ids_have_three_names_and_two_types(name: str, value: object) -> None:
    fields = {key: value for key, value in REPORT.items() if key != "msgId"} | {name: value}
    assert read_post(json.dumps(fields).encode()).message_id == "5120"


def test_an_id_of_letters_names_none_of_our_texts_and_tells_repeats_all_the_same() -> None:
    ids = ("7d2f9c64-1c1e-4d67-8a52-0d2fbf0b3a11", "c1d5b1de-90b6-4d3e-9e07-0a2a1b5a2f10")
    one, other = (read_post(json.dumps(LONG | {"messageId": id_}).encode()) for id_ in ids)
    assert one.message_id is None
    assert one.fingerprint != other.fingerprint


@pytest.mark.parametrize("name", ["phone", "phone_number", "phoneNumber", "msisdn", "number"])
@pytest.mark.parametrize("value", ["+33611000001", "33611000001", " 33611000001", 33611000001, "0611000001"])
def test_numbers_have_several_names_and_spellings(name: str, value: object) -> None:
    fields = {key: value for key, value in REPORT.items() if key != "phone"} | {name: value}
    assert read_post(json.dumps(fields).encode()).number == "+33611000001"


@pytest.mark.parametrize(
    "number",
    [
        *("+4915112345678", "+447911123456", "+32470123456", "+41781234567", "+34612345678", "+39312345678"),
        *(
            "+12025550123",
            "+12125551234",
            "+590690001234",
            "+262692123456",
            "+5511961234567",
            "+919876543210",
        ),
        *(
            "+8613812345678",
            "+21261234567",
            "+212612345678",
            "+221701234567",
            "+351912345678",
            "+61412345678",
        ),
    ],
)
def test_digits_alone_are_of_every_country(number: str) -> None:
    assert read_post(json.dumps(REPLY | {"phone_number": number[1:]}).encode()).number in (number, number[1:])
    assert read_post(json.dumps(REPLY | {"phone_number": number}).encode()).number == number


@pytest.mark.parametrize("number", ["447911123456", "4915112345678", "32470123456"])
def test_digits_with_the_code_of_a_country_get_their_plus(number: str) -> None:
    assert read_post(json.dumps(REPLY | {"phone_number": number}).encode()).number == f"+{number}"


NO_DATES: list[object] = ["", None, "yesterday", 0, -1, 10**17, "0002-01-01 00:00:00", [], True]


@pytest.mark.parametrize(
    ("date", "read"),
    [
        (1896111962, datetime(2030, 1, 31, 17, 46, 2, tzinfo=UTC)),
        ("1896111962", datetime(2030, 1, 31, 17, 46, 2, tzinfo=UTC)),
        ("2030-01-31 18:46:02", datetime(2030, 1, 31, 17, 46, 2, tzinfo=UTC)),
        ("2030-01-31T10:00:00.000+0000", datetime(2030, 1, 31, 10, tzinfo=UTC)),
        *[(no_date, None) for no_date in NO_DATES],
    ],
)
def test_dates(date: object, read: datetime | None) -> None:
    assert read_post(json.dumps(REPORT | {"date": date}).encode()).happened_at == read


@pytest.mark.parametrize(
    ("word", "status"),
    [
        ("delivered", DeliveryStatus.DELIVERED),
        ("Delivered", DeliveryStatus.DELIVERED),
        ("not delivered", DeliveryStatus.NOT_DELIVERED),
        ("waiting", DeliveryStatus.WAITING),
        ("ko", DeliveryStatus.KO),
        ("DELIVRD", DeliveryStatus.UNKNOWN),
    ],
)
def test_statuses(word: str, status: DeliveryStatus) -> None:
    assert read_post(json.dumps(REPORT | {"status": word}).encode()).status is status


@pytest.mark.parametrize(
    ("fields", "kind"),
    [
        ({"type": "response", "text": "stop"}, Kind.STOP),
        ({"type": "text", "text": " STOP. "}, Kind.STOP),
        ({"type": "Stop", "text": ""}, Kind.STOP),
        ({"type": "response", "text": "non stop"}, Kind.REPLY),
        ({"type": "response", "text": ""}, Kind.REPLY),
        ({"text": "ok", "status": "delivered"}, Kind.REPLY),
        ({"type": "dlr", "status": "delivered"}, Kind.REPORT),
    ],
)
def test_what_a_post_brings_decides_what_it_is(fields: dict[str, str], kind: Kind) -> None:
    assert read_post(json.dumps({"phone": "+33611000001"} | fields).encode()).kind is kind


@pytest.mark.parametrize(
    ("value", "text"), [("1", "1"), (1, "1"), ("OUI\0", "OUI"), ("\ud83d", "?"), ("x" * 20_000, "x" * 10_000)]
)
def test_texts(value: object, text: str) -> None:
    assert read_post(json.dumps(REPLY | {"text": value}).encode()).text == text


@pytest.mark.parametrize(
    "body",
    [
        b"text=d%C3%A9j%C3%A0&phone=33611000001",
        b"text=d%E9j%E0&phone=33611000001",
        "text=déjà&phone=33611000001".encode(),
        "text=déjà&phone=33611000001".encode("cp1252"),
        '{"text": "déjà", "phone": "33611000001"}'.encode("cp1252"),
        '\ufeff{"text": "déjà", "phone": "33611000001"}'.encode(),
    ],
)
def test_accents_of_old_and_new_systems(body: bytes) -> None:
    assert read_post(body).text == "déjà"


@pytest.mark.parametrize(
    "body",
    [
        *(b"", b"{}", b"[]", b"null", b"{", b"\xff", b"a=1", b"[" * 10_000, b"{" * 10_000, b"\0", b"--x\r\n"),
        b'{"phone": "+33611000001"}',
        b'{"phone": {"a": 1}, "status": "delivered"}',
        b'{"phone": "", "status": "delivered"}',
        b'{"phone": "no number", "status": "delivered"}',
        b'{"phone": "+336110000012345678901234567890", "status": "delivered"}',
        b'{"status": "delivered", "msgId": "5120"}',
        b"&".join(b"a%d=1" % n for n in range(60)),
        b'{"phone": "+33611000001", "messageId": "1a2b", "mccMnc": "20801", "errorGrpId": 0}',
    ],
)
def test_what_is_no_post_is_refused_without_a_word_of_it(body: bytes) -> None:
    with pytest.raises(InvalidPost) as refused:
        read_post(body)
    assert "336110" not in str(refused.value)


@pytest.mark.parametrize(
    "changes",
    [
        {"concat-ref": None},
        {"concat-part": "0"},
        {"concat-part": "3"},
        {"concat-total": "1"},
        {"concat-total": "99999"},
        {"concat-ref": "é"},
    ],
)
def test_what_cannot_be_a_part_is_a_reply_in_one_piece(changes: dict[str, Any]) -> None:
    assert read_post(json.dumps(PART | changes).encode()).part is None


def test_no_number_and_no_text_is_shown() -> None:
    shown = repr(read_post(json.dumps(REPLY | {"text": "my secret"}).encode()))
    assert "611000001" not in shown
    assert "secret" not in shown

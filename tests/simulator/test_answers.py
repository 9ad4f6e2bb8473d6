"""The simulator's answers have the shapes of the recorded ones: keys and types in JSON, nesting in XML."""

from __future__ import annotations

import json
from collections.abc import Callable
from dataclasses import replace
from datetime import datetime
from pathlib import Path
from typing import Any
from xml.etree.ElementTree import Element

import pytest
import requests
from defusedxml.ElementTree import fromstring

from airflow_provider_smspartner.simulator import Simulator

ANSWERS = Path(__file__).parents[1] / "answers"
TWO = "+33600000001,+33600000002"
BAD_FIELDS = {
    "phoneNumbers": "060000",
    "message": "",
    "sender": "A very long sender",
    "scheduledDeliveryDate": "01/02/2020",
}
SUNDAY = datetime.fromisoformat("2026-11-22T12:00:00+01:00")
NEW_YEAR: dict[str, Any] = {"scheduledDeliveryDate": "01/01/2999", "time": 0, "minute": 0}

Call = Callable[..., requests.Response]
Scene = Callable[[Simulator, Call, Call], requests.Response]

# No version of the platform that is simulated answers like this any more, or answers the same in English.
NOT_PRODUCED = {
    "bulk_send_refused_french.400.json",
    "bulk_status_spellings.200.json",
    "me_2018.200.json",
    "send_only_id.200.json",
}


def _settings(sim: Simulator, **changes: Any) -> None:
    sim.settings = replace(sim.settings, **changes)


def _wrong_key_401(sim: Simulator, post: Call, get: Call, **fields: Any) -> requests.Response:
    _settings(sim, refusal_status={10: 401})
    return post(apiKey="wrong", **fields)


def _fault(sim: Simulator, post: Call, kind: str, code: int = 500, **fields: Any) -> requests.Response:
    sim.faults.add("/send", kind, code=code)
    return post(**fields)


def _no_credit(sim: Simulator, post: Call, get: Call) -> requests.Response:
    _settings(sim, price=sim.credits + 1)
    return post()


def _item_code(sim: Simulator, post: Call, get: Call) -> requests.Response:
    _settings(sim, number_faults="items")
    return post(phoneNumbers="060000")


def _stopped(sim: Simulator, post: Call, get: Call) -> requests.Response:
    sim.add_to_stop_list("+33600000001")
    return post()


def _sunday(sim: Simulator, post: Call, get: Call) -> requests.Response:
    _settings(sim, quiet_hours="refuse")
    sim.set_clock(SUNDAY)
    return post()


def _cancel(post: Call, get: Call, *, times: int = 1, **schedule: Any) -> requests.Response:
    message_id = post(**schedule).json()["message_id"]
    return [get("/message-cancel", messageId=message_id) for _ in range(times)][-1]


def _cancel_too_late(sim: Simulator, post: Call, get: Call) -> requests.Response:
    sim.set_clock(datetime.fromisoformat("2998-12-31T23:56:00+01:00"))
    return _cancel(post, get, **NEW_YEAR)


def _status(post: Call, get: Call, **params: Any) -> requests.Response:
    return get("/bulk-status", messageId=post(phoneNumbers=TWO).json()["message_id"], **params)


def _nobody_reported(sim: Simulator, post: Call, get: Call) -> requests.Response:
    _settings(sim, omit_waiting=True)
    sim.deliver(status=None)
    return _status(post, get)


def _tag(sim: Simulator, post: Call, get: Call, *, page: int) -> requests.Response:
    _settings(sim, page_size=2)
    post(phoneNumbers=TWO + ",+33600000003", tag="spring")
    return get("/bulk-status-by-tag", tag="spring", page=page)


def _bulk(post: Call, *numbers: str) -> requests.Response:
    return post("/bulk-send", SMSList=[{"phoneNumber": number, "message": "Hello"} for number in numbers])


def _bulk_row_refused(sim: Simulator, post: Call, get: Call) -> requests.Response:
    _settings(sim, stop_numbers="skip")
    sim.add_to_stop_list("+33600000002")
    return _bulk(post, "+33600000001", "+33600000002")


def _stop_list(sim: Simulator, post: Call, get: Call) -> requests.Response:
    sim.add_to_stop_list("+33600000001", "+33600000002")
    return get("/stop-sms/list")


SCENES: dict[str, Scene] = {
    "bulk_send.200.json": lambda sim, post, get: _bulk(post, "+33600000001", "+33600000002"),
    "bulk_send_refused.400.json": lambda sim, post, get: _bulk(post, "060000"),
    "bulk_send_row_refused.200.json": _bulk_row_refused,
    "bulk_status.200.json": lambda sim, post, get: _status(post, get),
    "bulk_status.200.xml": lambda sim, post, get: _status(post, get, _format="xml"),
    "bulk_status_by_tag.200.json": lambda sim, post, get: _tag(sim, post, get, page=1),
    "bulk_status_by_tag_not_found.200.json": lambda sim, post, get: get("/bulk-status-by-tag", tag="none"),
    "bulk_status_by_tag_page_2.200.json": lambda sim, post, get: _tag(sim, post, get, page=2),
    "bulk_status_empty.200.json": _nobody_reported,
    "bulk_status_missing_id.200.json": lambda sim, post, get: get("/bulk-status"),
    "bulk_status_missing_id.200.xml": lambda sim, post, get: get("/bulk-status", _format="xml"),
    "bulk_status_not_found.200.json": lambda sim, post, get: get("/bulk-status", messageId=1),
    "bulk_status_not_found.200.xml": lambda sim, post, get: get("/bulk-status", messageId=1, _format="xml"),
    "cancel.200.json": lambda sim, post, get: _cancel(post, get, **NEW_YEAR),
    "cancel_again.200.json": lambda sim, post, get: _cancel(post, get, times=2, **NEW_YEAR),
    "cancel_missing_id.200.json": lambda sim, post, get: get("/message-cancel"),
    "cancel_not_found.200.json": lambda sim, post, get: get("/message-cancel", messageId=1),
    "cancel_sent.200.json": lambda sim, post, get: _cancel(post, get),
    "cancel_too_late.200.json": _cancel_too_late,
    "item_code.200.json": _item_code,
    "malformed.400.json": lambda sim, post, get: requests.post(sim.url + "/send", data='{"a": "', timeout=60),
    "me.200.json": lambda sim, post, get: get("/me"),
    "missing_key.200.json": lambda sim, post, get: post(apiKey=""),
    "missing_key.200.xml": lambda sim, post, get: post(apiKey="", _format="xml"),
    "missing_number.200.json": lambda sim, post, get: post(phoneNumbers=""),
    "missing_number.200.xml": lambda sim, post, get: post(phoneNumbers="", _format="xml"),
    "no_credit.200.json": _no_credit,
    "no_credit_sentence.200.json": lambda sim, post, get: _fault(sim, post, "refuse", 11),
    "no_credit_sentence.200.xml": lambda sim, post, get: _fault(sim, post, "refuse", 11, _format="xml"),
    "not_queued.200.json": lambda sim, post, get: _fault(sim, post, "refuse", 500),
    "send.200.json": lambda sim, post, get: post(),
    "send.200.xml": lambda sim, post, get: post(_format="xml"),
    "send_refused.400.json": lambda sim, post, get: post(**BAD_FIELDS),
    "send_refused.400.xml": lambda sim, post, get: post(**BAD_FIELDS, _format="xml"),
    "send_refused_french.400.json": lambda sim, post, get: post(**BAD_FIELDS),
    "send_scheduled.200.json": lambda sim, post, get: post(**NEW_YEAR),
    "send_without_id.200.json": lambda sim, post, get: _fault(sim, post, "no_id_after"),
    "sending_hours.200.json": _sunday,
    "stop_list.200.json": _stop_list,
    "stop_list_empty.200.json": lambda sim, post, get: get("/stop-sms/list"),
    "stop_number.200.json": _stopped,
    "survey.200.json": lambda sim, post, get: post("/sondage/to/send", sondageIdent="abc"),
    "survey.200.xml": lambda sim, post, get: post("/sondage/to/send", sondageIdent="abc", _format="xml"),
    "survey_refused.400.json": lambda sim, post, get: post("/sondage/to/send", **BAD_FIELDS),
    "survey_refused.400.xml": lambda sim, post, get: post("/sondage/to/send", **BAD_FIELDS, _format="xml"),
    "wrong_key.200.json": lambda sim, post, get: post(apiKey="wrong"),
    "wrong_key.200.xml": lambda sim, post, get: post(apiKey="wrong", _format="xml"),
    "wrong_key.401.json": _wrong_key_401,
    "wrong_key.401.xml": lambda sim, post, get: _wrong_key_401(sim, post, get, _format="xml"),
}


@pytest.mark.parametrize("name", SCENES)
def test_shape(name: str, sim: Simulator, post: Call, get: Call) -> None:
    answer = SCENES[name](sim, post, get)

    _, status, suffix = name.split(".")
    recorded = (ANSWERS / name).read_text()
    assert answer.status_code == int(status)
    assert answer.headers["Content-Type"].startswith(f"application/{suffix}")
    assert _shape(answer.text, suffix) == _shape(recorded, suffix)


def test_every_recorded_answer_has_a_scene() -> None:
    files = {path.name for path in ANSWERS.iterdir()} - {"README.md"}
    assert files == SCENES.keys() | NOT_PRODUCED


def _shape(text: str, suffix: str) -> Any:
    return _xml_shape(fromstring(text)) if suffix == "xml" else _json_shape(json.loads(text))


def _json_shape(value: Any) -> Any:
    match value:
        case dict():
            return {key: _json_shape(item) for key, item in value.items()}
        case list():
            return sorted({str(_json_shape(item)) for item in value})
        case int() | float() if not isinstance(value, bool):
            return "number"
        case _:
            return type(value).__name__


def _xml_shape(element: Element) -> Any:
    children = [_xml_shape(child) for child in element]
    if children:
        is_list = all(len(child) for child in element)
        return sorted({str(child) for child in children}) if is_list else children
    text = (element.text or "").strip()
    return "bool" if text in ("true", "false") else "number" if text.replace(".", "").isdigit() else "text"

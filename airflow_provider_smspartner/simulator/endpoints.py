"""What each endpoint of the API does: fields in, the payload of a success out, or a refusal raised."""

from __future__ import annotations

from collections.abc import Callable
from datetime import datetime
from types import MappingProxyType

from airflow_provider_smspartner.exceptions import InvalidPhoneNumber
from airflow_provider_smspartner.rules.phone import country, normalize
from airflow_provider_smspartner.simulator.delivery import echo, look_at, look_at_one, look_at_page
from airflow_provider_smspartner.simulator.messages import Message
from airflow_provider_smspartner.simulator.orders import Order
from airflow_provider_smspartner.simulator.platform import Platform
from airflow_provider_smspartner.simulator.reader import MOST_NUMBERS, PARIS, Fields, Reader
from airflow_provider_smspartner.simulator.refusals import SENTENCES, Payload, Refusal, by_code

Endpoint = Callable[[Platform, Fields], Payload]

_OK = {"success": True, "code": 200}


def send(platform: Platform, fields: Fields) -> Payload:
    return _sent(platform, _reader(platform, fields).send())


def survey(platform: Platform, fields: Fields) -> Payload:
    return _sent(platform, _reader(platform, fields).survey())


def bulk_send(platform: Platform, fields: Fields) -> Payload:
    message, stopped = platform.accept(_reader(platform, fields).bulk())
    payload = {
        **_OK,
        "message_id": message.id,
        "currency": "EUR",
        "cost": float(message.cost),
        "nbSMS": message.order.all_segments,
        "SMSResponse_List": [
            *_accepted_rows(platform, message.order),
            *_stopped_rows(platform, stopped),
            *({"success": False, **_left_out(number, 9), "code": 9} for number in message.order.left_out),
        ],
    }
    return payload | _schedule(message)


def me(platform: Platform, fields: Fields) -> Payload:
    user = {"username": "simulator@example.org", "firstname": "Ada", "lastname": "Byron"}
    return {**_OK, "user": user, "credits": platform.credit_figures()}


def cancel(platform: Platform, fields: Fields) -> Payload:
    platform.cancel(_required(fields, "messageId"))
    return {**_OK, "message": "L'envoi est annulé"}


def bulk_status(platform: Platform, fields: Fields) -> Payload:
    message = platform.find(_required(fields, "messageId"))
    return {**_OK, "message_id": str(message.id), "StatutResponse_List": look_at(platform, message)}


def bulk_status_by_tag(platform: Platform, fields: Fields) -> Payload:
    messages = list(platform.tagged(_required(fields, "tag")))
    if not messages and platform.settings.unknown_tag == "refuse":
        raise by_code(4)
    page = 1 if platform.settings.ignore_page else _page(fields)
    return {
        **_OK,
        "currentPage": page,
        **_total(platform, sum(_listed(platform, message) for message in messages)),
        "StatutResponse_List": look_at_page(platform, messages, page=page),
    }


def message_status(platform: Platform, fields: Fields) -> Payload:
    message = platform.find(_required(fields, "messageId"))
    number = _number(_required(fields, "phoneNumber"))
    row = look_at_one(platform, message, number)
    if row is None:
        raise by_code(4)
    text = next(text for text in message.texts(platform.now()) if text.number == number)
    return {
        **_OK,
        "number": row["phoneNumber"],
        "messageId": str(message.id),
        "stopSms": row["stopSMS"],
        "date": row["date"],
        "statut": row["status"],
        "cost": float(platform.price_of(text.segments, sandbox=text.sandbox)),
        "countryCode": country(text.number),
        "currency": "EUR",
    }


def multi_status(platform: Platform, fields: Fields) -> Payload:
    rows = fields.get("SMSStatut_List")
    if not isinstance(rows, list) or not rows:
        raise by_code(3)
    if len(rows) > MOST_NUMBERS:
        raise by_code(50)
    asked = (row if isinstance(row, dict) else {} for row in rows)
    return {**_OK, "StatutResponse_List": [_one_of_many(platform, row) for row in asked]}


def _one_of_many(platform: Platform, asked: Fields) -> Payload:
    number, message_id = str(asked.get("phoneNumber", "")), str(asked.get("messageId", ""))
    named = {"phoneNumber": number, "messageId": asked.get("messageId")}
    try:
        row = look_at_one(platform, platform.find(message_id), _number(number))
    except Refusal:
        row = None
    if row is None:
        return {"success": False, "code": 4, **named, "status": SENTENCES[4]}
    shown = {name: row[name] for name in ("phoneNumber", "status", "date")}
    return {**_OK, **named, **shown, "stopSms": str(int(row["stopSMS"])), "isSpam": "0"}


def stop_list(platform: Platform, fields: Fields) -> Payload:
    data = [
        {"id": stop.id, "phoneNumber": echo(platform, number), "createdAt": _paris(stop.created_at)}
        for number, stop in platform.stops.items()
    ]
    return {**_OK, "nbData": len(data), "data": data}


def stop_add(platform: Platform, fields: Fields) -> Payload:
    written = _required(fields, "phoneNumber")
    if not (number := _number(written)):
        raise by_code(9, f"Ce numéro n'est pas un mobile ({written[:40]})")
    if number in platform.stops:
        raise by_code(3, SENTENCES[15])
    platform.stop(number)
    return {**_OK, "stopId": platform.stops[number].id}


def stop_delete(platform: Platform, fields: Fields) -> Payload:
    platform.unstop(_required(fields, "id"))
    return dict(_OK)


def degraded(platform: Platform, fields: Fields) -> Payload:
    """Answer as a gateway did for a day, whatever it was asked, a wrong key included."""
    return {**_OK, "message": "Request queued for processing"}


POSTS = MappingProxyType(
    {
        "/send": send,
        "/bulk-send": bulk_send,
        "/sondage/to/send": survey,
        "/multi-status": multi_status,
        "/stop-sms/add": stop_add,
    }
)
GETS = MappingProxyType(
    {
        "/me": me,
        "/message-cancel": cancel,
        "/bulk-status": bulk_status,
        "/bulk-status-by-tag": bulk_status_by_tag,
        "/message-status": message_status,
        "/stop-sms/list": stop_list,
        "/stop-sms/delete": stop_delete,
    }
)


def check_key(platform: Platform, fields: Fields) -> None:
    """Refuse a request without the account's key."""
    if not (key := fields.get("apiKey")):
        raise by_code(1)
    if key != platform.settings.api_key:
        raise by_code(10)


def _reader(platform: Platform, fields: Fields) -> Reader:
    return Reader(fields, now=platform.now(), settings=platform.settings)


def _sent(platform: Platform, order: Order) -> Payload:
    message, stopped = platform.accept(order)
    payload = {
        **_OK,
        "message_id": message.id,
        "nb_sms": message.order.all_segments,
        "cost": float(message.cost),
        "currency": "EUR",
    }
    left_out = [_left_out(number, 9) for number in order.left_out] + [
        _left_out(echo(platform, number), 14) for number in stopped
    ]
    named = {"errors": left_out} if left_out and platform.settings.name_left_out else {}
    return payload | _schedule(message) | named


def _left_out(number: str, code: int) -> Payload:
    sentence = SENTENCES.get(code, "Ce numéro n'est pas un mobile")
    return {"phoneNumber": number, "code": str(code), "message": sentence}


def _total(platform: Platform, rows: int) -> Payload:
    match platform.settings.total_counts:
        case "rows":
            return {"total": rows}
        case "pages":
            return {"total": -(-rows // platform.settings.page_size)}
        case _:
            return {}


def _listed(platform: Platform, message: Message) -> int:
    most = platform.settings.list_at_most
    return message.order.size if most is None else min(most, message.order.size)


def _number(written: str) -> str:
    try:
        return normalize(written)
    except InvalidPhoneNumber:
        return ""


def _schedule(message: Message) -> Payload:
    return {"scheduledDeliveryDate": _paris(message.order.due)} if message.order.due else {}


def _accepted_rows(platform: Platform, order: Order) -> list[Payload]:
    return [
        {
            **_OK,
            "nbSms": segments,
            "cost": float(platform.price_of(segments, sandbox=order.sandbox)),
            "phoneNumber": echo(platform, number),
        }
        for at, number in enumerate(order.numbers)
        for segments in [order.text_at(at)[1]]
    ]


def _stopped_rows(platform: Platform, numbers: list[str]) -> list[Payload]:
    refused = {"success": False, "code": 14, "message": SENTENCES[14]}
    return [{**refused, "phoneNumber": echo(platform, number)} for number in numbers]


def _required(fields: Fields, name: str) -> str:
    if not (value := str(fields.get(name) or "").strip()):
        raise by_code(3)
    return value


def _page(fields: Fields) -> int:
    page = str(fields.get("page", ""))
    return max(1, int(page)) if page.isascii() and page.isdecimal() and len(page) < 10 else 1


def _paris(moment: datetime) -> str:
    return f"{moment.astimezone(PARIS):%Y-%m-%d %H:%M:%S}"

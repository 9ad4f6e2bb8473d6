"""What each endpoint of the API does: fields in, the payload of a success out, or a refusal raised."""

from __future__ import annotations

from collections.abc import Callable
from datetime import datetime
from types import MappingProxyType

from airflow_provider_smspartner.simulator.delivery import echo, look_at, look_at_page
from airflow_provider_smspartner.simulator.messages import Message
from airflow_provider_smspartner.simulator.orders import Order
from airflow_provider_smspartner.simulator.platform import Platform
from airflow_provider_smspartner.simulator.reader import PARIS, Fields, Reader
from airflow_provider_smspartner.simulator.refusals import SENTENCES, Payload, by_code

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
        "SMSResponse_List": [*_accepted_rows(platform, message.order), *_stopped_rows(platform, stopped)],
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
        "total": sum(message.order.size for message in messages),
        "StatutResponse_List": look_at_page(platform, messages, page=page),
    }


def stop_list(platform: Platform, fields: Fields) -> Payload:
    data = [
        {"id": stop.id, "phoneNumber": echo(platform, number), "createdAt": _paris(stop.created_at)}
        for number, stop in platform.stops.items()
    ]
    return {**_OK, "nbData": len(data), "data": data}


POSTS = MappingProxyType({"/send": send, "/bulk-send": bulk_send, "/sondage/to/send": survey})
GETS = MappingProxyType(
    {
        "/me": me,
        "/message-cancel": cancel,
        "/bulk-status": bulk_status,
        "/bulk-status-by-tag": bulk_status_by_tag,
        "/stop-sms/list": stop_list,
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
    message, _ = platform.accept(order)
    payload = {
        **_OK,
        "message_id": message.id,
        "nb_sms": message.order.all_segments,
        "cost": float(message.cost),
        "currency": "EUR",
    }
    return payload | _schedule(message)


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

"""Inputs to begin with, and the words that mutations are made of; a NUL ends each part of an input."""

from __future__ import annotations

import re

KEY = "K3y+s3c/r3t=Z9q"
NUMBER = "+33600000012"

ANSWER_WORDS = (
    KEY,
    *re.findall(
        r"\S+",
        """
        success code message message_id errors error elementId phoneNumber total StatutResponse_List
        SMSResponse_List status stopSMS date nbSms nb_sms cost credits user data nbData id createdAt
        currentPage scheduledDeliveryDate true false null 1e999 <result> <entry> </entry> <!ENTITY <![CDATA[
        """,
    ),
)

RETRY_AFTER = (b"7", b"Wed, 21 Oct 2015 07:28:00 GMT", b"Wed, 21 Oct 2015 07:28:00 -0000")

NUMBERS = (b"06 00 00 00 12", b"+33 (0)6.00.00.00.12", b"0033600000012;ext=3\0BE", b"tel:+1-2\0US")

VALUES = (b"12.50", b"1E+3", b'"NaT"', b"[1]", b"true", "\u202f06 \u2026".encode())
VALUE_WORDS = ("nan", "None", "1e400", "0E-9", "\u200b", "\ufeff")

ECHOES = (b"+33600000012", b"33600000012", b" 33600000012", b"0600000012", b"+336XXXXXX12", b"0470000012\0BE")

FAILURES = (b'value "+33600000012" is out of range', b'["0600000012", {"phone": "+33 6 00 00 00 12"}]')

PAGES = (
    b'{"success": true, "code": 200, "currentPage": 1, "total": 2, "StatutResponse_List": [{"phoneNumber":'
    b' "+33600000012", "status": "Delivered"}]}\0{"success": true, "code": 200, "StatutResponse_List": []}',
    b'{"success": true, "code": 200, "StatutResponse_List": [{"phoneNumber": "0600000012"}, {"number": 7}]}',
)

MOMENTS = (b"2030-01-31T10:00:00+01:00", b"2030-W05-4T10:00Z\0FR-67", b"20300131T100000,5+0100")

PERSONAL_TEXTS = (b"Hello {first_name|you}, {n}\0Ada\x0012", b"{a}{a}{b|}\0x")

SENDS = (
    b"Hello\nyou\0ACME\0spring\0https://example.org/dlr?a=b#c\0premium\0su",
    b"Bonjour NoPub=STOP :br:\0\0\0http://[::1]:80/\0low_cost\0s",
)
SEND_WORDS = (":br:", ":euro:", "NoPub=STOP", "premium", "low_cost", "\u20ac")

RECIPIENTS = (
    NUMBER.encode(),
    b'[{"phone_number": "+33600000012", "name": "Ada"}, {"phone_number": 33600000013, "name": 7}]',
    b"[('+33600000012',), '0600000013', None, 1e5, True, b'x']",
)
RECIPIENT_WORDS = ("phone_number", "name", "0600000012", "None")

CONNECTIONS = (
    b"https://api.smspartner.fr/v1\0K3y+s3c/r3t=Z9q\0"
    b'{"sender": "ACME", "sandbox": "true", "timeout": 30, "max_recipients": 5}',
    b'localhost:8025/v1\0K3y\0{"redirect_to": "0600000012", "price_per_segment": "0.045"}',
    b"http://127.0.0.1\0K3y\0{}\0v1\x008025",
)

FOLLOWED = (
    b'{"message_ids": ["5120"], "tags": ["spring-0a1b"], "counts": {"5120": 500, "spring-0a1b": 7},'
    b' "sent_at": "2030-01-31T10:00:04+01:00", "scheduled_for": null, "sandbox": false, "stop_sms": true}',
    b"5120",
    b'["5120", 5121]',
)

HANDED_OVER = (
    b'{"at": "2030-01-31T10:00:00+01:00", "kind": "sms", "campaign": null, "tag": "spring", "connection":'
    b' "smspartner_default", "ledger": null, "task": null, "recipients": 2, "invalid": 0, "duplicates": 0,'
    b' "excluded": 0, "estimate": {"segments": 2, "cost": "0.090"}, "max_cost": "12.50", "sandbox": false,'
    b' "redirected": false, "scheduled_for": null}',
    b'{"at": "2030-01-31T10:00:00+01:00", "since": "2030-01-31T09:00:00+01:00", "final": true, "result":'
    b' {"messages": 1, "recipients": 2, "delivered": 2, "not_delivered": 0, "waiting": 0, "stop": 0,'
    b' "delivery_rate": 1.0}, "curve": [[3, 1], [60, 2]]}',
)

SEND_LOG = (
    b'{"campaign": {"begun": true, "cancel": 1.5}, "claims:000000": {"at": 1.5, "check": "x", "tags":'
    b' ["spring-0a1b"], "people": ["0123456789"]}, "batch:000000": {"state": "accepted", "people": 1, "tag":'
    b' "spring-0a1b", "at": 1.5, "message_id": "5120", "segments": 1, "cost": "0.045", "currency": "EUR",'
    b' "rejected": ""}}',
)

POSTS = (
    b'{"status": "delivered", "msgId": "5120", "date": 1896111962, "phone": "+33611000001", "cost": "0.045",'
    b' "currency": "EUR", "tag": "batch7"}',
    b'{"type": "response", "phone_number": "+33611000001", "text": "ok", "message_id": 5120}',
    b'{"msisdn": "33611000001", "to": "33700000000", "messageId": "0200000001", "text": "ok", "type": "text",'
    b' "keyword": "ok", "message-timestamp": "2030-01-31 17:50:00", "concat": "true", "concat-ref": "108",'
    b' "concat-total": "2", "concat-part": "1"}',
    b"type=stop&phone_number=%2B33611000001&text=Stop&message_id=5120",
    b'--b0undary\r\nContent-Disposition: form-data; name="text"\r\n\r\nok\r\n--b0undary\r\n'
    b'Content-Disposition: form-data; name="phone"\r\n\r\n+33611000001\r\n--b0undary--\r\n',
)


def names_in(*seeds: bytes) -> tuple[str, ...]:
    """Return every name in some JSON, each once."""
    return tuple(dict.fromkeys(name for seed in seeds for name in re.findall(r'"([\w:]+)":', seed.decode())))

"""Posts that no platform would make to the address of a send: wrong secrets, bodies that break readers."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from types import MappingProxyType
from typing import Any, Final

JSON: Final = "application/json"
FORM: Final = "application/x-www-form-urlencoded"
DEEP: Final = 10_000
"""So deep a list is nested: every parser that recurses gives up before."""
FIELDS: Final = 5_000


@dataclass(frozen=True, slots=True, kw_only=True)
class Attack:
    """One request."""

    name: str
    url: str
    body: bytes
    content_type: str = JSON


WRONG_PATHS: Final[Mapping[str, str]] = MappingProxyType(
    {
        "secret in part": "/{short}/{kind}",
        "secret with more": "/{secret}0/{kind}",
        "secret in capitals": "/{capitals}/{kind}",
        "no secret": "/{kind}",
        "another kind": "/{secret}/admin",
        "traversal": "/{secret}/..%2f..%2fetc%2fpasswd",
        "NUL in the path": "/{secret}%00/{kind}",
        "no UTF-8 in the path": "/%ff%fe/{kind}",
    }
)


def attacks(url: str, number: str) -> Iterator[Attack]:
    """Yield every attack on an address, in the name of a person."""
    base, secret, kind = url.rsplit("/", 2)
    names = {"secret": secret, "short": secret[:-1], "capitals": secret.upper(), "kind": kind}
    honest = {"type": "response", "phone_number": number, "text": "OUI", "message_id": 5120}
    for name, path in WRONG_PATHS.items():
        yield Attack(name=name, url=base + path.format(**names), body=json.dumps(honest).encode())
    for name, body in bodies(honest):
        yield Attack(name=name, url=url, body=body)
    for name, body in forms(number):
        yield Attack(name=name, url=url, body=body, content_type=FORM)


def bodies(honest: dict[str, Any]) -> Iterator[tuple[str, bytes]]:
    """Yield bodies that say they are JSON."""
    yield from (
        ("nothing", b""),
        ("a list", b"[]"),
        ("null", b"null"),
        ("a list in a list in a list", b"[" * DEEP),
        ("an object in an object", b'{"text":' * DEEP),
        ("no end", b'{"type": "response", "phone_number": "'),
        ("a huge number", b'{"phone": 1e999999, "status": "delivered"}'),
        ("a number of many digits", b'{"status": "delivered", "phone": ' + b"3" * 5_000 + b"}"),
        ("no number at all", b'{"status": "delivered", "phone": NaN}'),
        ("the same name again", b'{"phone": "1", "phone": "+33611000001", "status": "a", "status": "b"}'),
        ("no UTF-8", b'{"phone": "+33611000001", "text": "\xff\xfe\x00"}'),
        ("UTF-16", '{"phone": "+33611000001", "text": "OUI"}'.encode("utf-16")),
        ("too large", b'{"text": "' + b"x" * 70_000 + b'"}'),
    )
    for name, changes in CHANGES.items():
        yield name, json.dumps(honest | changes).encode()


CHANGES: Final[Mapping[str, dict[str, Any]]] = MappingProxyType(
    {
        "a text of NULs": {"text": "\0OUI\0" * 100},
        "half of a character": {"text": "OUI \ud83d"},
        "half of a character in an id": {"message_id": "\udcff", "tag": "\udcff"},
        "a long text": {"text": "é😀" * 20_000},
        "a text in SQL": {"text": "'); DROP TABLE smspartner_inbox; --"},
        "a template as a text": {"text": "{{ conn.smspartner_default.password }} {0.__class__} %(a)s"},
        "a text that turns around": {"text": "\u202eIUO\u2066\u0007\x1b[2J"},
        "a list as a text": {"text": ["OUI"]},
        "an object as a type": {"type": {"a": 1}},
        "yes as a number": {"phone_number": True},
        "letters as a number": {"phone_number": "+336OneTwo"},
        "a person of no country": {"phone_number": "+999999999999999999999999"},
        "an id of many digits": {"message_id": "9" * 4_000},
        "a negative id": {"message_id": -1},
        "a date far away": {"date": 10**18},
        "a date long ago": {"date": -(10**18)},
        "a date that is none": {"date": "0000-00-00 00:00:00", "message-timestamp": "31/31/2030"},
        "a date of a list": {"date": [1]},
        "part nought": {"concat-ref": "1", "concat-part": 0, "concat-total": 2},
        "part of a million": {"concat-ref": "1", "concat-part": 1, "concat-total": 10**6},
        "part behind the last": {"concat-ref": "1", "concat-part": 9, "concat-total": 2},
        "a part of many digits": {"concat-ref": "r" * 5_000, "concat-part": "9" * 5_000, "concat-total": "2"},
        "a tag of lines": {"tag": "a\r\nSet-Cookie: b"},
        "a status nobody knows": {"status": "x" * 20_000, "text": "", "type": ""},
    }
)
"""What is changed of an honest reply."""


def forms(number: str) -> Iterator[tuple[str, bytes]]:
    """Yield bodies that say they are a form."""
    yield from (
        ("a form of many fields", b"&".join(b"f%d=1" % n for n in range(FIELDS))),
        ("a form of NULs", f"phone={number}&text=%00%00".encode()),
        ("a form that breaks off", f"phone={number}&text=%F".encode()),
        ("a form of bytes", b"phone=%2B33611000001&text=%ff%fe%fd"),
        ("parts without an end", b'--x\r\nContent-Disposition: form-data; name="text"\r\n\r\nOUI'),
        ("boundaries alone", b"--x\r\n" * 10_000),
    )

"""The wire: bytes of a request into fields, and a payload into bytes of JSON or XML."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any
from xml.sax.saxutils import escape

from aiohttp import web

from airflow_provider_smspartner.simulator.refusals import Payload, by_code

_NO_XML = re.compile("[\x00-\x08\x0b\x0c\x0e-\x1f\ufffe\uffff]")


@dataclass(frozen=True, slots=True, kw_only=True)
class Answer:
    """An answer before it becomes bytes."""

    payload: Payload
    """What it says."""
    status: int = 200
    """HTTP status."""
    xml: bool = False
    """As XML instead of JSON."""

    @property
    def content_type(self) -> str:
        return "application/xml" if self.xml else "application/json"

    def body(self) -> bytes:
        return encode_xml(self.payload) if self.xml else json.dumps(self.payload).encode()

    def response(self) -> web.Response:
        return web.Response(body=self.body(), status=self.status, content_type=self.content_type)


def decode_json(body: bytes) -> dict[str, Any]:
    """Read the fields of a POST whatever its Content-Type says, or refuse with code 90."""
    try:
        fields = json.loads(body)
    except (ValueError, RecursionError) as error:
        raise by_code(90) from error
    if not isinstance(fields, dict):
        raise by_code(90)
    return fields


def wants_xml(fields: Mapping[str, Any], query: Mapping[str, str]) -> bool:
    """Say whether ``_format`` asks for XML, in the body or in the query string."""
    return "xml" in (fields.get("_format"), query.get("_format"))


def encode_xml(payload: Payload) -> bytes:
    """Write a payload as ``<result>`` with entries that have no names, text in CDATA with space around it."""
    lines = ["<?xml version='1.0' encoding='UTF-8'?>", "<result>"]
    for value in payload.values():
        lines.extend(_entry(value, "  "))
    return "\n".join([*lines, "</result>\n"]).encode(errors="replace")


def _entry(value: Any, indent: str) -> Iterator[str]:
    match value:
        case dict() | list():
            yield f"{indent}<entry>"
            for child in value.values() if isinstance(value, dict) else value:
                yield from _entry(child, indent + "  ")
            yield f"{indent}</entry>"
        case str():
            # "]]>" would end the section: one section ends inside it, the next begins.
            text = _NO_XML.sub("?", value).replace("]]>", "]]]]><![CDATA[>")
            yield f"{indent}<entry>\n{indent}  <![CDATA[{text}]]>\n{indent}</entry>"
        case _:
            yield f"{indent}<entry>{escape(_scalar(value))}</entry>"


def _scalar(value: bool | int | float | None) -> str:
    return "" if value is None else json.dumps(value)

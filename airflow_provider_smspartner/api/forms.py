"""Bodies that the platform posts: JSON, or a form in either of its encodings, whatever they are called.

No I/O here. The vendor's pages print PHP arrays and no content type, and a PHP client posts an array as
``multipart/form-data``; so the bytes decide.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Any, Final
from urllib.parse import parse_qsl

from airflow_provider_smspartner.api.wire import parse_json

MOST_FIELDS: Final = 50
BOUNDARY: Final = re.compile(r"--[^\s]{1,70}\r?\n")
PART: Final = re.compile(r'[^\n]*\bname="([^"\r\n]{1,100})"[^\n]*\n(?:[^\r\n]+\r?\n)*\r?\n(.*)', re.DOTALL)


def fields_of(body: bytes) -> Mapping[str, Any] | None:
    """Return the named fields of a body, None when it has none."""
    text = decoded(body).strip()
    if text.startswith("{"):
        fields = parse_json(text.encode("utf-8", "replace"))
        return fields if isinstance(fields, dict) and fields else None
    if BOUNDARY.match(text):
        return multipart(text) or None
    return form(text) or None


def decoded(body: bytes) -> str:
    """Return the text of a body; what is no UTF-8 is taken for the encoding of older systems in France."""
    try:
        return body.decode("utf-8-sig")
    except UnicodeDecodeError:
        return body.decode("cp1252", "replace")


def form(text: str) -> dict[str, str]:
    """Read fields that are written as those of a web page."""
    for encoding, errors in (("utf-8", "strict"), ("cp1252", "replace")):
        try:
            pairs = parse_qsl(
                text, keep_blank_values=True, encoding=encoding, errors=errors, max_num_fields=MOST_FIELDS
            )
        except UnicodeDecodeError:
            continue
        except ValueError:  # more fields than any post has
            return {}
        return dict(pairs)
    return {}


def multipart(text: str) -> dict[str, str]:
    """Read fields that come as parts between boundaries."""
    boundary = text.split("\n", 1)[0].rstrip()
    parts = (part.lstrip("\r\n") for part in text.split(boundary)[1 : MOST_FIELDS + 1])
    found = (PART.match(part) for part in parts)
    return {match[1]: match[2].removesuffix("\n").removesuffix("\r") for match in found if match}

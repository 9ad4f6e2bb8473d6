"""The vendor's XML: ``<result>`` with entries that carry no names, given those of their JSON twins."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from airflow_provider_smspartner.api.values import whole

if TYPE_CHECKING:
    from xml.etree.ElementTree import Element

LARGEST_XML = 1024 * 1024  # bytes; 500 reports are some 80 KB, nested tags take a hundred times their size
DEEPEST_XML = 8  # the vendor's answers have four levels; more is not theirs


@dataclass(frozen=True, slots=True, kw_only=True)
class XmlNames:
    """Names for the nameless entries of an XML answer, in the order of the vendor's samples."""

    fields: tuple[str, ...]
    row_fields: tuple[str, ...] = ()
    """Names inside the rows of the last field, when that is a list."""


def parse_xml(body: bytes, names: XmlNames) -> dict[str, Any] | None:
    """Name the positional entries of ``<result>``: the XML of SMS Partner carries no names.

    Source: the XML samples of the survey, the single send and the bulk-status pages.
    """
    if len(body) > LARGEST_XML:
        return None
    from xml.etree.ElementTree import ParseError

    from defusedxml.ElementTree import fromstring  # hardly anybody asks for XML: loaded with the first one

    try:
        # As text, so that the encoding is UTF-8 whatever the bytes declare
        root: Element = fromstring(body.decode())
    except (ParseError, ValueError):  # an entity is a ValueError too
        return None
    entries = values(root)
    if root.tag != "result" or not isinstance(entries, list) or len(entries) < 2:
        return None
    success = {"true": True, "1": True, "false": False, "0": False}.get(str(entries[0]).lower())
    if success is False:
        return refusal_from_xml(entries)
    fields = dict(zip(names.fields, entries, strict=False))
    last = names.fields[-1]
    if names.row_fields and last in fields:
        rows = fields[last] or []  # an entry without children is a list of nobody
        fields[last] = [named(row, names.row_fields) for row in rows] if isinstance(rows, list) else None
    return {**fields, "success": success}


def refusal_from_xml(entries: Sequence[Any]) -> dict[str, Any]:
    """Give an XML refusal the names of its JSON twin: a sentence, a list of items, or one after the other."""
    fields: dict[str, Any] = {"success": False, "code": entries[1]}
    for reason in entries[2:4]:
        if isinstance(reason, str):
            fields.setdefault("message", reason)
            # Where a sentence belongs, a bare number is the id of a message, as in a success
            fields.setdefault("message_id", whole(reason))
        elif "errors" not in fields and any(isinstance(item, list) for item in reason):
            fields["errors"] = [item_from_xml(item) for item in reason if isinstance(item, list)]
        elif "message" not in fields and "errors" not in fields:
            fields["errors"] = [item_from_xml(reason)]
    return fields


def item_from_xml(entries: Sequence[Any]) -> dict[str, Any]:
    """Name the entries of one reason by what they hold: which of them there are is up to the platform.

    A pair is a field and a sentence, as on the vendor's pages; longer items carry a number, a code or both.
    """
    texts = [entry for entry in entries if isinstance(entry, str)]
    item: dict[str, Any] = {}
    for text in texts:
        if text in ("true", "false"):
            item.setdefault("success", text == "true")
        elif re.fullmatch("[0-9]{1,4}", text):
            item.setdefault("code", text)
        elif re.fullmatch(r"\+?[0-9][0-9 .()-]{5,}", text):
            item.setdefault("phoneNumber", text)
        elif text.startswith("children[") or (text == texts[0] and len(texts) == 2):
            item.setdefault("elementId", text)
        else:
            item["message"] = text
    return item


def named(row: object, names: tuple[str, ...]) -> dict[str, Any]:
    """Pair the entries of one row with their names; what is no row is an empty one."""
    return dict(zip(names, row, strict=False)) if isinstance(row, list) else {}


def values(entry: Element, depth: int = 0) -> list[Any] | str:
    """Return the text of a leaf, or the list of what an entry holds."""
    if depth > DEEPEST_XML or not len(entry):
        return (entry.text or "").strip()
    return [values(child, depth + 1) for child in entry]

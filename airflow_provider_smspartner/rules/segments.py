"""How many SMS a text takes, and which of its characters do not arrive as they were written.

The count is an estimate: ``nb_sms`` in the answer to a send is the authority.
"""

from __future__ import annotations

import re
from dataclasses import dataclass, field
from typing import Final, Literal, NamedTuple

from airflow_provider_smspartner.rules.characters import (
    BETWEEN,
    is_plain,
    outgoing,
    spelled,
    unsupported_in,
)

MAX_SEGMENTS = 10
"""The platform refuses a longer message (code 52)."""
LOW_COST_LIMIT = 160
"""Units of a low-cost text; the platform refuses a longer one (code 42)."""

# One SMS holds `single` units; each part of a longer message holds `part`, because parts carry a header.
# The vendor publishes 160, 153 and 70; 67 is the general standard.
_GSM_SIZES = (160, 153)
_UNICODE_SIZES = (70, 67)

_HALF: Final = "\ud800"
"""Stands for the first of two units that no part boundary may separate."""
_WIDE = re.compile("[\U00010000-\U0010ffff]")


@dataclass(frozen=True, slots=True, kw_only=True)
class Estimate:
    """What a message becomes on its way to the phone."""

    text: str = field(repr=False)
    """The text as the platform will send it, with real line breaks and € signs."""
    encoding: Literal["GSM-7", "UCS-2"]
    """GSM-7 unless Unicode was asked for."""
    units: int
    """Septets of GSM-7 or UTF-16 code units; a line break counts two, and so does € in GSM-7."""
    segments: int
    """SMS per recipient; 0 when nothing is left of the text."""
    unsupported: tuple[str, ...] = ()
    """The distinct characters that cannot be sent like this; ``text`` keeps them, and each counts one."""


class Change(NamedTuple):
    """Some characters of a message that do not arrive as they were written."""

    start: int
    """Where they begin in the message."""
    end: int
    """Behind the last of them."""
    written: str
    arrives: str
    """What stands in their place; "" where nothing does."""
    by_platform: bool
    """True for what SMS Partner's published table replaces, False for what is replaced before it leaves."""


def estimate(message: str, *, unicode: bool = False) -> Estimate:
    """Tell what the platform will make of a message, without asking it.

    ``:br:`` and a line break are the same, and so are ``:euro:`` and €. Without ``unicode``, the text is the
    one of ``outgoing`` with the vendor's table of replaced characters applied to it. With ``unicode`` nothing
    is replaced; only half surrogates are unsupported. No SMS ends in the middle of € or of an emoji. The STOP
    mention that the platform appends (``stop_sms``, every marketing account) is not counted, as its length is
    not published.

    Vendor pages: "Single Send" and "Special Characters" of docpartner.dev.
    """
    _, text = spelled(message, unicode=unicode)
    unsupported = unsupported_in(text, unicode=unicode)
    return Estimate(
        text=text,
        encoding="UCS-2" if unicode else "GSM-7",
        units=len(text) + text.count("\n") + _wide(text, unicode=unicode),
        segments=segments_of(text, unicode=unicode),
        unsupported=tuple(sorted(unsupported, key=text.index)),
    )


def segments_of(text: str, *, unicode: bool = False) -> int:
    """Count the SMS that a text takes as it arrives; 0 for none."""
    single, part = _UNICODE_SIZES if unicode else _GSM_SIZES
    wide = _wide(text, unicode=unicode)
    units = len(text) + text.count("\n") + wide
    if units <= single:
        return min(1, units)
    if not wide:
        return -(-units // part)
    # No part ends in the middle of such a character
    marked = _WIDE.sub(f"{_HALF}\\g<0>", text) if unicode else text.replace("€", f"{_HALF}€")
    return _parts(marked.replace("\n", "\n\n"), part)


def segments_of_each(texts: str, *, unicode: bool = False) -> list[int]:
    """Count the SMS that each of several texts takes as it arrives; ``BETWEEN`` parts them."""
    each = texts.split(BETWEEN)
    if unicode:
        return [segments_of(text, unicode=True) for text in each]
    units = map(len, texts.replace("€", "€€").replace("\n", "\n\n").split(BETWEEN))
    single, _ = _GSM_SIZES
    return [
        segments_of(text) if size > single else 1 if size else 0
        for size, text in zip(units, each, strict=True)
    ]


def _wide(text: str, *, unicode: bool) -> int:
    """Count the characters that take two units, but for line breaks."""
    return sum(map("\uffff".__lt__, text)) if unicode else text.count("€")


def changes(message: str, *, unicode: bool = False) -> list[Change]:
    """Tell which characters of a message do not arrive as they were written, in their order.

    Line breaks and € are not among them, whatever they are spelled like, nor is what cannot be sent at all.
    With ``unicode`` there are none: whether the vendor's table applies then is not published.
    """
    if unicode or is_plain(message):
        return []
    return [change for change in map(_change, _CLUSTER.finditer(message)) if change is not None]


# A character with the accents that stand behind it; several may become one
_CLUSTER = re.compile("\r\n|.[\u0300-\u036f]*", re.DOTALL)


def _change(cluster: re.Match[str]) -> Change | None:
    written = cluster[0]
    arrives = estimate(written).text
    if arrives == written or "\r" in written:
        return None
    start, end = cluster.span()
    return Change(start, end, written, arrives, by_platform=outgoing(written) == written)


def _parts(units: str, part: int) -> int:
    if _HALF not in units:
        return -(-len(units) // part)
    parts = start = 0
    while start < len(units):
        parts += 1
        start += part
        if units[start - 1 : start] == _HALF and start < len(units):
            start -= 1
    return parts

"""What becomes of a text on its way to the phone: which characters are replaced, and how many SMS it takes.

What SMS Partner replaces is published. Where it says nothing, the text is changed here, before it leaves, so
that what is measured is what is sent. The count is an estimate all the same: ``nb_sms`` in the answer to a
send is the authority.
"""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Final, Literal, NamedTuple

MAX_SEGMENTS = 10
"""The platform refuses a longer message (code 52)."""
LOW_COST_LIMIT = 160
"""Units of a low-cost text; the platform refuses a longer one (code 42)."""

# One SMS holds `single` units; each part of a longer message holds `part`, because parts carry a header.
# The vendor publishes 160, 153 and 70; 67 is the general standard.
_GSM_SIZES = (160, 153)
_UNICODE_SIZES = (70, 67)

_GSM_LETTERS = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789"
_GSM_SIGNS = " \n!\"#¤%&'()*+,-./:;<=>?@£$¥_§¡¿"
_GSM_FOREIGN = "ÄÅÆÇÉÑÖØÜßàäåæèéìñòöøùüΓΔΘΛΞΠΣΦΨΩ"
_GSM_TWO_SEPTETS = "€"
_GSM = frozenset(_GSM_LETTERS + _GSM_SIGNS + _GSM_FOREIGN + _GSM_TWO_SEPTETS)

# The vendor's 53 rows, by what they become. Its page prints quotes typographically; as targets they are read
# as the straight ones.
_VENDOR_ROWS = {
    "A": "ÄÀÁÂÃ",
    "E": "ÈÊË",
    "I": "Î",
    "N": "Ñ",
    "O": "ÖÔ",
    "U": "ÜÙÚÛ",
    "Y": "Ý",
    "a": "äáâã",
    "e": "ëê",
    "i": "ïî",
    "n": "ñ",
    "o": "ôöó",
    "u": "ûüµ",
    "y": "ÿ",
    "à": "ą",
    "Ç": "ç",
    "oe": "œ",
    "(": "[{",
    ")": "]}",
    "'": "‘’“`",
    '"': "«»",
    ".": "°",
    "": "^~|\\¨§",
}

# Where the vendor's table says nothing and the near text is obvious, the near text is what leaves; accents,
# ligatures, "…", "™" and the many spaces need no row, as Unicode itself decomposes them.
_NEAR_ROWS = {
    '"': "”„‟″",
    "'": "´ʼ‚‛′‹›",
    "-": "‐‑‒–—―−•·",
    "/": "⁄",
    " ": "\t",
    "x": "×",
    "L": "Ł",
    "l": "ł",
    "D": "Đ",
    "d": "đ",
    "i": "ı",
    "OE": "Œ",
    "(c)": "©",
    "(r)": "®",
    "\n": "\u2028\u2029",
    "": "\u00ad\u200b\u200c\u200d\u200e\u200f\u2060\ufe0f\ufeff",
}

_VENDOR = {ord(char): target for target, chars in _VENDOR_ROWS.items() for char in chars}
_NEAR = {ord(char): target for target, chars in _NEAR_ROWS.items() for char in chars}

_LINE_BREAK = re.compile(":br:|\r\n?")
# What is neither replaced nor counted twice: many texts hold nothing else, and the others little
_PLAIN = re.escape("".join(sorted(_GSM - set(map(chr, _VENDOR)) - set(":\n€"))))
_find_special = re.compile(f"[^{_PLAIN}:]|:(?:br|euro):").search
_all_special = re.compile(f"[^{_PLAIN}:]").findall
BETWEEN: Final = "\x1e"
"""Parts messages that are looked at together: it leaves as it is, and no phone can show it."""
_UNSUPPORTED: Final = {
    False: re.compile(f"[^{re.escape(''.join(sorted(_GSM)))}]"),
    True: re.compile("[\ud800-\udfff]"),
}
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
    return Estimate(
        text=text,
        encoding="UCS-2" if unicode else "GSM-7",
        units=len(text) + text.count("\n") + _wide(text, unicode=unicode),
        segments=segments_of(text, unicode=unicode),
        unsupported=tuple(dict.fromkeys(_UNSUPPORTED[unicode].findall(text))),
    )


def spelled(message: str, *, unicode: bool = False) -> tuple[str, str]:
    """Return the text that leaves (see ``outgoing``), and the one that arrives (see ``estimate``).

    Of several messages with ``BETWEEN`` between them it makes what it makes of each.
    """
    if unicode or is_plain(message):
        return message, written_out(message)
    leaves = arrives = unicodedata.normalize("NFC", message)
    for char in set(_all_special(leaves)):  # none of them becomes another special one
        leaves = leaves.replace(char, _leaves_as[char])
        arrives = arrives.replace(char, _arrives_as[char])
    return leaves, written_out(arrives)


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


def _wide(text: str, *, unicode: bool) -> int:
    """Count the characters that take two units, but for line breaks."""
    return sum(map("\uffff".__lt__, text)) if unicode else text.count(_GSM_TWO_SEPTETS)


def is_plain(message: str) -> bool:
    """Tell whether nothing in a message is replaced, and nothing counts twice."""
    return _find_special(message) is None


def is_supported(text: str, *, unicode: bool = False) -> bool:
    """Tell whether all characters of a text as it arrives can be sent, ``BETWEEN`` among them."""
    return _UNSUPPORTED[unicode].search(text.replace(BETWEEN, "")) is None


def outgoing(message: str, *, unicode: bool = False) -> str:
    """Return the text that leaves for the platform, but for the spelling of line breaks and €.

    Without ``unicode``, a character of which the vendor says nothing and that GSM-7 lacks is written as the
    GSM-7 text that reads like it, such as "..." for an ellipsis; an accent that stands behind its letter is
    put on it. What the vendor's table replaces leaves as it is.
    """
    leaves, _ = spelled(message, unicode=unicode)
    return leaves


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


def written_out(message: str) -> str:
    """Return a message with real line breaks and € signs."""
    return _LINE_BREAK.sub("\n", message).replace(":euro:", "€")


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


def _nearest(char: str) -> str:
    """The GSM-7 text that reads like the character, or the character itself when there is none."""
    parts = unicodedata.normalize("NFKD", char.translate(_NEAR))
    bare = "".join(part for part in parts if not unicodedata.combining(part))
    near = bare.translate(_NEAR).translate(_VENDOR)
    return near if _GSM.issuperset(near) else char


class _Known(dict[str, str]):
    """What becomes of each special character; filled as texts need it, with everyday scripts at most."""

    def __init__(self, becomes: Callable[[str], str]) -> None:
        self._becomes = becomes

    def __missing__(self, char: str) -> str:
        target = self._becomes(char)
        if char <= "\uffff":
            self[char] = target
        return target


def _leaving(char: str) -> str:
    return char if char in _GSM or ord(char) in _VENDOR else _nearest(char)


def _arriving(char: str) -> str:
    return _VENDOR[ord(char)] if ord(char) in _VENDOR else _leaving(char)


_leaves_as = _Known(_leaving)
_arrives_as = _Known(_arriving)

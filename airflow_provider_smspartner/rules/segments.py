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
_replace_special = re.compile(f"[^{_PLAIN}:]").sub
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
    if unicode:
        return _in_unicode(written_out(message))
    if _find_special(message) is None:
        return _in_plain(message)
    return _in_gsm(written_out(_replace_special(_arrives_as, unicodedata.normalize("NFC", message))))


def outgoing(message: str, *, unicode: bool = False) -> str:
    """Return the text that leaves for the platform, but for the spelling of line breaks and €.

    Without ``unicode``, a character of which the vendor says nothing and that GSM-7 lacks is written as the
    GSM-7 text that reads like it, such as "..." for an ellipsis; an accent that stands behind its letter is
    put on it. What the vendor's table replaces leaves as it is.
    """
    if unicode or _find_special(message) is None:
        return message
    return _replace_special(_leaves_as, unicodedata.normalize("NFC", message))


def changes(message: str, *, unicode: bool = False) -> list[Change]:
    """Tell which characters of a message do not arrive as they were written, in their order.

    Line breaks and € are not among them, whatever they are spelled like, nor is what cannot be sent at all.
    With ``unicode`` there are none: whether the vendor's table applies then is not published.
    """
    if unicode or _find_special(message) is None:
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


def _in_plain(text: str) -> Estimate:
    units = len(text)
    single, part = _GSM_SIZES
    segments = -(-units // (single if units <= single else part))
    return Estimate(text=text, encoding="GSM-7", units=units, segments=segments)


def _in_gsm(text: str) -> Estimate:
    units = len(text) + text.count("\n") + text.count(_GSM_TWO_SEPTETS)
    return Estimate(
        text=text,
        encoding="GSM-7",
        units=units,
        segments=_segments(
            units, _GSM_SIZES, lambda: text.replace(_GSM_TWO_SEPTETS, f"{_HALF}{_GSM_TWO_SEPTETS}")
        ),
        unsupported=() if _GSM.issuperset(text) else tuple(dict.fromkeys(c for c in text if c not in _GSM)),
    )


def _in_unicode(text: str) -> Estimate:
    units = len(text) + text.count("\n") + sum(char > "\uffff" for char in text)
    return Estimate(
        text=text,
        encoding="UCS-2",
        units=units,
        segments=_segments(units, _UNICODE_SIZES, lambda: _WIDE.sub(f"{_HALF}\\g<0>", text)),
        unsupported=tuple(dict.fromkeys(char for char in text if "\ud800" <= char <= "\udfff")),
    )


def _segments(units: int, sizes: tuple[int, int], spread: Callable[[], str]) -> int:
    """Count SMS; ``spread`` gives the text with a mark before each character of two units."""
    single, part = sizes
    if units <= single:
        return min(1, units)
    return _parts(spread().replace("\n", "\n\n"), part)


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

    def __call__(self, special: re.Match[str]) -> str:
        return self[special[0]]

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

"""How long is a text once SMS Partner has replaced its characters, and how many SMS does it take?

The count is an estimate: the platform's own ``nb_sms`` in the answer to a send is the authority.
"""

from __future__ import annotations

import re
import unicodedata
from dataclasses import dataclass, field
from typing import Literal

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

# Our own reading where the vendor's table says nothing and the near text is obvious; accents, ligatures, "…"
# and the many spaces need no row, as Unicode itself decomposes them.
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
    "": "\u00ad\u200b\u200c\u200d\u2060\ufe0f\ufeff",
}

_VENDOR = {ord(char): target for target, chars in _VENDOR_ROWS.items() for char in chars}
_NEAR = {ord(char): target for target, chars in _NEAR_ROWS.items() for char in chars}


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


def estimate(message: str, *, unicode: bool = False) -> Estimate:
    """Tell what the platform will make of a message, without asking it.

    ``:br:`` and a line break are the same, and so are ``:euro:`` and €. Without ``unicode``, the vendor's
    table of replaced characters is applied, and where it is silent the nearest GSM-7 text stands in, such
    as "..." for an ellipsis: what the platform does with those is not published. With ``unicode`` nothing
    is replaced; only half surrogates are unsupported. The STOP mention that the platform appends
    (``stop_sms``, every marketing account) is not counted, as its length is not published either.

    Vendor pages: "Single Send" and "Special Characters" of docpartner.dev.
    """
    text = re.sub(":br:|\r\n?", "\n", message).replace(":euro:", "€")
    return _in_unicode(text) if unicode else _in_gsm(text)


def _in_gsm(text: str) -> Estimate:
    text = text.translate(_VENDOR)
    # Texts are long and alphabets short: only the distinct characters are looked at one by one.
    text = text.translate({ord(char): _nearest(char) for char in set(text) - _GSM})
    units = len(text) + text.count("\n") + text.count(_GSM_TWO_SEPTETS)
    return Estimate(
        text=text,
        encoding="GSM-7",
        units=units,
        segments=_segments(units, _GSM_SIZES),
        unsupported=tuple(char for char in dict.fromkeys(text) if char not in _GSM),
    )


def _in_unicode(text: str) -> Estimate:
    units = len(text) + text.count("\n") + sum(char > "\uffff" for char in text)
    return Estimate(
        text=text,
        encoding="UCS-2",
        units=units,
        segments=_segments(units, _UNICODE_SIZES),
        unsupported=tuple(dict.fromkeys(char for char in text if "\ud800" <= char <= "\udfff")),
    )


def _nearest(char: str) -> str:
    """The GSM-7 text that reads like the character, or the character itself when there is none."""
    parts = unicodedata.normalize("NFKD", char.translate(_NEAR))
    bare = "".join(part for part in parts if not unicodedata.combining(part))
    near = bare.translate(_NEAR).translate(_VENDOR)
    return near if _GSM.issuperset(near) else char


def _segments(units: int, sizes: tuple[int, int]) -> int:
    single, part = sizes
    return -(-units // (single if units <= single else part))

"""Characters of a text on its way to the phone: which are replaced, and by what.

What SMS Partner replaces is published. Where it says nothing, the text is changed here, before it leaves, so
that what is measured is what is sent. All of it is done in passes over many texts at once.
"""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Callable, Mapping
from typing import Final

_GSM_LETTERS = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789"
_GSM_SIGNS = " \n!\"#¤%&'()*+,-./:;<=>?@£$¥_§¡¿"
_GSM_FOREIGN = "ÄÅÆÇÉÑÖØÜßàäåæèéìñòöøùüΓΔΘΛΞΠΣΦΨΩ"
_GSM = frozenset(_GSM_LETTERS + _GSM_SIGNS + _GSM_FOREIGN + "€")

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

BETWEEN: Final = "\x1e"
"""Parts messages that are looked at together: it leaves as it is, and no phone can show it."""
_PLAIN: Final = _GSM.difference(map(chr, _VENDOR), "\n€").union(":")
"""What is neither replaced nor counted twice: many texts hold nothing else, and the others little."""
_PLAIN_BYTES: Final = "".join(filter(str.isascii, _PLAIN)).encode()
_WHOLE: Final = frozenset(map(chr, (*range(0x300), *range(0x2010, 0x20D0), *_VENDOR, *_NEAR))) | _GSM
"""Characters that Unicode neither takes apart nor joins with one another."""
_HALVES: Final = re.compile("[\ud800-\udfff]")


def spelled(message: str, *, unicode: bool = False) -> tuple[str, str]:
    """Return the text that leaves (see ``outgoing``), and the one that arrives (see ``estimate``).

    Of several messages with ``BETWEEN`` between them it makes what it makes of each.
    """
    special: set[str] = set() if unicode else special_in(message)
    if not special <= _WHOLE:
        message = unicodedata.normalize("NFC", message)
        special = special_in(message)
    # No replacement is replaced in turn, and what stays as it is costs no look at the whole text
    leaves = replaced(message, {char: _leaves_as[char] for char in special})
    arrives = replaced(message, {char: _arrives_as[char] for char in special})
    return leaves, written_out(arrives)


def replaced(text: str, become: Mapping[str, str]) -> str:
    """Return a text with other characters in the place of some."""
    for char, target in become.items():
        if target != char:
            text = text.replace(char, target)
    return text


def special_in(text: str) -> set[str]:
    """Return the distinct characters of a text that are replaced or count twice; no colon is among them."""
    # Bytes are taken out of a text in a tenth of the time that a pattern takes to look at its characters
    rare = text.encode("utf-8", "surrogatepass").translate(None, _PLAIN_BYTES)
    return set(rare.decode("utf-8", "surrogatepass")) - _PLAIN


def is_plain(message: str) -> bool:
    """Tell whether nothing in a message is replaced, and nothing counts twice."""
    return not special_in(message) and written_out(message) == message


def unsupported_in(text: str, *, unicode: bool = False) -> set[str]:
    """Return the distinct characters of a text as it arrives that cannot be sent."""
    return set(_HALVES.findall(text)) if unicode else special_in(text) - _GSM


def outgoing(message: str, *, unicode: bool = False) -> str:
    """Return the text that leaves for the platform, but for the spelling of line breaks and €.

    Without ``unicode``, a character of which the vendor says nothing and that GSM-7 lacks is written as the
    GSM-7 text that reads like it, such as "..." for an ellipsis; an accent that stands behind its letter is
    put on it. What the vendor's table replaces leaves as it is.
    """
    leaves, _ = spelled(message, unicode=unicode)
    return leaves


def written_out(message: str) -> str:
    """Return a message with real line breaks and € signs."""
    text = with_one_line_break(message)
    return text.replace(":br:", "\n").replace(":euro:", "€") if ":" in text else text


def with_one_line_break(text: str) -> str:
    """Return a text with one character for each line break, whatever they are spelled like."""
    return text.replace("\r\n", "\n").replace("\r", "\n") if "\r" in text else text


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
